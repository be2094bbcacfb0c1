"""Find out what became of a command whose outcome is unknown, and tell the engine only what the venue answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId

from trueup.errors import VenueError
from trueup.venues.binance.account import AccountReader, OrdersRead
from trueup.venues.binance.adapter_names import AdapterNames
from trueup.venues.binance.outcomes import Command, Finding, Inquiry, Outcome, Verdict, judge
from trueup.venues.binance.settings import HardeningSettings

FIRST_ASK_SECS: Final = 0.1
"""The stream usually tells within this; asking later would only delay what is rare anyway."""
SAME_ORDER_MARGIN_MS: Final = 1_000
"""By how much our view of the venue's clock may err when an order of the same name is told from an earlier one."""
NEVER_ARRIVED: Final = "the venue answered twice that it knows no such order, after the time in which it could arrive"
CLOSED: Final = (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a command was to bring about.

    Parameters
    ----------
    command : Command
        The command.
    client_order_id : str
        Of which order.
    outcome : Outcome
        How it stands.
    reason : str
        The venue's text.
    quantity, price : str or None
        Of an amendment.
    """

    command: Command
    client_order_id: str
    outcome: Outcome
    reason: str
    quantity: str | None = None
    price: str | None = None


class Inquiries:
    """Ask about unknown outcomes until the venue tells.

    Parameters
    ----------
    client : HardenedClient
        Whose orders; its events are generated through it.
    reader : AccountReader
        How to ask.
    names : AdapterNames
        The node's side.
    settings : HardeningSettings
        Bounds.
    """

    def __init__(self, client: Any, reader: AccountReader, names: AdapterNames, settings: HardeningSettings) -> None:
        self._client = client
        self._reader = reader
        self._names = names
        self._settings = settings
        self._asking: set[tuple[Command, str]] = set()
        self.asked = 0
        self.resolved = 0
        self.left = 0

    def begin(
        self, command: Command, details: Sequence[Any], arguments: dict[str, Any], outcome: Outcome, reason: str
    ) -> None:
        """Begin to ask about each order that a command concerned; the parameters are the pool's."""
        for name in self._orders_of(command, details):
            if (command, name) in self._asking:
                continue
            self._asking.add((command, name))
            wanted = Wanted(command, name, outcome, reason, arguments.get("quantity"), arguments.get("price"))
            self._client.create_task(self._ask_until_known(wanted), log_msg=f"inquiry: {command} {name}")

    def _orders_of(self, command: Command, details: Sequence[Any]) -> list[str]:
        if command is Command.CANCEL_ALL:
            orders = self._names.cache.orders_open(instrument_id=details[0])
            return [order.client_order_id.value for order in orders]
        if command is Command.CANCEL_BATCH:
            return [str(name) for name in details]
        return [details[0].value]

    async def _ask_until_known(self, wanted: Wanted) -> None:
        sent_ms = self._names.now_ns() // 1_000_000
        inquiry = Inquiry(
            wanted.command,
            sent_ms,
            grace_ms=self._names.recv_window_ms + self._settings.submit_grace_ms,
            deadline_ms=int(self._settings.inquiry_secs * 1_000),
        )
        wait_secs = FIRST_ASK_SECS
        try:
            while True:
                await asyncio.sleep(wait_secs)
                wait_secs = min(2 * wait_secs, self._settings.inquiry_backoff_secs_max)
                order = self._names.cache.order(ClientOrderId(wanted.client_order_id))
                if order is None or order.is_closed or not _is_pending(order, wanted):
                    self.resolved += 1
                    return  # the stream told meanwhile
                finding, read = await self._find(order, wanted)
                verdict, inquiry = judge(inquiry, finding, self._names.now_ns() // 1_000_000)
                if verdict is Verdict.ASK_AGAIN:
                    continue
                await self._conclude(order, wanted, verdict, read)
                return
        finally:
            self._asking.discard((wanted.command, wanted.client_order_id))

    async def _find(self, order: Any, wanted: Wanted) -> tuple[Finding, OrdersRead]:
        self.asked += 1
        try:
            read = await self._reader.order(self._names.known_order(order), maybe_conditional=True)
        except VenueError as error:
            self._names.log.warning(f"What became of {wanted.client_order_id} cannot be asked: {error}")
            return Finding.SILENT, OrdersRead()
        if read.conditional:
            closed = next(iter(read.conditional.values())).algoStatus in ("CANCELED", "EXPIRED", "REJECTED")
            return (Finding.FOUND if closed or wanted.command is Command.SUBMIT else Finding.UNCHANGED), read
        if not read.orders:
            return Finding.ABSENT, read
        found = next(iter(read.orders.values()))
        return (Finding.FOUND if _had_effect(found, wanted) else Finding.UNCHANGED), read

    async def _conclude(self, order: Any, wanted: Wanted, verdict: Verdict, read: OrdersRead) -> None:
        if verdict is Verdict.LEAVE:
            self.left += 1
            self._names.log.error(
                f"{wanted.command} of {wanted.client_order_id} stays unknown: a true-up must settle it"
            )
            return
        if verdict is Verdict.REJECT:
            self._reject(order, wanted, NEVER_ARRIVED if wanted.command is Command.SUBMIT else wanted.reason)
        elif wanted.outcome is Outcome.DUPLICATE_ID and not self._is_same_order(order, read):
            self._reject(order, wanted, wanted.reason)
        else:
            await self.tell(order, read)
        self.resolved += 1
        self._names.log.info(f"{wanted.command} of {wanted.client_order_id} is known: {verdict}")

    def _is_same_order(self, order: Any, read: OrdersRead) -> bool:
        """Return whether the order found under a client order id is the one submitted, not an earlier one."""
        if read.conditional:
            found, size = next(iter(read.conditional.values())), "quantity"
            made_ms, side = found.createTime, found.side
        else:
            found, size = next(iter(read.orders.values())), "origQty"
            made_ms, side = found.time, found.side.value
        same_size = Decimal(getattr(found, size) or 0) == order.quantity.as_decimal()
        submitted_ms = self._client.gate.skew.venue_ms(order.ts_init // 1_000_000)
        return bool(side == order.side_string() and same_size and made_ms >= submitted_ms - SAME_ORDER_MARGIN_MS)

    def _reject(self, order: Any, wanted: Wanted, reason: str) -> None:
        now_ns = self._names.now_ns()
        if wanted.command is Command.SUBMIT:
            self._client.generate_order_rejected(
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                reason=reason,
                ts_event=now_ns,
            )
            return
        amend = wanted.command is Command.AMEND
        generate = self._client.generate_order_modify_rejected if amend else self._client.generate_order_cancel_rejected
        generate(order.strategy_id, order.instrument_id, order.client_order_id, order.venue_order_id, reason, now_ns)

    async def tell(self, order: Any, read: OrdersRead) -> None:
        """Tell the engine what the venue has of one order: accepted, its fills one by one, then how it ended.

        A report that says "filled" would make the engine invent a fill; so its real fills come first.
        """
        reports = self._client.forms.orders(read)
        if not reports:
            return
        report = reports[-1]
        if order.status in (OrderStatus.INITIALIZED, OrderStatus.SUBMITTED):
            self._client.send_report(self._client.forms.seed(report))
        filled = report.filled_qty.as_decimal()
        if filled > order.filled_qty.as_decimal():
            symbol, order_id = next(iter(read.orders))
            held = {trade_id.value for trade_id in order.trade_ids}
            try:
                trades = await self._reader.queries.fills_of_order(symbol, order_id)
            except VenueError as error:
                self._names.log.error(f"The fills of {report.client_order_id} cannot be read, a true-up must: {error}")
                return
            for fill in self._client.forms.fills([trade for trade in trades if str(trade.id) not in held]):
                self._client.send_report(fill)
        if report.order_status in CLOSED and not order.is_closed:
            self._client.send_report(report)
        elif not order.is_closed and report.order_status in (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED):
            self._client.send_report(self._client.forms.amended(report, order))


def _is_pending(order: Any, wanted: Wanted) -> bool:
    """Return whether the node still does not know: the stream may have told it meanwhile."""
    if wanted.command is Command.SUBMIT:
        return order.status in (OrderStatus.INITIALIZED, OrderStatus.SUBMITTED)
    if wanted.command is Command.AMEND:
        same_size = wanted.quantity is None or order.quantity.as_decimal() == Decimal(wanted.quantity)
        same_price = wanted.price is None or order.price.as_decimal() == Decimal(wanted.price)
        return not (same_size and same_price) or order.status == OrderStatus.PENDING_UPDATE
    return True  # a cancel is known when the order is closed


def _had_effect(found: Any, wanted: Wanted) -> bool:
    closed = found.status.value in ("CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "FILLED", "REJECTED")
    if wanted.command is Command.SUBMIT or closed:
        return True
    if wanted.command is Command.AMEND:
        same_size = wanted.quantity is None or Decimal(found.origQty) == Decimal(wanted.quantity)
        return same_size and (wanted.price is None or Decimal(found.price) == Decimal(wanted.price))
    return False
