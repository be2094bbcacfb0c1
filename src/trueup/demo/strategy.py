"""A small strategy that trades a seeded, realistic sequence: the demonstration's user.

It knows nothing of trueup: whatever it can survive, an ordinary strategy can.
"""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import PositiveFloat, PositiveInt, StrategyConfig
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.trading.strategy import Strategy

# What a discretionary market maker with a view does in a minute, in parts of one: most orders rest, some take.
ACTIONS = ("rest", "take", "cross", "cancel", "amend")
ACTION_WEIGHTS = (45, 12, 13, 18, 12)
OPEN_ORDERS_MAX = 12
"""Bounds what the strategy leaves at the venue, per instrument."""


class DemoStrategyConfig(StrategyConfig, frozen=True):  # type: ignore[call-arg]  # msgspec's class keyword
    """Configure the demonstration strategy.

    Parameters
    ----------
    instrument_ids : list[InstrumentId]
        What it trades.
    seed : int
        Seeds the sequence of actions; prices come from the live market.
    warm_actions : int
        Actions before the burst.
    burst_orders : int
        Orders sent at once after that.
    action_interval_secs : float
        Pace of the warm-up.
    order_notional : float
        Size of an order in quote currency, about.
    trading : bool
        False: observe only, as a second life of the node does while the books are compared.
    """

    instrument_ids: list[InstrumentId]
    seed: int = 1
    warm_actions: PositiveInt = 30
    burst_orders: PositiveInt = 40
    action_interval_secs: PositiveFloat = 0.1
    order_notional: PositiveFloat = 600.0
    trading: bool = True


class DemoStrategy(Strategy):
    """Rest, take, cross, cancel and amend at random, then send a burst of orders."""

    def __init__(self, config: DemoStrategyConfig) -> None:
        super().__init__(config)
        self._random = random.Random(config.seed)
        self._actions_done = 0

    def on_start(self) -> None:
        """Subscribe to quotes and start the clock of actions."""
        for instrument_id in self.config.instrument_ids:
            if self.cache.instrument(instrument_id) is None:
                self.log.error(f"no instrument {instrument_id} in the cache: is it in the provider's load_ids?")
                return
            self.subscribe_quote_ticks(instrument_id)
        if self.config.trading:
            self.clock.set_timer(
                "act", timedelta(seconds=self.config.action_interval_secs), callback=self._on_act_timer
            )

    def on_stop(self) -> None:
        """Leave the orders working: a restart is the point of the demonstration."""

    def _on_act_timer(self, _event: TimeEvent) -> None:
        if any(self.cache.quote_tick(instrument_id) is None for instrument_id in self.config.instrument_ids):
            return  # the market is not there yet
        if self._actions_done < self.config.warm_actions:
            self._actions_done += 1
            self._act(self._random.choices(ACTIONS, ACTION_WEIGHTS)[0])
            return
        self.clock.cancel_timer("act")
        for _ in range(self.config.burst_orders):
            self._act(self._random.choice(("rest", "rest", "cross", "take")))

    def _act(self, action: str) -> None:
        instrument = self.cache.instrument(self._random.choice(self.config.instrument_ids))
        side = self._random.choice((OrderSide.BUY, OrderSide.SELL))
        working = self.cache.orders_open(instrument_id=instrument.id, strategy_id=self.id)
        if action in {"cancel", "amend"} and not working:
            action = "rest"
        if action == "rest" and len(working) >= OPEN_ORDERS_MAX:
            action = "cancel"
        if action == "take":
            quantity = self._quantity(instrument)
            self.submit_order(self.order_factory.market(instrument.id, side, quantity))
        elif action == "cancel":
            self.cancel_order(min(working, key=lambda order: order.ts_init))
        elif action == "amend":
            order = self._random.choice(working)
            if not order.is_pending_update and not order.is_pending_cancel:
                ticks = self._ticks_away(resting=True)
                self.modify_order(order, quantity=order.quantity, price=self._price(instrument, order.side, ticks))
        else:
            ticks = self._ticks_away(resting=action == "rest")
            price = self._price(instrument, side, ticks)
            self.submit_order(self.order_factory.limit(instrument.id, side, self._quantity(instrument), price))

    def _ticks_away(self, *, resting: bool) -> int:
        return self._random.randint(1, 60) if resting else -self._random.randint(1, 20)

    def _price(self, instrument: Instrument, side: OrderSide, ticks_away: int) -> object:
        quote = self.cache.quote_tick(instrument.id)
        tick = instrument.price_increment.as_decimal()
        if side == OrderSide.BUY:
            return instrument.make_price(quote.bid_price.as_decimal() - tick * ticks_away)
        return instrument.make_price(quote.ask_price.as_decimal() + tick * ticks_away)

    def _quantity(self, instrument: Instrument) -> object:
        price = self.cache.quote_tick(instrument.id).ask_price.as_decimal()
        notional = Decimal(str(self.config.order_notional)) * Decimal(self._random.randint(50, 200)) / 100
        return instrument.make_qty(notional / price)
