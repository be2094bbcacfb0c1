"""Every step that is applied to a node is told in one line that says what it changes."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Subject
from trueup.model.enums import Leg, OrderSide, OrderStatus
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord
from trueup.model.plans import Plan
from trueup.model.steps import (
    Amend,
    ClaimOwner,
    Fill,
    Final,
    OpeningBalance,
    PendingResolved,
    RebuildInstrument,
    ReplayPosition,
    Revive,
    Seed,
    Step,
)
from trueup.node.applied import Applied
from trueup.node.steps_told import STEPS_IN_ONE, STEPS_TOLD_MAX, applied, in_words, planned

BTC = "BTCUSDT-PERP.BINANCE"
HEALED = Discrepancy(kind=DiscrepancyKind.ORDER_STATUS, subject=Subject(instrument_id=BTC, client_order_id="O-1"))
FILL = FillRecord(
    trade_id="T-9",
    instrument_id=BTC,
    side=OrderSide.BUY,
    quantity=Decimal("0.5"),
    price=Decimal("64250.1"),
    time_ns=1,
    client_order_id="O-1",
)


def order(status: OrderStatus) -> OrderRecord:
    return OrderRecord(
        instrument_id=BTC,
        side=OrderSide.SELL,
        status=status,
        quantity=Decimal("2"),
        client_order_id="O-1",
        owner="S-1",
    )


CASES: list[tuple[Step, list[str]]] = [
    (ClaimOwner(instrument_id=BTC, owner="S-1"), ["S-1"]),
    (
        RebuildInstrument(
            instrument_id=BTC,
            purge_position_ids=("P-1",),
            purge_order_ids=("O-1", "O-2"),
            restore_order_ids=(("O-1", "S-1"),),
            reason="a fill came before",
        ),
        ["2 orders", "1 positions", "restores 1", "a fill came before"],
    ),
    (
        Revive(
            client_order_id="O-1",
            instrument_id=BTC,
            owner="S-1",
            was=OrderStatus.REJECTED,
            becomes=OrderStatus.ACCEPTED,
        ),
        ["O-1", "REJECTED -> ACCEPTED"],
    ),
    (
        OpeningBalance(
            instrument_id=BTC,
            leg=Leg.BOTH,
            side=OrderSide.BUY,
            quantity=Decimal("3"),
            price=Decimal("100"),
            client_order_id="O-B",
            venue_order_id="V-B",
            trade_id="T-B",
            owner="EXTERNAL",
            time_ns=1,
        ),
        ["BUY 3 @ 100", "O-B", "EXTERNAL"],
    ),
    (Seed(order=order(OrderStatus.ACCEPTED), is_new=True), ["SELL 2", "ACCEPTED", "O-1", "S-1"]),
    (Amend(order=order(OrderStatus.ACCEPTED), time_ns=1), ["SELL 2", "O-1"]),
    (Final(order=order(OrderStatus.CANCELED), time_ns=1), ["CANCELED", "O-1"]),
    (Fill(fill=FILL, owner="S-1"), ["BUY 0.5 @ 64250.1", "trade T-9", "O-1", "S-1"]),
    (
        PendingResolved(
            client_order_id="O-1",
            venue_order_id=None,
            instrument_id=BTC,
            owner="S-1",
            request=OrderStatus.PENDING_CANCEL,
            time_ns=1,
        ),
        ["O-1", "PENDING_CANCEL"],
    ),
    (
        ReplayPosition(
            instrument_id=BTC,
            leg=Leg.BOTH,
            position_id="P-1",
            owner="S-1",
            fill_keys=((BTC, "T-9", OrderSide.BUY, "O-1"),),
            quantity=Decimal("2"),
            average_price=Decimal("101.5"),
        ),
        ["P-1", "2 @ 101.5", "1 fills"],
    ),
]


@pytest.mark.parametrize(("step", "words"), CASES, ids=lambda value: type(value).__name__)
def test_a_step_is_told_with_what_it_is_about(step: Step, words: list[str]) -> None:
    line = in_words(step)
    assert line.startswith(f"{type(step).__name__} {BTC}")
    for word in words:
        assert word in line
    assert "\n" not in line


def test_there_is_a_line_for_every_kind_of_step() -> None:
    assert {type(step) for step, _ in CASES} == set(get_args(Step.__value__))


def test_a_long_plan_is_told_in_pieces_and_its_outcome_in_one() -> None:
    made = Plan(steps=tuple(Fill(fill=FILL, owner="S-1") for _ in range(2 * STEPS_IN_ONE + 1)), heals=(HEALED,))
    pieces = list(planned("B-1", made))
    assert [(piece["first"], len(piece["steps"])) for piece in pieces] == [(1, 100), (101, 100), (201, 1)]
    assert [piece["heals"] for piece in pieces] == [[HEALED.fingerprint], [], []]
    outcome = Applied()
    outcome.done["Fill"] = 200
    outcome.skipped["Fill"] = 1
    outcome.note("Fill failed")
    told = applied("B-1", made, outcome)
    assert (told["stage"], told["total"], told["done"], told["skipped"]) == ("applied", 201, {"Fill": 200}, {"Fill": 1})
    assert told["problems"] == ["Fill failed"]


def test_of_a_very_long_plan_each_kind_is_counted_and_its_first_steps_are_told() -> None:
    fills = [Fill(fill=FILL, owner="S-1")] * (3 * STEPS_TOLD_MAX)
    last = ClaimOwner(instrument_id=BTC, owner="S-1")
    pieces = list(planned("B-1", Plan(steps=(*fills, last))))
    told = [line for piece in pieces for line in piece["steps"]]
    assert len(told) == STEPS_TOLD_MAX + 1
    assert told[-1] == in_words(last), "a kind that is rare must not drown in a replay"
    assert {piece["total"] for piece in pieces} == {len(fills) + 1}
    assert {piece["told"] for piece in pieces} == {len(told)}
    assert pieces[0]["counts"] == {"Fill": len(fills), "ClaimOwner": 1}
