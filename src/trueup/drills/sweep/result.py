"""What came of each kill, kept in a file: one line a point, so that the table and the reader have the same source."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import msgspec

from trueup.drills.scenario import Mode


class Kill(msgspec.Struct, frozen=True, omit_defaults=True):
    """Hold one run.

    Parameters
    ----------
    target : str
        Where the node was to be killed, as the command line takes it.
    mode : str
        ``native`` or ``verified``.
    event : str
        What happened there.
    deaths : int
        How often the process died by the kill: 0 if the session never came to that event.
    findings : list of str
        What was wrong at the end: differences, a verdict other than CLEAN, a node that does not trade.
    failure : str
        Why the run could not be completed; it says nothing about the node.
    warnings : list of str
        The engine's last words where something was wrong.
    secs : float
        How long the run took.
    """

    target: str
    mode: str
    event: str = ""
    deaths: int = 0
    findings: list[str] = []
    failure: str = ""
    warnings: list[str] = []
    secs: float = 0.0

    @property
    def is_good(self) -> bool:
        """Return whether the node came back equal to the venue, under CLEAN in verified mode."""
        return not self.findings and not self.failure


class Sweep(msgspec.Struct, frozen=True):
    """Hold a whole sweep.

    Parameters
    ----------
    began : str
        UTC, ISO 8601.
    version : str
        Of the engine.
    machine : str
        Cores and load.
    events : dict of str to int
        How many events the undisturbed session has, by lane.
    kills : list of Kill
        What came of each.
    """

    began: str
    version: str
    machine: str
    events: dict[str, int]
    kills: list[Kill]


def place_of(mode: Mode) -> Path:
    """Return where the kept sweep of a mode lies."""
    return Path(str(files("trueup.drills.sweep").joinpath("measured", f"{mode}.json")))


def write_sweep(sweep: Sweep, path: Path) -> None:
    """Write a sweep, a line a kill, whole or not at all."""
    head = msgspec.json.encode({name: getattr(sweep, name) for name in ("began", "version", "machine", "events")})
    lines = b",\n".join(msgspec.json.encode(kill) for kill in sweep.kills)
    draft = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(head[:-1] + b',"kills":[\n' + lines + b"\n]}\n")
    draft.replace(path)


def read_sweep(path: Path) -> Sweep:
    """Return a sweep that was written."""
    return msgspec.json.decode(path.read_bytes(), type=Sweep)


def wrong(kills: Iterable[Kill]) -> list[Kill]:
    """Return the kills that did not end well."""
    return [kill for kill in kills if not kill.is_good]
