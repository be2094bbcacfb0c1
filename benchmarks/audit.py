"""One audit of a node with a million fills: its store on one side, a venue's pages on the other, nothing different."""

from __future__ import annotations

import argparse
import asyncio
import bisect
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
from aiohttp import web

from benchmarks.result import Figure, Result

FILLS: Final = 1_000_000
FILLS_AN_ORDER: Final = 50
SYMBOLS: Final = 20
TRADER: Final = "BENCH-001"
ACCOUNT: Final = "BINANCE-USDT_FUTURES-master"
NS_PER_MS: Final = 1_000_000
SPAN_MS: Final = 20 * 3_600_000
"""The fills lie within the default window of a day."""
COMPARISONS: Final = 3
SECS_GOAL: Final = 5.0
MEGABYTES_GOAL: Final = 1_000.0
TIMEOUT_SECS: Final = 1_800.0


def run(quick: bool) -> Result:
    """Measure one audit, in a process of its own."""
    fills = 20_000 if quick else FILLS
    compared = [_compare(fills) for _ in range(1 if quick else COMPARISONS)]
    found = _measure(fills)
    assert found["state"] == "CLEAN", found
    assert found["fills"] == fills, found
    secs_goal, megabytes_goal = (None, None) if quick else (SECS_GOAL, MEGABYTES_GOAL)
    return Result(
        title="Audit from outside",
        measured=(
            f"One account with {fills:,} fills of {fills // FILLS_AN_ORDER:,} orders on {SYMBOLS} instruments, all"
            " closed and equal. *Comparison*: both sides' records, decoded by the auditor's own decoders, are indexed,"
            " compared field by field and given a verdict, in a process of its own; its memory holds both sides."
            " *Whole audit*: `trueup audit` as it runs: the node's store is a Valkey server with the engine's own"
            " records, the venue a process on loopback that hands out pages of 1,000 rows, and `ccxt` asks them. One"
            " look, since nothing differs; the node's side is read once before and once after the venue's, the second"
            " time only for what changed."
        ),
        excludes=(
            "The venue's latency and its limit: at 2,400 a minute, a million fills are two minutes of weight.",
            "The import of `ccxt` (about 1.5 s) and of everything else.",
            "A node whose open position has a long life: its fills are stored and read a second time.",
            "Prices, sizes and fees are few, and equal ones are shared: a fill of its own values takes twice as much.",
            "Wall time holds the time in which other processes had the processor.",
        ),
        figures=(
            Figure(
                "Comparison of the decoded records: processor time",
                "s",
                tuple(one["cpu_secs"] for one in compared),
                secs_goal,
                better="less",
            ),
            Figure("Comparison of the decoded records: wall time", "s", tuple(one["wall_secs"] for one in compared)),
            Figure(
                "Comparison: peak memory of its process, both sides' records included",
                "MB",
                tuple(one["peak_mb"] for one in compared),
                megabytes_goal,
                better="less",
            ),
            Figure("Whole audit: wall time", "s", (found["wall_secs"],)),
            Figure("Whole audit: processor time of the auditor", "s", (found["cpu_secs"],)),
            Figure("Of it, reading and decoding the node's store", "s", (found["node_secs"],)),
            Figure("Of it, reading and decoding the venue's pages", "s", (found["venue_secs"],)),
            Figure("Whole audit: processor time a fill", "us", (found["cpu_secs"] / fills * 1e6,), better="less"),
            Figure("Whole audit: peak memory of the auditor", "MB", (found["peak_mb"],)),
        ),
    )


def _measure(fills: int) -> dict[str, Any]:
    from trueup.store.embedded import EmbeddedValkey

    with tempfile.TemporaryDirectory(prefix="audit-") as directory, EmbeddedValkey.start(Path(directory)) as store:
        end_ms = int(time.time() * 1_000) - 60_000
        _fill_store(store.port, fills, end_ms)
        venue = _start("venue", fills=fills, end_ms=end_ms)
        try:
            assert venue.stdout is not None
            port = int(venue.stdout.readline())
            done = _start("auditor", fills=fills, store=store.port, venue=port)
            said, _ = done.communicate(timeout=TIMEOUT_SECS)
        finally:
            venue.terminate()
            venue.communicate()
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def _compare(fills: int) -> dict[str, Any]:
    done = _start("comparer", fills=fills, end_ms=int(time.time() * 1_000) - 60_000)
    said, _ = done.communicate(timeout=TIMEOUT_SECS)
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert (found["state"], found["fills"]) == ("CLEAN", fills), found
    return found


def _start(role: str, **terms: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.audit", role, json.dumps(terms)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


# -- the books ---------------------------------------------------------------------------------------------------------


def _symbol(number: int) -> str:
    return f"SYM{number:02d}USDT"


def _orders(fills: int, end_ms: int) -> Iterator[tuple[int, str, str, list[tuple[int, int]]]]:
    """Yield each order: number, symbol, side, and its fills by id and time; each instrument ends flat."""
    count = fills // FILLS_AN_ORDER
    for number in range(count):
        at_ms = end_ms - SPAN_MS + number * SPAN_MS // count
        first = number * FILLS_AN_ORDER + 1
        made = [(first + place, at_ms + place) for place in range(FILLS_AN_ORDER)]
        yield number + 1, _symbol(number % SYMBOLS), _side(number + 1), made


def _name(number: int) -> str:
    return f"O-20260101-000000-001-000-{number}"


def _events(number: int, symbol: str, side: str, made: list[tuple[int, int]]) -> list[bytes]:
    """Return an order's life as the engine stores it."""
    common = {
        "trader_id": TRADER,
        "strategy_id": "Bench-000",
        "instrument_id": f"{symbol}-PERP.BINANCE",
        "client_order_id": _name(number),
        "account_id": ACCOUNT,
        "event_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "reconciliation": False,
    }
    at_ns = made[0][1] * NS_PER_MS
    events: list[dict[str, Any]] = [
        {
            "type": "OrderInitialized", "order_side": side, "order_type": "LIMIT", "time_in_force": "GTC",
            "quantity": f"{FILLS_AN_ORDER}.000", "post_only": False, "reduce_only": False,
            "options": {"price": "100.10"}, "ts_event": at_ns, "ts_init": at_ns,
        },
        {"type": "OrderSubmitted", "ts_event": at_ns, "ts_init": at_ns},
        {"type": "OrderAccepted", "venue_order_id": str(number), "ts_event": at_ns, "ts_init": at_ns},
    ]  # fmt: skip
    events += [
        {
            "type": "OrderFilled", "venue_order_id": str(number), "trade_id": str(trade), "order_side": side,
            "order_type": "LIMIT", "last_qty": "1.000", "last_px": "100.10", "currency": "USDT",
            "commission": "0.02002000 USDT", "liquidity_side": "MAKER",
            "position_id": f"{symbol}-PERP.BINANCE-Bench-000", "ts_event": time_ms * NS_PER_MS,
            "ts_init": time_ms * NS_PER_MS, "info": b"",
        }
        for trade, time_ms in made
    ]  # fmt: skip
    return [msgspec.msgpack.encode({**common, **event}) for event in events]


def _fill_store(port: int, fills: int, end_ms: int) -> None:
    import redis

    client = redis.Redis(port=port)
    pipe = client.pipeline(transaction=False)
    root = f"trader-{TRADER}:"
    for number, symbol, side, made in _orders(fills, end_ms):
        name = _name(number)
        events = _events(number, symbol, side, made)
        pipe.rpush(f"{root}orders:{name}", *events)
        pipe.sadd(f"{root}index:orders", name)
        if number % 200 == 0:
            pipe.execute()
    state = {"type": "AccountState", "account_id": ACCOUNT, "balances": [], "ts_event": (end_ms - SPAN_MS) * NS_PER_MS}
    pipe.rpush(f"{root}accounts:{ACCOUNT}", msgspec.msgpack.encode(state))
    pipe.execute()


# -- the venue ---------------------------------------------------------------------------------------------------------


def _side(number: int) -> str:
    return "BUY" if (number - 1) // SYMBOLS % 2 == 0 else "SELL"


def _order_row(symbol: str, time_ms: int, order: int, _: int) -> dict[str, Any]:
    size = f"{FILLS_AN_ORDER}.000"
    return {
        "orderId": order, "symbol": symbol, "status": "FILLED", "type": "LIMIT", "side": _side(order),
        "price": "100.10", "origQty": size, "executedQty": size, "avgPrice": "100.10", "timeInForce": "GTC",
        "stopPrice": "0", "clientOrderId": _name(order), "positionSide": "BOTH",
        "reduceOnly": False, "time": time_ms, "updateTime": time_ms + FILLS_AN_ORDER - 1,
    }  # fmt: skip


def _trade_row(symbol: str, time_ms: int, trade: int, order: int) -> dict[str, Any]:
    return {
        "symbol": symbol, "id": trade, "orderId": order, "side": _side(order), "price": "100.10", "qty": "1.000",
        "realizedPnl": "0", "quoteQty": "100.10000", "commission": "0.02002000", "commissionAsset": "USDT",
        "time": time_ms, "positionSide": "BOTH", "buyer": _side(order) == "BUY", "maker": True,
    }  # fmt: skip


def serve_venue(fills: int, end_ms: int) -> None:
    """Hand out the books as Binance does: pages by time or id, oldest first."""
    trades: dict[str, list[tuple[int, int, int]]] = {_symbol(number): [] for number in range(SYMBOLS)}
    orders: dict[str, list[tuple[int, int, int]]] = {_symbol(number): [] for number in range(SYMBOLS)}
    for number, symbol, _, made in _orders(fills, end_ms):
        orders[symbol].append((made[0][1], number, number))
        trades[symbol] += [(time_ms, trade, number) for trade, time_ms in made]

    async def listed(request: web.Request) -> web.Response:
        asked = request.query
        is_trades = request.path.endswith("userTrades")
        rows = (trades if is_trades else orders)[asked["symbol"]]
        since = next((int(asked[name]) for name in ("fromId", "orderId") if name in asked), None)
        if since is None:
            start = bisect.bisect_left(rows, (int(asked["startTime"]), 0, 0))
            end = bisect.bisect_left(rows, (int(asked["endTime"]) + 1, 0, 0))
        else:
            start, end = bisect.bisect_left(rows, since, key=lambda row: row[1]), len(rows)
        page = rows[start : min(end, start + int(asked["limit"]))]
        make = _trade_row if is_trades else _order_row
        return web.Response(
            body=orjson.dumps([make(asked["symbol"], *row) for row in page]), content_type="application/json"
        )

    async def clock(_: web.Request) -> web.Response:
        return web.json_response({"serverTime": int(time.time() * 1_000)})

    async def nothing(_: web.Request) -> web.Response:
        return web.json_response([])

    async def account(_: web.Request) -> web.Response:
        return web.json_response({"assets": []})

    async def payments(_: web.Request) -> web.Response:
        return web.json_response([{"symbol": symbol, "time": end_ms, "tranId": 1} for symbol in trades])

    app = web.Application()
    app.router.add_get("/fapi/v1/time", clock)
    app.router.add_get("/fapi/v1/userTrades", listed)
    app.router.add_get("/fapi/v1/allOrders", listed)
    app.router.add_get("/fapi/v1/income", payments)
    app.router.add_get("/fapi/v3/account", account)
    for path in ("/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders", "/fapi/v3/positionRisk"):
        app.router.add_get(path, nothing)

    async def ready(_: web.Application) -> None:
        print(runner_port[0], flush=True)

    import socket

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    runner_port = [listener.getsockname()[1]]
    app.on_startup.append(ready)
    web.run_app(app, sock=listener, print=None)


# -- the auditor -------------------------------------------------------------------------------------------------------


def compare_only(fills: int, end_ms: int) -> dict[str, Any]:
    """Compare both sides' records, decoded before, and return what that took."""
    from trueup.core.diff import compare
    from trueup.model.coverage import Coverage
    from trueup.model.fills import FillRecord
    from trueup.model.orders import OrderRecord
    from trueup.model.snapshots import NodeSnapshot, VenueSnapshot
    from trueup.model.verdicts import verdict_of
    from trueup.store.fold_orders import fold_order
    from trueup.store.redis_decode import decode_event
    from trueup.venues.ccxt_binance import SymbolNames, fill_record, order_record

    names = SymbolNames("BINANCE")
    venue_orders, venue_fills = [], []
    node_orders: list[OrderRecord] = []
    node_fills: list[FillRecord] = []
    for number, symbol, side, made in _orders(fills, end_ms):
        venue_orders.append(order_record(_order_row(symbol, made[0][1], number, number), names))
        venue_fills += [fill_record(_trade_row(symbol, at_ms, trade, number), names) for trade, at_ms in made]
        stored = fold_order([decode_event(event) for event in _events(number, symbol, side, made)], position_id=None)
        node_orders.append(stored.record)
        node_fills += stored.fills
    now_ns = (end_ms + 60_000) * NS_PER_MS
    reading: dict[str, Any] = {"account_id": ACCOUNT, "started_ns": now_ns, "ended_ns": now_ns}
    reading["coverage"] = Coverage.full(now_ns)
    wall, cpu = time.perf_counter(), time.process_time()
    venue = VenueSnapshot(**reading, orders=tuple(venue_orders), fills=tuple(venue_fills))
    node = NodeSnapshot(**reading, orders=tuple(node_orders), fills=tuple(node_fills), known_from_ns=0)
    found = compare(venue, node)
    verdict = verdict_of(account_id=ACCOUNT, time_ns=now_ns, coverage=venue.coverage, discrepancies=found.discrepancies)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "state": str(verdict.state),
        "fills": len(venue.fill_by_key),
        "wall_secs": wall,
        "cpu_secs": cpu,
        "peak_mb": _peak_mb(),
    }


async def audit(store: int, venue: int) -> dict[str, Any]:
    """Audit once and return what it took."""
    import ccxt.async_support  # noqa: F401 - its import is no part of what is measured

    from trueup.audit.account import AccountAuditor
    from trueup.audit.node_store import RedisNode
    from trueup.audit.rules import AuditRules
    from trueup.store.connection import StoreAddress
    from trueup.store.redis_keys import StoreKeys
    from trueup.venues.ccxt_binance import SymbolNames
    from trueup.venues.ccxt_client import CcxtClient, CcxtSettings
    from trueup.venues.ccxt_reader import CcxtBinanceReader

    settings = CcxtSettings(
        exchange="binanceusdm",
        address=f"http://127.0.0.1:{venue}",
        api_key="key",
        api_secret="secret",
        weight_per_minute=10**9,
        weight_share=1.0,
    )
    node = RedisNode(StoreAddress(port=store), StoreKeys(TRADER), "BINANCE")
    reader = CcxtBinanceReader(CcxtClient(settings), SymbolNames("BINANCE"))
    auditor = AccountAuditor("bench", "binanceusdm", reader, node, AuditRules(timeout_secs=TIMEOUT_SECS))
    secs = {"node": 0.0, "venue": 0.0}
    read_node, read_venue = node.read, reader.read

    def timed_node(known_from: Any) -> Any:
        began = time.process_time()
        read = read_node(known_from)
        secs["node"] += time.process_time() - began
        return read

    async def timed_venue(question: Any) -> Any:
        began = time.process_time()
        read = await read_venue(question)
        secs["venue"] += time.process_time() - began
        return read

    node.read, reader.read = timed_node, timed_venue  # type: ignore[method-assign]  # the meter
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = await auditor.audit()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    await auditor.close()
    result = outcome.result
    return {
        "state": result.state,
        "fills": result.fills_venue,
        "looks": result.looks,
        "unknowns": list(result.unknowns),
        "wall_secs": wall,
        "cpu_secs": cpu,
        "node_secs": secs["node"],
        "venue_secs": secs["venue"],
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    """Return the peak resident memory of this process; ``getrusage`` would tell its parent's, where that is more."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1_024


def main() -> None:
    """Play one of the parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=("venue", "auditor", "comparer"))
    parser.add_argument("terms", type=json.loads)
    asked = parser.parse_args()
    if asked.role == "venue":
        serve_venue(asked.terms["fills"], asked.terms["end_ms"])
    elif asked.role == "comparer":
        print(json.dumps(compare_only(asked.terms["fills"], asked.terms["end_ms"])), flush=True)
    else:
        print(json.dumps(asyncio.run(audit(asked.terms["store"], asked.terms["venue"]))), flush=True)


if __name__ == "__main__":
    main()
