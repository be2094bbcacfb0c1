"""The emulator's ledger, and a node's store, in the words of the drills' comparer."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from trueup.drills.records import NodeFill, NodeOrder, NodePosition, NodeState
from trueup.drills.venue import Leg, OrderStatus, Side, VenueFill, VenueOrder, VenuePosition
from trueup.emulator.client import ControlClient
from trueup.emulator.engine.values import Order, Trade
from trueup.model import NodeSnapshot

NS_PER_MS = 1_000_000
STATUSES = {"NEW": "ACCEPTED", "EXPIRED_IN_MATCH": "EXPIRED"}


class LedgerBooks:
    """The venue's truth: everything that the emulator's ledger holds of an account, read once.

    Parameters
    ----------
    control : ControlClient
        The emulator's control port.
    account : str
        The account's name there.
    expired_is_canceled : bool
        Whether the node is told to take the one for the other.
    """

    hedging = False
    balance: Decimal | None = None

    def __init__(self, control: ControlClient, account: str, *, expired_is_canceled: bool = False) -> None:
        orders = control.orders(account)
        names = {(order.symbol, order.order_id): order.client_order_id for order in orders}
        self._expired = OrderStatus.CANCELED if expired_is_canceled else OrderStatus.EXPIRED
        self.orders = tuple(self._order(order) for order in orders)
        self.fills = tuple(_fill(trade, names.get((trade.symbol, trade.order_id))) for trade in control.trades(account))
        self.conditional = frozenset(order.client_algo_id for order in control.algo_orders(account))
        self._positions = tuple(
            VenuePosition(held.symbol, Leg.BOTH, held.quantity, held.entry_price if held.quantity else None, 0)
            for held in control.positions(account)
        )

    def positions(self) -> Iterator[VenuePosition]:
        """Yield the open positions."""
        yield from self._positions

    @property
    def size(self) -> tuple[int, int]:
        """Return how many orders and fills there are."""
        return len(self.orders), len(self.fills)

    def _order(self, order: Order) -> VenueOrder:
        status = OrderStatus(STATUSES.get(order.status.value, order.status.value))
        return VenueOrder(
            venue_order_id=str(order.order_id),
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=Side(order.side.value),
            leg=Leg.BOTH,
            quantity=order.quantity,
            price=order.price,
            status=self._expired if status is OrderStatus.EXPIRED else status,
            filled_quantity=order.executed_quantity,
            average_price=order.average_price or None,
            accepted_ns=order.time_ms * NS_PER_MS,
            updated_ns=order.update_time_ms * NS_PER_MS,
        )


def _fill(trade: Trade, client_order_id: str | None) -> VenueFill:
    return VenueFill(
        trade_id=str(trade.trade_id),
        venue_order_id=str(trade.order_id),
        client_order_id=client_order_id,
        symbol=trade.symbol,
        side=Side(trade.side.value),
        leg=Leg.BOTH,
        quantity=trade.quantity,
        price=trade.price,
        commission=trade.commission,
        time_ns=trade.time_ms * NS_PER_MS,
    )


def state_of(snapshot: NodeSnapshot, books: LedgerBooks) -> NodeState:
    """Return a node's store as a state that can be compared; conditional orders that have not triggered are left out.

    Parameters
    ----------
    snapshot : NodeSnapshot
        What the store holds.
    books : LedgerBooks
        The venue's side, which knows which orders are conditional.
    """
    fills: dict[str, list[NodeFill]] = {}
    for fill in snapshot.fills:
        booked = NodeFill(
            trade_id=fill.trade_id,
            quantity=fill.quantity,
            price=fill.price,
            commission=fill.commission,
            liquidity=str(fill.liquidity),
            reconciliation=fill.synthetic,
        )
        fills.setdefault(fill.client_order_id or "", []).append(booked)
    triggered = {order.client_order_id for order in books.orders}
    return NodeState(
        trading=True,
        orders=tuple(
            NodeOrder(
                client_order_id=order.client_order_id or "",
                venue_order_id=order.venue_order_id,
                symbol=_symbol(order.instrument_id),
                side=str(order.side),
                status=str(order.status),
                quantity=order.quantity,
                price=order.price,
                filled_quantity=order.filled_quantity,
                owner=order.owner or "",
                tags=(),
                fills=tuple(fills.get(order.client_order_id or "", ())),
            )
            for order in snapshot.orders
            if order.client_order_id not in books.conditional or order.client_order_id in triggered
        ),
        positions=tuple(
            NodePosition(
                position_id=held.position_id or "",
                symbol=_symbol(held.instrument_id),
                owner=held.owner or "",
                quantity=held.quantity,
                average_price=held.average_price or Decimal(0),
            )
            for held in snapshot.positions
            if held.quantity
        ),
    )


def _symbol(instrument_id: str) -> str:
    return instrument_id.split(".")[0].removesuffix("-PERP")
