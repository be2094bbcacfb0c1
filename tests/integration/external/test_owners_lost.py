"""Own orders whose names say nothing, on a node that loses its whole cache: the journal gives them back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.external.matrix_cells import Cell, Own, When
from tests.integration.external.matrix_record import symbols
from tests.integration.external.matrix_run import DESK, Conditions, MatrixRun
from trueup.journal.place import Place
from trueup.journal.values import Source
from trueup.node.own_journal import read_orders

pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]

ACTS = (
    Cell(act="amend_own", own=Own.ORDER, when=When.DOWN),
    Cell(act="reduce", own=Own.POSITION, when=When.DOWN),
    Cell(act="flip", own=Own.POSITION, when=When.DOWN),
)


def test_orders_under_uuids_come_back_to_their_strategy_by_the_journal_and_what_a_hand_did_beside_them_follows(
    tmp_path: Path,
) -> None:
    made = tuple(replace(cell, symbol=symbol) for cell, symbol in zip(ACTS, symbols()[1:], strict=False))
    result = MatrixRun(Conditions(claims=False, store=False, uuids=True), made, tmp_path).run()
    assert set(result.verdicts.values()) == {"CLEAN", "TRADING"}, (result.verdicts, result.lines)
    assert not result.lines
    assert {name: (one.at_once, one.after) for name, one in result.outcomes.items()} == {
        cell.name: ([], []) for cell in made
    }, "owned by the strategy that sent them, though it claims nothing and the node had lost them"
    written = read_orders(Place.parse(tmp_path / "journal.sqlite3"), Source(trader_id="MATRIX-001"))
    assert len(written.sent) == len(made)
    assert set(written.owners.values()) == {DESK}
    assert not any(name.startswith("O-") for name in written.owners)
