"""Start-up against an emulated venue with latency: the adapter's own client beside the hardened one, in the same run.

    python benchmarks/binance_startup.py [--symbols 50 200] [--latency-ms 20 100] [--json]

Each symbol holds a position and a working order. Measured from the first request of the connection to the end of the
engine's own reconciliation; imports and the emulator's start are not in it. Figures are of one machine; what
carries over is the ratio of the two clients.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
import urllib.request
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import Bench
from trueup.venues.binance.settings import HardeningSettings

START_SECS_MAX = 400.0
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One start-up: how long, how many requests, what weight, and how much of it in the worst minute."""

    client: str
    symbols: int
    latency_ms: int
    seconds: float
    requests: int
    weight: int
    weight_worst_minute: int
    refused: int
    questions_put_twice: int
    succeeded: bool
    positions_right: bool


def listed(bench: Bench) -> list[dict[str, Any]]:
    """Return the venue's perpetuals in USDT."""
    with urllib.request.urlopen(f"{bench.ready.rest}/fapi/v1/exchangeInfo", timeout=10) as answer:
        symbols = json.load(answer)["symbols"]
    return [one for one in symbols if one["quoteAsset"] == "USDT" and one["contractType"] == "PERPETUAL"]


def trade(bench: Bench, form: dict[str, Any]) -> None:
    """Open a small position in a symbol and leave a working order far from the market."""
    filters = {one["filterType"]: one for one in form["filters"]}
    step, tick = Decimal(filters["LOT_SIZE"]["stepSize"]), Decimal(filters["PRICE_FILTER"]["tickSize"])
    notional = Decimal(filters.get("MIN_NOTIONAL", {}).get("notional", "5")) * 3
    top = bench.control.book_top(form["symbol"])
    quantity = max((notional / top.bid).quantize(step), step) + step
    price = ((top.bid * Decimal("0.97")) / tick).to_integral_value() * tick
    bench.control.place_order(
        bench.account, OrderRequest(form["symbol"], Side.BUY, OrderType.MARKET, quantity=quantity)
    )
    bench.control.place_order(
        bench.account,
        OrderRequest(
            form["symbol"], Side.BUY, OrderType.LIMIT, time_in_force=TimeInForce.GTC, quantity=quantity, price=price
        ),
    )


def wait_for_fresh_minute(bench: Bench) -> None:
    """Wait until a minute has just begun, so that the worst minute is that of the start-up itself."""
    into_ms = bench.control.clock().now_ms % MINUTE_MS
    if into_ms > 20_000:
        time.sleep((MINUTE_MS - into_ms + 300) / 1_000)
    bench.control.forgive_limits()


async def start_up(emulator: EmulatorProcess, symbols: int, latency_ms: int, *, hardened: bool) -> Figure:
    """Measure one start-up."""
    bench = Bench(emulator, hardened=hardened, settings=HardeningSettings())
    bench.control.deposit(bench.account, Decimal(10_000_000))
    forms = listed(bench)[:symbols]
    if len(forms) < symbols:
        raise SystemExit(f"the emulator lists {len(forms)} perpetuals in USDT, {symbols} were asked for")
    for form in forms:
        trade(bench, form)
    wait_for_fresh_minute(bench)
    bench.control.clear_requests()
    bench.fault({}, {"kind": "delay", "delay_ms": latency_ms})
    names = tuple(form["symbol"] for form in forms)
    async with bench.rig(symbols=names) as rig:
        begun = time.perf_counter()
        succeeded = await rig.start(timeout_secs=START_SECS_MAX)
        seconds = time.perf_counter() - begun
        right = all(rig.net(name) == bench.position(name) for name in names)
        entries = bench.control.requests(limit=20_000)
        history = [one for one in bench.questions() if one.startswith("GET") and "symbol=" in one]
    by_minute: dict[int, int] = {}
    for entry in entries:
        by_minute[entry.time_ms // MINUTE_MS] = by_minute.get(entry.time_ms // MINUTE_MS, 0) + entry.weight
    return Figure(
        client="hardened" if hardened else "adapter",
        symbols=symbols,
        latency_ms=latency_ms,
        seconds=round(seconds, 3),
        requests=len(entries),
        weight=sum(entry.weight for entry in entries),
        weight_worst_minute=max(by_minute.values(), default=0),
        refused=sum(entry.status in (418, 429) for entry in entries),
        questions_put_twice=len(history) - len(set(history)),
        succeeded=succeeded,
        positions_right=right,
    )


def main() -> None:
    """Run every combination and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--latency-ms", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--hardened-only", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: list[Figure] = []
    with EmulatorProcess() as emulator:
        emulator.control.pause_market()
        for symbols in options.symbols:
            for latency_ms in options.latency_ms:
                for hardened in (True,) if options.hardened_only else (True, False):
                    figure = asyncio.run(start_up(emulator, symbols, latency_ms, hardened=hardened))
                    figures.append(figure)
                    if not options.json:
                        print(
                            f"{figure.client:9} {symbols:4} symbols {latency_ms:4} ms  {figure.seconds:8.2f} s "
                            f"{figure.requests:5} requests  weight {figure.weight:5} "
                            f"(worst minute {figure.weight_worst_minute:5})  {figure.refused} refused  "
                            f"{figure.questions_put_twice} put twice  positions right: {figure.positions_right}",
                            flush=True,
                        )
                if not options.json and not options.hardened_only:
                    print(f"{'':9} {figures[-1].seconds / figures[-2].seconds:.1f} times as long with the adapter")
    if options.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))


if __name__ == "__main__":
    main()
