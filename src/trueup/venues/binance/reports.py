"""The venue's records as the engine's reports: by the adapter's own conversions; what they leave out is put in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport, PositionStatusReport
from nautilus_trader.model.enums import OrderStatus, PositionSide
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId
from nautilus_trader.model.objects import Quantity

from trueup.errors import VenueUnavailableError
from trueup.venues.binance.account import OrdersRead


class ReportForms:
    """Make reports for one execution client.

    Parameters
    ----------
    client : BinanceCommonExecutionClient
        The client whose account, settings and clock the reports bear.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.undescribable = 0

    def orders(self, read: OrdersRead) -> list[OrderStatusReport]:
        """Return reports of all orders read, in the order of their last change."""
        reports = [self._order(order, read) for order in read.orders.values() if _is_sized(order.origQty)]
        reports += [report for algo in read.conditional.values() if (report := self._conditional(algo)) is not None]
        return sorted(reports, key=lambda report: (report.ts_last, report.ts_accepted, report.venue_order_id.value))

    def fills(self, trades: list[Any]) -> list[FillReport]:
        """Return reports of fills, in the order given."""
        names = self._client.names
        return [
            names.read(
                lambda trade=trade: trade.parse_to_fill_report(
                    account_id=self._client.account_id,
                    instrument_id=names.instrument_id(trade.symbol),
                    report_id=UUID4(),
                    ts_init=names.now_ns(),
                    use_position_ids=self._client.use_position_ids,
                )
            )
            for trade in trades
        ]

    def positions(self, positions: list[Any]) -> list[PositionStatusReport]:
        """Return reports of positions."""
        names = self._client.names
        return [
            names.read(
                lambda position=position: position.parse_to_position_status_report(
                    account_id=self._client.account_id,
                    instrument_id=names.instrument_id(position.symbol),
                    report_id=UUID4(),
                    enum_parser=names.enum_parser,
                    ts_init=names.now_ns(),
                )
            )
            for position in positions
        ]

    def flat(self, instrument_id: InstrumentId) -> PositionStatusReport:
        """Return the report of an instrument that the venue answered has no position."""
        now_ns = self._client.names.now_ns()
        return PositionStatusReport(
            account_id=self._client.account_id,
            instrument_id=instrument_id,
            position_side=PositionSide.FLAT,
            quantity=Quantity.zero(),
            report_id=UUID4(),
            ts_last=now_ns,
            ts_init=now_ns,
        )

    def seed(self, report: OrderStatusReport) -> OrderStatusReport:
        """Return the report of an order's acceptance, before any fill."""
        return _rebuilt(
            report, OrderStatus.ACCEPTED, Quantity.zero(report.quantity.precision), None, report.ts_accepted
        )

    def amended(self, report: OrderStatusReport, order: Any) -> OrderStatusReport:
        """Return the report of a working order's price and size, with the fills that the node already holds."""
        filled = order.filled_qty
        status = OrderStatus.PARTIALLY_FILLED if filled > 0 else OrderStatus.ACCEPTED
        average = Decimal(str(order.avg_px)) if filled > 0 else None
        return _rebuilt(report, status, filled, average, report.ts_last)

    def named(self, fill: FillReport, client_order_id: ClientOrderId | None) -> FillReport:
        """Return a fill's report with the client order id of its order, which the venue's list of fills leaves out."""
        return FillReport(
            account_id=fill.account_id,
            instrument_id=fill.instrument_id,
            venue_order_id=fill.venue_order_id,
            trade_id=fill.trade_id,
            order_side=fill.order_side,
            last_qty=fill.last_qty,
            last_px=fill.last_px,
            commission=fill.commission,
            liquidity_side=fill.liquidity_side,
            client_order_id=client_order_id,
            venue_position_id=fill.venue_position_id,
            ts_event=fill.ts_event,
            report_id=UUID4(),
            ts_init=fill.ts_init,
        )

    # -- details ------------------------------------------------------------------------------------------------------

    def _order(self, order: Any, read: OrdersRead) -> OrderStatusReport:
        names = self._client.names
        report = names.read(
            lambda: order.parse_to_order_status_report(
                account_id=self._client.account_id,
                instrument_id=names.instrument_id(order.symbol),
                report_id=UUID4(),
                enum_parser=names.enum_parser,
                treat_expired_as_canceled=self._client.treat_expired_as_canceled,
                ts_init=names.now_ns(),
            )
        )
        if _expired_in_match(order) and not self._client.treat_expired_as_canceled:
            # Self-trade prevention: the adapter's table says CANCELED here, its stream EXPIRED (1.222 to 1.231). Two
            # words for one end would be a standing difference between the node and the venue.
            report.order_status = OrderStatus.EXPIRED
        became = read.became.get((order.symbol, order.orderId))
        if became:
            # The ordinary order bears the conditional one's client id as documented; where it does not, it does here.
            report.client_order_id = ClientOrderId(became)
        return report

    def _conditional(self, algo: Any) -> OrderStatusReport | None:
        names = self._client.names
        if not _is_sized(algo.quantity):
            # A close-position order has no size of its own before it triggers: the node's size of it, if it has one.
            held = names.quantity_of(algo.clientAlgoId)
            if held is None:
                self.undescribable += 1
                names.log.warning(
                    f"Conditional order {algo.clientAlgoId} of {algo.symbol} closes whatever is open and has no size: "
                    f"the engine cannot hold it; it will show as an order and fills when it triggers"
                )
                return None
            algo = msgspec.structs.replace(algo, quantity=held)
        return names.read(
            lambda: algo.parse_to_order_status_report(
                account_id=self._client.account_id,
                instrument_id=names.instrument_id(algo.symbol),
                report_id=UUID4(),
                enum_parser=names.enum_parser,
                ts_init=names.now_ns(),
            )
        )


def _expired_in_match(order: Any) -> bool:
    return order.status is not None and order.status.name == "EXPIRED_IN_MATCH"


def _rebuilt(
    report: OrderStatusReport, status: OrderStatus, filled: Quantity, average: Decimal | None, ts_last: int
) -> OrderStatusReport:
    # Built anew by the constructor: a copy silently loses account and instrument (measured on 1.231.0).
    return OrderStatusReport(
        account_id=report.account_id,
        instrument_id=report.instrument_id,
        client_order_id=report.client_order_id,
        venue_order_id=report.venue_order_id,
        order_side=report.order_side,
        order_type=report.order_type,
        time_in_force=report.time_in_force,
        expire_time=report.expire_time,
        order_status=status,
        price=report.price,
        trigger_price=report.trigger_price,
        trigger_type=report.trigger_type,
        trailing_offset=report.trailing_offset,
        trailing_offset_type=report.trailing_offset_type,
        quantity=report.quantity,
        filled_qty=filled,
        avg_px=average,
        post_only=report.post_only,
        reduce_only=report.reduce_only,
        ts_accepted=report.ts_accepted,
        ts_last=ts_last,
        report_id=UUID4(),
        ts_init=report.ts_init,
    )


def _is_sized(quantity: str | None) -> bool:
    return quantity is not None and quantity != "" and Decimal(quantity) != 0


def unreadable(error: Exception) -> VenueUnavailableError:
    """Return what to raise for a record that the adapter cannot turn into a report."""
    return VenueUnavailableError(f"a record of the venue cannot be read: {type(error).__name__}: {error}")
