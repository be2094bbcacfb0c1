"""What was measured of each scenario in each mode: kept in a file, read by the tests and by the document."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import msgspec

from trueup.drills.outcome import Outcome
from trueup.drills.scenario import Mode, natural_key


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """One scenario's result in one mode, without what changes from run to run.

    Parameters
    ----------
    trading : bool
        Whether the node traded at the end.
    converged : bool, optional
        Whether it was equal to the venue; None if it did not trade.
    differences : list[str]
        The kinds of what was wrong, with their number.
    ownership : list[str]
        What was wrong with owners.
    balance : bool
        Whether the balance was wrong.
    equal_after_secs : float, optional
        When it became equal, in steps of 0.1 s.
    verdict : str
        Verified mode's own word.
    kinds : list[str]
        The kinds of discrepancy that it reported.
    refused : str
        Why the last start did not lead to trading.
    """

    trading: bool
    converged: bool | None = None
    differences: list[str] = []
    ownership: list[str] = []
    balance: bool = False
    equal_after_secs: float | None = None
    verdict: str = ""
    kinds: list[str] = []
    refused: str = ""

    def agrees(self, other: Measured) -> bool:
        """Return whether another run came to the same end: trading or not, equal or not.

        The list of what differs is left out: it can depend on where the engine's checks stand when a step is done,
        as the number of doubled fills in 8p does.
        """
        return (self.trading, self.converged) == (other.trading, other.converged)


def measured_of(outcome: Outcome) -> Measured:
    """Return what of an outcome is worth keeping."""
    comparison = outcome.comparison
    after = outcome.equal_after_secs
    last_start = outcome.starts[-1] if outcome.starts else ""
    return Measured(
        trading=outcome.trading,
        converged=outcome.converged,
        differences=[] if comparison is None else list(comparison.kinds),
        ownership=[] if comparison is None else sorted({found.what.value for found in comparison.ownership}),
        balance=comparison is not None and bool(comparison.balance),
        equal_after_secs=None if after is None else round(after, 1),
        verdict="" if outcome.verdict is None else outcome.verdict.verdict,
        kinds=[] if outcome.verdict is None else list(outcome.verdict.kinds),
        refused=last_start.removeprefix("refused: ") if last_start.startswith("refused") else "",
    )


def _path(mode: Mode) -> Path:
    return Path(str(files("trueup.drills").joinpath("measured", f"{mode}.json")))


def read_measured(mode: Mode) -> dict[str, Measured]:
    """Return what is on record for a mode, by scenario; nothing if nothing was recorded."""
    path = _path(mode)
    if not path.exists():
        return {}
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Measured])


def record(mode: Mode, outcomes: Iterable[Outcome]) -> None:
    """Put outcomes on record, in place of what was there of the same scenarios."""
    kept = read_measured(mode)
    kept.update({outcome.scenario_id: measured_of(outcome) for outcome in outcomes})
    ordered = {identifier: kept[identifier] for identifier in sorted(kept, key=natural_key)}
    text = msgspec.json.format(msgspec.json.encode(ordered), indent=2)
    _path(mode).write_bytes(text + b"\n")
