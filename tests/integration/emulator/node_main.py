"""A real TradingNode with the real Binance clients against the emulator: ``python -m ... '{"rest": ..., ...}'``.

The strategy walks through the venue's order life once and says each step as a ``LINE`` on stderr.
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
from nautilus_trader.model.identifiers import InstrumentId, TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.strategy import Strategy

INSTRUMENT = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")


def say(event: str, **facts: Any) -> None:
    sys.stderr.write("LINE " + json.dumps({"event": event, **facts}, default=str) + "\n")
    sys.stderr.flush()


class Walk(Strategy):
    """Market, limit, amend, cancel, stop, cancel, batch and its cancel, then report."""

    def __init__(self, node: TradingNode) -> None:
        super().__init__(StrategyConfig(strategy_id="WALK-001", oms_type="NETTING"))
        self.node = node
        self.step = "start"
        self.batch: list[Any] = []

    def on_start(self) -> None:
        self.subscribe_quote_ticks(INSTRUMENT)

    def on_quote_tick(self, tick: Any) -> None:
        if self.step == "start":
            self.step = "market"
            say("quote", bid=str(tick.bid_price), ask=str(tick.ask_price))
            self.submit_order(self.order_factory.market(INSTRUMENT, OrderSide.BUY, Quantity.from_str("0.010")))

    def _limit(self, price: str, **more: Any) -> Any:
        return self.order_factory.limit(
            INSTRUMENT, OrderSide.BUY, Quantity.from_str("0.010"), Price.from_str(price), **more
        )

    def on_order_event(self, event: Any) -> None:
        name = type(event).__name__
        say("order", name=name, step=self.step, client_order_id=str(event.client_order_id))
        order = self.cache.order(event.client_order_id)
        if name in ("OrderRejected", "OrderDenied", "OrderModifyRejected", "OrderCancelRejected"):
            say("refused", step=self.step, reason=str(event.reason))
        match self.step, name:
            case "market", "OrderFilled" if order.is_closed:
                self.step = "limit"
                self.submit_order(self._limit("45000.0"))
            case "limit", "OrderAccepted":
                self.step = "amend"
                self.modify_order(order, quantity=Quantity.from_str("0.020"), price=Price.from_str("45100.0"))
            case "amend", "OrderUpdated":
                self.step = "cancel"
                say("amended", quantity=str(order.quantity), price=str(order.price))
                self.cancel_order(order)
            case "cancel", "OrderCanceled":
                self.step = "stop"
                self.submit_order(
                    self.order_factory.stop_market(
                        INSTRUMENT,
                        OrderSide.SELL,
                        Quantity.from_str("0.010"),
                        Price.from_str("44000.0"),
                        trigger_type=TriggerType.LAST_PRICE,
                        reduce_only=True,
                    )
                )
            case "stop", "OrderAccepted":
                self.step = "cancel stop"
                self.cancel_order(order)
            case "cancel stop", "OrderCanceled":
                self.step = "post only"
                self.submit_order(self._limit("44500.0", post_only=True, time_in_force=TimeInForce.GTC))
                self.batch = [self._limit(price) for price in ("44600.0", "44700.0", "44800.0")]
                for each in self.batch:
                    self.submit_order(each)
            case "post only", "OrderAccepted" if len(self.cache.orders_open()) == 4:
                self.step = "cancel batch"
                self.cancel_orders(self.batch)
            case "cancel batch", "OrderCanceled" if len(self.cache.orders_open()) == 1:
                self.step = "done"
                self._report()

    def _report(self) -> None:
        say(
            "done",
            open=[str(order.price) for order in self.cache.orders_open()],
            statuses=sorted(order.status_string() for order in self.cache.orders()),
            position=str(self.portfolio.net_position(INSTRUMENT)),
            commissions=str(sum((m.as_decimal() for p in self.cache.positions() for m in p.commissions()), Decimal(0))),
        )
        self.node.stop()


def main(raw: str) -> int:
    where = json.loads(raw)
    common: dict[str, Any] = {
        "api_key": where["api_key"],
        "api_secret": where["secret"],
        "key_type": BinanceKeyType[where.get("key_type", "HMAC")],
        "account_type": BinanceAccountType.USDT_FUTURES,
        "base_url_http": where["rest"],
        "instrument_provider": BinanceInstrumentProviderConfig(load_all=True, query_commission_rates=False),
    }
    node = TradingNode(
        TradingNodeConfig(
            trader_id=TraderId("EMULATOR-001"),
            logging=LoggingConfig(log_level="WARNING", use_pyo3=False),
            exec_engine=LiveExecEngineConfig(reconciliation=True, reconciliation_startup_delay_secs=0.1),
            data_clients={BINANCE: BinanceDataClientConfig(base_url_ws=where["stream"], **common)},
            exec_clients={
                BINANCE: BinanceExecClientConfig(
                    base_url_ws=where["ws_api"], base_url_ws_stream=where["stream"], use_reduce_only=True, **common
                )
            },
            timeout_connection=20.0,
            timeout_disconnection=2.0,
            timeout_post_stop=0.2,
        )
    )
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    node.trader.add_strategy(Walk(node))
    node.build()
    try:
        node.run()
    finally:
        node.dispose()
    say("ended")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
