"""Orders and positions from events that no real engine here writes: broken, doubled, late."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.events import PERP, T0_NS, v1, v1_filled, v1_initialized
from trueup.model.enums import OrderStatus
from trueup.store.fold_orders import EntryError, StoredOrder, fold_order
from trueup.store.fold_positions import StoredPosition, fold_position
from trueup.store.redis_decode import StoredEvent, StoredInstrument, decode_event
from trueup.store.synthetic import is_synthetic_fill

UUID = "e1ec2fa7-4fe0-591f-8fc4-5ee792c37cab"
NAMED: dict[str, Any] = {"account_id": "BINANCE-001", "venue_order_id": "77"}


def events(*raw: dict[str, Any]) -> list[StoredEvent]:
    """Return the events as they are decoded."""
    return [decode_event(msgspec.json.encode(event)) for event in raw]


def order(*raw: dict[str, Any]) -> StoredOrder:
    """Return the order of a birth and these events."""
    return fold_order(events(v1_initialized(), *raw))


def position(*raw: dict[str, Any], instrument: StoredInstrument | None = None) -> StoredPosition:
    """Return the position of these fills."""
    return fold_position(f"{PERP}-S-001", events(*raw), instrument)


def test_a_list_that_does_not_begin_with_the_birth_is_refused_with_its_entry() -> None:
    with pytest.raises(EntryError, match="begins with OrderInitialized, and this is 'OrderSubmitted'") as caught:
        fold_order(events(v1("Submitted", 1)))
    assert caught.value.entry == 0


def test_an_event_of_another_order_or_an_unknown_kind_is_refused_with_its_entry() -> None:
    with pytest.raises(EntryError, match="order O-other is in the list") as caught:
        order(v1("Submitted", 1), v1("Accepted", 2, client_order_id="O-other"))
    assert caught.value.entry == 2
    with pytest.raises(EntryError, match="OrderAbducted") as caught:
        order(v1("Abducted", 1))
    assert caught.value.entry == 1


@pytest.mark.parametrize("field", ["last_qty", "last_px", "trade_id", "order_side"])
def test_a_fill_that_lacks_a_value_is_refused(field: str) -> None:
    fill = v1_filled("1", "1.000", "50000.00", 1)
    fill[field] = None
    with pytest.raises(EntryError, match=field):
        order(fill)


def test_a_value_of_no_vocabulary_is_refused() -> None:
    with pytest.raises(EntryError, match="SIDEWAYS"):
        fold_order(events(v1_initialized(order_side="SIDEWAYS")))
    with pytest.raises(EntryError, match="NaN"):
        order(v1_filled("1", "NaN", "1", 1))


def test_a_refused_request_gives_back_the_status_from_before_the_first_one() -> None:
    found = order(
        v1("Accepted", 1, **NAMED),
        v1("PendingUpdate", 2, **NAMED),
        v1("PendingCancel", 3, **NAMED),
        v1("CancelRejected", 4, **NAMED),
    )
    assert found.record.status is OrderStatus.ACCEPTED


def test_a_refusal_after_the_request_was_overtaken_changes_nothing() -> None:
    found = order(
        v1("Accepted", 1, **NAMED),
        v1("PendingCancel", 2, **NAMED),
        v1_filled("1", "2.000", "50000.00", 3),
        v1("CancelRejected", 4, **NAMED),
    )
    assert found.record.status is OrderStatus.FILLED
    assert found.record.updated_ns == T0_NS + 4


def test_an_emulated_order_that_was_released_as_a_market_order_is_one() -> None:
    found = order(
        v1("Emulated", 1),
        v1("Released", 2, released_price="49000.00"),
        v1_initialized(order_type="MARKET", options={}),
        v1("Submitted", 4, account_id="BINANCE-001"),
    )
    assert (found.record.order_type, found.record.price) == ("MARKET", None)
    assert found.record.status is OrderStatus.SUBMITTED


def test_a_doubled_fill_is_kept_twice_because_the_node_booked_it_twice() -> None:
    fill = v1_filled("1", "1.000", "50000.00", 1)
    found = order(fill, fill)
    assert [one.trade_id for one in found.fills] == ["1", "1"]
    assert found.record.status is OrderStatus.FILLED


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 10**7)), min_size=1, max_size=12))
def test_the_average_price_is_the_fills_cost_over_their_quantity(fills: list[tuple[int, int]]) -> None:
    sizes = [(Decimal(size).scaleb(-3), Decimal(price).scaleb(-2)) for size, price in fills]
    found = order(*(v1_filled(str(n), str(size), str(price), n) for n, (size, price) in enumerate(sizes)))
    total = sum(size for size, _ in sizes)
    cost = sum(size * price for size, price in sizes)
    assert found.record.filled_quantity == total
    assert found.record.average_price is not None
    assert abs(found.record.average_price * total - cost) < Decimal("1e-15")


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 50)), min_size=1, max_size=20))
def test_a_position_is_the_sum_of_its_fills_and_keeps_only_its_present_life_cycle(moves: list[tuple[str, int]]) -> None:
    raw = [
        v1_filled(str(n), str(size), str(100 + n), n, order_side=side) for n, (side, size) in enumerate(moves, start=1)
    ]
    found = position(*raw).record
    running, began = 0, 0
    for n, (side, size) in enumerate(moves):
        began = n if running == 0 else began
        running += size if side == "BUY" else -size
    assert found.quantity == running
    assert [fill.trade_id for fill in found.fills] == [str(n + 1) for n in range(began, len(moves))]
    assert found.opened_ns == T0_NS + began + 1
    assert (found.average_price is None) == (running == 0)


def test_a_trade_that_is_booked_twice_in_one_life_cycle_is_refused_and_in_two_is_not() -> None:
    buy, sell = v1_filled("1", "1", "100", 1), v1_filled("2", "1", "100", 2, order_side="SELL")
    with pytest.raises(EntryError, match="trade 1 is booked twice") as caught:
        position(buy, buy)
    assert caught.value.entry == 1
    assert position(buy, sell, buy).record.quantity == 1


def test_a_trade_id_that_the_venue_uses_again_at_another_price_or_size_is_another_fill() -> None:
    """The engine's position takes it for another, so a store may hold it."""
    first, dearer, bigger = (
        v1_filled("1", *values, at) for at, values in enumerate((("1", "100"), ("1", "101"), ("2", "100")))
    )
    assert position(first, dearer, bigger).record.quantity == 4


def test_a_commission_in_the_base_currency_comes_off_a_spot_position_only() -> None:
    fill = v1_filled("1", "1.000", "100", 1, commission="0.0010 BTC")
    spot = StoredInstrument(type="CurrencyPair", base_currency="BTC", size_precision=3)
    perpetual = StoredInstrument(type="CryptoPerpetual", base_currency="BTC", size_precision=3)
    assert position(fill, instrument=spot).record.quantity == Decimal("0.999")
    assert position(fill, instrument=spot).record.adjusted
    wrong_sign = fold_position("P-1", events(fill), spot, spot_commission_added=True)
    assert wrong_sign.record.quantity == Decimal("1.001")
    assert position(fill, instrument=perpetual).record.quantity == 1
    assert position(fill).record.quantity == 1


def test_a_fill_of_another_instrument_or_kind_is_refused() -> None:
    with pytest.raises(EntryError, match=r"a fill of ETHUSDT-PERP\.BINANCE is in a position of"):
        position(v1_filled("1", "1", "1", 1), v1_filled("2", "1", "1", 2, instrument_id="ETHUSDT-PERP.BINANCE"))
    with pytest.raises(EntryError, match="an OrderFilled was expected"):
        position(v1("Accepted", 1, **NAMED))


def test_only_a_made_up_trade_id_a_made_up_order_or_an_opening_balance_is_synthetic() -> None:
    assert is_synthetic_fill(UUID, reconciliation=True)
    assert not is_synthetic_fill(UUID, reconciliation=False)
    assert not is_synthetic_fill("123456", reconciliation=True)
    assert is_synthetic_fill("123456", reconciliation=True, order_tags=("RECONCILIATION",))
    assert not is_synthetic_fill("123456", reconciliation=True, order_tags=("VENUE",))
    assert is_synthetic_fill("OPEN-0011223344", reconciliation=False)
