"""Keep what was measured, and render it as the section of the document."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.integration.venues.binance.findings.cases import CASES
from tests.integration.venues.binance.findings.runner import Lived

MEASURED = Path(__file__).parent / "measured.json"
DOCUMENT = Path(__file__).parents[5] / "docs" / "binance.md"
BEGIN = "<!-- Generated from tests/integration/venues/binance/findings; change it there. -->\n"
END = "<!-- End of what is generated. -->\n"


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


def write() -> None:
    """Put the table into the document."""
    before, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + render() + END + rest.split(END)[1], encoding="utf-8")


def written() -> str:
    """Return the table as it stands in the document."""
    return DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


def _shown(lived: Lived) -> str:
    verdict = f"{lived.verdict}, " if lived.verdict else ""
    if not lived.trading:
        return f"{verdict}**does not trade**"
    if lived.differences:
        return f"{verdict}**different**: {'; '.join(lived.differences)}"
    return f"{verdict}equal"
