"""A second node on the account is told by the tags of its orders and by the store, and never by the account's name."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from trueup.audit.node_side import OtherTrader
from trueup.audit.result import WriterLine
from trueup.audit.writers import find_writers
from trueup.model.enums import OrderSide, OrderStatus
from trueup.model.orders import OrderRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

NOW = 1_700_000_000_000_000_000
SINCE = NOW - 1_000
MINE = "O-20260317-093412-001-000-1"
OTHERS = "O-20260317-093412-007-000-1"


def number_of(name: str) -> str:
    return str(sum(map(ord, name)))


def order(name: str, time_ns: int = NOW, submitted_ns: int = 0, *, is_open: bool = False) -> OrderRecord:
    return OrderRecord(
        instrument_id="BTCUSDT-PERP.BINANCE",
        side=OrderSide.BUY,
        status=OrderStatus.ACCEPTED if is_open else OrderStatus.FILLED,
        quantity=Decimal(1),
        client_order_id=name,
        venue_order_id=number_of(name),
        accepted_ns=time_ns,
        updated_ns=time_ns,
        submitted_ns=submitted_ns,
    )


def writers(
    *listed: OrderRecord, held: tuple[OrderRecord, ...] = (), others: tuple[OtherTrader, ...] = ()
) -> list[WriterLine]:
    venue = VenueSnapshot(account_id="A", started_ns=NOW, ended_ns=NOW, orders=listed)
    node = NodeSnapshot(account_id="A", started_ns=NOW, ended_ns=NOW, orders=held)
    return list(find_writers(venue, node, "TRADER-001", others, since_ns=SINCE))


def other(*names: str) -> OtherTrader:
    return OtherTrader(
        trader_id="TRADER-007",
        account_id="A",
        orders_open=2,
        positions_open=1,
        last_event_ns=NOW,
        orders=frozenset((name, number_of(name)) for name in names),
    )


def test_a_node_alone_with_its_orders_and_with_those_of_people_is_alone() -> None:
    sent = order(MINE, submitted_ns=NOW)
    assert writers(order(MINE), order("web_7f3"), order("x-Kf2"), held=(sent,)) == []


def test_another_tag_is_another_node_also_when_this_node_took_the_order_in() -> None:
    (found,) = writers(order(OTHERS), held=(order(OTHERS),))
    assert (found.who, found.certain, found.orders, found.examples) == ("trader tag 007", True, 1, (OTHERS,))


def test_an_old_order_of_another_tag_is_history_unless_it_still_works() -> None:
    assert writers(order(OTHERS, SINCE - 1)) == []
    assert writers(order(OTHERS, SINCE - 1, is_open=True))[0].certain


def test_an_order_of_this_tag_that_this_store_never_sent_is_suspicious_and_no_proof() -> None:
    (found,) = writers(order(MINE), held=(order(MINE),))
    assert not found.certain
    assert "former life" in found.line


def test_a_trader_of_the_store_is_a_writer_by_an_order_of_this_account_and_not_by_the_account_s_name() -> None:
    assert writers(order("web_1"), others=(other("O-1", "O-2"),)) == []
    same_name = replace(other(), orders=frozenset({("web_1", "another number")}))
    assert writers(order("web_1"), others=(same_name,)) == []
    (found,) = writers(order("web_1"), others=(other("web_1", "O-2"),))
    assert (found.who, found.certain, found.examples) == ("trader TRADER-007", True, ("web_1",))
