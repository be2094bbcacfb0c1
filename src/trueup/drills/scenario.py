"""A scenario as data: what the node is, what happens, and what was measured of it before."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from trueup.drills.grammar import parse_steps
from trueup.drills.steps import Step
from trueup.errors import ConfigFileError, ConfigValueError

Mode = Literal["native", "verified"]

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


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NativeFact(_Model):
    """What the native engine was measured to do on 1.231.0, in the baseline's words.

    Parameters
    ----------
    converged : bool, optional
        Whether the node ended equal to the venue; None where the question does not arise (it never traded).
    wrong : str
        What was wrong.
    stable : bool
        Whether repeated runs agree in every difference.
    """

    converged: bool | None = None
    wrong: str = ""
    stable: bool = True


class VerifiedSpec(_Model):
    """What verified mode may honestly say where it cannot make the node equal to the venue.

    Parameters
    ----------
    honest : tuple[str, ...]
        Allowed outcomes beside an equal node under CLEAN: ``REFUSED`` (the node does not trade and says why),
        ``UNKNOWN``, or a kind of discrepancy.
    compare : str
        ``all``, or ``alive`` where closed history outside the venue's window, or outside the current life of a
        position, need not be in the node.
    settings : dict
        Fields of the settings of verified mode.
    """

    honest: tuple[str, ...] = ()
    compare: Literal["all", "alive"] = "all"
    settings: dict[str, Any] = Field(default_factory=dict)


class Scenario(_Model):
    """One scenario.

    Parameters
    ----------
    id : str
        The number in the baseline's table.
    group, title, story : str
        Where it belongs, what happens in one line, and what a reader should know beside.
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
    steps : tuple[Step, ...]
        What happens, in order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    id: Annotated[str, Field(pattern=r"^\d[\w-]*$")]
    group: str
    title: str
    story: str = ""
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
    steps: str
    native: NativeFact = NativeFact()
    verified: VerifiedSpec = VerifiedSpec()

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
    def command(self) -> str:
        """Return the command that reproduces it."""
        return f"trueup drill run {self.id} --mode native|verified"

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


def natural_key(identifier: str) -> tuple[int, str]:
    """Return what sorts 2 before 10 and 10 before 10b."""
    found = re.fullmatch(r"(\d+)([\w-]*)", identifier)
    assert found is not None
    return int(found[1]), found[2]


def read_scenario(text: str, name: str) -> Scenario:
    """Return the scenario that a TOML text describes.

    Raises
    ------
    ConfigFileError
        If the text is not TOML.
    ConfigValueError
        If a field is wrong.
    """
    try:
        return Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigFileError(f"the scenario {name} cannot be read: {error}") from error
    except ValidationError as error:
        raise ConfigValueError(f"the scenario {name} is wrong: {error}") from error


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


def named_scenario(name: str) -> Scenario:
    """Return the scenario of a number, or of a file.

    Parameters
    ----------
    name : str
        A number as the table has it, or the path of a ``.toml`` file.

    Raises
    ------
    ConfigValueError
        If there is none, or the file holds something else.
    ConfigFileError
        If the file cannot be read.
    """
    if not name.endswith(".toml"):
        return find_scenario(name)
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFileError(f"the scenario {name} cannot be read: {error}", action="name an existing file") from error
    return read_scenario(text, name)


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
