"""Pages of orders, trades and positions as JSON: what does not change is written once.

Trades and orders that ended never change: a page of nothing else is kept and costs nothing the next time. Orders of one
shape (symbol, side, status, type, ...) differ in a few ids, numbers and times: the text between those is made once per
shape, from the form that answers with a single order use, and the numbers are written column by column. The bytes are
those that orjson makes of the forms.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from operator import attrgetter, mod
from typing import Any, Final

import orjson

from trueup.emulator.engine.enums import OrderStatus
from trueup.emulator.engine.statements import Position
from trueup.emulator.engine.values import Order, Trade
from trueup.emulator.wire.forms.orders import order_form, trade_form
from trueup.emulator.wire.forms.texts import (
    AMOUNT_DECIMALS,
    AVERAGE_MORE,
    AVERAGE_ZERO,
    DigitsBySymbol,
    column,
    fixed,
)

SHAPES_MAX: Final = 10_000
"""Shapes kept, about 1 KiB each; an account that trades 200 symbols in every way has some thousands."""

KEPT_BYTES_MAX: Final = 16 * 2**20
"""Pages kept, in bytes: those of 500 orders (270 KiB) of sixty symbols."""

LEGS_MAX: Final = 20_000
"""Positions kept as they were last shown, about 1 KiB each: 50 accounts with 200 symbols in two forms."""

_TEXT: Final = "<text>"
_NUMBER: Final = "<number>"

_GAPS: Final = {
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
_SHAPE: Final = attrgetter(
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
_VALUES: Final = attrgetter(  # as the gaps
    "order_id",
    "client_order_id",
    "price",
    "average_price",
    "quantity",
    "executed_quantity",
    "cumulative_quote",
    "good_till_date_ms",
    "update_time_ms",
    "time_ms",
)
type LegForm = Callable[[Position, DigitsBySymbol], dict[str, Any]]

_OPEN: Final = frozenset(status for status in OrderStatus if status.is_open)


class Recent:
    """Pages by key up to a number of bytes, those longest not asked for first out."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._pages: OrderedDict[Any, bytes] = OrderedDict()
        self.size_bytes = 0

    def get(self, key: Any) -> bytes | None:
        """Return the page of `key`, or None."""
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def add(self, key: Any, page: bytes) -> None:
        """Keep a page under a key that has none."""
        self._pages[key] = page
        self.size_bytes += len(page)
        while self.size_bytes > self._bytes_max:
            self.size_bytes -= len(self._pages.popitem(last=False)[1])


class Pages:
    """Write pages.

    Parameters
    ----------
    digits : DigitsBySymbol
        Digits of prices and quantities.
    kept_bytes_max : int
        Size of the pages kept.
    """

    def __init__(self, digits: DigitsBySymbol, kept_bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._digits = digits
        self._shapes: dict[Any, str] = {}
        self._kept = Recent(kept_bytes_max)
        self._legs: dict[Any, tuple[Position, orjson.Fragment]] = {}

    def orders(self, orders: Sequence[Order]) -> bytes:
        """Return a JSON array of orders, as `order_form` has them."""
        if any(order.status in _OPEN for order in orders):
            return self._orders(orders)
        return self._keep(tuple(order.order_id for order in orders), lambda: self._orders(orders))

    def trades(self, trades: Sequence[Trade]) -> bytes:
        """Return a JSON array of trades, as `trade_form` has them."""
        # Both sides of a match share its id, and may be the same account's.
        ids = tuple(trade.trade_id for trade in trades), tuple(trade.order_id for trade in trades)
        return self._keep(ids, lambda: orjson.dumps([trade_form(trade, self._digits) for trade in trades]))

    def legs(self, legs: Iterable[Position], form_of: LegForm) -> list[orjson.Fragment]:
        """Return positions as `form_of` has them; one that is as it was last time is not written again."""
        kept = self._legs
        rows: list[orjson.Fragment] = []
        for leg in legs:
            key = (form_of, leg.account_id, leg.symbol, leg.position_side)
            found = kept.get(key)
            if found is None or found[0] != leg:
                if len(kept) >= LEGS_MAX:
                    kept.clear()
                found = kept[key] = (leg, orjson.Fragment(orjson.dumps(form_of(leg, self._digits))))
            rows.append(found[1])
        return rows

    def _keep(self, key: Any, write: Callable[[], bytes]) -> bytes:
        page = self._kept.get(key)
        if page is None:
            page = write()
            self._kept.add(key, page)
        return page

    def _orders(self, orders: Sequence[Order]) -> bytes:
        if not orders:
            return b"[]"
        if any(each.stop_price or each.activate_price is not None or each.callback_rate is not None for each in orders):
            return orjson.dumps([order_form(order, self._digits) for order in orders])
        texts = self._texts(orders)
        ids, client_ids, prices, averages, quantities, executed, quotes, *times = zip(
            *map(_VALUES, orders), strict=True
        )
        price_digits, quantity_digits = zip(*(self._digits[order.symbol] for order in orders), strict=True)
        average_digits = [digits + AVERAGE_MORE for digits in price_digits]
        columns = (
            ids,
            client_ids,
            _column(prices, price_digits),
            _column(averages, average_digits, AVERAGE_ZERO),
            _column(quantities, quantity_digits),
            _column(executed, quantity_digits),
            column(quotes, AMOUNT_DECIMALS),
            *times,
        )
        return f"[{','.join(map(mod, texts, zip(*columns, strict=True)))}]".encode()

    def _texts(self, orders: Sequence[Order]) -> list[str]:
        """Return the text of each one's shape, with ``%s`` where the rows of a shape differ."""
        shapes = self._shapes
        keys = [_SHAPE(order) for order in orders]
        if len(shapes) >= SHAPES_MAX:
            shapes.clear()
        for key, order in zip(keys, orders, strict=True):
            if key not in shapes:
                text = orjson.dumps(order_form(order, self._digits) | _GAPS).decode().replace("%", "%%")
                shapes[key] = text.replace(f'"{_NUMBER}"', "%s").replace(_TEXT, "%s")
        return [shapes[key] for key in keys]


def _column(values: Sequence[Decimal], decimals: Sequence[int], zero: str | None = None) -> list[str]:
    if len(set(decimals)) == 1:
        return column(values, decimals[0], zero)
    return [
        fixed(value, digits) if value or zero is None else zero for value, digits in zip(values, decimals, strict=True)
    ]
