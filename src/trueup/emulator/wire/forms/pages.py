"""Pages of orders and trades as JSON bytes: at half the cost of a dictionary per row, and at a tenth when read again.

Rows of one shape (symbol, side, status, type, ...) differ in a few ids, numbers and times. The text between those is
written once per shape, from the same form that answers with a single order use, and filled in per row. The bytes are
those that orjson makes of the forms; a row that has more than a shape covers is made of its form.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Final, NamedTuple

import orjson

from trueup.emulator.engine.values import Order, Trade
from trueup.emulator.wire.forms.orders import order_form, trade_form
from trueup.emulator.wire.forms.texts import AMOUNT_DECIMALS, Digits, DigitsBySymbol, average, fixed

SHAPES_MAX: Final = 10_000
"""Shapes kept, about 1 KiB each; an account that trades 200 symbols in every way has some thousands."""

ROWS_MAX: Final = 20_000
"""Rows kept of each kind: ten pages of 1,000 at least. At about 600 and 330 bytes a row this is 18 MiB."""

_TEXT: Final = "<text>"
_NUMBER: Final = "<number>"

_ORDER_GAPS: Final = {
    "orderId": _NUMBER,
    "clientOrderId": _TEXT,  # needs no escaping: see `engine.filters`
    "price": _TEXT,
    "avgPrice": _TEXT,
    "origQty": _TEXT,
    "executedQty": _TEXT,
    "cumQuote": _TEXT,
    "goodTillDate": _NUMBER,
    "updateTime": _NUMBER,
    "time": _NUMBER,
}
_ORDER_SHAPE: Final = attrgetter(
    "symbol",
    "side",
    "status",
    "type",
    "time_in_force",
    "position_side",
    "reduce_only",
    "close_position",
    "original_type",
    "working_type",
    "price_protect",
    "price_match",
    "self_trade_prevention",
)
_TRADE_GAPS: Final = {
    "id": _NUMBER,
    "orderId": _NUMBER,
    "price": _TEXT,
    "qty": _TEXT,
    "realizedPnl": _TEXT,
    "quoteQty": _TEXT,
    "commission": _TEXT,
    "time": _NUMBER,
}
_TRADE_SHAPE: Final = attrgetter("symbol", "side", "position_side", "commission_asset", "maker")


class _Shape(NamedTuple):
    """The text of a shape, with ``%s`` where its rows differ, and its symbol's digits."""

    text: str
    digits: Digits


class Recent[K]:
    """Rows by key, at least the last half of `rows_max` added or asked for; the others are dropped together.

    Two halves instead of an order of use: looking up is one dictionary, and letting go costs nothing per row.
    """

    def __init__(self, rows_max: int) -> None:
        self._half = max(rows_max // 2, 1)
        self._young: dict[K, str] = {}
        self._old: dict[K, str] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: K) -> str | None:
        """Return the row of `key`, or None."""
        row = self._young.get(key)
        if row is None:
            row = self._old.pop(key, None)
            if row is not None:
                self.add(key, row)
        return row

    def add(self, key: K, row: str) -> None:
        """Keep a row."""
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = row


class Pages:
    """Write pages of orders and trades. Rows of trades and of orders that ended never change; the last ones are kept.

    Parameters
    ----------
    digits : DigitsBySymbol
        Digits of prices and quantities.
    rows_max : int
        Rows kept of each kind.
    """

    def __init__(self, digits: DigitsBySymbol, rows_max: int = ROWS_MAX) -> None:
        self._digits = digits
        self._shapes: dict[Any, _Shape] = {}
        self._closed: Recent[int] = Recent(rows_max)
        self._trades: Recent[tuple[int, int]] = Recent(rows_max)

    def orders(self, orders: Iterable[Order]) -> bytes:
        """Return a JSON array of orders, as `order_form` has them."""
        kept = self._closed
        rows: list[str] = []
        for order in orders:
            row = kept.get(order.order_id)
            if row is None:
                row = self._order(order)
                if not order.status.is_open:
                    kept.add(order.order_id, row)
            rows.append(row)
        return f"[{','.join(rows)}]".encode()

    def trades(self, trades: Iterable[Trade]) -> bytes:
        """Return a JSON array of trades, as `trade_form` has them."""
        kept = self._trades
        rows: list[str] = []
        for trade in trades:
            key = (trade.order_id, trade.trade_id)  # both sides of a match share its id
            row = kept.get(key)
            if row is None:
                row = self._trade(trade)
                kept.add(key, row)
            rows.append(row)
        return f"[{','.join(rows)}]".encode()

    def _order(self, order: Order) -> str:
        if order.stop_price or order.activate_price is not None or order.callback_rate is not None:
            return orjson.dumps(order_form(order, self._digits)).decode()
        key = _ORDER_SHAPE(order)
        text, digits = self._shapes.get(key) or self._shape(key, order_form(order, self._digits), _ORDER_GAPS)
        quantity, executed = order.quantity, order.executed_quantity
        quantity_text = fixed(quantity, digits.quantity)
        return text % (
            order.order_id,
            order.client_order_id,
            fixed(order.price, digits.price),
            average(order.average_price, digits),
            quantity_text,
            quantity_text if executed is quantity else fixed(executed, digits.quantity),
            fixed(order.cumulative_quote, AMOUNT_DECIMALS),
            order.good_till_date_ms,
            order.update_time_ms,
            order.time_ms,
        )

    def _trade(self, trade: Trade) -> str:
        key = _TRADE_SHAPE(trade)
        text, digits = self._shapes.get(key) or self._shape(key, trade_form(trade, self._digits), _TRADE_GAPS)
        return text % (
            trade.trade_id,
            trade.order_id,
            fixed(trade.price, digits.price),
            fixed(trade.quantity, digits.quantity),
            fixed(trade.realised_pnl, AMOUNT_DECIMALS),
            fixed(trade.quote_quantity, AMOUNT_DECIMALS),
            fixed(trade.commission, AMOUNT_DECIMALS),
            trade.time_ms,
        )

    def _shape(self, key: Any, form: dict[str, Any], gaps: dict[str, str]) -> _Shape:
        text = orjson.dumps(form | gaps).decode().replace("%", "%%")
        text = text.replace(f'"{_NUMBER}"', "%s").replace(_TEXT, "%s")
        if len(self._shapes) >= SHAPES_MAX:
            self._shapes.clear()
        shape = self._shapes[key] = _Shape(text, self._digits[form["symbol"]])
        return shape
