"""One audit of a node with a million fills: its store on one side, a venue's pages on the other, nothing different."""

from __future__ import annotations

import argparse
import asyncio
import bisect
import json
import resource
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
SECS_GOAL: Final = 5.0
MEGABYTES_GOAL: Final = 1_000.0
TIMEOUT_SECS: Final = 1_800.0


def run(quick: bool) -> Result:
    """Measure one audit, in a process of its own."""
    fills = 20_000 if quick else FILLS
    found = _measure(fills)
    assert found["state"] == "CLEAN", found
    assert found["fills"] == fills, found
    return Result(
        title="Audit from outside",
        measured=(
            f"`trueup audit` of one account with {fills:,} fills of {fills // FILLS_AN_ORDER:,} orders on {SYMBOLS}"
            " instruments, all closed and equal: the node's store is a Valkey server with the engine's own records, the"
            " venue a process on loopback that hands out pages of 1,000 rows; `ccxt` asks them. One look, since nothing"
            " differs."
        ),
        excludes=(
            "The venue's latency and its limit: at 2,400 a minute, a million fills are two minutes of weight.",
            "The import of `ccxt` (about 1.5 s) and of everything else.",
            "A node whose open position has a long life: its fills are stored and read a second time.",
            "Wall time holds the time in which other processes had the processor.",
        ),
        figures=(
            Figure("Audit: wall time", "s", (found["wall_secs"],), SECS_GOAL if not quick else None, better="less"),
            Figure("Audit: processor time of the auditor", "s", (found["cpu_secs"],)),
            Figure("Audit: processor time a fill", "us", (found["cpu_secs"] / fills * 1e6,), better="less"),
            Figure(
                "Audit: peak memory of the auditor",
                "MB",
                (found["peak_mb"],),
                MEGABYTES_GOAL if not quick else None,
                better="less",
            ),
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


def _fill_store(port: int, fills: int, end_ms: int) -> None:
    import redis

    client = redis.Redis(port=port)
    pipe = client.pipeline(transaction=False)
    root = f"trader-{TRADER}:"
    for number, symbol, side, made in _orders(fills, end_ms):
        name = f"O-20260101-000000-001-000-{number}"
        common = {
            "trader_id": TRADER,
            "strategy_id": "Bench-000",
            "instrument_id": f"{symbol}-PERP.BINANCE",
            "client_order_id": name,
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
        pipe.rpush(f"{root}orders:{name}", *(msgspec.msgpack.encode({**common, **event}) for event in events))
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
        "stopPrice": "0", "clientOrderId": f"O-20260101-000000-001-000-{order}", "positionSide": "BOTH",
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
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024,
    }


def main() -> None:
    """Play one of the parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=("venue", "auditor"))
    parser.add_argument("terms", type=json.loads)
    asked = parser.parse_args()
    if asked.role == "venue":
        serve_venue(asked.terms["fills"], asked.terms["end_ms"])
    else:
        print(json.dumps(asyncio.run(audit(asked.terms["store"], asked.terms["venue"]))), flush=True)


if __name__ == "__main__":
    main()
