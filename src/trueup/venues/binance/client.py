"""What the hardened client of futures and that of spot have in common, put before the adapter's class."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from nautilus_trader.adapters.binance.http.error import BinanceError
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
    GeneratePositionStatusReports,
)
from nautilus_trader.execution.reports import (
    ExecutionMassStatus,
    FillReport,
    OrderStatusReport,
    PositionStatusReport,
)
from nautilus_trader.model.identifiers import ClientOrderId, VenueOrderId

from trueup.errors import VenueError
from trueup.venues.binance.account import AccountReader, KnownOrder, OrdersRead
from trueup.venues.binance.adapter_names import AdapterNames, check_adapter, venue_symbol
from trueup.venues.binance.connection import Connection
from trueup.venues.binance.gap_repair import GapRepair
from trueup.venues.binance.gate import HttpGate
from trueup.venues.binance.inquiry import Inquiries
from trueup.venues.binance.outcome_runner import OutcomePool
from trueup.venues.binance.outcomes import CODE_CANCEL_REJECTED, CODE_NO_SUCH_ORDER, Command, Outcome
from trueup.venues.binance.queries import VenueQueries
from trueup.venues.binance.reports import ReportForms
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.stream_rules import StreamGap
from trueup.venues.binance.user_stream import GapHook, StreamSource, UserStream

READINGS_MAX: Final = 4
"""An account that trades without a pause never rests; what its last reading disagrees about the engine must judge."""
REST_SECS: Final = 0.05
"""The events of one fill come within milliseconds of each other."""
RENAME_SECS_MAX: Final = 1.0
"""The engine's queue is empty within milliseconds; a node whose engine is stopped never applies it."""
GAP_MARGIN_MS: Final = 60_000
"""Read this far before a gap's last event: of events of one instant some may have been lost and some not."""


class HardenedClient:
    """Read the venue without leaving anything out, and say nothing that it did not say.

    Comes before an adapter's execution client in the order of bases; `harden` must be called at the end of the
    constructor.
    """

    gate: HttpGate
    forms: ReportForms
    names: AdapterNames
    stream: UserStream

    def harden(self, gate: HttpGate, settings: HardeningSettings, *, has_positions: bool) -> None:
        """Put our parts in place of the adapter's.

        Raises
        ------
        EngineVersionError
            If the adapter is not one that this was checked against.
        """
        check_adapter(self)
        client: Any = self
        self.gate = gate
        self.settings = settings
        self.names = AdapterNames(client)
        self.forms = ReportForms(client)
        queries = VenueQueries(gate, self.names.recv_window_ms)
        self.reader = AccountReader(queries, gate.profile, settings, self.names, has_positions=has_positions)
        self.inquiries = Inquiries(client, self.reader, self.names, settings)
        self._retry_manager_pool = OutcomePool(settings, self.names.log, self.inquiries.begin, self._batch_answer)
        self._gap_hooks: list[GapHook] = []
        self._clock_task: asyncio.Task[None] | None = None
        self.stream = UserStream(
            source=self.make_stream_source(),
            rules=settings.stream,
            handler=client._handle_user_ws_message,  # noqa: SLF001  # the adapter's own handler of its events
            on_gap=self._after_gap,
            clock_ns=self.names.now_ns,
            log=self.names.log,
        )
        self._connection = Connection(self.names, gate, self.stream, settings)

    def make_stream_source(self) -> StreamSource:
        """Return how this venue's user stream is opened."""
        raise NotImplementedError

    def on_gap(self, hook: GapHook) -> None:
        """Subscribe to gaps of the user stream: ask for a true-up in `hook`.

        Events are held back until every hook has returned, or `StreamRules.hold_secs_max` have passed. Without a
        subscriber the client itself tells the engine what the gap swallowed.

        Parameters
        ----------
        hook : Callable[[StreamGap], Awaitable[None]]
            Called on the node's loop.
        """
        self._gap_hooks.append(hook)

    def send_report(self, report: OrderStatusReport | FillReport) -> None:
        """Send one report to the engine."""
        client: Any = self
        if isinstance(report, FillReport):
            client._send_fill_report(report)  # noqa: SLF001  # an execution client's own way to its engine
        else:
            client._send_order_status_report(report)  # noqa: SLF001  # the same

    # -- connection ---------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        client: Any = self
        await self._connection.make()
        self._clock_task = client.create_task(self._keep_clock(), log_msg="keep the venue's clock")

    async def _disconnect(self) -> None:
        if self._clock_task is not None:
            self._clock_task.cancel()
        await self.stream.close()

    async def _keep_clock(self) -> None:
        while True:
            await asyncio.sleep(self.settings.clock_interval_secs)
            try:
                await self.gate.measure_clock()
            except BinanceError as error:
                self.names.log.warning(f"The venue's clock cannot be measured: {error}")

    # -- what a reader of venue truth may know ------------------------------------------------------------------------

    def begin_look(self) -> None:
        """Count what is asked from now on as one look: see `CallAccount`."""
        self.gate.account.begin_look()

    @property
    def last_activity(self) -> float:
        """Return when a request last left, ended, or ends its wait for the venue's limits, as ``time.monotonic``.

        Each request here has a time-out of its own; a question of many is not stuck while they come and go.
        """
        return self.gate.last_activity

    # -- reports ------------------------------------------------------------------------------------------------------

    async def generate_order_status_report(self, command: GenerateOrderStatusReport) -> OrderStatusReport | None:
        """Return the report of one order, or None when the venue answered that it knows no such order.

        Raises
        ------
        VenueUnavailableError, VenueRefusedError
            No answer, or one that cannot be believed. That is not "unknown order".
        ValueError
            If neither identifier is given.
        """
        if command.client_order_id is None and command.venue_order_id is None:
            raise ValueError("both `client_order_id` and `venue_order_id` were None")
        order = None if command.client_order_id is None else self.names.cache.order(command.client_order_id)
        if order is not None:
            known = self.names.known_order(order)
        else:
            client_order_id, venue_order_id = command.client_order_id, command.venue_order_id
            known = KnownOrder(
                symbol=venue_symbol(command.instrument_id),
                client_order_id="" if client_order_id is None else client_order_id.value,
                venue_order_id=None if venue_order_id is None else venue_order_id.value,
                conditional=False,
            )
        read = await self.reader.order(known, maybe_conditional=bool(known.client_order_id))
        await self._take_over_names(read)
        reports = self.forms.orders(read)
        return reports[-1] if reports else None

    async def generate_order_status_reports(self, command: GenerateOrderStatusReports) -> list[OrderStatusReport]:
        """Return the reports of orders: the working ones of any age, and unless `open_only` those of the span.

        Raises
        ------
        VenueUnavailableError, VenueRefusedError
            If any part was not answered, was cut, or cannot be read.
        """
        symbol = None if command.instrument_id is None else venue_symbol(command.instrument_id)
        if command.open_only:
            read = await self.reader.open_orders(symbol)
        else:
            read = await self.reader.orders(symbol, self._venue_ms(command.start), self.gate.venue_ms())
        await self._take_over_names(read)
        reports = self.forms.orders(read)
        if command.open_only:
            return reports
        start_ms, end_ms = self._venue_ms(command.start) or 0, self._venue_ms(command.end)
        return [
            report
            for report in reports
            # Working orders are listed whatever their age; a closed one counts when it changed in the span.
            if report.is_open
            or (start_ms <= report.ts_last / 1e6 and (end_ms is None or report.ts_accepted / 1e6 <= end_ms))
        ]

    async def generate_fill_reports(self, command: GenerateFillReports) -> list[FillReport]:
        """Return the reports of fills, oldest first across instruments.

        Raises
        ------
        VenueUnavailableError, VenueRefusedError
            If any part was not answered, was cut, or cannot be read.
        """
        symbol = None if command.instrument_id is None else venue_symbol(command.instrument_id)
        if symbol is not None and command.venue_order_id is not None and command.venue_order_id.value.isdecimal():
            trades = await self.reader.queries.fills_of_order(symbol, int(command.venue_order_id.value))
        else:
            trades = await self.reader.fills(symbol, self._venue_ms(command.start), self.gate.venue_ms())
        end_ms = self._venue_ms(command.end)
        return self.forms.fills([trade for trade in trades if end_ms is None or trade.time <= end_ms])

    async def generate_position_status_reports(
        self, command: GeneratePositionStatusReports
    ) -> list[PositionStatusReport]:
        """Return the reports of positions; of one instrument that has none, the report that it is flat.

        Raises
        ------
        VenueUnavailableError, VenueRefusedError
            If the question was not answered.
        """
        symbol = None if command.instrument_id is None else venue_symbol(command.instrument_id)
        reports = self.forms.positions(await self.reader.positions(symbol))
        if not reports and command.instrument_id is not None and self.has_positions:
            return [self.forms.flat(command.instrument_id)]
        return reports

    @property
    def has_positions(self) -> bool:
        """Return whether the account has positions: futures do, spot does not."""
        return self.gate.profile.prefix == "/fapi"

    async def generate_mass_status(self, lookback_mins: int | None = None) -> ExecutionMassStatus | None:
        """Return everything since `lookback_mins`, or None when any part was not answered (the engine then fails)."""
        return await self._mass_status(None if lookback_mins is None else self.gate.venue_ms() - lookback_mins * 60_000)

    async def _mass_status(self, since_ms: int | None) -> ExecutionMassStatus | None:
        client: Any = self
        client.reconciliation_active = True
        try:
            orders, trades, positions = await self._read_completely(since_ms)
            # The engine applies order by order: those whose fills came first go first.
            first_fill: dict[str, tuple[int, int]] = {}
            for trade in trades:
                first_fill.setdefault(str(trade.orderId), (trade.time * 1_000_000, trade.id))
            reports = sorted(
                self.forms.orders(orders),
                key=lambda report: first_fill.get(report.venue_order_id.value, (report.ts_last, 0)),
            )
            status = ExecutionMassStatus(
                client_id=client.id,
                account_id=client.account_id,
                venue=client.venue,
                report_id=UUID4(),
                ts_init=self.names.now_ns(),
            )
            status.add_order_reports(reports=reports)
            status.add_fill_reports(reports=self.forms.fills(trades))
            status.add_position_reports(reports=self.forms.positions(positions))
        except VenueError as error:
            self.names.log.error(f"The venue's state cannot be read: {error}")
            return None
        else:
            return status
        finally:
            client.reconciliation_active = False

    async def _read_completely(self, since_ms: int | None) -> tuple[OrdersRead, list[Any], list[Any]]:
        """Read what belongs together, and the orders of all its fills, however old they are."""
        orders, trades, positions = await self._read_at_rest(since_ms)
        missing = {(trade.symbol, trade.orderId) for trade in trades} - orders.orders.keys()
        found = await asyncio.gather(
            *(self.reader.queries.order(symbol, order_id=order_id) for symbol, order_id in sorted(missing))
        )
        orders.add(order for order in found if order is not None)
        await self._take_over_names(orders)
        return orders, trades, positions

    async def _read_at_rest(self, since_ms: int | None) -> tuple[OrdersRead, list[Any], list[Any]]:
        """Read orders, fills and positions that belong together: again, if the account moved in between.

        The lists are different answers of different moments. The engine books what they disagree about as a position of
        nobody; so a reading during which the stream told of a change is not used, unless it never rests.
        """
        for _ in range(READINGS_MAX):
            self.begin_look()
            heard = self.stream.events
            now_ms = self.gate.venue_ms()
            orders, trades, positions = await asyncio.gather(
                self.reader.orders(None, since_ms, now_ms),
                self.reader.fills(None, since_ms, now_ms),
                self.reader.positions(None),
            )
            if self.stream.events == heard:
                break
            await asyncio.sleep(REST_SECS)
        return orders, trades, positions

    # -- details ------------------------------------------------------------------------------------------------------

    def _venue_ms(self, moment: Any) -> int | None:
        """Return an instant of our clock on the venue's, in milliseconds."""
        return None if moment is None else self.gate.skew.venue_ms(int(moment.timestamp() * 1_000))

    async def _take_over_names(self, read: OrdersRead) -> None:
        """Tell the node the new venue order ids of its conditional orders that became ordinary ones.

        The engine refuses a fill that bears another venue order id than its order. On the stream the adapter tells it
        the new one with the trigger; this does it for triggers that were missed.
        """
        client: Any = self
        renamed = []
        for (_, order_id), name in read.became.items():
            # The adapter chooses the endpoint of a cancel by this set, and loses it with every restart.
            client._triggered_algo_order_ids.add(ClientOrderId(name))  # noqa: SLF001  # nothing public
            order = self.names.cache.order(ClientOrderId(name))
            actual = VenueOrderId(str(order_id))
            if order is None or order.is_closed or order.venue_order_id in (None, actual):
                continue
            client.generate_order_updated(
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                venue_order_id=actual,
                quantity=order.quantity,
                price=order.price if order.has_price else None,
                trigger_price=order.trigger_price if order.has_trigger_price else None,
                ts_event=self.names.now_ns(),
                venue_order_id_modified=True,
            )
            renamed.append((order, actual))
        deadline = time.monotonic() + RENAME_SECS_MAX

        def waiting() -> bool:
            return any(order.venue_order_id != actual for order, actual in renamed)

        while waiting() and time.monotonic() < deadline:  # noqa: ASYNC110  # the engine tells nobody when it is done
            await asyncio.sleep(0)

    def _batch_answer(self, command: Command, details: Sequence[Any], answer: Any) -> Any:
        """Ask about the orders of a batch that are not open at the venue, instead of calling their cancel rejected."""
        if command is not Command.CANCEL_BATCH or not isinstance(answer, list):
            return answer
        seen: list[Any] = []
        for name, item in zip(details, answer, strict=False):
            code = item.get("code") if isinstance(item, dict) else None
            if code in (CODE_CANCEL_REJECTED, CODE_NO_SUCH_ORDER, -1006, -1007):
                outcome = Outcome.NOT_OPEN if code in (CODE_CANCEL_REJECTED, CODE_NO_SUCH_ORDER) else Outcome.UNKNOWN
                self.inquiries.begin(command, [name], {}, outcome, str(item.get("msg")))
                seen.append({})
            else:
                seen.append(item)
        return seen + answer[len(seen) :]

    async def _after_gap(self, gap: StreamGap) -> None:
        try:
            await self.gate.measure_clock()
        except BinanceError as error:
            self.names.log.warning(f"The venue's clock cannot be measured after a gap: {error}")
        if self._gap_hooks:
            for hook in self._gap_hooks:
                await hook(gap)
            return
        since_ms = gap.last_event_ms or self.gate.skew.venue_ms(gap.since_ns // 1_000_000)
        failures = 0
        while True:
            try:
                orders, trades, positions = await self._read_completely(since_ms - GAP_MARGIN_MS)
                break
            except VenueError as error:
                failures += 1
                self.names.log.warning(f"After a gap the venue's state cannot be read: {error}")
                await asyncio.sleep(self.settings.stream.backoff(failures))
        repair = GapRepair(self.names, self.forms, self.send_report)
        told = repair.tell(orders, trades)
        self.names.log.info(f"Told the engine {told} changes of the gap, in the venue's order")
        for line in repair.disagreements(positions):
            self.names.log.error(f"After a gap the positions differ, and no fill explains it: {line}")
