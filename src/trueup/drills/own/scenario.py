"""A scenario for any strategy, as data: what happens to its node and at the venue. The strategy trades by itself."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field, field_validator

from trueup.drills.described import ScenarioPart, read_as, read_toml
from trueup.errors import ConfigValueError

GRAMMAR = """\
node start                              waits until it trades, or refuses to
node start pending                      does not wait
node kill                               also: stop
wait 3s
wait for 2 orders                       that many more at the venue than at the last start
venue fill all | half | part            of the oldest working order: whole, by half, or a tenth
venue cancel                            the oldest working order
venue external BUY | SELL               another client of the account trades the first instrument at the market
market move 0.5%                        also negative; working orders on the way fill
stream cut                              the user stream, without a close frame
fault fills lost | late | twice         their events
fault events lost | late | twice        all events of orders and of the account
fault submits unanswered | accepted_503 | refused_503
fault history refused | empty | hanging
fault lists refused | slow              of working orders, and of positions
heal"""
"""Every step there is; brackets none: each line is a step, ``|`` separates choices."""

_WORDS: tuple[str, ...] = (
    r"node (?:start|start pending|kill|stop)",
    r"wait \d+(?:\.\d+)?s",
    r"wait for \d+ orders",
    r"venue fill (?:all|half|part)",
    r"venue cancel",
    r"venue external (?:BUY|SELL)",
    r"market move -?\d+(?:\.\d+)?%",
    r"stream cut",
    r"fault (?:fills|events) (?:lost|late|twice)(?: times \d+)?",
    r"fault submits (?:unanswered|accepted_503|refused_503)(?: times \d+)?",
    r"fault history (?:refused|empty|hanging)(?: times \d+)?",
    r"fault lists (?:refused|slow)(?: times \d+)?",
    r"heal",
)
_STEP = re.compile("|".join(f"(?:{word})" for word in _WORDS))
_ORDER_STEP = re.compile(r"venue (?:fill|cancel).*")
_INSTANT_STEP = re.compile(r"node (?:kill|stop)|venue .*|stream cut|fault .*|heal")


class OwnScenario(ScenarioPart):
    """One scenario for any strategy.

    Parameters
    ----------
    id : str
        Its number, as ``O3``.
    title : str
        What happens, in one line.
    steps : str
        One a line, in the words of `GRAMMAR`.
    """

    id: Annotated[str, Field(pattern=r"^[\w-]+$")]
    title: str
    steps: str

    @field_validator("steps")
    @classmethod
    def _are_understood(cls, text: str) -> str:
        for line in lines_of(text):
            if _STEP.fullmatch(line) is None:
                raise ValueError(f"the step {line!r} is not understood; there are:\n{GRAMMAR}")
        return text

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the steps."""
        return lines_of(self.steps)

    @property
    def moments(self) -> tuple[tuple[str, ...], ...]:
        """Return the steps, those together that happen while no time passes."""
        found: list[tuple[str, ...]] = []
        joins = False
        for line in self.lines:
            instant = _INSTANT_STEP.fullmatch(line) is not None
            if instant and joins:
                found[-1] += (line,)
            else:
                found.append((line,))
            joins = instant
        return tuple(found)


def needs_an_order(moment: tuple[str, ...]) -> bool:
    """Return whether something is to happen to a working order in it."""
    return any(_ORDER_STEP.fullmatch(line) for line in moment)


def lines_of(text: str) -> tuple[str, ...]:
    """Return the steps of a text; ``#`` begins a remark."""
    lines = (" ".join(line.split("#", maxsplit=1)[0].split()) for line in text.splitlines())
    return tuple(line for line in lines if line)


def read_own_scenario(text: str, name: str) -> OwnScenario:
    """Return the scenario that a TOML text describes.

    Raises
    ------
    ConfigFileError, ConfigValueError
        If the text is not TOML, or a field is wrong.
    """
    return read_as(OwnScenario, read_toml(text, name), name)


@cache
def own_scenarios() -> tuple[OwnScenario, ...]:
    """Return every scenario for any strategy, in order."""
    folder = files("trueup.drills.own").joinpath("scenarios")
    found = [read_own_scenario(one.read_text(), one.name) for one in folder.iterdir() if one.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda one: (len(one.id), one.id)))


def own_scenario(identifier: str) -> OwnScenario:
    """Return one of them.

    Raises
    ------
    ConfigValueError
        If there is none of that number.
    """
    for scenario in own_scenarios():
        if scenario.id == identifier:
            return scenario
    raise ConfigValueError(
        f"there is no scenario {identifier!r} for one's own strategy",
        allowed=", ".join(scenario.id for scenario in own_scenarios()),
    )
