"""The venue of a simulated month: the emulator's own core on a clock that is stepped, and the stream of one account."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from trueup.emulator.engine.clock import ManualClock
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.events import VenueEvent
from trueup.emulator.engine.settings import AccountSettings, MarketSettings, VenueSettings
from trueup.emulator.engine.values import Order, OrderRequest, Trade
from trueup.emulator.engine.venue import Venue
from trueup.emulator.wire.listen_keys import ListenKeys
from trueup.model.coverage import Coverage, KindCoverage, Window
from trueup.model.enums import OrderSide, OrderStatus
from trueup.model.enums import OrderType as ModelOrderType
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import VenueSnapshot

ACCOUNT = "master"
ACCOUNT_ID = "BINANCE-USDT_FUTURES-master"
SYMBOLS = ("BTCUSDT", "ETHUSDT")
MINUTE_MS = 60_000
NS_PER_MS = 1_000_000
RENEWAL_MINS = 30
"""Half of what a listen key lives, as the client renews it."""
CONNECTION_MINS_MAX = 24 * 60
"""The venue ends a stream after a day (its documentation of the user stream)."""
RENEWALS_LOST = 0.05
"""The share of renewals that do not reach the venue; two in a row let the key expire, some four times a month."""
EVENTS_LOST = 0.01
"""The share of events that an open stream does not bring."""
AWAY_MINS_MAX = 4
"""Until a stream that ended is open again: a client needs seconds, and a minute is one step."""
LOOKBACK_MINS = 60
ORDER_LIFE_MINS_MAX = 30
"""No order works longer, so that a list that begins so much earlier than the fills' has every order of a fill."""

_STATUSES = {"NEW": OrderStatus.ACCEPTED, "EXPIRED_IN_MATCH": OrderStatus.EXPIRED}


def instrument_name(symbol: str) -> str:
    """Return the node's name of a symbol."""
    return f"{symbol}-PERP.BINANCE"


class MonthVenue:
    """Hold the venue, and the one stream that a node listens to.

    Parameters
    ----------
    clock : ManualClock
        Stepped by whoever runs the month.
    seed : int
        Of the market, and of what goes wrong with the stream.
    hear : Callable[[VenueEvent], None]
        The node; it is told what the stream brings while it is open.
    """

    def __init__(self, clock: ManualClock, seed: int, hear: Callable[[VenueEvent], None]) -> None:
        self.core = Venue(
            VenueSettings(market=MarketSettings(seed=seed), symbols=SYMBOLS, trade_lite=False), clock=clock
        )
        self.core.create_account(AccountSettings(account_id=ACCOUNT, api_key="key", secret="secret"))  # noqa: S106 - of no venue
        self.core.subscribe(self._on_event)
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._hear = hear
        self._random = random.Random(seed)
        self._keys = ListenKeys()
        self._key = ""
        self._renewed_ms = 0
        self._opened_ms = 0
        self._opens_ms = clock.now_ms()
        self.is_open = False
        self.open_since_ms = 0

    def _on_event(self, event: VenueEvent) -> None:
        if not self.is_open:
            self.counts["events while no stream was open"] += 1
        elif self._random.random() < EVENTS_LOST:
            self.counts["events lost on an open stream"] += 1
        else:
            self._hear(event)

    # -- the stream ----------------------------------------------------------------------------------------------------

    def tend(self) -> bool:
        """Renew the key, let it and the stream expire, open a new one; return whether one was opened just now."""
        now_ms = self._clock.now_ms()
        if self.is_open and now_ms - self._renewed_ms >= RENEWAL_MINS * MINUTE_MS:
            self._renewed_ms = now_ms
            if self._random.random() < RENEWALS_LOST:
                self.counts["renewals lost"] += 1
            elif self._keys.account_of(self._key) is not None:
                self._keys.keep_alive(ACCOUNT, now_ms)
                self.counts["renewals of the listen key"] += 1
        if self._keys.expire(now_ms):
            self._close("listen keys expired", now_ms)
        elif self.is_open and now_ms - self._opened_ms >= CONNECTION_MINS_MAX * MINUTE_MS:
            self._close("streams ended after a day", now_ms)
        if self.is_open or now_ms < self._opens_ms:
            return False
        self._key = self._keys.start(ACCOUNT, now_ms)
        self.is_open, self._opened_ms, self._renewed_ms = True, now_ms, now_ms
        self.counts["streams opened"] += 1
        return True

    def _close(self, why: str, now_ms: int) -> None:
        if self.is_open:
            self.counts[why] += 1
            self.is_open = False
            self._opens_ms = now_ms + self._random.randint(1, AWAY_MINS_MAX) * MINUTE_MS

    def is_settled(self, mins: int) -> bool:
        """Return whether the stream has been open for so long."""
        return self.is_open and self._clock.now_ms() - self._opened_ms >= mins * MINUTE_MS

    # -- orders --------------------------------------------------------------------------------------------------------

    def place(
        self, name: str, symbol: str, side: Side, quantity: Decimal, price: Decimal | None, *, closes: bool = False
    ) -> None:
        """Place an order; without a price it takes what there is."""
        request = OrderRequest(
            symbol,
            side,
            OrderType.MARKET if price is None else OrderType.LIMIT,
            time_in_force=None if price is None else TimeInForce.GTC,
            quantity=quantity,
            price=price,
            client_order_id=name,
            reduce_only=closes,
        )
        self.core.place_order(ACCOUNT, request)

    def held(self) -> dict[str, Decimal]:
        """Return the positions by symbol."""
        return {leg.symbol: leg.quantity for leg in self.core.positions(ACCOUNT)}

    def cancel_old(self) -> None:
        """Cancel what has worked for too long."""
        oldest_ms = self._clock.now_ms() - ORDER_LIFE_MINS_MAX * MINUTE_MS
        for order in self.core.open_orders(ACCOUNT):
            if order.time_ms <= oldest_ms:
                self.core.cancel_order(ACCOUNT, order.symbol, order_id=order.order_id)

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self) -> VenueSnapshot:
        """Return the account as a client would read it: what works, and an hour of history."""
        now_ms = self._clock.now_ms()
        fills_ms = max(0, now_ms - LOOKBACK_MINS * MINUTE_MS)
        orders_ms = fills_ms - 2 * ORDER_LIFE_MINS_MAX * MINUTE_MS
        orders = {order.order_id: order for order in self.core.open_orders(ACCOUNT)}
        trades: list[Trade] = []
        for symbol in SYMBOLS:
            listed = self.core.all_orders(ACCOUNT, symbol, start_ms=orders_ms, limit=1_000)
            orders |= {order.order_id: order for order in listed}
            trades += self.core.trades(ACCOUNT, symbol, start_ms=fills_ms, limit=1_000)
        names = {order.order_id: order.client_order_id for order in orders.values()}
        now_ns = now_ms * NS_PER_MS
        now, history = Window(0, now_ns), Window(fills_ms * NS_PER_MS, now_ns)
        whole, past = KindCoverage(asked=now, got=now), KindCoverage(asked=history, got=history)
        return VenueSnapshot(
            account_id=ACCOUNT_ID,
            started_ns=now_ns,
            ended_ns=now_ns,
            orders=tuple(_order(order) for order in orders.values()),
            fills=tuple(_fill(trade, names.get(trade.order_id)) for trade in trades),
            positions=tuple(
                PositionRecord(
                    instrument_id=instrument_name(leg.symbol),
                    quantity=leg.quantity,
                    average_price=leg.entry_price,
                    updated_ns=now_ns,
                )
                for leg in self.core.positions(ACCOUNT)
            ),
            coverage=Coverage(orders_open=whole, orders_closed=past, fills=past, positions=whole),
        )


def _order(order: Order) -> OrderRecord:
    status = _STATUSES.get(order.status.value) or OrderStatus(order.status.value)
    return OrderRecord(
        instrument_id=instrument_name(order.symbol),
        side=OrderSide(order.side.value),
        status=status,
        quantity=order.quantity,
        filled_quantity=order.executed_quantity,
        client_order_id=order.client_order_id,
        venue_order_id=str(order.order_id),
        order_type=ModelOrderType(order.type.value),
        price=order.price or None,
        accepted_ns=order.time_ms * NS_PER_MS,
        updated_ns=order.update_time_ms * NS_PER_MS,
    )


def _fill(trade: Trade, client_order_id: str | None) -> FillRecord:
    return FillRecord(
        trade_id=str(trade.trade_id),
        instrument_id=instrument_name(trade.symbol),
        side=OrderSide(trade.side.value),
        quantity=trade.quantity,
        price=trade.price,
        time_ns=trade.time_ms * NS_PER_MS,
        venue_order_id=str(trade.order_id),
        client_order_id=client_order_id,
        commission=trade.commission,
        commission_currency=trade.commission_asset,
    )
