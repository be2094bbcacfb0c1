"""An ordinary, well-behaved execution client of the simulated venue: it raises on errors and invents nothing."""

# mypy: disallow-subclassing-any=False
# The engine ships no usable type information: subclassing an untyped base is the only way to use it.

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.config import LiveExecClientConfig
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
    GeneratePositionStatusReports,
    ModifyOrder,
    QueryAccount,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.execution.reports import FillReport, OrderStatusReport, PositionStatusReport
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.live.factories import LiveExecClientFactory
from nautilus_trader.model.enums import AccountType, LiquiditySide, OmsType, OrderType, order_side_to_str
from nautilus_trader.model.identifiers import AccountId, ClientId, ClientOrderId, TradeId, VenueOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import AccountBalance, Money
from nautilus_trader.model.orders import Order

from trueup.drills.engine.instruments import SETTLEMENT, VENUE, DrillInstrumentProvider, instrument_id_of, symbol_of
from trueup.drills.engine.link import VenueLink, VenueQueryError, VenueRefusalError
from trueup.drills.engine.reports import (
    SIDES,
    client_order_id_of,
    fill_report,
    order_report,
    position_id_of,
    position_report,
)
from trueup.drills.venue.values import Leg, OrderStatus, VenueFill, VenueOrder, VenuePosition
from trueup.drills.wire import Message

CLIENT_NAME = "DRILL"


class DrillExecClientConfig(LiveExecClientConfig, frozen=True):  # type: ignore[call-arg]  # the base is msgspec's, untyped
    """Configure the client.

    Parameters
    ----------
    venue_path : str
        The venue's Unix socket.
    hedging : bool
        Whether the account keeps a leg per direction.
    """

    venue_path: str = ""
    hedging: bool = False


def leg_of(command: SubmitOrder, *, hedging: bool) -> Leg:
    """Return the leg that an order is for, from the position id that the strategy named."""
    if not hedging:
        return Leg.BOTH
    if command.position_id is not None and command.position_id.value.endswith("-SHORT"):
        return Leg.SHORT
    return Leg.LONG


class DrillExecutionClient(LiveExecutionClient):
    """Trade on the simulated venue.

    Parameters
    ----------
    loop, name, config, msgbus, cache, clock
        As given to the factory by the engine.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        name: str,
        config: DrillExecClientConfig,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
    ) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(name),
            venue=VENUE,
            oms_type=OmsType.HEDGING if config.hedging else OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            instrument_provider=DrillInstrumentProvider(),
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            config=config,
        )
        self._hedging = config.hedging
        self._link = VenueLink(config.venue_path, self._on_push)
        self._set_account_id(AccountId(f"{name}-001"))

    # -- Life --------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        await self._instrument_provider.initialize()
        await self._instrument_provider.load_all_async()
        for instrument in self._instrument_provider.list_all():
            self._cache.add_instrument(instrument)
        await self._link.open()
        await self._update_account()
        await self._await_account_registered()

    async def _disconnect(self) -> None:
        await self._link.close()

    async def _update_account(self) -> None:
        self._send_balance(Decimal((await self._link.ask("account"))["balance"]))

    def _send_balance(self, balance: Decimal) -> None:
        total, nothing = Money(balance, SETTLEMENT), Money(0, SETTLEMENT)
        self.generate_account_state(
            balances=[AccountBalance(total, nothing, total)],
            margins=[],
            reported=True,
            ts_event=self._clock.timestamp_ns(),
        )

    # -- Commands ----------------------------------------------------------------------------------

    async def _submit_order(self, command: SubmitOrder) -> None:
        order: Order = command.order
        self.generate_order_submitted(
            order.strategy_id, order.instrument_id, order.client_order_id, self._clock.timestamp_ns()
        )
        try:
            await self._link.ask(
                "submit",
                client_order_id=order.client_order_id.value,
                symbol=symbol_of(order.instrument_id),
                side=order_side_to_str(order.side),
                quantity=str(order.quantity),
                price=str(order.price),
                leg=leg_of(command, hedging=self._hedging).value,
            )
        except VenueRefusalError as refusal:
            self.generate_order_rejected(
                order.strategy_id,
                order.instrument_id,
                order.client_order_id,
                str(refusal),
                self._clock.timestamp_ns(),
            )
        except VenueQueryError as error:
            # No answer says nothing about the order: the engine's in-flight check is there to find out.
            self._log.warning(f"No answer to the submission of {order.client_order_id!r}: {error}")

    async def _submit_order_list(self, command: SubmitOrderList) -> None:
        for order in command.order_list.orders:
            await self._submit_order(
                SubmitOrder(
                    trader_id=command.trader_id,
                    strategy_id=command.strategy_id,
                    order=order,
                    command_id=command.id,
                    ts_init=command.ts_init,
                    position_id=command.position_id,
                )
            )

    async def _modify_order(self, command: ModifyOrder) -> None:
        order = self._cache.order(command.client_order_id)
        quantity = order.quantity if command.quantity is None else command.quantity
        try:
            await self._link.ask(
                "modify",
                name=command.client_order_id.value,
                quantity=str(quantity),
                price=None if command.price is None else str(command.price),
            )
        except VenueRefusalError as refusal:
            self.generate_order_modify_rejected(
                command.strategy_id,
                command.instrument_id,
                command.client_order_id,
                command.venue_order_id,
                str(refusal),
                self._clock.timestamp_ns(),
            )
        except VenueQueryError as error:
            self._log.warning(f"No answer to the amendment of {command.client_order_id!r}: {error}")

    async def _cancel_order(self, command: CancelOrder) -> None:
        try:
            await self._link.ask("cancel", name=command.client_order_id.value)
        except VenueRefusalError as refusal:
            self.generate_order_cancel_rejected(
                command.strategy_id,
                command.instrument_id,
                command.client_order_id,
                command.venue_order_id,
                str(refusal),
                self._clock.timestamp_ns(),
            )
        except VenueQueryError as error:
            self._log.warning(f"No answer to the cancellation of {command.client_order_id!r}: {error}")

    async def _cancel_all_orders(self, command: CancelAllOrders) -> None:
        for order in self._cache.orders_open(instrument_id=command.instrument_id, strategy_id=command.strategy_id):
            if order.venue_order_id is not None:
                await self._link.ask("cancel", name=order.venue_order_id.value)

    async def _batch_cancel_orders(self, command: BatchCancelOrders) -> None:
        for cancel in command.cancels:
            await self._cancel_order(cancel)

    async def _query_account(self, command: QueryAccount) -> None:
        await self._update_account()

    # -- Reports -----------------------------------------------------------------------------------

    async def generate_order_status_report(self, command: GenerateOrderStatusReport) -> OrderStatusReport | None:
        """Return the report of one order, or None if the venue answers that it does not know it."""
        answer = await self._link.ask(
            "order",
            client_order_id=None if command.client_order_id is None else command.client_order_id.value,
            venue_order_id=None if command.venue_order_id is None else command.venue_order_id.value,
        )
        return None if answer is None else self._order_report(msgspec.convert(answer, VenueOrder))

    async def generate_order_status_reports(self, command: GenerateOrderStatusReports) -> list[OrderStatusReport]:
        """Return the reports of the orders in the window."""
        answer = await self._link.ask("orders", open_only=command.open_only, **_window(command))
        return [self._order_report(order) for order in _decode(answer, VenueOrder)]

    async def generate_fill_reports(self, command: GenerateFillReports) -> list[FillReport]:
        """Return the reports of the fills in the window."""
        venue_order_id = None if command.venue_order_id is None else command.venue_order_id.value
        answer = await self._link.ask("fills", venue_order_id=venue_order_id, **_window(command))
        return [self._fill_report(fill) for fill in _decode(answer, VenueFill)]

    async def generate_position_status_reports(
        self, command: GeneratePositionStatusReports
    ) -> list[PositionStatusReport]:
        """Return the reports of the positions."""
        symbol = None if command.instrument_id is None else symbol_of(command.instrument_id)
        answer = await self._link.ask("positions", symbol=symbol)
        now_ns = self._clock.timestamp_ns()
        return [
            position_report(position, self._instrument(position.symbol), self.account_id, now_ns)
            for position in _decode(answer, VenuePosition)
        ]

    def _instrument(self, symbol: str) -> Instrument:
        return self._cache.instrument(instrument_id_of(symbol))

    def _order_report(self, order: VenueOrder) -> OrderStatusReport:
        return order_report(order, self._instrument(order.symbol), self.account_id, self._clock.timestamp_ns())

    def _fill_report(self, fill: VenueFill) -> FillReport:
        return fill_report(fill, self._instrument(fill.symbol), self.account_id, self._clock.timestamp_ns())

    # -- The push stream ---------------------------------------------------------------------------

    def _on_push(self, message: Message) -> None:
        kind = message["push"]
        if kind == "account":
            self._send_balance(Decimal(message["balance"]))
            return
        order = msgspec.convert(message["order"], VenueOrder)
        known = self._known(order)
        if known is None:
            self._report_unknown(order, message)
        elif kind == "filled":
            self._push_fill(known, msgspec.convert(message["fill"], VenueFill))
        else:
            self._push_state(kind, known, order, message["time_ns"])

    def _known(self, order: VenueOrder) -> Order | None:
        client_order_id: ClientOrderId | None = client_order_id_of(order)
        if client_order_id is None:
            client_order_id = self._cache.client_order_id(VenueOrderId(order.venue_order_id))
        return None if client_order_id is None else self._cache.order(client_order_id)

    def _report_unknown(self, order: VenueOrder, message: Message) -> None:
        """Hand an order that this node did not place to the engine as reports, as adapters do."""
        if message["fill"] is not None:
            # Without the order's report first the engine refuses the fill. What the fill adds is left out of the
            # order's report, or the engine would infer it.
            fill = msgspec.convert(message["fill"], VenueFill)
            self._send_order_status_report(self._order_report(_before(order, fill)))
            self._send_fill_report(self._fill_report(fill))
        else:
            self._send_order_status_report(self._order_report(order))

    def _push_fill(self, known: Order, fill: VenueFill) -> None:
        instrument = self._instrument(fill.symbol)
        self.generate_order_filled(
            strategy_id=known.strategy_id,
            instrument_id=instrument.id,
            client_order_id=known.client_order_id,
            venue_order_id=VenueOrderId(fill.venue_order_id),
            venue_position_id=position_id_of(instrument.id, fill.leg),
            trade_id=TradeId(fill.trade_id),
            order_side=SIDES[fill.side],
            order_type=OrderType.LIMIT,
            last_qty=instrument.make_qty(fill.quantity),
            last_px=instrument.make_price(fill.price),
            quote_currency=instrument.quote_currency,
            commission=Money(fill.commission, SETTLEMENT),
            liquidity_side=LiquiditySide.MAKER,
            ts_event=fill.time_ns,
        )

    def _push_state(self, kind: str, known: Order, order: VenueOrder, time_ns: int) -> None:
        identity = (known.strategy_id, known.instrument_id, known.client_order_id)
        venue_order_id = VenueOrderId(order.venue_order_id)
        if kind == "accepted":
            self.generate_order_accepted(*identity, venue_order_id, time_ns)
        elif kind == "canceled":
            self.generate_order_canceled(*identity, venue_order_id, time_ns)
        elif kind == "expired":
            self.generate_order_expired(*identity, venue_order_id, time_ns)
        elif kind == "rejected":
            self.generate_order_rejected(*identity, order.reason, time_ns)
        elif kind == "updated":
            instrument = self._instrument(order.symbol)
            self.generate_order_updated(
                *identity,
                venue_order_id,
                instrument.make_qty(order.quantity),
                instrument.make_price(order.price),
                None,
                time_ns,
            )


class DrillExecClientFactory(LiveExecClientFactory):
    """Make the client for a node."""

    @staticmethod
    def create(
        loop: asyncio.AbstractEventLoop,
        name: str,
        config: DrillExecClientConfig,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
    ) -> DrillExecutionClient:
        """Return a new client."""
        return DrillExecutionClient(loop, name, config, msgbus, cache, clock)


def _window(command: Any) -> dict[str, Any]:
    start: datetime | None = command.start
    return {
        "symbol": None if command.instrument_id is None else symbol_of(command.instrument_id),
        "start_ns": None if start is None else int(start.timestamp() * 1_000_000_000),
    }


def _before(order: VenueOrder, fill: VenueFill) -> VenueOrder:
    """Return the order as it was before its last fill."""
    filled = order.filled_quantity - fill.quantity
    status = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.ACCEPTED
    return replace(order, filled_quantity=filled, status=status)


def _decode[Record](answer: Sequence[object], kind: type[Record]) -> list[Record]:
    return [msgspec.convert(record, kind) for record in answer]
