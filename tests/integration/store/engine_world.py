"""A real NautilusTrader engine with its cache in a store; run as a process of its own.

``python -m tests.integration.store.engine_world PORT OPTIONS`` drives real orders of every kind through the real
`ExecutionEngine` and `Cache`, which writes through the real `CacheDatabaseAdapter`, and prints the state of that cache
as one line of JSON, taken from the engine's own objects. Then it waits for a line on standard input, so that the store
can be read while the node is there, and ends.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.cache.config import CacheConfig
from nautilus_trader.cache.database import CacheDatabaseAdapter
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.common.config import DatabaseConfig
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.engine import ExecutionEngine
from nautilus_trader.model import events as ev
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.enums import (
    AccountType,
    ContingencyType,
    LiquiditySide,
    OrderSide,
    TimeInForce,
    TrailingOffsetType,
    TriggerType,
    order_side_to_str,
    order_status_to_str,
    order_type_to_str,
    time_in_force_to_str,
)
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientOrderId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from nautilus_trader.model.objects import AccountBalance, Currency, Money, Price, Quantity
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.serialization.serializer import MsgSpecSerializer
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from trueup.node.v1.aside import StoreAside
from trueup.node.v1.snapshot import CacheReader
from trueup.node.v1.whole_writer import WholeWriter
from trueup.store.connection import StoreAddress
from trueup.store.redis_keys import StoreKeys

TRADER = TraderId("TESTER-001")
START_NS = 1_790_000_000_123_456_789


@dataclass
class World:
    """The engine, its cache, and a clock that every event moves on."""

    cache: Any
    engine: Any
    portfolio: Any
    clock: Any
    database: Any
    config: Any
    counters: dict[str, int] = field(default_factory=dict)

    def now(self) -> int:
        """Return the next instant."""
        self.clock.set_time(self.clock.timestamp_ns() + 1_000_003)
        return int(self.clock.timestamp_ns())

    def next(self, name: str) -> int:
        """Return the next number of a kind."""
        self.counters[name] = self.counters.get(name, 0) + 1
        return self.counters[name]


def build(port: int, options: dict[str, Any]) -> World:
    """Return a world on the store at `port`, as the kernel of a live node would wire it."""
    clock = TestClock()
    clock.set_time(START_NS)
    config = CacheConfig(
        database=DatabaseConfig(host="127.0.0.1", port=port),
        encoding=options.get("encoding", "msgpack"),
        timestamps_as_iso8601=options.get("iso8601", False),
        use_trader_prefix=options.get("use_trader_prefix", True),
        use_instance_id=options.get("use_instance_id", False),
    )
    database = CacheDatabaseAdapter(
        trader_id=TRADER,
        instance_id=UUID4.from_str(options["instance_id"]) if "instance_id" in options else UUID4(),
        serializer=MsgSpecSerializer(
            encoding=getattr(msgspec, config.encoding),
            timestamps_as_str=True,
            timestamps_as_iso8601=config.timestamps_as_iso8601,
        ),
        config=config,
    )
    bus = MessageBus(trader_id=TRADER, clock=clock)
    cache = Cache(database=database, config=config)
    portfolio = Portfolio(msgbus=bus, cache=cache, clock=clock)
    engine = ExecutionEngine(msgbus=bus, cache=cache, clock=clock)
    return World(cache=cache, engine=engine, portfolio=portfolio, clock=clock, database=database, config=config)


class Trader:
    """One strategy's hand on one instrument and account."""

    def __init__(self, world: World, strategy: str, instrument: Any, account: str, venue_numbers: str = "V") -> None:
        self.world = world
        self.strategy = StrategyId(strategy)
        self.instrument = instrument
        self.account = AccountId(account)
        self.factory = OrderFactory(TRADER, self.strategy, world.clock)
        self.venue_numbers = venue_numbers
        self.straight_to_cache = False

    def qty(self, text: str) -> Quantity:
        """Return a quantity of the instrument."""
        return self.instrument.make_qty(float(text))

    def px(self, text: str) -> Price:
        """Return a price of the instrument."""
        return self.instrument.make_price(float(text))

    def limit(self, side: OrderSide, quantity: str, price: str, **more: Any) -> Any:
        """Return a new limit order."""
        return self.factory.limit(self.instrument.id, side, self.qty(quantity), self.px(price), **more)

    def market(self, side: OrderSide, quantity: str, **more: Any) -> Any:
        """Return a new market order."""
        return self.factory.market(self.instrument.id, side, self.qty(quantity), **more)

    def add(self, order: Any, position_id: PositionId | None = None) -> Any:
        """Put an order into the cache, as the engine does when a strategy submits it."""
        self.world.cache.add_order(order, position_id)
        return order

    def event(self, kind: Any, order: Any, **more: Any) -> None:
        """Send the engine an event about an order."""
        now = self.world.now()
        fields = {
            "trader_id": order.trader_id,
            "strategy_id": order.strategy_id,
            "instrument_id": order.instrument_id,
            "client_order_id": order.client_order_id,
            "event_id": UUID4(),
            "ts_event": now,
            "ts_init": now,
        }
        if kind in (ev.OrderDenied, ev.OrderEmulated, ev.OrderReleased):  # what never leaves the node has one time only
            del fields["ts_event"]
        self.process(order, kind(**(fields | more)))

    def process(self, order: Any, event: Any) -> None:
        """Hand an event to the engine, or to the order and the cache alone."""
        if self.straight_to_cache:
            order.apply(event)
            self.world.cache.update_order(order)
        else:
            self.world.engine.process(event)

    def named(self, order: Any) -> dict[str, Any]:
        """Return the fields of an event from the venue."""
        if order.venue_order_id is None:
            name = VenueOrderId(f"{self.venue_numbers}-{self.world.next('venue order')}")
        else:
            name = order.venue_order_id
        return {"account_id": self.account, "venue_order_id": name}

    def submit(self, order: Any) -> Any:
        """Submit an order."""
        self.event(ev.OrderSubmitted, order, account_id=self.account)
        return order

    def accept(self, order: Any) -> Any:
        """Submit an order and have it accepted."""
        self.submit(order)
        self.event(ev.OrderAccepted, order, **self.named(order))
        return order

    def fill(self, order: Any, quantity: str, price: str, **more: Any) -> None:
        """Fill some of an order."""
        currency = more.pop("currency", self.instrument.quote_currency)
        fields = self.named(order) | {
            "trade_id": TradeId(str(100_000 + self.world.next("trade"))),
            "position_id": None,
            "order_side": order.side,
            "order_type": order.order_type,
            "last_qty": self.qty(quantity),
            "last_px": self.px(price),
            "currency": currency,
            "commission": Money(0.0123, self.instrument.quote_currency),
            "liquidity_side": LiquiditySide.TAKER,
        }
        self.event(ev.OrderFilled, order, **(fields | more))

    def trade(self, side: OrderSide, quantity: str, price: str, **more: Any) -> Any:
        """Trade at once: a market order, filled whole."""
        order = self.accept(self.add(self.market(side, quantity), more.get("position_id")))
        self.fill(order, quantity, price, **more)
        return order


def account_state(world: World, account: str, currency: Currency, total: str, locked: str) -> None:
    """Give an account a state, as an execution client reports it."""
    now = world.now()
    free = str(float(total) - float(locked))
    event = ev.AccountState(
        account_id=AccountId(account),
        account_type=AccountType.MARGIN,
        base_currency=None,
        reported=True,
        balances=[
            AccountBalance(
                Money.from_str(f"{total} {currency}"),
                Money.from_str(f"{locked} {currency}"),
                Money.from_str(f"{free} {currency}"),
            )
        ],
        margins=[],
        info={},
        event_id=UUID4(),
        ts_event=now,
        ts_init=now,
    )
    world.portfolio.update_account(event)


def every_status(trader: Trader) -> None:
    """Leave an order in every status, by every way that leads to one."""
    buy, sell = OrderSide.BUY, OrderSide.SELL

    def new(**more: Any) -> Any:
        return trader.add(trader.limit(buy, "1.0", "1000.10", **more))

    new()
    trader.event(ev.OrderDenied, new(), reason="too large")
    trader.submit(new(reduce_only=True))
    trader.accept(new(post_only=True, tags=["a", "b"]))
    trader.event(ev.OrderRejected, trader.submit(new()), account_id=trader.account, reason="no margin")
    canceled = trader.accept(new())
    trader.event(ev.OrderCanceled, canceled, **trader.named(canceled))
    expiry = datetime(2027, 1, 1, tzinfo=UTC)
    gtd = trader.accept(new(time_in_force=TimeInForce.GTD, expire_time=expiry))
    trader.event(ev.OrderExpired, gtd, **trader.named(gtd))
    trader.accept(new(time_in_force=TimeInForce.GTD, expire_time=expiry))

    stop = trader.factory.stop_limit(
        trader.instrument.id, sell, trader.qty("2.0"), trader.px("990.00"), trader.px("991.00")
    )
    trader.accept(trader.add(stop))
    trader.event(ev.OrderTriggered, stop, **trader.named(stop))
    stop_market = trader.factory.stop_market(trader.instrument.id, sell, trader.qty("2.0"), trader.px("989.00"))
    trader.accept(trader.add(stop_market))
    trailing = trader.factory.trailing_stop_market(
        trader.instrument.id,
        sell,
        trader.qty("2.0"),
        trailing_offset=trader.px("5.00").as_decimal(),
        trailing_offset_type=TrailingOffsetType.PRICE,
    )
    trader.accept(trader.add(trailing))
    trader.event(
        ev.OrderUpdated,
        trailing,
        **trader.named(trailing),
        quantity=trailing.quantity,
        price=None,
        trigger_price=trader.px("970.00"),
    )
    touched = trader.factory.limit_if_touched(
        trader.instrument.id, buy, trader.qty("2.0"), trader.px("950.00"), trader.px("951.00")
    )
    trader.accept(trader.add(touched))
    requests(trader)
    emulated(trader)
    contingent(trader)


def requests(trader: Trader) -> None:
    """Amend and cancel: pending, refused, done, with a new name, and filled while pending."""

    def working(quantity: str = "1.0") -> Any:
        return trader.accept(trader.add(trader.limit(OrderSide.BUY, quantity, "1000.10")))

    pending = {"account_id": trader.account}
    for kind in (ev.OrderPendingUpdate, ev.OrderPendingCancel):
        order = working()
        trader.event(kind, order, **trader.named(order))
    for kind, refusal in (
        (ev.OrderPendingUpdate, ev.OrderModifyRejected),
        (ev.OrderPendingCancel, ev.OrderCancelRejected),
    ):
        order = working("2.0")
        trader.fill(order, "0.5", "1000.00")
        trader.event(kind, order, **trader.named(order))
        trader.event(refusal, order, **trader.named(order), reason="no")
    order = working("2.0")
    trader.event(ev.OrderPendingUpdate, order, **trader.named(order))
    trader.event(
        ev.OrderUpdated,
        order,
        **(trader.named(order) | {"venue_order_id": VenueOrderId("RENAMED-1")}),
        quantity=trader.qty("3.0"),
        price=trader.px("1001.00"),
        trigger_price=None,
    )
    order = working("2.0")
    trader.event(ev.OrderPendingCancel, order, **trader.named(order))
    trader.fill(order, "0.7", "999.90", reconciliation=True)
    order = working("2.0")
    trader.event(ev.OrderCanceled, order, **trader.named(order))
    trader.fill(order, "2.0", "999.80", trade_id=TradeId(str(UUID4())), reconciliation=True)  # late, and inferred
    order = trader.submit(trader.add(trader.limit(OrderSide.BUY, "1.0", "1000.10")))
    trader.event(ev.OrderPendingCancel, order, **(trader.named(order) | pending))


def emulated(trader: Trader) -> None:
    """Hold orders in the node: emulated, released, and released and sent as a market order."""
    for steps in (1, 2):
        order = trader.limit(OrderSide.BUY, "1.0", "900.00", emulation_trigger=TriggerType.BID_ASK)
        trader.add(order)
        trader.event(ev.OrderEmulated, order)
        if steps == 2:
            trader.event(ev.OrderReleased, order, released_price=trader.px("900.00"))


def contingent(trader: Trader) -> None:
    """Send a bracket: three orders linked to each other."""
    bracket = trader.factory.bracket(
        trader.instrument.id,
        OrderSide.BUY,
        trader.qty("1.0"),
        tp_price=trader.px("1100.00"),
        sl_trigger_price=trader.px("900.00"),
        contingency_type=ContingencyType.OUO,
    )
    for order in bracket.orders:
        trader.add(order)
        trader.submit(order)


def every_position(world: World) -> None:
    """Leave positions long, short, flat, reopened, flipped, hedged, shared and paid from."""
    perp, btc = TestInstrumentProvider.ethusdt_perp_binance(), TestInstrumentProvider.btcusdt_perp_binance()
    spot = TestInstrumentProvider.adausdt_binance()
    for instrument in (perp, btc, spot):
        world.cache.add_instrument(instrument)
    buy, sell = OrderSide.BUY, OrderSide.SELL
    account = "BINANCE-USDT_FUTURES-master"
    account_state(world, account, USDT, "10000.00000000", "0.00000000")
    every_status(Trader(world, "S-001", perp, account))

    long = Trader(world, "LONG-011", btc, account)
    long.trade(buy, "1.000", "50000.1")
    long.trade(buy, "2.000", "50010.7")
    long.trade(sell, "0.500", "50020.3")
    short = Trader(world, "SHORT-002", btc, account)
    short.trade(sell, "0.300", "50000.1")
    short.trade(sell, "0.400", "49990.9")
    flat = Trader(world, "FLAT-003", btc, account)
    flat.trade(buy, "1.000", "50000.1")
    flat.trade(sell, "1.000", "50001.1")
    reopened = Trader(world, "AGAIN-004", btc, account)
    reopened.trade(buy, "1.000", "50000.1")
    reopened.trade(sell, "1.000", "50001.1")
    reopened.trade(sell, "0.250", "50002.1")
    flipped = Trader(world, "FLIP-005", btc, account)
    flipped.trade(buy, "1.000", "50000.1")
    flipped.trade(sell, "1.750", "50003.3", trade_id=TradeId(str(UUID4())), reconciliation=True)
    flipped.trade(sell, "0.250", "50004.4")
    partial = Trader(world, "PART-006", btc, account)
    order = partial.accept(partial.add(partial.limit(buy, "3.000", "50000.0")))
    for quantity, price in (("0.100", "49999.9"), ("0.200", "49998.8"), ("0.700", "49997.7")):
        partial.fill(order, quantity, price, liquidity_side=LiquiditySide.MAKER)
    named_like_a_leg = Trader(world, "EMA-LONG", btc, account)
    named_like_a_leg.trade(sell, "0.100", "50000.0")
    hedge = Trader(world, "HEDGE-007", btc, account)
    world.engine.register_oms_type(
        Strategy(StrategyConfig(strategy_id="HEDGE", order_id_tag="007", oms_type="HEDGING"))
    )
    hedge.trade(buy, "2.000", "50000.0", position_id=PositionId(f"{btc.id}-LONG"))
    hedge.trade(sell, "1.500", "50001.0", position_id=PositionId(f"{btc.id}-SHORT"))
    hedge.accept(hedge.add(hedge.limit(sell, "1.000", "51000.0"), PositionId(f"{btc.id}-LONG")))

    other = "OTHER-001"
    account_state(world, other, USDT, "500.00000000", "20.00000000")
    pays_in_base = Trader(world, "SPOT-008", spot, other)
    pays_in_base.trade(buy, "100.0", "0.5", commission=Money(0.1, spot.base_currency))
    pays_in_base.trade(buy, "50.0", "0.6", commission=Money(0.04, spot.base_currency))
    external = pays_in_base.add(
        pays_in_base.market(buy, "1.0", tags=["RECONCILIATION"], client_order_id=ClientOrderId("MADE-UP"))
    )
    pays_in_base.accept(external)
    pays_in_base.fill(external, "1.0", "0.5", reconciliation=True)
    account_state(world, account, USDT, "9876.54321000", "123.45000000")


def many(world: World, count: int) -> None:
    """Leave `count` orders, filled whole, of one strategy.

    The events go to the order and the cache straight, as the engine hands them on: what the engine does besides, for
    positions and portfolio, grows with the square of the count.
    """
    instrument = TestInstrumentProvider.ethusdt_perp_binance()
    world.cache.add_instrument(instrument)
    account_state(world, "BINANCE-USDT_FUTURES-master", USDT, "10000.00000000", "0.00000000")
    trader = Trader(world, "S-001", instrument, "BINANCE-USDT_FUTURES-master")
    trader.straight_to_cache = True
    for number in range(count):
        trader.trade(OrderSide.BUY if number % 2 == 0 else OrderSide.SELL, "1.000", "1000.00")


def stored_at_the_end(world: World, port: int, options: dict[str, Any]) -> None:
    """Do everything with the database set aside, as a long replay does."""
    keys = StoreKeys(TRADER.value, options.get("use_trader_prefix", True), options.get("instance_id"))
    aside = StoreAside(world.cache, WholeWriter(world.cache, StoreAddress(port=port), keys, world.config))

    async def replay() -> None:
        async with aside.during_replay():
            assert aside.is_aside, "this engine's cache would not let its database be set aside"
            every_position(world)

    asyncio.run(replay())
    assert not aside.is_behind


def copied(world: World, port: int, trader_id: str) -> None:
    """Write every order and position once more, whole, under another trader's keys, when the adapter has written."""
    orders = {order.client_order_id: None for order in world.cache.orders()}
    positions = {position.id: None for position in world.cache.positions()}
    count = len(orders) + len(positions)
    address = StoreAddress(port=port)
    native = WholeWriter(world.cache, address, StoreKeys(TRADER.value), world.config)
    whole = WholeWriter(world.cache, address, StoreKeys(trader_id), world.config)
    asyncio.run(native.write({}, {}, behind=world.database))
    assert asyncio.run(whole.write(orders, positions)) == count
    assert not orders
    assert not positions


def dump(cache: Any) -> dict[str, Any]:
    """Return the cache's state in plain values, read off the engine's own objects."""
    return {
        "orders": {str(order.client_order_id): dump_order(order) for order in cache.orders()},
        "positions": {str(position.id): dump_position(position) for position in cache.positions()},
        "accounts": {
            str(account.id): {
                str(currency): [
                    str(balance.total.as_decimal()),
                    str(balance.locked.as_decimal()),
                    str(balance.free.as_decimal()),
                ]
                for currency, balance in account.balances().items()
            }
            for account in cache.accounts()
        },
    }


def dump_snapshot(world: World, account_id: AccountId) -> dict[str, Any]:
    """Return what the reader in the node's process makes of one account, every value as text."""
    snapshot = CacheReader(world.cache, account_id, lambda _: True).read_all_now(world.now(), None)
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(snapshot), default=str, skipkeys=True))
    return plain


def dump_order(order: Any) -> dict[str, Any]:
    """Return one order in plain values."""
    price = order.price if order.has_price else None
    trigger = order.trigger_price if order.has_trigger_price else None
    return {
        "status": order_status_to_str(order.status),
        "side": order_side_to_str(order.side),
        "type": order_type_to_str(order.order_type),
        "time_in_force": time_in_force_to_str(order.time_in_force),
        "instrument_id": str(order.instrument_id),
        "strategy_id": str(order.strategy_id),
        "venue_order_id": str(order.venue_order_id) if order.venue_order_id else None,
        "account_id": str(order.account_id) if order.account_id else None,
        "position_id": str(order.position_id) if order.position_id else None,
        "quantity": str(order.quantity),
        "filled_qty": str(order.filled_qty),
        "avg_px": order.avg_px,
        "price": str(price) if price is not None else None,
        "trigger_price": str(trigger) if trigger is not None else None,
        "post_only": order.is_post_only,
        "reduce_only": order.is_reduce_only,
        "is_open": order.is_open,
        "ts_submitted": order.ts_submitted,
        "ts_accepted": order.ts_accepted,
        "ts_last": order.ts_last,
        "expire_time_ns": getattr(order, "expire_time_ns", 0) or None,
        "linked": [str(one) for one in order.linked_order_ids or ()],
        "event_count": order.event_count,
        "fills": [dump_fill(event) for event in order.events if isinstance(event, ev.OrderFilled)],
    }


def dump_fill(event: Any) -> dict[str, Any]:
    """Return one fill in plain values."""
    return {
        "trade_id": str(event.trade_id),
        "quantity": str(event.last_qty),
        "price": str(event.last_px),
        "side": order_side_to_str(event.order_side),
        "commission": str(event.commission.as_decimal()),
        "currency": str(event.commission.currency),
        "ts_event": event.ts_event,
        "maker": event.liquidity_side == LiquiditySide.MAKER,
        "reconciliation": event.reconciliation,
    }


def dump_position(position: Any) -> dict[str, Any]:
    """Return one position in plain values."""
    return {
        "instrument_id": str(position.instrument_id),
        "strategy_id": str(position.strategy_id),
        "account_id": str(position.account_id),
        "signed_qty": str(position.signed_decimal_qty()),
        "avg_px_open": position.avg_px_open,
        "ts_opened": position.ts_opened,
        "ts_last": position.ts_last,
        "adjusted": bool(position.adjustments),
        "fills": [dump_fill(event) for event in position.events],
    }


def main() -> None:
    """Run the world that the arguments ask for."""
    port, options = int(sys.argv[1]), json.loads(sys.argv[2])
    world = build(port, options)
    if "many" in options:
        many(world, options["many"])
    elif options.get("aside"):
        stored_at_the_end(world, port, options)
    else:
        every_position(world)
    if "copy_to" in options:
        copied(world, port, options["copy_to"])
    state = dump(world.cache) if "many" not in options else {"event_counts": {}}
    if "many" in options:
        state["event_counts"] = {str(order.client_order_id): order.event_count for order in world.cache.orders()}
        state["snapshots"] = {}
    else:
        state["snapshots"] = {str(account.id): dump_snapshot(world, account.id) for account in world.cache.accounts()}
    print("STATE " + json.dumps(state), flush=True)
    sys.stdin.readline()
    world.database.close()


if __name__ == "__main__":
    main()
