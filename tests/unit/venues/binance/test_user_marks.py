"""What Binance's user stream says beside a change, in the venue's own frames."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from trueup.core.intervention import Change, ChangeKind
from trueup.venues.binance.user_marks import OrderMark, marks_of

AT_MS = 1_700_000_000_000


def order(execution: str, **more: object) -> bytes:
    body = {"s": "BTCUSDT", "c": "O-1", "i": 7, "x": execution, "X": "NEW", **more}
    return orjson.dumps({"e": "ORDER_TRADE_UPDATE", "E": AT_MS, "T": AT_MS, "o": body})


def account(reason: str, positions: tuple[str, ...] = (), change: str = "-0.5") -> bytes:
    told = {
        "m": reason,
        "B": [{"a": "USDT", "wb": "100", "cw": "100", "bc": change}],
        "P": [{"s": symbol, "pa": "1"} for symbol in positions],
    }
    return orjson.dumps({"e": "ACCOUNT_UPDATE", "E": AT_MS, "T": AT_MS, "a": told})


def changes(raw: bytes) -> tuple[Change, ...]:
    found = marks_of(raw)
    assert not isinstance(found, OrderMark)
    return found


def test_an_amendment_and_the_reason_of_an_expiry_are_read_from_an_orders_update() -> None:
    assert marks_of(order("AMENDMENT")) == OrderMark("7", True, 0)
    assert marks_of(order("EXPIRED", er="5")) == OrderMark("7", False, 5)
    assert marks_of(order("EXPIRED")) == OrderMark("7", False, 0), "the venue may give no reason"
    assert marks_of(order("TRADE")) == (), "nothing beside the fill itself"


@pytest.mark.parametrize(
    ("raw", "kind", "symbol", "amount"),
    [
        (account("FUNDING_FEE"), ChangeKind.FUNDED, "", "-0.5"),
        (account("FUNDING_FEE", ("BTCUSDT",)), ChangeKind.FUNDED, "BTCUSDT", "-0.5"),
        (account("DEPOSIT", change="25"), ChangeKind.TRANSFER, "", "25"),
        (account("MARGIN_TYPE_CHANGE", ("BTCUSDT",)), ChangeKind.MARGIN_TYPE, "BTCUSDT", "0"),
    ],
)
def test_the_reason_of_an_account_update_is_read(raw: bytes, kind: ChangeKind, symbol: str, amount: str) -> None:
    (change,) = changes(raw)
    assert (change.kind, change.instrument_id, change.amount) == (kind, symbol, Decimal(amount))
    assert change.time_ns == AT_MS * 1_000_000


def test_a_change_of_leverage_is_read_in_an_envelope_too() -> None:
    event = {"e": "ACCOUNT_CONFIG_UPDATE", "E": AT_MS, "T": AT_MS, "ac": {"s": "BTCUSDT", "l": 7}}
    for frame in (event, {"stream": "key", "data": event}):
        (change,) = changes(orjson.dumps(frame))
        assert (change.kind, change.instrument_id, change.after) == (ChangeKind.LEVERAGE, "BTCUSDT", "7")


@pytest.mark.parametrize(
    "raw",
    [
        account("ORDER", ("BTCUSDT",)),
        account("FUNDING_FEE", change="0"),
        b'{"e":"TRADE_LITE","s":"BTCUSDT"}',
        b'{"e":"ACCOUNT_CONFIG_UPDATE","ac":{"s":1}}',
        b'{"e":"ACCOUNT_UPDATE"',
        b"",
    ],
)
def test_what_says_nothing_more_or_is_broken_gives_nothing(raw: bytes) -> None:
    assert marks_of(raw) == ()
