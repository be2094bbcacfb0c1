"""Starts of whole nodes on an emulated Binance with latency: native, the hardened client alone, and verified."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from benchmarks.node.process import live
from benchmarks.result import Figure, Result
from trueup.emulator.engine.enums import OrderType, Side
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe.bench import Bench

MINUTE_MS: Final = 60_000
FRESH_MS: Final = {20: 45_000, 100: 12_000}
"""How late in a minute a start of each latency may begin to have the rest of it to itself, imports included."""
SYNTHETIC: Final = 260
"""Beside the emulator's 250 real perpetuals in USDT."""
FEW, MANY, PACED = 50, 200, 500
FEW_MS, MANY_MS = 20, 100
FEW_SECS_GOAL: Final = 1.0
MANY_SECS_GOAL: Final = 5.0
WEIGHT_GOAL: Final = 2_400.0
REPETITIONS: Final = 5
REPETITIONS_NATIVE: Final = 2

NATIVE, CLIENT, VERIFIED = "native", "client", "verified"
KINDS: Final = {
    NATIVE: {"hardened": False, "verified": False},
    CLIENT: {"hardened": True, "verified": False},
    VERIFIED: {"hardened": True, "verified": True},
}
WORDS: Final = {
    NATIVE: "the adapter's own client",
    CLIENT: "the hardened client, the engine's own reconciliation",
    VERIFIED: "the hardened client, verified",
}


@dataclass(frozen=True, slots=True)
class Start:
    """One start: what the node says it took, and what the venue's request log says of it."""

    secs: float
    connect_secs: float
    cpu_secs: float
    requests: int
    weight_worst_minute: int
    refused: int
    equal: bool


def run(quick: bool) -> Result:
    """Measure every kind at both sizes, in turn, and the paced one alone."""
    few, many, paced = (6, 12, 24) if quick else (FEW, MANY, PACED)
    starts: dict[tuple[str, int], list[Start]] = {}
    with EmulatorProcess(settings={"synthetic_symbols": SYNTHETIC}) as emulator:
        emulator.control.pause_market()
        for symbols, latency_ms in ((few, FEW_MS), (many, MANY_MS)):
            for repetition in range(1 if quick else REPETITIONS):
                for kind in KINDS:
                    if kind != NATIVE or repetition < REPETITIONS_NATIVE:
                        found = start(emulator, kind, symbols, latency_ms)
                        starts.setdefault((kind, symbols), []).append(found)
        starts[VERIFIED, paced] = [start(emulator, VERIFIED, paced, FEW_MS)]
    return Result(
        title="Binance start-up",
        measured=(
            "A `TradingNode` with a data and an execution client, in a process of its own, on the venue emulator "
            "in another; every answer of the venue is delayed by the latency. Each symbol holds a position and a "
            "working order; the node's cache is empty and has no store. The time runs from the call of "
            "`run_async` on a built node until its trader runs: it holds the connection (the venue's clock, what "
            "it lists, the user stream, account, leverage, position mode), the reading of working orders, "
            "positions, and every symbol's orders and fills, and the engine's booking of them. A verified start "
            "holds beyond that the comparison, the plan, its application, and the whole second look that ends in "
            "CLEAN. Each start has a minute of the venue's weight to itself; kinds take turns on the same machine "
            "in the same run."
        ),
        excludes=(
            "Imports, building the node, and stopping it.",
            "Latency of the user stream's handshake, and of TLS: the emulator delays answers to requests alone.",
            "The emulator shares the machine's cores, and renders each answer while the node waits.",
            (
                f"The table of the emulator has 250 perpetuals in USDT; for {PACED} symbols it lists {SYNTHETIC}"
                " synthetic ones beside them."
            ),
            (
                "Times of the adapter's own client are those of a start that asks less: it leaves fills out, and above"
                " about 190 symbols the venue refuses part of it and it goes on with what it has."
            ),
        ),
        figures=tuple(_figures(starts, few, many, paced)),
    )


def start(emulator: EmulatorProcess, kind: str, symbols: int, latency_ms: int) -> Start:
    """Measure one start, on an account of its own."""
    bench = Bench(emulator, hardened=bool(KINDS[kind]["hardened"]))
    bench.control.deposit(bench.account, Decimal(10_000_000))
    forms = listed(bench)[:symbols]
    assert len(forms) == symbols, f"the emulator lists {len(forms)} perpetuals in USDT"
    for form in forms:
        trade(bench, form)
    wait_for_fresh_minute(bench, FRESH_MS[MANY_MS if symbols > FEW else latency_ms])
    bench.control.clear_requests()
    bench.control.add_fault({"match": {}, "action": {"kind": "delay", "delay_ms": latency_ms}})
    names = [form["symbol"] for form in forms]
    found = live("binance", ready=asdict(bench.ready), symbols=names, **KINDS[kind])
    entries = bench.control.requests(limit=20_000)
    by_minute: dict[int, int] = {}
    for entry in entries:
        by_minute[entry.time_ms // MINUTE_MS] = by_minute.get(entry.time_ms // MINUTE_MS, 0) + entry.weight
    held = {f"{name}-PERP.BINANCE": bench.position(name) for name in names}
    nets = {name: Decimal(net) for name, net in found["nets"].items()}
    if kind == VERIFIED:
        assert found["verdict"] == "CLEAN", found
    return Start(
        secs=found["started"]["wall_secs"],
        connect_secs=found["connected"]["wall_secs"],
        cpu_secs=found["started"]["cpu_secs"],
        requests=len(entries),
        weight_worst_minute=max(by_minute.values(), default=0),
        refused=sum(entry.status in (418, 429) for entry in entries),
        equal=found["trading"] and nets == held and found["orders"] == symbols,
    )


def listed(bench: Bench) -> list[dict[str, Any]]:
    """Return the venue's perpetuals in USDT."""
    with urllib.request.urlopen(f"{bench.ready.rest}/fapi/v1/exchangeInfo", timeout=10) as answer:
        symbols = json.load(answer)["symbols"]
    return [one for one in symbols if one["quoteAsset"] == "USDT" and one["contractType"] == "PERPETUAL"]


def trade(bench: Bench, form: dict[str, Any]) -> None:
    """Open a small position in a symbol and leave a working order far from the market."""
    filters = {one["filterType"]: one for one in form["filters"]}
    step, tick = Decimal(filters["LOT_SIZE"]["stepSize"]), Decimal(filters["PRICE_FILTER"]["tickSize"])
    notional = Decimal(filters["MIN_NOTIONAL"]["notional"]) * 3
    bid = bench.control.book_top(form["symbol"]).bid
    quantity = (notional / bid // step) * step + step
    price = bid * Decimal("0.97") // tick * tick
    symbol = form["symbol"]
    bench.control.place_order(bench.account, OrderRequest(symbol, Side.BUY, OrderType.MARKET, quantity=quantity))
    bench.limit(symbol, "BUY", str(quantity), str(price))


def wait_for_fresh_minute(bench: Bench, latest_ms: int) -> None:
    """Wait until a minute has just begun, so that the worst minute is that of the start-up itself."""
    into_ms = bench.control.clock().now_ms % MINUTE_MS
    if into_ms > latest_ms:
        time.sleep((MINUTE_MS - into_ms + 300) / 1_000)
    bench.control.forgive_limits()


def _figures(starts: dict[tuple[str, int], list[Start]], few: int, many: int, paced: int) -> list[Figure]:
    figures: list[Figure] = []
    for symbols, latency_ms, goal in ((few, FEW_MS, FEW_SECS_GOAL), (many, MANY_MS, MANY_SECS_GOAL)):
        what = f"{symbols} symbols, {latency_ms} ms"
        for kind in (VERIFIED, CLIENT, NATIVE):
            figures += _of(f"{what}, {WORDS[kind]}", starts[kind, symbols], goal if kind == VERIFIED else None)
        native = starts[NATIVE, symbols]
        slowest = max(one.secs for one in starts[VERIFIED, symbols])
        ratios = tuple(one.secs / slowest for one in native)
        figures.append(Figure(f"{what}: native takes, of the slowest verified start", "times", ratios))
        client_secs = max(one.secs for one in starts[CLIENT, symbols])
        ratios = tuple(one.secs / client_secs for one in native)
        figures.append(Figure(f"{what}: native takes, of the slowest start with the hardened client", "times", ratios))
    return figures + _of(f"{paced} symbols, {FEW_MS} ms, {WORDS[VERIFIED]}", starts[VERIFIED, paced], None)


def _of(what: str, starts: list[Start], goal: float | None) -> list[Figure]:
    connect = max(one.connect_secs for one in starts)
    equal = sum(one.equal for one in starts)
    note = f"connection up to {connect:.2f} s; positions and working orders right in {equal} of {len(starts)}"
    requests = f"{max(one.requests for one in starts):,} requests"
    refused = tuple(float(one.refused) for one in starts)
    return [
        Figure(f"{what}: start", "s", tuple(one.secs for one in starts), goal, better="less", note=note),
        Figure(f"{what}: processor time of the node", "s", tuple(one.cpu_secs for one in starts), better="less"),
        Figure(
            f"{what}: weight, worst minute",
            "",
            tuple(float(one.weight_worst_minute) for one in starts),
            WEIGHT_GOAL,
            better="less",
            note=requests,
        ),
        Figure(f"{what}: refused with 429 or 418", "requests", refused, better="less"),
    ]
