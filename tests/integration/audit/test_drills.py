"""The auditor, outside of the node, beside the drills' comparer and the node's own verdict, on the same scenarios."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import pytest

from tests.integration.audit.drill_audit import AuditedOutcome, run_audited
from trueup.drills import Mode, Scenario, scenarios
from trueup.drills.compare import Difference

pytestmark = [pytest.mark.node, pytest.mark.server]

OWNERSHIP: Final = {"POSITION_SPLIT_OWNERSHIP", "ORDER_OWNER"}
"""Told apart by the comparer, which judges orders, fills and positions."""
SLICE: Final = ("1c", "4", "4c", "7", "12", "24b", "34")

NAMED_BY: Final[dict[Difference, set[str]]] = {
    Difference.ORDER_MISSING: {"ORDER_MISSING_IN_NODE", "IDENTIFIER_DUPLICATED", "IDENTIFIER_MISMATCH"},
    Difference.ORDER_INVENTED: {"ORDER_MISSING_AT_VENUE", "FILL_INVENTED", "IDENTIFIER_DUPLICATED"},
    Difference.ORDER_STATUS: {"ORDER_STATUS", "ORDER_MISSING_AT_VENUE"},
    Difference.ORDER_QUANTITY: {"ORDER_QUANTITY"},
    Difference.ORDER_PRICE: {"ORDER_PRICE"},
    Difference.ORDER_FILLED: {"ORDER_FILLED_QUANTITY"},
    Difference.FILL_MISSING: {"FILL_MISSING", "IDENTIFIER_MISMATCH"},
    Difference.FILL_INVENTED: {"FILL_INVENTED"},
    Difference.FILL_DUPLICATED: {"FILL_DUPLICATED"},
    Difference.FILL_QUANTITY: {"FILL_QUANTITY"},
    Difference.FILL_PRICE: {"FILL_PRICE"},
    Difference.FILL_COMMISSION: {"FILL_COMMISSION"},
    Difference.POSITION_QUANTITY: {"POSITION_QUANTITY", "POSITION_SIDE"},
    Difference.POSITION_AVERAGE_PRICE: {"POSITION_AVERAGE_PRICE"},
    Difference.POSITION_OPPOSED: {"POSITION_SPLIT_OWNERSHIP"},
}
"""By which kinds of discrepancy the auditor may name what the comparer found; a change by a restart has none."""


def complaints(scenario: Scenario, found: AuditedOutcome) -> list[str]:
    """Return what is wrong with an audit, beside the comparer's own findings."""
    comparison, audit = found.outcome.comparison, found.audit
    if found.outcome.failure:
        return [f"the run was not completed: {found.outcome.failure}"]
    if audit is None or comparison is None:
        return []  # no store, or no node that could be asked
    if audit.node is None:
        return [] if audit.result.state == "UNKNOWN" else ["a store that cannot be read is not unknown"]
    kinds = {str(one.kind) for one in audit.confirmed}
    differences = [one for one in comparison.findings if one.what in NAMED_BY]
    said = [f"{one} is not named (audit: {sorted(kinds)})" for one in differences if not NAMED_BY[one.what] & kinds]
    if not differences and kinds - OWNERSHIP:
        said += [f"equal, yet the audit says {one.explain()}" for one in audit.confirmed]
    if differences and audit.result.state != "DISCREPANT":
        said.append(f"different, yet the audit says {audit.result.state}")
    missing = {one.subject.rpartition("/")[2] for one in differences if one.what is Difference.FILL_MISSING}
    named = {one.subject.trade_id for one in audit.confirmed if one.subject.trade_id}
    said += [f"fill {trade_id} is not named" for trade_id in sorted(missing - named)]
    return said


def audit_all(pairs: Sequence[tuple[Scenario, Mode]], *, concurrent: int) -> list[str]:
    """Return everything that is wrong, a line each."""
    found = asyncio.run(run_audited(pairs, concurrent=concurrent))
    return [
        f"{scenario.id} {mode}: {text}"
        for scenario, mode in pairs
        for text in complaints(scenario, found[scenario.id, mode])
    ]


@pytest.mark.timeout(600)
def test_the_auditor_finds_what_native_mode_leaves_and_nothing_that_is_not_there() -> None:
    chosen = [scenario for scenario in scenarios() if scenario.id in SLICE]
    modes: tuple[Mode, ...] = ("native", "verified")
    assert len(chosen) == len(SLICE)
    assert audit_all([(scenario, mode) for scenario in chosen for mode in modes], concurrent=10) == []


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("mode", ["native", "verified"])
def test_the_auditor_agrees_with_the_comparer_on_every_scenario(mode: Mode) -> None:
    assert audit_all([(scenario, mode) for scenario in scenarios()], concurrent=6) == []
