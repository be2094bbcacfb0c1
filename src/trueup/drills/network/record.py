"""The kept results of the network scenarios, and their table in the document."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import msgspec

from trueup.drills.network.run import NetworkOutcome
from trueup.drills.network.scenario import network_scenarios


def place() -> Path:
    """Return where the results lie."""
    return Path(str(files("trueup.drills.network").joinpath("measured.json")))


def read() -> dict[str, NetworkOutcome]:
    """Return the results on record, by scenario."""
    path = place()
    return msgspec.json.decode(path.read_bytes(), type=dict[str, NetworkOutcome]) if path.exists() else {}


def record(outcomes: Iterable[NetworkOutcome]) -> None:
    """Put outcomes on record, in place of what was there of the same scenarios."""
    kept = read() | {outcome.scenario_id: outcome for outcome in outcomes}
    ordered = {one.id: kept[one.id] for one in network_scenarios() if one.id in kept}
    place().write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")


def render() -> str:
    """Return the table."""
    lines = ["| # | what happens | verified | s to CLEAN |", "|---|---|---|---|"]
    kept = read()
    for scenario in network_scenarios():
        outcome = kept.get(scenario.id)
        if outcome is None:
            word, secs = "not run", ""
        elif outcome.is_good:
            word, secs = "CLEAN, equal", f"{outcome.clean_secs:.1f}"
        else:
            wrong = outcome.failure or "; ".join(outcome.differences) or "it did not become CLEAN"
            word, secs = f"**{wrong}**", ""
        lines.append(f"| {scenario.id} | {scenario.title} | {word} | {secs} |")
    return "\n".join(lines) + "\n"
