"""Two books, one row a record, and no difference without a row."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from trueup.core.diff import compare
from trueup.demo.engine_log import EngineLine, EngineSays
from trueup.demo.report import DemoReport, show
from trueup.demo.rows import Row, side_by_side
from trueup.model import (
    Coverage,
    FillRecord,
    NodeSnapshot,
    OrderRecord,
    OrderSide,
    OrderStatus,
    PositionRecord,
    VenueSnapshot,
    VerdictState,
    verdict_of,
)

INSTRUMENT = "BTCUSDT-PERP.BINANCE"
NOW_NS = 1_000_000_000_000


def order(name: str, status: OrderStatus, filled: str) -> OrderRecord:
    return OrderRecord(
        instrument_id=INSTRUMENT,
        side=OrderSide.BUY,
        status=status,
        quantity=Decimal(3),
        filled_quantity=Decimal(filled),
        client_order_id=name,
        venue_order_id=f"V-{name}",
        price=Decimal("50000.00"),
        average_price=Decimal("50000.00") if Decimal(filled) else None,
        accepted_ns=1,
        updated_ns=2,
    )


def fill(trade_id: str, name: str) -> FillRecord:
    return FillRecord(
        trade_id=trade_id,
        instrument_id=INSTRUMENT,
        side=OrderSide.BUY,
        quantity=Decimal(3),
        price=Decimal("50000.00"),
        time_ns=2,
        client_order_id=name,
        venue_order_id=f"V-{name}",
    )


def books() -> tuple[VenueSnapshot, NodeSnapshot]:
    filled, resting = order("O-1", OrderStatus.FILLED, "3"), order("O-2", OrderStatus.ACCEPTED, "0")
    venue = VenueSnapshot(
        account_id="A",
        started_ns=NOW_NS,
        ended_ns=NOW_NS,
        orders=(filled, resting),
        fills=(fill("T-1", "O-1"),),
        positions=(PositionRecord(instrument_id=INSTRUMENT, quantity=Decimal(3), average_price=Decimal(50000)),),
        coverage=Coverage.full(NOW_NS),
    )
    node = NodeSnapshot(
        account_id="A",
        started_ns=NOW_NS,
        ended_ns=NOW_NS,
        orders=(order("O-1", OrderStatus.ACCEPTED, "0"), resting),
        coverage=Coverage.full(NOW_NS),
        known_from_ns=0,
    )
    return venue, node


def rows_of(venue: VenueSnapshot, node: NodeSnapshot) -> tuple[Row, ...]:
    return side_by_side(venue, node, compare(venue, node).discrepancies)


def test_every_difference_stands_in_exactly_one_row() -> None:
    venue, node = books()
    found = compare(venue, node).discrepancies
    rows = side_by_side(venue, node, found)
    shown = [one for row in rows for one in row.differences]
    assert found
    assert sorted(one.explain() for one in shown) == sorted(one.explain() for one in found)


def test_a_record_that_one_side_lacks_shows_nothing_on_that_side() -> None:
    rows = rows_of(*books())
    lost = next(row for row in rows if row.section == "fill")
    assert (lost.name, lost.node) == ("T-1", "-")
    assert "BUY 3 @ 50000" in lost.venue
    position = next(row for row in rows if row.section == "position")
    assert (position.venue, position.node) == ("+3 @ 50000", "flat")


def test_equal_books_agree_row_by_row() -> None:
    venue, _ = books()
    node = NodeSnapshot(
        account_id="A",
        started_ns=NOW_NS,
        ended_ns=NOW_NS,
        orders=venue.orders,
        fills=venue.fills,
        positions=venue.positions,
        coverage=Coverage.full(NOW_NS),
        known_from_ns=0,
    )
    assert all(row.agrees for row in rows_of(venue, node))


def report_of(venue: VenueSnapshot, node: NodeSnapshot) -> DemoReport:
    found = compare(venue, node).discrepancies
    return DemoReport(
        mode="native",
        seed=7,
        verdict=verdict_of(account_id="A", time_ns=NOW_NS, coverage=venue.coverage, discrepancies=found),
        discrepancies=found,
        rows=side_by_side(venue, node, found),
        engine_says=EngineSays((EngineLine("INFO", "TradingNode", "Execution state reconciled"),), succeeded=True),
        node_says=(),
        story=("SIGKILL",),
        timings={"restart": 1.25},
        directory=Path("somewhere"),
    )


def shown(report: DemoReport) -> str:
    out = io.StringIO()
    show(report, Console(file=out, width=100, color_system=None))
    return out.getvalue()


def test_a_discrepant_report_shows_what_the_engine_said_beside_the_verdict() -> None:
    report = report_of(*books())
    text = shown(report)
    assert report.exit_code == 1
    assert "DISCREPANT" in text
    assert "while the engine said" in text
    assert "Execution state reconciled" in text
    assert "fills: 1, 1 differ" in text
    assert "missing" in text


def test_the_json_has_what_the_documents_promise() -> None:
    data = report_of(*books()).as_dict()
    assert {"verdict", "mode", "seed", "engine_says", "discrepancies", "timings"} <= set(data)
    assert data["verdict"] == "DISCREPANT"
    assert data["counts"]["fill"] == {"rows": 1, "differing": 1}
    assert all(one["fingerprint"] and one["explanation"] for one in data["discrepancies"])


def test_an_incomplete_reading_ends_with_its_own_exit_code() -> None:
    verdict = verdict_of(account_id="A", time_ns=NOW_NS, coverage=Coverage(), discrepancies=())
    assert verdict.state is VerdictState.UNKNOWN
    report = DemoReport(
        mode="native",
        seed=1,
        verdict=verdict,
        discrepancies=(),
        rows=(),
        engine_says=EngineSays((), succeeded=None),
        node_says=(),
        story=(),
        timings={},
        directory=Path("somewhere"),
    )
    assert report.exit_code == 3
    assert "not read" in shown(report)
