"""A venue's export is read as it is, row by row, and reconciled with the venue's interface and the node."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trueup.audit.statement import Statement, parse_statement, read_statement
from trueup.audit.statement_legs import reconcile
from trueup.errors import ConfigFileError, ConfigValueError
from trueup.model.coverage import Coverage, FailedQuery
from trueup.model.enums import OrderSide
from trueup.model.fills import FillRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

NOW = "Uid,Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID"
BEFORE = "Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin,Realized Profit,Quote Asset"
T0_NS = 1_773_740_052_000_000_000  # 2026-03-17 09:34:12 UTC
SEC = 1_000_000_000
BTC = "BTCUSDT-PERP.BINANCE"


def statement(*rows: str, heading: str = NOW, name: str = "export(UTC+0).csv") -> Statement:
    return parse_statement(name, [heading + "\n", *(row + "\n" for row in rows)])


def row(trade_id: int = 1, second: int = 12, **changed: str) -> str:
    cells = {"side": "BUY", "price": "100.5", "quantity": "2", "fee": "0.0402 USDT", "profit": "0"} | changed
    return (
        f"7,26-03-17 09:34:{second},BTCUSDT,{cells['side']},{cells['price']},{cells['quantity']},201,{cells['fee']},"
        f"{cells['profit']},true,false,{trade_id},55"
    )


def fill(trade_id: int = 1, second: int = 0, **changed: Any) -> FillRecord:
    made = FillRecord(
        trade_id=str(trade_id),
        instrument_id=BTC,
        side=OrderSide.BUY,
        quantity=Decimal(2),
        price=Decimal("100.5"),
        time_ns=T0_NS + second * SEC + 123_000_000,
        venue_order_id="55",
        commission=Decimal("0.0402"),
        commission_currency="USDT",
    )
    return replace(made, **changed)


def sides(*fills: FillRecord, node: tuple[FillRecord, ...] | None = None) -> tuple[VenueSnapshot, NodeSnapshot]:
    end_ns = T0_NS + 3_600 * SEC
    common: dict[str, Any] = {"account_id": "A", "started_ns": end_ns, "ended_ns": end_ns}
    coverage = Coverage.full(end_ns, T0_NS - 3_600 * SEC)
    held = fills if node is None else node
    return (
        VenueSnapshot(fills=fills, coverage=coverage, **common),
        NodeSnapshot(fills=held, coverage=Coverage.full(end_ns), known_from_ns=0, **common),
    )


def test_today_s_columns_are_read_with_the_fee_s_currency_and_two_digit_years() -> None:
    (trade,) = statement(row()).trades
    assert (trade.symbol, trade.side, trade.price, trade.quantity) == ("BTCUSDT", "BUY", Decimal("100.5"), Decimal(2))
    assert (trade.fee, trade.fee_currency, trade.trade_id, trade.order_id) == (Decimal("0.0402"), "USDT", "1", "55")
    assert (trade.time_ns, trade.realised, trade.row) == (T0_NS, Decimal(0), 2)


@pytest.mark.parametrize(
    ("name", "hours"), [("x(UTC--6).csv", 6), ("x(UTC+8).csv", -8), ("x(UTC-3).csv", 3), ("x.csv", 0)]
)
def test_the_zone_is_that_of_the_file_s_name(name: str, hours: int) -> None:
    read = statement(row(), name=name)
    assert read.trades[0].time_ns == T0_NS + hours * 3_600 * SEC
    assert bool(read.notes) == (name == "x.csv")


def test_a_heading_that_says_utc_wins_over_the_file_s_name() -> None:
    read = statement("2026-03-17 09:34:12,BTCUSDT,BUY,100.5,2,201,0.0402,USDT,0,USDT", heading=BEFORE, name="x(UTC+8)")
    assert (read.trades[0].time_ns, read.trades[0].fee_currency, read.notes) == (T0_NS, "USDT", ())


def test_what_agrees_is_clean_with_exact_sums() -> None:
    found = reconcile(
        statement(row(1), row(2, 13, profit="0.3")),
        *sides(fill(1), fill(2, 1)),
        {(BTC, "1", "BUY"): Decimal(0), (BTC, "2", "BUY"): Decimal("0.30")},
    )
    assert (found.state, found.findings) == ("CLEAN", ())
    sums = {(one.what, one.statement, one.venue, one.node) for one in found.sums}
    assert sums == {
        ("buy quantity", "4", "4", "4"),
        ("fee", "0.0804", "0.0804", "0.0804"),
        ("realised profit", "0.3", "0.3", None),
    }


def test_a_trade_that_one_side_lacks_is_named_on_each_side() -> None:
    venue, node = sides(fill(1), fill(3, 2), node=(fill(1), fill(2, 1)))
    found = reconcile(statement(row(1), row(2, 13), row(4, 20)), venue, node)
    said = {(one.finding, one.row) for one in found.findings if one.finding != "sum"}
    assert found.state == "DISCREPANT"
    assert said == {
        ("missing_at_venue", 3),
        ("missing_at_venue", 4),
        ("missing_in_node", 4),
        ("missing_in_statement", 0),
    }


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"quantity": Decimal(3)}, "quantity: 3 at venue, 2 in the export"),
        ({"price": Decimal("100.6")}, "price: 100.6 at venue, 100.5 in the export"),
        ({"commission": Decimal("0.0403")}, "fee: 0.0403 at venue, 0.0402 in the export"),
        ({"commission_currency": "BNB"}, "fee currency: BNB at venue, USDT in the export"),
        ({"venue_order_id": "56"}, "order: 56 at venue, 55 in the export"),
    ],
)
def test_a_value_that_differs_is_named_with_its_line(changed: dict[str, Any], what: str) -> None:
    found = reconcile(statement(row()), *sides(fill(**changed)))
    assert found.state == "DISCREPANT"
    assert any(f"line 2: trade 1 {what}" in one.line for one in found.findings)


def test_without_ids_trades_are_told_by_what_they_were_each_as_often_as_it_happened() -> None:
    line = "2026-03-17 09:34:12,BTCUSDT,BUY,100.5,2,201,0.0402,USDT,0,USDT"
    twice = statement(line, line, heading=BEFORE)
    assert reconcile(twice, *sides(fill(1), fill(2))).state == "CLEAN"
    found = reconcile(twice, *sides(fill(1)))
    assert {one.finding for one in found.findings} == {"missing_at_venue", "missing_in_node", "sum"}


def test_only_the_time_that_both_speak_for_is_compared() -> None:
    venue, node = sides(fill(1))
    early = "7,26-03-10 09:34:12,BTCUSDT,BUY,1,1,1,0 USDT,0,true,false,9,9"
    found = reconcile(statement(early, row(1)), venue, replace(node, known_from_ns=T0_NS))
    assert found.state == "CLEAN"
    assert any("reaches further" in note for note in found.notes)
    late = reconcile(statement(early), venue, node)
    assert (late.state, late.findings[:1]) != ("CLEAN", ())


def test_a_side_that_was_not_read_makes_it_unknown_and_a_failed_instrument_is_left_out() -> None:
    assert reconcile(statement(row()), None, None).state == "UNKNOWN"
    venue, node = sides()
    failed = replace(venue.coverage.fills, failures=(FailedQuery("fills", "no answer", BTC),))
    venue = replace(venue, coverage=replace(venue.coverage, fills=failed))
    assert reconcile(statement(row()), venue, replace(node, known_from_ns=None)).findings == ()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(quantity="two"), "line 2: its quantity is 'two', which is no number"),
        (row(side="HOLD"), "line 2: its side is 'HOLD', neither BUY nor SELL"),
        (row(price="0"), "line 2: its price is not above zero"),
        (row().replace("26-03-17 09:34:12", "yesterday"), "line 2: its time is 'yesterday', not like"),
        (row().replace("26-03-17", "26-13-17"), "line 2: month must be in 1..12"),
        ("1,2,3", "line 2: "),
    ],
)
def test_a_row_that_cannot_be_read_is_pointed_at_by_its_line(bad: str, reason: str) -> None:
    read = statement(bad, row(2))
    assert (len(read.trades), read.bad_rows_total) == (1, 1)
    found = reconcile(read, *sides(fill(2)))
    assert found.findings[0].finding == "bad_row"
    assert found.findings[0].line.startswith(reason)
    assert found.state in ("UNKNOWN", "DISCREPANT")


def test_a_file_that_is_none_is_refused_with_what_it_should_be(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with pytest.raises(ConfigFileError, match="cannot be read"):
        read_statement(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigFileError, match="UTF-8"):
        read_statement(path)
    path.write_text("a,b,c\n1,2,3\n")
    with pytest.raises(ConfigValueError, match="no column for time, symbol, side"):
        read_statement(path)
    path.write_text("\ufeff" + NOW + "\n" + row() + "\n")
    assert len(read_statement(path).trades) == 1


def test_fees_that_are_all_negative_are_what_was_paid() -> None:
    read = statement(row(fee="-0.0402 USDT"))
    assert read.trades[0].fee == Decimal("0.0402")
    assert "negative" in read.notes[0]
