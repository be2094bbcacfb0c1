"""Tell the engine what a gap in the stream swallowed, in the venue's order, as the stream would have told it.

For a node without a true-up. A mass status would do it order by order, and completes a history of which it sees only a
part with fills that nobody made (measured on 1.231.0); single reports, sorted by the venue's time, do neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from nautilus_trader.execution.reports import FillReport, OrderStatusReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId

from trueup.venues.binance.account import OrdersRead
from trueup.venues.binance.adapter_names import AdapterNames
from trueup.venues.binance.reports import ReportForms

ENDED: Final = (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
NOT_YET_ACCEPTED: Final = (OrderStatus.INITIALIZED, OrderStatus.SUBMITTED)
SEED, FILL, END = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Telling:
    """One report to send, and its place: by time, acceptance before fills before the end, fills by their ids."""

    time_ns: int
    step: int
    number: int
    report: OrderStatusReport | FillReport

    @property
    def place(self) -> tuple[int, int, int]:
        """Return what to sort by."""
        return self.time_ns, self.step, self.number


class GapRepair:
    """Turn what was read after a gap into reports.

    Parameters
    ----------
    names : AdapterNames
        The node's side.
    forms : ReportForms
        How reports are made.
    send : Callable
        Sends one report to the engine.
    """

    def __init__(
        self, names: AdapterNames, forms: ReportForms, send: Callable[[OrderStatusReport | FillReport], None]
    ) -> None:
        self._names = names
        self._forms = forms
        self._send = send

    def tell(self, read: OrdersRead, trades: list[Any]) -> int:
        """Send the engine what it does not know yet, oldest first, and return how many reports that took."""
        by_order = defaultdict(list)
        for trade, fill in zip(trades, self._forms.fills(trades), strict=True):
            by_order[fill.instrument_id, fill.venue_order_id.value].append((trade.id, fill))
        tellings: list[Telling] = []
        amended: list[tuple[OrderStatusReport, Any]] = []
        for report in self._forms.orders(read):
            order = self._held(report)
            fills = by_order[report.instrument_id, report.venue_order_id.value]
            tellings += self._of_order(report, order, fills)
            if order is not None and report.is_open and not order.is_closed:
                amended.append((report, order))
        for telling in sorted(tellings, key=lambda one: one.place):
            self._send(telling.report)
        for report, order in amended:
            if not order.is_closed and _differs(report, order):
                self._send(self._forms.amended(report, order))
        return len(tellings)

    def disagreements(self, positions: list[Any]) -> list[str]:
        """Return the one-way positions in which node and venue still differ, each in a line."""
        told = {one.symbol: Decimal(one.positionAmt) for one in positions if one.positionSide.value == "BOTH"}
        hedged = {one.symbol for one in positions} - told.keys()
        held: dict[str, Decimal] = defaultdict(Decimal)
        for symbol, quantity in self._names.net_positions():
            held[symbol] += quantity
        lines = []
        for symbol in sorted((told.keys() | held.keys()) - hedged):
            quantity = told.get(symbol, Decimal(0))
            if self._names.trades(symbol) and held[symbol] != quantity:
                lines.append(f"{symbol}: venue {quantity}, node {held[symbol]}")
        return lines

    # -- details -----------------------------------------------------------------------------------------------------

    def _held(self, report: OrderStatusReport) -> Any:
        cache = self._names.cache
        client_order_id = report.client_order_id or cache.client_order_id(report.venue_order_id)
        return None if client_order_id is None else cache.order(ClientOrderId(client_order_id.value))

    def _of_order(self, report: OrderStatusReport, order: Any, fills: list[tuple[int, FillReport]]) -> list[Telling]:
        if order is not None and order.is_closed:
            return []  # what the node already holds as ended is a true-up's to judge
        tellings = []
        if order is None or order.status in NOT_YET_ACCEPTED:
            if order is None and not fills and not report.is_open:
                return []  # another client's order that came and went without a fill
            tellings.append(Telling(report.ts_accepted, SEED, 0, self._forms.seed(report)))
        known = set() if order is None else {trade_id.value for trade_id in order.trade_ids}
        for number, fill in fills:
            if fill.trade_id.value not in known:
                tellings.append(Telling(fill.ts_event, FILL, number, self._forms.named(fill, report.client_order_id)))
        if report.order_status in ENDED:
            tellings.append(Telling(report.ts_last, END, 0, report))
        return tellings


def _differs(report: OrderStatusReport, order: Any) -> bool:
    pending = order.status in (OrderStatus.PENDING_UPDATE, OrderStatus.PENDING_CANCEL)
    other_price = order.has_price and report.price != order.price
    return bool(pending or other_price or report.quantity != order.quantity)
