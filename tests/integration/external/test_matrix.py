"""A person trades beside a real node, cell by cell: all ends CLEAN, with the right owner, and it is told who did it.

The whole matrix is long (`matrix_record` makes it and keeps it for the guide); what runs with every test is a slice
that has every act once.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.external import matrix_report
from tests.integration.external.matrix_cells import Cell, Own, When, cells
from tests.integration.external.matrix_record import every, is_good, symbols
from tests.integration.external.matrix_run import Conditions, MatrixRun, RunResult

pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]


def assert_true(result: RunResult, made: tuple[Cell, ...]) -> None:
    """Hold a run in verified mode to what is promised."""
    assert set(result.verdicts.values()) == {"CLEAN", "TRADING"}, (result.verdicts, result.lines)
    assert not result.lines
    for cell in made:
        outcome = result.outcomes[cell.name]
        assert (outcome.at_once, outcome.after) == ([], []), cell.name
        assert set(cell.events) <= set(outcome.heard) or not reaches_strategy(cell, result.conditions), cell.name
        doings = {doing for doing, _ in outcome.said}
        if is_told(cell, result.conditions):
            assert doings == {cell.doing}, (cell.name, outcome.said)
    for name, (mine, venues) in result.pnl.items():
        assert Decimal(mine) == Decimal(venues), name


def reaches_strategy(cell: Cell, conditions: Conditions) -> bool:
    """Return whether the strategy owns what the act made, so that it hears of it; a leg of hedge mode cannot flip."""
    return conditions.claims or cell.own is not Own.NOTHING


def is_told(cell: Cell, conditions: Conditions) -> bool:
    """Return whether the node can know of the act: not of what was over before it could look.

    That is so before a start without a store, and of a conditional order that came and went and left nothing.
    """
    is_seen = cell.when is When.RUNNING or cell.act != "stop_cancelled"
    return is_seen and cell.when is not When.BEFORE and (cell.when is not When.DOWN or conditions.store)


def test_what_a_person_does_beside_the_node_is_taken_in_attributed_and_owned_and_the_strategy_can_end_it(
    tmp_path: Path,
) -> None:
    made = cells(symbols(), few=True)
    result = MatrixRun(Conditions(), made, tmp_path).run()
    assert_true(result, made)
    assert len(result.pnl) >= 10
    assert result.verdicts["closed"] == "CLEAN"


@pytest.mark.long
@pytest.mark.parametrize("conditions", [one for one in every() if one.mode == "verified"], ids=lambda one: one.name)
def test_the_whole_matrix_ends_clean_with_the_right_owner(conditions: Conditions, tmp_path: Path) -> None:
    made = cells(symbols())
    assert_true(MatrixRun(conditions, made, tmp_path).run(), made)


def test_what_is_on_record_is_right_in_verified_mode_and_of_the_cells_that_there_are() -> None:
    wanted = {(cell.act, cell.own.value, cell.when.value) for cell in cells(symbols())}
    record = matrix_report.read()
    assert [(run.mode, run.conditions) for run in record.runs] == [(one.mode, one.name) for one in every()]
    for run in record.runs:
        assert {(row.act, row.own, row.when) for row in run.rows} == wanted, run.conditions
        if run.mode == "verified":
            assert not [row for row in run.rows if matrix_report.wrongs(row)], run.conditions
            assert is_good(run), run.verdicts
