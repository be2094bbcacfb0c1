"""Experiments on what the client makes of commands, of its stream and of the clock."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, Final

from trueup.venues.binance.probe.bench import Bench, Sighting

SETTLE_SECS: Final = 2.0
"""How long a client may take to find out; ours needs a fraction of it here, a node's default settings never do."""

GAP_SECS: Final = 12.0
"""The adapter's own transport takes seconds to connect again; ours a fraction of one."""


async def _settled(rig: Any, holds: Any, secs: float = SETTLE_SECS) -> bool:
    try:
        await rig.until(holds, secs)
    except TimeoutError:
        return False
    return True


async def accepted_but_503(bench: Bench) -> Sighting:
    """BN05: the venue accepts a limit order and answers 503."""
    bench.fault({"method": "POST", "path": "/fapi/v1/order"}, {"kind": "accepted_but"})
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await _settled(rig, lambda: order.is_open or order.is_closed)
        await asyncio.sleep(0.2)
        live = len(bench.control.open_orders(bench.account, "BTCUSDT"))
        state = order.status_string()
    return Sighting(live == 1 and state != "ACCEPTED", f"{live} order live at the venue, {state} in the node")


async def outcome_unknown(bench: Bench) -> Sighting:
    """BN06: the venue accepts an order, says that it does not know (-1007), and its event is lost."""
    bench.fault({"method": "POST", "path": "/fapi/v1/order", "count": 1}, {"kind": "timeout_unknown"})
    bench.fault({"event": "ORDER_TRADE_UPDATE", "execution": "NEW"}, {"kind": "drop_event"})
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await _settled(rig, lambda: order.is_open or order.is_closed)
        live = len(bench.control.open_orders(bench.account, "BTCUSDT"))
        sent = len([one for one in bench.questions() if one.startswith("POST /fapi/v1/order")])
        state = order.status_string()
    return Sighting(
        state != "ACCEPTED" or sent != 1, f"sent {sent} times, {live} live at the venue, {state} in the node"
    )


async def stopped_in_flight(bench: Bench) -> Sighting:
    """BN07: the node stops while a submit that the venue accepted hangs."""
    bench.fault({"method": "POST", "path": "/fapi/v1/order"}, {"kind": "hang", "effect": True})
    bench.fault({"event": "ORDER_TRADE_UPDATE"}, {"kind": "drop_event"})
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await rig.until(lambda: bench.control.open_orders(bench.account, "BTCUSDT"))
        await rig.stop()
        state = order.status_string()
    return Sighting(state == "REJECTED", f"1 order live at the venue, {state} in the node's store")


async def refused_listen_key(bench: Bench) -> Sighting:
    """BN04: the stream is cut, and the first listen key is refused."""
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await rig.until(lambda: order.is_open)
        body = {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."}
        bench.fault(
            {"method": "POST", "path": "/fapi/v1/listenKey", "count": 1},
            {"kind": "respond", "status": 503, "body": body},
        )
        bench.control.cut_streams(bench.account)
        await _settled(rig, lambda: bench.control.faults()[0].hits >= 1)
        await asyncio.sleep(0.6)
        bench.control.fill(int(order.venue_order_id.value))
        heard = await _settled(rig, lambda: order.is_closed)
    return Sighting(not heard, f"a fill after the gap was {'heard' if heard else 'never heard'}")


async def lost_fill_event(bench: Bench) -> Sighting:
    """BN08: the order event of a fill is lost, the account event is not."""
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await rig.until(lambda: order.is_open)
        bench.fault({"event": "ORDER_TRADE_UPDATE", "execution": "TRADE"}, {"kind": "drop_event"})
        bench.control.fill(int(order.venue_order_id.value))
        noticed = await _settled(rig, lambda: rig.net("BTCUSDT") == Decimal("0.010"))
    return Sighting(not noticed, f"node {rig.net('BTCUSDT')}, venue {bench.position('BTCUSDT')}")


async def fills_of_a_gap(bench: Bench) -> Sighting:
    """BN09: while the stream is cut, orders on both sides fill in another order than that of their ids."""
    async with bench.rig() as rig:
        await rig.start()
        made = [rig.limit("BTCUSDT", "BUY", "0.010", f"{40_000 - 100 * n}") for n in range(4)]
        made += [rig.limit("BTCUSDT", "SELL", "0.010", f"{60_000 + 100 * n}") for n in range(4)]
        await rig.until(lambda: all(order.is_open for order in made))
        bench.fault({"event": "ORDER_TRADE_UPDATE", "execution": "TRADE"}, {"kind": "drop_event"})
        bench.fault({"event": "ACCOUNT_UPDATE"}, {"kind": "drop_event"})
        for index in (5, 2, 7, 0, 4, 3, 6, 1):
            bench.control.fill(int(made[index].venue_order_id.value))
        bench.control.clear_faults()
        bench.control.cut_streams(bench.account)
        healed = await _settled(rig, lambda: all(order.is_closed for order in made), GAP_SECS)
        applied = [event.trade_id.value for event in rig.events if type(event).__name__ == "OrderFilled"]
    applied = list(dict.fromkeys(applied))
    truth = [str(trade.trade_id) for trade in bench.control.trades(bench.account, "BTCUSDT")]
    ordered = applied == truth
    detail = "in the venue's order" if ordered else f"in the order {applied} instead of {truth}"
    return Sighting(not (healed and ordered), f"{len(applied)} of {len(truth)} fills applied {detail}")


async def silent_stream(bench: Bench) -> Sighting:
    """BN15: the connection stands, and nothing comes on it any more."""
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await rig.until(lambda: order.is_open)
        bench.fault({"event": "*"}, {"kind": "half_open"})
        bench.control.fill(int(order.venue_order_id.value))
        await asyncio.sleep(0.3)
        bench.control.clear_faults()
        heard = await _settled(rig, lambda: order.is_closed)
    return Sighting(not heard, f"the silence was {'noticed' if heard else f'not noticed within {SETTLE_SECS:g} s'}")


async def skewed_clock(bench: Bench) -> Sighting:
    """BN16: the venue's clock is eight seconds ahead of ours."""
    bench.fault({}, {"kind": "clock_skew", "skew_ms": 8_000})
    async with bench.rig() as rig:
        try:
            await rig.start(timeout_secs=SETTLE_SECS)
        except TimeoutError:
            return Sighting(faulty=True, detail="no connection: every signed request is refused with -1021")
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        accepted = await _settled(rig, lambda: order.is_open)
        return Sighting(not accepted, f"connected, and an order is {order.status_string()}")


async def cancel_of_a_filled_order(bench: Bench) -> Sighting:
    """BN18: an order fills, its event is lost, and the node cancels it."""
    async with bench.rig() as rig:
        await rig.start()
        order = rig.limit("BTCUSDT", "BUY", "0.010", "40000")
        await rig.until(lambda: order.is_open)
        bench.fault({"event": "*"}, {"kind": "drop_event"})
        bench.control.fill(int(order.venue_order_id.value))
        rig.cancel(order)
        known = await _settled(rig, lambda: order.is_closed)
        state = order.status_string()
    return Sighting(not known or state != "FILLED", f"FILLED at the venue, {state} in the node")
