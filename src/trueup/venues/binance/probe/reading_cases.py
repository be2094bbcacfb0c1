"""Experiments on what the client reads."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from decimal import Decimal
from typing import Any, Final

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
)
from nautilus_trader.model.identifiers import VenueOrderId

from trueup.venues.binance.probe.bench import PRICES, Bench, Sighting
from trueup.venues.binance.probe.rig import Rig, Store

HANG_SECS: Final = 2.5
"""How long an answer is waited for before a client counts as hanging; ours gives up after a fraction of it."""
DELAY_MS: Final = 40
PARALLEL_SYMBOLS: Final = 10


async def fill_reports(rig: Rig, symbol: str | None = None) -> list[Any]:
    """Return the client's fill reports of everything."""
    command = GenerateFillReports(
        instrument_id=None if symbol is None else rig.instrument_id(symbol),
        venue_order_id=None,
        start=None,
        end=None,
        command_id=UUID4(),
        ts_init=rig.clock.timestamp_ns(),
    )
    return list(await rig.client.generate_fill_reports(command))


async def order_reports(rig: Rig, *, open_only: bool = False) -> list[Any]:
    """Return the client's order reports of everything."""
    command = GenerateOrderStatusReports(
        instrument_id=None,
        start=None,
        end=None,
        open_only=open_only,
        command_id=UUID4(),
        ts_init=rig.clock.timestamp_ns(),
    )
    return list(await rig.client.generate_order_status_reports(command))


async def bought(bench: Bench, quantity: str = "0.050") -> Store:
    """Return the store of a node that bought and stopped."""
    async with bench.rig() as rig:
        await rig.start()
        order = rig.market("BTCUSDT", "BUY", quantity)
        await rig.until(lambda: order.is_closed)
        return await rig.stop()


async def warm_restart(bench: Bench) -> Sighting:
    """BN01: buy, restart with the store, compare; and look for questions put twice."""
    store = await bought(bench)
    bench.control.clear_requests()
    async with bench.rig(store) as rig:
        await rig.start()
        venue, node = bench.position("BTCUSDT"), rig.net("BTCUSDT")
        orders = len(rig.cache.orders())
    history = [one for one in bench.questions() if "symbol=" in one and one.startswith("GET")]
    symbols_asked = Counter(history)
    twice = sum(count - 1 for count in symbols_asked.values())
    faulty = venue != node or orders != 1 or twice > 0
    return Sighting(faulty, f"venue {venue}, node {node}, {orders} orders, {twice} history questions put twice")


async def failed_list(bench: Bench) -> Sighting:
    """BN02: 503 to the list of orders while a limit order works."""
    bench.limit("BTCUSDT", "BUY", "0.010", "40000")
    body = {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."}
    bench.fault({"path": "/fapi/v1/allOrders"}, {"kind": "respond", "status": 503, "body": body})
    async with bench.rig() as rig:
        succeeded = await rig.start()
        known = len(rig.cache.orders_open())
    return Sighting(
        succeeded and known == 0, f"start {'succeeded' if succeeded else 'failed'}, {known} of 1 orders known"
    )


async def hung_question(bench: Bench) -> Sighting:
    """BN03: the list of fills is never answered."""
    bench.market("BTCUSDT", "BUY", "0.010")
    bench.fault({"path": "/fapi/v1/userTrades"}, {"kind": "hang"})
    async with bench.rig() as rig:
        await rig.start(reconcile=False)
        begun = time.monotonic()
        try:
            await asyncio.wait_for(rig.engine.reconcile_execution_state(timeout_secs=1.0), HANG_SECS)
        except TimeoutError:
            return Sighting(faulty=True, detail=f"no end after {HANG_SECS:g} s, although 1 s was allowed")
        return Sighting(faulty=False, detail=f"gave up after {time.monotonic() - begun:.1f} s")


async def long_history(bench: Bench) -> Sighting:
    """BN10: 1,200 orders in the past and a position on top."""
    bench.control.load_history(bench.account, 1_200, symbols=("BTCUSDT",))
    bench.market("BTCUSDT", "BUY", "0.070")
    trades = bench.control.trades(bench.account, "BTCUSDT")
    async with bench.rig() as rig:
        await rig.start(reconcile=False)
        reports = await fill_reports(rig, "BTCUSDT")
    exact = [report.trade_id.value for report in reports] == [str(trade.trade_id) for trade in trades]
    paid = sum((report.commission.as_decimal() for report in reports), Decimal(0))
    return Sighting(not exact, f"{len(reports)} of {len(trades)} fills read, commission {paid:.2f}")


async def old_order(bench: Bench) -> Sighting:
    """BN11: a limit order older than the venue's default window of seven days."""
    order = bench.limit("BTCUSDT", "BUY", "0.010", "40000")
    # An answer as the venue gives it for an order that old: listed among the working ones, not in the default window.
    bench.fault({"path": "/fapi/v1/allOrders"}, {"kind": "empty_list"})
    async with bench.rig() as rig:
        await rig.start()
        found = [each for each in rig.cache.orders_open() if each.venue_order_id.value == str(order.order_id)]
    return Sighting(not found, f"{len(found)} of 1 working orders known")


async def flat_symbols(bench: Bench) -> Sighting:
    """BN12: a round trip on a symbol that is flat now, and a partly filled order that closed another one."""
    bench.market("ETHUSDT", "BUY", "0.500")
    bench.market("ETHUSDT", "SELL", "0.500")
    trades = bench.control.trades(bench.account)
    async with bench.rig() as rig:
        await rig.start(reconcile=False)
        reports = await fill_reports(rig)
    return Sighting(
        len(reports) < len(trades), f"{len(reports)} of {len(trades)} fills read of a symbol that is flat now"
    )


async def over_the_limit(bench: Bench) -> Sighting:
    """BN13: the venue answers 429 once, with a wait, in the middle of a start with a position."""
    bench.market("BTCUSDT", "BUY", "0.050")
    bench.fault(
        {"path": "/fapi/v1/userTrades", "count": 1},
        {
            "kind": "respond",
            "status": 429,
            "body": {"code": -1003, "msg": "Too many requests."},
            "headers": {"Retry-After": "1"},
        },
    )
    async with bench.rig() as rig:
        succeeded = await rig.start()
        fills = rig.fills("BTCUSDT")
        trades = {str(trade.trade_id) for trade in bench.control.trades(bench.account, "BTCUSDT")}
        real = {fill.trade_id.value for fill in fills} == trades
        paid = sum((fill.commission.as_decimal() for fill in fills), Decimal(0))
    state = "succeeded" if succeeded else "failed"
    return Sighting(succeeded and not real, f"start {state}, fills {'real' if real else 'invented'}, commission {paid}")


async def conditional_history(bench: Bench) -> Sighting:
    """BN14: an account that never had a conditional order."""
    bench.market("BTCUSDT", "BUY", "0.010")
    async with bench.rig() as rig:
        await rig.start()
    asked = [one for one in bench.questions() if "allAlgoOrders" in one]
    return Sighting(bool(asked), f"the history of conditional orders was asked {len(asked)} times")


async def side_by_side(bench: Bench) -> Sighting:
    """BN17: ten symbols with a position each, every answer late."""
    listed = [one.symbol for one in _symbols(bench)][:PARALLEL_SYMBOLS]
    for symbol in listed:
        bench.control.place_order(bench.account, _smallest(bench, symbol))
    bench.fault({"method": "GET"}, {"kind": "delay", "delay_ms": DELAY_MS})
    async with bench.rig(symbols=tuple(listed)) as rig:
        await rig.start(reconcile=False)
        begun = time.monotonic()
        await rig.engine.reconcile_execution_state(timeout_secs=30.0)
        took = time.monotonic() - begun
    serial = 2 * len(listed) * DELAY_MS / 1_000
    return Sighting(took > serial, f"{took * 1_000:.0f} ms for {len(listed)} symbols at {DELAY_MS} ms an answer")


async def followed_conditional(bench: Bench) -> Sighting:
    """BN19: a stop triggers while the node is away; its fill must reach the order that the node holds."""
    async with bench.rig() as rig:
        await rig.start()
        order = rig.stop_market("BTCUSDT", "SELL", "0.010", "49000")
        await rig.until(lambda: order.is_open)
        store = await rig.stop()
    bench.control.move_to("BTCUSDT", Decimal("48990"))
    async with bench.rig(store) as rig:
        await rig.start()
        held = rig.cache.order(order.client_order_id)
        real = {str(trade.trade_id) for trade in bench.control.trades(bench.account, "BTCUSDT")}
        fills = {fill.trade_id.value for fill in rig.fills("BTCUSDT")}
        state, orders = held.status_string(), len(rig.cache.orders())
        net = rig.net("BTCUSDT")
    faulty = state != "FILLED" or fills != real or orders != 1
    return Sighting(
        faulty, f"the order is {state}, {orders} orders in the node, net {net}, fills {sorted(fills)} of {sorted(real)}"
    )


def _symbols(bench: Bench) -> list[Any]:
    import json
    import urllib.request

    with urllib.request.urlopen(f"{bench.ready.rest}/fapi/v1/exchangeInfo", timeout=10) as answer:  # noqa: S310  # loopback
        listed = json.load(answer)["symbols"]
    usdt = [one for one in listed if one["quoteAsset"] == "USDT" and one["contractType"] == "PERPETUAL"]
    return [_Listed(one) for one in usdt]


class _Listed:
    def __init__(self, form: dict[str, Any]) -> None:
        self.symbol = form["symbol"]
        self.filters = {one["filterType"]: one for one in form["filters"]}


def _smallest(bench: Bench, symbol: str) -> Any:
    from trueup.emulator.engine.enums import OrderType, Side
    from trueup.emulator.engine.values import OrderRequest

    listed = next(one for one in _symbols(bench) if one.symbol == symbol)
    step = Decimal(listed.filters["LOT_SIZE"]["stepSize"])
    notional = Decimal(listed.filters.get("MIN_NOTIONAL", {}).get("notional", "5"))
    ask = bench.control.book_top(symbol).ask
    quantity = max((notional * 2 / ask).quantize(step), step) + step
    return OrderRequest(symbol, Side.BUY, OrderType.MARKET, quantity=quantity)


async def expired_in_match(bench: Bench) -> Sighting:
    """BN20: self-trade prevention ends an order; the stream calls that expired, and so must the report."""
    middle = PRICES["BTCUSDT"]
    bench.control.set_market("BTCUSDT", middle - 100, middle + 100)
    ended = bench.limit("BTCUSDT", "BUY", "0.010", str(middle))
    bench.limit("BTCUSDT", "SELL", "0.010", str(middle))
    async with bench.rig() as rig:
        await rig.start(reconcile=False)
        command = GenerateOrderStatusReport(
            instrument_id=rig.instrument_id("BTCUSDT"),
            client_order_id=None,
            venue_order_id=VenueOrderId(str(ended.order_id)),
            command_id=UUID4(),
            ts_init=rig.clock.timestamp_ns(),
        )
        report = await rig.client.generate_order_status_report(command)
    told = "unknown" if report is None else report.order_status.name
    (order,) = [one for one in bench.control.orders(bench.account) if one.order_id == ended.order_id]
    return Sighting(told != "EXPIRED", f"{order.status} at the venue, {told} in the report")
