"""Entries in all four forms, and bytes that are none of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.events import ACCOUNT, ORDER, PERP, T0_NS, V2_TIME, v1_filled, v1_initialized, v2_order
from trueup.model.enums import LiquiditySide, OrderSide, OrderStatus, OrderType, TimeInForce
from trueup.store.fold_orders import fold_order
from trueup.store.redis_decode import (
    DecodeError,
    decode_account_state,
    decode_event,
    decode_instrument,
    money,
    time_ns,
)

ENCODERS: dict[str, Callable[[Any], bytes]] = {"msgpack": msgspec.msgpack.encode, "json": msgspec.json.encode}


@pytest.fixture(params=ENCODERS)
def encode(request: pytest.FixtureRequest) -> Callable[[Any], bytes]:
    """Give each encoding's encoder."""
    return ENCODERS[request.param]


def test_the_wrapped_form_of_2_x_gives_the_same_order_in_both_encodings(encode: Callable[[Any], bytes]) -> None:
    """The fixture is written by hand from the documented form: no engine of 2.x is installed with this project."""
    order = fold_order(decode_event(encode(event)) for event in v2_order())
    record = order.record
    assert (record.client_order_id, record.venue_order_id, record.instrument_id) == (ORDER, "77", PERP)
    assert (record.status, record.order_type, record.side) == (
        OrderStatus.PARTIALLY_FILLED,
        OrderType.LIMIT,
        OrderSide.BUY,
    )
    assert (record.quantity, record.filled_quantity, record.price) == (Decimal(2), Decimal("0.5"), Decimal(50_000))
    assert record.time_in_force is TimeInForce.GTD
    assert record.expires_ns == 1_790_035_200_000_000_000
    assert record.contingent_ids == ("O-2",)
    assert record.post_only
    assert record.accepted_ns == T0_NS
    assert order.account_id == ACCOUNT
    (fill,) = order.fills
    assert (fill.commission, fill.commission_currency) == (Decimal("0.01"), "USDT")
    assert fill.liquidity is LiquiditySide.TAKER
    assert fill.time_ns == T0_NS
    assert not fill.synthetic, "a reconciliation learnt it from the venue: its trade id is the venue's"


def test_an_event_of_2_x_without_its_kind_inside_takes_it_from_the_wrapper(encode: Callable[[Any], bytes]) -> None:
    (wrapped,) = v2_order()[1].values()
    del wrapped["type"]
    assert decode_event(encode({"Submitted": wrapped})).type == "OrderSubmitted"


def test_the_flat_form_of_1_x_is_read_in_both_encodings(encode: Callable[[Any], bytes]) -> None:
    event = decode_event(encode(v1_filled("9", "0.100", "50000.10", 7)))
    assert event.last_qty == Decimal("0.100")
    assert time_ns(event.ts_event) == T0_NS + 7


def test_an_event_with_a_nested_object_first_is_not_taken_for_a_wrapped_one(encode: Callable[[Any], bytes]) -> None:
    event = {"options": {"price": "1.0"}} | v1_initialized()
    assert decode_event(encode(event)).type == "OrderInitialized"


def test_balances_of_both_versions_give_amount_and_currency(encode: Callable[[Any], bytes]) -> None:
    first = {"total": "99999.195", "locked": "0", "free": "99999.195", "currency": "USDT"}
    second = {"total": "99999.195 USDT", "locked": "0 USDT", "free": "99999.195 USDT", "currency": "USDT"}
    for balance in (first, second):
        state = decode_account_state(encode({"type": "AccountState", "account_id": ACCOUNT, "balances": [balance]}))
        assert state.account_id == ACCOUNT
        assert money(state.balances[0].total)[0] == Decimal("99999.195")


def test_an_instruments_kind_is_known_in_both_versions(encode: Callable[[Any], bytes]) -> None:
    fields = {"base_currency": "BTC", "size_precision": 3}
    assert decode_instrument(encode({"type": "CurrencyPair"} | fields)).type == "CurrencyPair"
    assert decode_instrument(encode({"CurrencyPair": fields})).type == "CurrencyPair"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"garbage",
        b"\xc1",
        b"null",
        b"[]",
        b"{}",
        b'{"type": "OrderFilled"}',
        b'{"Filled": []}',
        b'{"Filled": {"a": {}}}',
        b'{"type": "OrderFilled", "client_order_id": "O-1", "last_qty": "NotANumber"}',
        b'{"type": "OrderFilled", "client_order_id": 1}',
        b"\x81",
        b"\xff" * 40,
    ],
)
def test_bytes_that_are_no_event_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_event(data)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_decoder_fail_in_another_way(data: bytes) -> None:
    for decode in (decode_event, decode_account_state, decode_instrument):
        try:
            decode(data)
        except DecodeError:
            continue


@given(st.data())
def test_an_entry_that_was_cut_anywhere_is_refused(data: st.DataObject) -> None:
    encode = data.draw(st.sampled_from(list(ENCODERS.values())))
    whole = encode(data.draw(st.sampled_from([*v2_order(), v1_initialized(), v1_filled("1", "1", "1", 0)])))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(DecodeError):
        decode_event(whole[:cut])


@given(st.integers(0, 4_000_000_000), st.integers(0, 999_999_999), st.integers(-14 * 60, 14 * 60))
def test_a_time_is_the_same_however_it_is_written(seconds: int, nanoseconds: int, offset_minutes: int) -> None:
    expected = seconds * 1_000_000_000 + nanoseconds
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    local = utc + timedelta(minutes=offset_minutes)
    sign, minutes = ("-" if offset_minutes < 0 else "+"), abs(offset_minutes)
    zone = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    fraction = f"{nanoseconds:09d}"
    forms: list[str | int] = [
        expected,
        str(expected),
        f"{utc:%Y-%m-%dT%H:%M:%S}.{fraction}Z",
        f"{utc:%Y-%m-%d %H:%M:%S}.{fraction}+00:00",
        f"{local:%Y-%m-%dT%H:%M:%S}.{fraction}{zone}",
    ]
    if nanoseconds % 1_000 == 0:
        forms.append(f"{utc:%Y-%m-%dT%H:%M:%S}.{fraction[:6]}Z")
    if nanoseconds == 0:
        forms.append(f"{utc:%Y-%m-%dT%H:%M:%S}Z")
    assert {time_ns(form) for form in forms} == {expected}


def test_the_two_versions_write_one_instant() -> None:
    assert time_ns(V2_TIME) == time_ns(str(T0_NS)) == T0_NS
    assert time_ns(None) == 0


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "1.5e18", "-5"])
def test_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="is no time"):
        time_ns(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12))
def test_money_keeps_every_digit(amount: Decimal) -> None:
    assert money(f"{amount:f} USDT") == (amount, "USDT")
    assert money(f"{amount:f}") == (amount, "")


@pytest.mark.parametrize("text", ["", "USDT", "NaN USDT", "Infinity USDT", "1,5 USDT"])
def test_text_that_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        money(text)
