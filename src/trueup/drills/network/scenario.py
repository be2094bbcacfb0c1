"""A network scenario as data: what goes wrong on which way while a node trades, in lines that a trader can read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, cast, get_args

from pydantic import Field, field_validator

from trueup.drills.described import ScenarioPart, read_as, read_toml
from trueup.drills.network.faults import LinkFault
from trueup.drills.step_rules import Found, StepRules
from trueup.errors import ConfigValueError

Way = Literal["venue", "stream", "store"]
GRAMMAR = """\
node start                                  wait until it trades
node kill                                   SIGKILL
network WAY delay 300ms [jitter 200ms] [up | down]
network WAY drop [up | down]                nothing arrives until healed; connections stay open
network WAY half-open                       the far side of each connection is gone, and nobody says so
network WAY reset                           RST to each connection
network WAY refuse                          RST to each connection, and to new ones
network WAY bandwidth 4000 [up | down]      bytes a second
network WAY cut after 20000 [up | down]     RST to each connection after so many bytes
network WAY heal
venue fills                                 the oldest working order of the node is filled
venue trades                                another client of the account trades
wait 5s
wait for 20 commands                        that reach the venue from now on
wait for CLEAN"""
"""Every step there is. A WAY is venue (requests), stream (what the venue pushes) or store."""


@dataclass(frozen=True, slots=True)
class Network:
    """A way begins to be wrong, or with no fault to be right again."""

    way: Way
    fault: LinkFault | None


@dataclass(frozen=True, slots=True)
class Node:
    """A node is started or killed."""

    what: Literal["start", "kill"]


@dataclass(frozen=True, slots=True)
class Venue:
    """Something happens at the venue that the node did not ask for."""

    what: Literal["fills", "trades"]


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes, or commands do, or the node becomes CLEAN."""

    secs: float = 0.0
    commands: int = 0
    clean: bool = False


Step = Network | Node | Venue | Wait

_WAY = r"network (?P<way>venue|stream|store)"
_DIRECTION = r"(?: (?P<direction>up|down))?"


def _network(found: Found) -> Network:
    kind = found["kind"]
    if kind == "heal":
        return Network(found["way"], None)  # type: ignore[arg-type]  # the pattern lets nothing else through
    fault = LinkFault(
        kind=kind,  # type: ignore[arg-type]  # likewise
        direction=found.get("direction") or "both",  # type: ignore[arg-type]  # likewise
        delay_secs=int(found.get("delay") or 0) / 1_000,
        jitter_secs=int(found.get("jitter") or 0) / 1_000,
        bytes_per_sec=int(found.get("bandwidth") or 0),
        after_bytes=int(found.get("after") or 0),
    )
    return Network(found["way"], fault)  # type: ignore[arg-type]  # likewise


_READER: StepRules[Step] = StepRules(
    GRAMMAR,
    (rf"{_WAY} (?P<kind>half-open|reset|refuse|heal)", _network),
    (rf"{_WAY} (?P<kind>drop){_DIRECTION}", _network),
    (rf"{_WAY} (?P<kind>delay) (?P<delay>\d+)ms(?: jitter (?P<jitter>\d+)ms)?{_DIRECTION}", _network),
    (rf"{_WAY} (?P<kind>bandwidth) (?P<bandwidth>\d+){_DIRECTION}", _network),
    (rf"{_WAY} (?P<kind>cut) after (?P<after>\d+){_DIRECTION}", _network),
    (r"node (?P<what>start|kill)", lambda found: Node(cast("Literal['start', 'kill']", found["what"]))),
    (r"venue (?P<what>fills|trades)", lambda found: Venue(cast("Literal['fills', 'trades']", found["what"]))),
    (r"wait (?P<secs>\d+(?:\.\d+)?)s", lambda found: Wait(secs=float(found["secs"] or 0))),
    (r"wait for (?P<count>\d+) commands", lambda found: Wait(commands=int(found["count"] or 0))),
    (r"wait for CLEAN", lambda _: Wait(clean=True)),
)

parse_step = _READER.step


class NetworkScenario(ScenarioPart):
    """One scenario.

    Parameters
    ----------
    id : str
        N1, N2 and so on.
    title : str
        What happens, in one line.
    steps : str
        One a line.
    """

    id: Annotated[str, Field(pattern=r"^N\d+$")]
    title: str
    steps: str

    @field_validator("steps")
    @classmethod
    def _understood(cls, text: str) -> str:
        _READER.steps(text)
        return text

    @property
    def program(self) -> tuple[Step, ...]:
        """Return the parsed steps."""
        return _READER.steps(self.steps)

    @property
    def ways(self) -> frozenset[str]:
        """Return the ways that something is wrong with."""
        return frozenset(step.way for step in self.program if isinstance(step, Network))


@cache
def network_scenarios() -> tuple[NetworkScenario, ...]:
    """Return every scenario, in the order of their numbers.

    Raises
    ------
    ConfigValueError
        If one is wrong.
    """
    folder = files("trueup.drills.network").joinpath("scenarios")
    texts = {entry.name: entry.read_text() for entry in folder.iterdir() if entry.name.endswith(".toml")}
    found = [read_as(NetworkScenario, read_toml(text, name), name) for name, text in texts.items()]
    return tuple(sorted(found, key=lambda one: int(one.id[1:])))


def find_network_scenario(identifier: str) -> NetworkScenario:
    """Return the scenario of a number.

    Raises
    ------
    ConfigValueError
        If there is none.
    """
    for scenario in network_scenarios():
        if scenario.id == identifier:
            return scenario
    allowed = ", ".join(scenario.id for scenario in network_scenarios())
    raise ConfigValueError(f"there is no network scenario {identifier!r:.20}", allowed=allowed)


WAYS: tuple[Way, ...] = get_args(Way)
