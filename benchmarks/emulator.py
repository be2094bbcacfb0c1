"""The venue emulator: orders and events a second on one core, reads over a long history, memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.result import Figure, Result
from trueup.emulator import EmulatorProcess
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.values import OrderRequest

CONNECTIONS: Final = 8
PLACING_SECS: Final = 3.0
REPETITIONS: Final = 5
EVENT_SYMBOLS: Final = 20
HISTORY_ORDERS: Final = 100_000
HISTORY_SYMBOLS: Final = 200
READS: Final = 500
PLACEMENTS_GOAL: Final = 1_500.0
EVENTS_GOAL: Final = 5_000.0
READ_P99_MS_GOAL: Final = 10.0

# Name, path and parameters; `symbol` and `start_ms` are drawn for each request.
READ_ENDPOINTS: Final = (
    ("allOrders, newest page of 500", "/fapi/v1/allOrders", "symbol={symbol}&limit=500"),
    ("userTrades, newest page of 500", "/fapi/v1/userTrades", "symbol={symbol}&limit=500"),
    ("openOrders, all symbols", "/fapi/v1/openOrders", ""),
    ("positionRisk, all symbols", "/fapi/v3/positionRisk", ""),
    ("account", "/fapi/v3/account", ""),
)
LONG_ENDPOINTS: Final = (
    ("allOrders, newest page of 1,000", "/fapi/v1/allOrders", "symbol={symbol}&limit=1000"),
    ("userTrades, newest page of 1,000", "/fapi/v1/userTrades", "symbol={symbol}&limit=1000"),
    ("allOrders, page of 1,000 anywhere", "/fapi/v1/allOrders", "symbol={symbol}&limit=1000&startTime={start_ms}"),
    ("userTrades, page of 1,000 anywhere", "/fapi/v1/userTrades", "symbol={symbol}&limit=1000&startTime={start_ms}"),
)
# The venue's limits are counted but out of the way: refusals are not what is measured.
UNLIMITED: Final = {"weight_per_minute": 10**9, "orders_per_ten_secs": 10**9, "orders_per_minute": 10**9}


def run(quick: bool) -> Result:
    """Measure in memory and with a durable state."""
    repetitions = 1 if quick else REPETITIONS
    figures: list[Figure] = []
    for durable in (False, True):
        where = ", durable" if durable else ""
        for kind, goal, words in (
            ("limit", PLACEMENTS_GOAL, "Resting limit orders placed"),
            ("market", None, "Market orders placed and filled"),
        ):
            found = [_place(kind, durable=durable, secs=1.0 if quick else PLACING_SECS) for _ in range(repetitions)]
            figures += _rates(words + where, "orders", found, goal)
        found = [_hear(durable=durable, symbols=4 if quick else EVENT_SYMBOLS) for _ in range(repetitions)]
        figures += _rates("Events of fills, heard by one client" + where, "events", found, EVENTS_GOAL)
    for durable in (False, True):
        figures += _history(durable=durable, quick=quick)
    return Result(
        title="Venue emulator",
        measured=(
            f"One emulator process pinned to one core, the load generator pinned to another. Orders: signed with HMAC,"
            f" {CONNECTIONS} keep-alive connections with an account each, one request in flight per connection; limit"
            " orders rest and are cancelled every 150 (the time of cancelling counts, the cancellations do not)."
            f" Events: 150 working orders on each of {EVENT_SYMBOLS} symbols are filled by moving the market; each fill"
            " tells three events; the clock runs from the first move to the last event read. Reads: one request at a"
            f" time over {HISTORY_ORDERS:,} historical orders with their trades on {HISTORY_SYMBOLS} symbols, all of"
            f" them with an open position and a working order; percentiles of {READS} requests per endpoint, by the"
            " clock and, beside them, of the processor time that the server used for each. *Newest* pages are the same"
            " page again and again, as a monitor reads them, of random symbols where there are many; pages *anywhere*"
            " begin at a random moment of five days, so that nearly none is read twice."
            " *Durable* is with `--state`: no answer and no event leaves before its record is synced to disk."
        ),
        excludes=(
            (
                "Loopback only: no network, no TLS. The load generator's own time is inside every rate. Reads are sent"
                " and received by one blocking socket of another process, and signed before the clock runs."
            ),
            "The server keeps pages that cannot change any more, up to 16 MiB, and positions as long as they stand.",
            (
                "*Per second of the server's CPU* divides by the processor time that the server used, not by the clock:"
                " what a core of its own would give. A core that shares its caches with other work counts as a core."
            ),
            "The venue's weights and order counts are counted, but their limits are set out of reach.",
            "One symbol's book in the placements; the random walk stands still.",
            "The disk of durable figures is the temporary directory's.",
        ),
        figures=tuple(figures),
    )


def _rates(words: str, what: str, found: list[dict[str, float]], goal: float | None) -> list[Figure]:
    return [
        Figure(words, f"{what}/s", tuple(each["per_sec"] for each in found), goal),
        Figure(
            f"{words}, per second of the server's CPU", f"{what}/s", tuple(each["per_cpu_sec"] for each in found), goal
        ),
    ]


# --- the two processes ------------------------------------------------------------------------------------------------


def _cores() -> tuple[int, int] | None:
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else None


@contextmanager
def _emulator(*, durable: bool) -> Iterator[EmulatorProcess]:
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as directory:
        state = Path(directory) / "state" if durable else None
        with EmulatorProcess(state=state, settings={"limits": UNLIMITED}) as process:
            cores = _cores()
            if cores is not None:
                for thread in Path(f"/proc/{process.pid}/task").iterdir():
                    os.sched_setaffinity(int(thread.name), {cores[0]})
            process.control.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
            yield process
            assert process.control.health().internal_errors == 0
            process.control.check_invariants()


def _load(process: EmulatorProcess, task: str, **work: Any) -> Any:
    cores = _cores()
    ready = process.ready
    work |= {"task": task, "core": cores[1] if cores else None, "pid": process.pid}
    work |= {"rest": ready.rest, "stream": ready.stream, "control": ready.control}
    client = "emulator_reads" if task == "read" else "emulator_load"
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{client}", json.dumps(work)],
        stdout=subprocess.PIPE,
        check=True,
        timeout=600,
    )
    return json.loads(done.stdout)


def _account(process: EmulatorProcess, name: str) -> dict[str, str]:
    deposits = {"USDT": Decimal(10**9), "USDC": Decimal(10**9)}
    settings = AccountSettings(name, api_key=name.ljust(64, "k"), secret="s" * 64, deposits=deposits)
    process.control.create_account(settings)
    return {"api_key": settings.api_key, "secret": settings.secret}


# --- what is measured -------------------------------------------------------------------------------------------------


def _place(kind: str, *, durable: bool, secs: float) -> dict[str, float]:
    with _emulator(durable=durable) as process:
        accounts = [_account(process, f"trader-{number}") for number in range(CONNECTIONS)]
        found: dict[str, float] = _load(process, "place", kind=kind, accounts=accounts, secs=secs)
        return found


def _hear(*, durable: bool, symbols: int) -> dict[str, float]:
    with _emulator(durable=durable) as process:
        account = _account(process, "listener")
        found: dict[str, float] = _load(process, "hear", accounts=[account], symbols=_symbols(process, symbols))
        return found


def _symbols(process: EmulatorProcess, count: int) -> list[dict[str, Any]]:
    """Return symbols with a price one per cent below the market where a buy order waits, and where it then fills."""
    with urllib.request.urlopen(f"{process.ready.rest}/fapi/v1/exchangeInfo") as answer:
        listed: list[dict[str, Any]] = json.load(answer)["symbols"]
    found: list[dict[str, Any]] = []
    for rules in listed[:count]:
        filters = {each["filterType"]: each for each in rules["filters"]}
        tick, step = Decimal(filters["PRICE_FILTER"]["tickSize"]), Decimal(filters["LOT_SIZE"]["stepSize"])
        bid = process.control.book_top(rules["symbol"]).bid
        price = (bid * Decimal("0.99") / tick).to_integral_value() * tick
        quantity = (Decimal(filters["MIN_NOTIONAL"]["notional"]) * 2 / price / step).to_integral_value() * step + step
        where = {"price": price, "quantity": quantity, "to_bid": price - 3 * tick, "to_ask": price - 2 * tick}
        found.append({"symbol": rules["symbol"], **{name: format(value, "f") for name, value in where.items()}})
    return found


def _history(*, durable: bool, quick: bool) -> list[Figure]:
    where = ", durable" if durable else ""
    orders, times = (5_000, 50) if quick else (HISTORY_ORDERS, READS)
    with _emulator(durable=durable) as process:
        account, long_account = _account(process, "wide"), _account(process, "long")
        symbols = _symbols(process, HISTORY_SYMBOLS)
        names = [symbol["symbol"] for symbol in symbols]
        before = _resident_mib(process.pid)
        process.control.load_history("wide", orders, symbols=tuple(names))
        memory = (_resident_mib(process.pid) - before) * HISTORY_ORDERS / orders
        process.control.load_history("long", orders, symbols=("BTCUSDT",))
        _open_everywhere(process, "wide", symbols)
        common: dict[str, Any] = {"times": times}
        found = _load(process, "read", reads=READ_ENDPOINTS, accounts=[account], symbols=names, **common)
        long = _load(process, "read", reads=LONG_ENDPOINTS, accounts=[long_account], symbols=["BTCUSDT"], **common)
    figures: list[Figure] = []
    for spread, measured in ((f"over {HISTORY_SYMBOLS} symbols", found), ("on one symbol", long)):
        for name, each in measured.items():
            words = f"{name}; {orders:,} orders {spread}{where}"
            for rank in ("p50", "p99"):
                note = f"{each[f'cpu_{rank}']:.1f} ms of the server's CPU"
                if rank == "p50":
                    note += f", up to {each['bytes_max'] / 1_024:,.0f} KiB"
                goal = READ_P99_MS_GOAL if rank == "p99" else None
                figures.append(Figure(f"{words}: {rank}", "ms", (each[rank],), goal, better="less", note=note))
    words = f"Resident memory per {HISTORY_ORDERS:,} historical orders with their trades{where}"
    figures.append(Figure(words, "MiB", (memory,), better="less"))
    return figures


def _open_everywhere(process: EmulatorProcess, account_id: str, symbols: list[dict[str, Any]]) -> None:
    """Give each symbol a position and a working order."""
    for each in symbols:
        quantity, price = Decimal(each["quantity"]), Decimal(each["price"])
        market = OrderRequest(each["symbol"], Side.BUY, OrderType.MARKET, quantity=quantity)
        waiting = msgspec.structs.replace(market, type=OrderType.LIMIT, time_in_force=TimeInForce.GTC, price=price)
        process.control.place_order(account_id, market)
        process.control.place_order(account_id, waiting)


def _resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1_024
    raise AssertionError("no VmRSS")
