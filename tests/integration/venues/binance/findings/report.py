"""Keep what was measured, and render it for the documents: ``make generate`` writes them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.integration.venues.binance.findings.cases import CASES
from tests.integration.venues.binance.findings.lived import Lived

MEASURED = Path(__file__).parent / "measured.json"
FOR_SCENARIOS = """
## On the Binance adapter

The rows above are drills on a simulated venue, behind an ordinary execution client. These have NautilusTrader's own
Binance adapter in *native*, and [the hardened client](binance.md) in *verified*, on the
[venue emulator](emulator.md); a node in a process of its own is compared with the emulator's ledger.
"""


def read_measured() -> dict[str, dict[str, Lived]]:
    """Return what is on record, by case and kind of node."""
    if not MEASURED.exists():
        return {}
    return msgspec.json.decode(MEASURED.read_bytes(), type=dict[str, dict[str, Lived]])


def record(results: dict[str, dict[str, Lived]]) -> None:
    """Put results on record, in place of what was there of the same cases."""
    kept = {**read_measured(), **results}
    ordered = {case.id: kept[case.id] for case in CASES if case.id in kept}
    MEASURED.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=2) + b"\n")


def render() -> str:
    """Return the table."""
    lines = ["", "| # | what happens | native | verified |", "|---|---|---|---|"]
    measured = read_measured()
    for case in CASES:
        lived = measured[case.id]
        native = _shown(lived["native"]) + (" (varies from run to run)" if case.varies else "")
        lines.append(f"| {case.id} | {case.happens} | {native} | {_shown(lived['verified'])} |")
    return "\n".join(lines) + "\n\n"


def render_for_scenarios() -> str:
    """Return the table as a section of ``docs/scenarios.md``."""
    return FOR_SCENARIOS + render().removesuffix("\n")


def _shown(lived: Lived) -> str:
    verdict = f"{lived.verdict}, " if lived.verdict else ""
    if not lived.trading:
        return f"{verdict}**does not trade**"
    if lived.differences:
        return f"{verdict}**different**: {'; '.join(lived.differences)}"
    return f"{verdict}equal"
