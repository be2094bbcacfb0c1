"""The session that is killed everywhere: four lives in which every kind of event and of repair occurs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from trueup.drills.grammar import parse_step
from trueup.drills.scenario import Scenario
from trueup.drills.steps import Step

TRUE_UP = "true up"


@dataclass(frozen=True, slots=True)
class TrueUp:
    """Somebody asks the node for a true-up; a native node has none."""


@dataclass(frozen=True, slots=True)
class Act:
    """From one start of a node to the next: what happens while it lives, and while it is down after that."""

    title: str
    steps: tuple[Step | TrueUp, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A session.

    Parameters
    ----------
    scenario : Scenario
        How node and venue are configured.
    acts : tuple of Act
        What happens, life by life.
    epilogue : tuple of Step
        What a node that came back must still be able to do.
    """

    scenario: Scenario
    acts: tuple[Act, ...]
    epilogue: tuple[Step | TrueUp, ...]


@cache
def session() -> Session:
    """Return the session.

    Raises
    ------
    ConfigValueError
        If a step is not understood.
    """
    told: dict[str, Any] = tomllib.loads(files("trueup.drills.sweep").joinpath("session.toml").read_text())
    settings = {key: None if value == "off" else value for key, value in told["settings"].items()}
    scenario = Scenario.model_validate(
        {
            "id": "0",
            "group": "sweep",
            "title": "The session of the kill-point sweep",
            "claims": told["claims"],
            "engine": told["engine"],
            "verified": {"settings": settings},
            "steps": "node start",
            "native": {},
        }
    )
    acts = tuple(Act(one["title"], _steps(one["steps"])) for one in told["acts"])
    return Session(scenario, acts, _steps(told["epilogue"]["steps"]))


def _steps(text: str) -> tuple[Step | TrueUp, ...]:
    lines = (line.strip() for line in text.splitlines())
    return tuple(TrueUp() if line == TRUE_UP else parse_step(line) for line in lines if line)
