"""A scenario on the Binance adapter as data: what happens to the node and at the venue, and what must hold."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field, field_validator

from trueup.drills.binance.steps import SetClock, Step, parse_steps
from trueup.drills.described import DescribedScenario, read_as, read_toml
from trueup.drills.scenario import natural_key

SETTLE_SECS_MAX = 300.0


class BinanceScenario(DescribedScenario):
    """One scenario: a node with a Binance client, and the emulator as its venue.

    Parameters
    ----------
    venue : str
        ``binance``, which tells its files from those on the simulated venue.
    redis : str
        ``own``: the node has a store, so that its second life is a warm restart; or ``none``.
    settle_secs : float
        How long the node has to become equal to the venue after the last step; one that never does takes all of it.
    in_order : bool
        Whether the order in which fills were applied, and the realised result, are compared too.
    """

    id: Annotated[str, Field(pattern=r"^F\d+$")]
    venue: Literal["binance"]
    redis: Literal["own", "none"] = "none"
    settle_secs: Annotated[float, Field(gt=0, le=SETTLE_SECS_MAX)] = 6.0
    in_order: bool = False

    @field_validator("steps")
    @classmethod
    def _steps_are_understood(cls, text: str) -> str:
        clock = [(number, step) for number, step in enumerate(parse_steps(text)) if isinstance(step, SetClock)]
        behind = [step.behind_days for _, step in clock]
        if clock and (clock[0][0] != 0 or behind != sorted(behind, reverse=True)):
            raise ValueError("the venue's clock never goes back: its first setting is the first step, others are later")
        return text

    @property
    def program(self) -> tuple[Step, ...]:
        """Return the parsed steps."""
        return parse_steps(self.steps)

    @property
    def begins_behind_days(self) -> int | None:
        """Return how far behind the venue's clock is at first; None if nothing sets it, and others can share it."""
        first = next(iter(self.program), None)
        return first.behind_days if isinstance(first, SetClock) else None

    @property
    def setting(self) -> tuple[str, ...]:
        """Return how node and venue are configured, in lines for a reader."""
        return (f"Binance USD-M at the emulator, store {self.redis}, {self.settle_secs:g} s to settle",)


def read_binance_scenario(text: str, name: str) -> BinanceScenario:
    """Return the scenario that a TOML text describes.

    Raises
    ------
    ConfigFileError
        If the text is not TOML.
    ConfigValueError
        If a field or a step is wrong.
    """
    return read_as(BinanceScenario, read_toml(text, name), name)


@cache
def binance_scenarios() -> tuple[BinanceScenario, ...]:
    """Return every one of them, in the order of the table.

    Raises
    ------
    ConfigValueError
        If a file is wrong.
    """
    folder = files("trueup.drills.binance").joinpath("scenarios")
    found = [read_binance_scenario(one.read_text(), one.name) for one in folder.iterdir() if one.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda scenario: natural_key(scenario.id)))
