"""One stored entry, from its bytes to a typed value. Pure; knows nothing of Redis and imports no NautilusTrader.

Four forms exist, told apart entry by entry: NautilusTrader 1.x writes flat events, 2.x wraps each in an object that is
named after its kind (``{"Filled": {...}}``); each in MessagePack or in JSON. 1.x keeps an order's prices in `options`,
2.x at the top level. Times are nanoseconds in decimal digits (1.x), or RFC 3339 text with up to nine digits (2.x, and
1.x with `timestamps_as_iso8601`).

Times are returned as stored. The venue's times that an adapter of 1.x turned from milliseconds through a float are off
by up to 128 ns: that error is in the node's cache as well, and a comparison with the venue has to allow for it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from trueup.model.sharing import SHARED_MAX

NS_PER_SEC = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_WRAPPED_PREFIX = "Order"

type Time = int | str | None


class DecodeError(Exception):
    """Bytes that are no event of a known form. The reader adds the key and the entry's index."""


class StoredOptions(msgspec.Struct, frozen=True):
    """What only some order types have: nested under `options` in 1.x."""

    price: Decimal | None = None
    trigger_price: Decimal | None = None
    expire_time_ns: Time = None


class StoredEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An order event of any kind, by its fields on the wire; those that its kind lacks are None."""

    type: str = ""
    strategy_id: str | None = None
    instrument_id: str | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None
    account_id: str | None = None
    order_side: str | None = None
    order_type: str | None = None
    quantity: Decimal | None = None
    time_in_force: str | None = None
    post_only: bool = False
    reduce_only: bool = False
    options: StoredOptions | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    expire_time_ns: Time = None
    expire_time: Time = None
    linked_order_ids: list[str] | None = None
    tags: list[str] | str | None = None
    trade_id: str | None = None
    position_id: str | None = None
    last_qty: Decimal | None = None
    last_px: Decimal | None = None
    commission: str | None = None
    liquidity_side: str | None = None
    ts_event: Time = None
    reconciliation: bool | int = False


class StoredBalance(msgspec.Struct, frozen=True):
    """One currency of an account state: amounts with their currency beside them (1.x) or in them (2.x)."""

    total: str
    locked: str
    free: str
    currency: str | None = None


class StoredAccountState(msgspec.Struct, frozen=True):
    """One account state."""

    account_id: str
    balances: list[StoredBalance]
    ts_event: Time = None


class StoredInstrument(msgspec.Struct, frozen=True):
    """What of an instrument bears on a position's quantity."""

    type: str = ""
    base_currency: str | None = None
    size_precision: int | None = None


_DECODERS: dict[type, tuple[Any, Any, Any, Any]] = {
    kind: (
        msgspec.msgpack.Decoder(kind),
        msgspec.json.Decoder(kind),
        msgspec.msgpack.Decoder(dict[str, kind]),  # type: ignore[valid-type]  # a type made at run time
        msgspec.json.Decoder(dict[str, kind]),  # type: ignore[valid-type]  # the same
    )
    for kind in (StoredEvent, StoredAccountState, StoredInstrument)
}


def decode_event(data: bytes) -> StoredEvent:
    """Return the order event in an entry.

    Raises
    ------
    DecodeError
        If the bytes are cut short or hold something else than one order event.
    """
    event, name = _decode(data, StoredEvent)
    kind = event.type or (name if name.startswith(_WRAPPED_PREFIX) else _WRAPPED_PREFIX + name)
    if event.type != kind:
        event = msgspec.structs.replace(event, type=kind)
    if not event.client_order_id:
        raise DecodeError(f"an event of kind '{kind}' names no order")
    return event


def decode_account_state(data: bytes) -> StoredAccountState:
    """Return the account state in an entry. Raises `DecodeError`."""
    return _decode(data, StoredAccountState)[0]


def decode_instrument(data: bytes) -> StoredInstrument:
    """Return what is needed of an instrument, with its kind also where it is only the wrapper's name."""
    instrument, name = _decode(data, StoredInstrument)
    return instrument if instrument.type else msgspec.structs.replace(instrument, type=name)


def _decode[T: (StoredEvent, StoredAccountState, StoredInstrument)](data: bytes, kind: type[T]) -> tuple[T, str]:
    """Return the value and the name of its wrapper, empty where it has none."""
    if not data:
        raise DecodeError("the entry is empty")
    # A JSON object begins with '{', which begins no map in MessagePack.
    is_json = data[:1] == b"{"
    flat, wrapped = _DECODERS[kind][is_json], _DECODERS[kind][2 + is_json]
    try:
        if _is_wrapped(data, is_json=is_json):
            ((name, value),) = wrapped.decode(data).items()
            return value, name
        return flat.decode(data), ""
    except (msgspec.MsgspecError, ValueError, InvalidOperation, UnicodeDecodeError) as error:
        raise DecodeError(str(error)) from error


def _is_wrapped(data: bytes, *, is_json: bool) -> bool:
    """Return whether the entry is an object with one member that is an object itself."""
    if not is_json:
        return data[:1] == b"\x81"  # a map of exactly one pair; no flat entry has so few
    start = data.find(b":")
    return data[start + 1 :].lstrip()[:1] == b"{" and data.rstrip().endswith(b"}}")


def time_ns(value: Time) -> int:
    """Return a stored time in nanoseconds since the epoch; 0 for none.

    Raises
    ------
    DecodeError
        If it is no time.
    """
    if value is None or isinstance(value, int):
        return value or 0
    if value.isdigit():
        return int(value)
    match = _RFC_3339.fullmatch(value)
    if match is None:
        raise DecodeError(f"'{value}' is no time")
    seconds, fraction, zone = match.groups()
    try:
        delta = datetime.fromisoformat(seconds + zone) - _EPOCH
    except ValueError as error:
        raise DecodeError(f"'{value}' is no time") from error
    return (delta.days * 86_400 + delta.seconds) * NS_PER_SEC + int((fraction or "").ljust(9, "0"))


@lru_cache(maxsize=SHARED_MAX)
def money(text: str | None) -> tuple[Decimal, str]:
    """Return amount and currency of text such as ``0.00040000 USDT``; zero and no currency for None.

    Raises
    ------
    DecodeError
        If it is no amount.
    """
    if text is None:
        return Decimal(0), ""
    amount, _, currency = text.partition(" ")
    try:
        return finite(Decimal(amount)), currency
    except InvalidOperation as error:
        raise DecodeError(f"'{text}' is no amount of money") from error


def finite(value: Decimal) -> Decimal:
    """Return `value`, refusing NaN and infinity, which compare with nothing. Raises `DecodeError`."""
    if not value.is_finite():
        raise DecodeError(f"'{value}' is no number")
    return value
