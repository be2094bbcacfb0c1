"""A real TradingNode with the real Binance clients and one of three strategies: ``python -m ... '{"walk": ..., ...}'``.

Each strategy says what it sees as a ``LINE`` on stderr and stops the node when it is done.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any

from nautilus_trader.adapters.binance import (
    BINANCE,
    BinanceAccountType,
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    BinanceInstrumentProviderConfig,
    BinanceLiveDataClientFactory,
    BinanceLiveExecClientFactory,
)
from nautilus_trader.adapters.binance.common.enums import BinanceKeyType
from nautilus_trader.config import LiveExecEngineConfig, LoggingConfig, StrategyConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide, TimeInForce, TriggerType
from nautilus_trader.model.identifiers import InstrumentId, PositionId, TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.strategy import Strategy

INSTRUMENT = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
REFUSALS = ("OrderRejected", "OrderDenied", "OrderModifyRejected", "OrderCancelRejected")


def say(event: str, **facts: Any) -> None:
    sys.stderr.write("LINE " + json.dumps({"event": event, **facts}, default=str) + "\n")
    sys.stderr.flush()


class Walk(Strategy):
    """Begin with the first quote, say every event of an order, and report at the end."""

    oms_type = "NETTING"

    def __init__(self, node: TradingNode) -> None:
        super().__init__(StrategyConfig(strategy_id="WALK-001", oms_type=self.oms_type))
        self.node = node
        self.begun = False

    def on_start(self) -> None:
        self.subscribe_quote_ticks(INSTRUMENT)

    def on_quote_tick(self, tick: Any) -> None:
        if not self.begun:
            self.begun = True
            self.begin()

    def begin(self) -> None:
        """Submit the first order."""

    def next(self, name: str, order: Any) -> None:
        """Go on after an event of `order`."""

    def on_order_event(self, event: Any) -> None:
        name = type(event).__name__
        order = self.cache.order(event.client_order_id)
        if order is None:
            return  # it is initialized, and not yet in the cache
        say("order", name=name, client_order_id=str(event.client_order_id), status=order.status_string())
        if name in REFUSALS:
            say("refused", reason=str(event.reason))
        self.next(name, order)

    def market(self, side: OrderSide, quantity: str, **more: Any) -> Any:
        return self.order_factory.market(INSTRUMENT, side, Quantity.from_str(quantity), **more)

    def limit(self, quantity: str, price: str, **more: Any) -> Any:
        return self.order_factory.limit(
            INSTRUMENT, OrderSide.BUY, Quantity.from_str(quantity), Price.from_str(price), **more
        )

    def finish(self) -> None:
        positions = self.cache.positions_open()
        say(
            "done",
            positions={str(each.id).rpartition("-")[2]: str(each.signed_decimal_qty()) for each in positions},
            realised=str(sum((each.realized_pnl.as_decimal() for each in self.cache.positions()), Decimal(0))),
            orders=sorted((str(each.order_type), each.status_string()) for each in self.cache.orders()),
        )
        self.node.stop()


class Stops(Walk):
    """Buy, protect with a stop that the test lets trigger, then IOC and FOK orders that fill or not."""

    def begin(self) -> None:
        self.submit_order(self.market(OrderSide.BUY, "0.010"))

    def next(self, name: str, order: Any) -> None:
        kind = order.type_string()
        if name == "OrderFilled" and kind == "MARKET":
            stop = self.order_factory.stop_market(
                INSTRUMENT,
                OrderSide.SELL,
                Quantity.from_str("0.010"),
                Price.from_str("49000.0"),
                trigger_type=TriggerType.LAST_PRICE,
                reduce_only=True,
            )
            self.submit_order(stop)
        elif name == "OrderAccepted" and kind == "STOP_MARKET":
            say("protected")
        elif name == "OrderFilled" and kind == "STOP_MARKET":
            self.submit_order(self.limit("0.010", "40000.0", time_in_force=TimeInForce.IOC))
        elif name in ("OrderExpired", "OrderCanceled"):
            self.finish()


class Legs(Walk):
    """In hedge mode: a long and a short at once, each in its own position; half of the short is bought back."""

    oms_type = "HEDGING"
    plan = ((OrderSide.BUY, "0.010", "LONG"), (OrderSide.SELL, "0.020", "SHORT"), (OrderSide.BUY, "0.010", "SHORT"))

    def begin(self) -> None:
        self.steps = list(self.plan)
        self._go_on()

    def next(self, name: str, order: Any) -> None:
        if name == "OrderFilled" and order.is_closed:
            self._go_on()

    def _go_on(self) -> None:
        if not self.steps:
            self.finish()
            return
        side, quantity, leg = self.steps.pop(0)
        self.submit_order(self.market(side, quantity), position_id=PositionId(f"{INSTRUMENT}-{leg}"))


class Cut(Walk):
    """Two orders rest while the test cuts the user stream and then ends its key; each is filled afterwards."""

    def begin(self) -> None:
        for price in ("45000.0", "44000.0"):
            self.submit_order(self.limit("0.010", price))

    def next(self, name: str, order: Any) -> None:
        if name == "OrderAccepted" and len(self.cache.orders_open()) == 2:
            say("resting")
        elif name == "OrderFilled":
            say("filled", price=str(order.price))
            if not self.cache.orders_open():
                self.finish()


def main(raw: str) -> int:
    where = json.loads(raw)
    walk = {"stops": Stops, "legs": Legs, "cut": Cut}[where["walk"]]
    common: dict[str, Any] = {
        "api_key": where["api_key"],
        "api_secret": where["secret"],
        "key_type": BinanceKeyType.HMAC,
        "account_type": BinanceAccountType.USDT_FUTURES,
        "base_url_http": where["rest"],
        "instrument_provider": BinanceInstrumentProviderConfig(load_all=True, query_commission_rates=False),
    }
    execution = BinanceExecClientConfig(
        base_url_ws=where["ws_api"],
        base_url_ws_stream=where["stream"],
        use_reduce_only=walk is not Legs,
        use_position_ids=True,
        **common,
    )
    node = TradingNode(
        TradingNodeConfig(
            trader_id=TraderId("ORACLE-001"),
            logging=LoggingConfig(log_level="WARNING", use_pyo3=False),
            exec_engine=LiveExecEngineConfig(reconciliation=True, reconciliation_startup_delay_secs=0.1),
            data_clients={BINANCE: BinanceDataClientConfig(base_url_ws=where["stream"], **common)},
            exec_clients={BINANCE: execution},
            timeout_connection=20.0,
            timeout_disconnection=2.0,
            timeout_post_stop=0.2,
        )
    )
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    node.trader.add_strategy(walk(node))
    node.build()
    try:
        node.run()
    finally:
        node.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
