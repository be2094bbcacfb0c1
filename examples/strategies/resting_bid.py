"""Keep one bid resting a little below the market: the smallest strategy with something to lose in a restart."""

from __future__ import annotations

from decimal import Decimal

from nautilus_trader.config import PositiveInt, StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

BPS = Decimal(10_000)


class RestingBidConfig(StrategyConfig, frozen=True):
    """Configure the strategy.

    Parameters
    ----------
    instrument_id : InstrumentId
        What it trades.
    order_quantity : Decimal
        Size of the bid, in base currency.
    distance_bps : int
        How far below the best bid it rests, in basis points.
    """

    instrument_id: InstrumentId
    order_quantity: Decimal
    distance_bps: PositiveInt = 50


class RestingBid(Strategy):
    """Rest one bid; place the next one when it is gone.

    After a restart it does not ask what it did before: it reads the cache. That is all that a strategy has to do if the
    cache is true to the venue when the strategy starts.
    """

    def on_start(self) -> None:
        """Subscribe to quotes; take over what the cache knows."""
        self.subscribe_quote_ticks(self.config.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Place a bid if none is open or on its way."""
        instrument_id = self.config.instrument_id
        instrument = self.cache.instrument(instrument_id)
        if instrument is None or self._is_working(instrument_id):
            return
        price = Decimal(str(tick.bid_price)) * (1 - Decimal(self.config.distance_bps) / BPS)
        order = self.order_factory.limit(
            instrument_id,
            OrderSide.BUY,
            instrument.make_qty(self.config.order_quantity),
            instrument.make_price(price),
            post_only=True,
        )
        self.submit_order(order)

    def _is_working(self, instrument_id: InstrumentId) -> bool:
        mine = {"instrument_id": instrument_id, "strategy_id": self.id}
        return bool(self.cache.orders_open(**mine) or self.cache.orders_inflight(**mine))

    def on_stop(self) -> None:
        """Leave the bid where it is: the next life finds it."""
        self.unsubscribe_quote_ticks(self.config.instrument_id)
