"""A scenario as data: what the node is, what happens, and what was measured of it before."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from trueup.drills.described import DescribedScenario, Mode, read_as, read_toml
from trueup.drills.grammar import parse_steps
from trueup.drills.steps import Step
from trueup.errors import ConfigValueError

__all__ = ["Mode", "Scenario", "find_scenario", "found_episodes", "natural_key", "read_scenario", "scenarios"]

PRESETS: dict[str, dict[str, Any]] = {
    # The engine's own defaults: in-flight 2 s / 5 s / 5, no order check, no position check, 10 s before the first look.
    "default": {},
    # The short thresholds under which the baseline was measured.
    "fast": {
        "inflight_check_interval_ms": 200,
        "inflight_check_threshold_ms": 500,
        "inflight_check_retries": 3,
        "open_check_interval_secs": 1.0,
        "open_check_threshold_ms": 500,
        "open_check_missing_retries": 2,
        "open_check_open_only": False,
        "position_check_interval_secs": 1.0,
        "position_check_threshold_ms": 500,
        "reconciliation_startup_delay_secs": 0.1,
    },
    # The same thresholds, one check at a time: a scenario switches on what it is about.
    "fast-inflight": {
        "inflight_check_interval_ms": 200,
        "inflight_check_threshold_ms": 500,
        "inflight_check_retries": 3,
        "open_check_threshold_ms": 500,
        "open_check_missing_retries": 2,
        "position_check_threshold_ms": 500,
        "reconciliation_startup_delay_secs": 0.1,
    },
}

VERIFIED_DEFAULT = {
    "open_check_interval_secs": 5.0,
    "deep_interval_secs": 60.0,
    "second_look_secs": 1.0,
    "submit_grace_secs": 10.0,
    "query_timeout_secs": 10.0,
}
"""The defaults of verified mode, spelt out so that a scaled run can shorten them."""

VERIFIED_FAST = {
    "open_check_interval_secs": 1.0,
    "deep_interval_secs": 2.0,
    "second_look_secs": 0.3,
    "submit_grace_secs": 1.5,
    "query_timeout_secs": 1.0,
}
"""Short thresholds to stand beside the engine's short ones: grace above three in-flight queries, two looks a second."""


class Scenario(DescribedScenario):
    """One scenario on the simulated venue.

    Parameters
    ----------
    group : str
        Where it belongs.
    preset : str
        The engine's configuration to start from.
    engine, cache, database : dict
        Fields of the engine's configuration that differ from the preset.
    reconciliation_timeout_secs : float
        The node's time limit for its start-up.
    hedging, lists_flat : bool
        How the venue works: a leg per direction; flat positions listed.
    claims : tuple[str, ...]
        Symbols whose external orders the strategy claims.
    redis : str
        ``shared``, ``own`` (a server that the scenario may kill) or ``none``.
    scale : float
        The factor on every duration in an ordinary run; 1 when it is run in real time.
    conduct : str
        ``orderly``: each step is settled before the next, one that cannot be done ends the run, and what must hold is
        judged at the end. ``episode``: steps follow each other at once, those that cannot be done are passed over, the
        node is watched throughout, and at the end faults heal and it must become CLEAN and equal.
    """

    id: Annotated[str, Field(pattern=r"^\d[\w-]*$")]
    group: str
    preset: Literal["default", "fast", "fast-inflight"] = "default"
    engine: dict[str, Any] = Field(default_factory=dict)
    cache: dict[str, Any] = Field(default_factory=dict)
    database: dict[str, Any] = Field(default_factory=dict)
    reconciliation_timeout_secs: float = 30.0
    hedging: bool = False
    lists_flat: bool = False
    claims: tuple[str, ...] = ()
    redis: Literal["shared", "own", "none"] = "shared"
    scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    conduct: Literal["orderly", "episode"] = "orderly"

    @field_validator("steps")
    @classmethod
    def _steps_are_understood(cls, text: str) -> str:
        parse_steps(text)
        return text

    @property
    def program(self) -> tuple[Step, ...]:
        """Return the parsed steps."""
        return parse_steps(self.steps)

    @property
    def setting(self) -> tuple[str, ...]:
        """Return how node and venue are configured, in lines for a reader."""
        legs = "hedging" if self.hedging else "netting"
        fields = {**self.engine, **self.cache, **self.database}
        return (
            f"preset {self.preset}, store {self.redis}, {legs}",
            *(f"  {key} = {value}" for key, value in fields.items()),
        )

    def engine_fields(self, scale: float) -> dict[str, Any]:
        """Return the engine's fields with every duration multiplied by a factor."""
        merged = {**PRESETS[self.preset], **self.engine}
        if scale == 1.0:
            return merged
        defaults = {
            "inflight_check_interval_ms": 2000,
            "inflight_check_threshold_ms": 5000,
            "open_check_threshold_ms": 5000,
            "position_check_threshold_ms": 5000,
            "reconciliation_startup_delay_secs": 10.0,
        }
        return {key: _scaled(key, value, scale) for key, value in {**defaults, **merged}.items()}

    def verified_fields(self, scale: float) -> dict[str, Any]:
        """Return the settings of verified mode, with every duration multiplied by a factor.

        What the engine's configuration says holds for verified mode too; these are the fields that it does not have.
        """
        fields = {**(VERIFIED_FAST if self.preset != "default" else VERIFIED_DEFAULT), **self.verified.settings}
        if "open_check_interval_secs" in {**PRESETS[self.preset], **self.engine}:
            del fields["open_check_interval_secs"]
        return {key: _scaled(key, value, scale) for key, value in fields.items()}


def _scaled(key: str, value: Any, scale: float) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if key.endswith("_secs"):
        return value * scale
    if key.endswith("_ms"):
        return max(1, round(value * scale))
    return value


def natural_key(identifier: str) -> tuple[str, int, str]:
    """Return what sorts 2 before 10, 10 before 10b, and all of these before F1."""
    found = re.fullmatch(r"([A-Z]*)(\d+)([\w-]*)", identifier)
    assert found is not None
    return found[1], int(found[2]), found[3]


def read_scenario(text: str, name: str) -> Scenario:
    """Return the scenario that a TOML text describes.

    Raises
    ------
    ConfigFileError
        If the text is not TOML.
    ConfigValueError
        If a field is wrong.
    """
    return read_as(Scenario, read_toml(text, name), name)


@cache
def scenarios() -> tuple[Scenario, ...]:
    """Return every scenario in the order of the table.

    Raises
    ------
    ConfigValueError
        If two have the same number.
    """
    folder = files("trueup.drills").joinpath("scenarios")
    found = [read_scenario(entry.read_text(), entry.name) for entry in folder.iterdir() if entry.name.endswith(".toml")]
    identifiers = [scenario.id for scenario in found]
    if len(set(identifiers)) != len(identifiers):
        twice = sorted({identifier for identifier in identifiers if identifiers.count(identifier) > 1})
        raise ConfigValueError(f"scenarios appear twice: {', '.join(twice)}")
    return tuple(sorted(found, key=lambda scenario: natural_key(scenario.id)))


def find_scenario(identifier: str) -> Scenario:
    """Return the scenario of a number.

    Raises
    ------
    ConfigValueError
        If there is none.
    """
    for scenario in scenarios():
        if scenario.id == identifier:
            return scenario
    raise ConfigValueError(
        f"there is no scenario {identifier!r}", allowed="one of those that `trueup drill list` prints"
    )


@cache
def found_episodes() -> tuple[Scenario, ...]:
    """Return the episodes that campaigns once failed on, made small: they are run again with every slice in CI.

    Raises
    ------
    ConfigValueError
        If a file is wrong.
    """
    folder = files("trueup.drills").joinpath("found")
    found = [read_scenario(entry.read_text(), entry.name) for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda scenario: natural_key(scenario.id)))
