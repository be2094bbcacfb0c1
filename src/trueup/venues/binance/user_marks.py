"""What Binance's user stream says of a change beside the change itself, which the adapter does not pass on.

Why a balance moved, who changed the leverage, why an order expired, and that an amendment is one (Binance USD-M's
documentation of the order, account and account-configuration update events).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.core.intervention import Change, ChangeKind

NS_PER_MS = 1_000_000
_TRANSFERS = frozenset(
    {"DEPOSIT", "WITHDRAW", "ADMIN_DEPOSIT", "ADMIN_WITHDRAW", "MARGIN_TRANSFER", "ASSET_TRANSFER", "AUTO_EXCHANGE"}
)
_WORTH_READING = (b'"ACCOUNT_CONFIG_UPDATE"', b'"AMENDMENT"', b'"EXPIRED"')
_ORDERS_OWN = (b'"m":"ORDER"', b'"m": "ORDER"')
"""An account update after a fill: it says nothing that the fill does not."""


class _Order(msgspec.Struct):
    """The fields of an order update that matter here."""

    s: str
    i: int
    x: str
    c: str = ""
    er: int | str = 0


class _Balance(msgspec.Struct):
    a: str
    bc: str = "0"


class _Position(msgspec.Struct):
    s: str


class _Account(msgspec.Struct):
    m: str
    B: list[_Balance] = []
    P: list[_Position] = []


class _Config(msgspec.Struct):
    s: str
    l: int  # noqa: E741 - the venue's name of the leverage


class _Event(msgspec.Struct):
    e: str
    T: int = 0
    E: int = 0
    o: _Order | None = None
    a: _Account | None = None
    ac: _Config | None = None


class _Wrapped(msgspec.Struct):
    data: _Event


_event = msgspec.json.Decoder(_Event)
_wrapped = msgspec.json.Decoder(_Wrapped)


class OrderMark(msgspec.Struct, frozen=True):
    """What the venue says of one order's update: that it is an amendment, or the reason of an expiry in numbers."""

    venue_order_id: str
    is_amendment: bool
    expiry_code: int


def marks_of(raw: bytes) -> OrderMark | tuple[Change, ...]:
    """Return what an event of the user stream says beside the change, often nothing.

    Parameters
    ----------
    raw : bytes
        The frame as it came, with or without the envelope of a combined stream. A symbol stands where a change has its
        instrument.
    """
    if b'"ACCOUNT_UPDATE"' in raw:
        if any(mark in raw for mark in _ORDERS_OWN):
            return ()
    elif not any(mark in raw for mark in _WORTH_READING):
        return ()
    try:
        event = _wrapped.decode(raw).data if raw.lstrip().startswith(b'{"stream"') else _event.decode(raw)
    except msgspec.MsgspecError:
        return ()  # the adapter will say so
    time_ns = (event.T or event.E) * NS_PER_MS
    if event.e == "ORDER_TRADE_UPDATE" and event.o is not None:
        order = event.o
        return OrderMark(str(order.i), order.x == "AMENDMENT", int(order.er or 0))
    if event.ac is not None:
        change = Change(kind=ChangeKind.LEVERAGE, time_ns=time_ns, instrument_id=event.ac.s, after=str(event.ac.l))
        return (change,)
    return () if event.a is None else tuple(_of_account(event.a, time_ns))


def _of_account(account: _Account, time_ns: int) -> list[Change]:
    symbol = account.P[0].s if len(account.P) == 1 else ""
    if account.m == "MARGIN_TYPE_CHANGE":
        return [Change(kind=ChangeKind.MARGIN_TYPE, time_ns=time_ns, instrument_id=one.s) for one in account.P]
    if account.m == "FUNDING_FEE":
        kind = ChangeKind.FUNDED
    elif account.m in _TRANSFERS:
        kind, symbol = ChangeKind.TRANSFER, ""
    else:
        return []
    moved = [(one.a, Decimal(one.bc)) for one in account.B]
    return [
        Change(kind=kind, time_ns=time_ns, instrument_id=symbol, amount=amount, currency=asset)
        for asset, amount in moved
        if amount
    ]
