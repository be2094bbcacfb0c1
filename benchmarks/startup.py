"""Start-up: the engine's own reconciliation beside the verified one, cold, warm, with and without a store."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.node.process import finish, live, start
from benchmarks.result import Figure, Result
from trueup.store import EmbeddedValkey

CLOSED: Final = 50_000
CLOSED_SMALL: Final = 10_000
CLOSED_NATIVE_ROUND: Final = 10_000
REPETITIONS: Final = 3

DEFAULT_TIMES_GOAL: Final = 60.0
FULL_TIMES_GOAL: Final = 10.0
STORE_SECS_GOAL: Final = 30.0
WARM_SECS_GOAL: Final = 1.0
WARM_PURGED_SECS_GOAL: Final = 2.0
LOOP_MS_GOAL: Final = 50.0
GROWTH_GOAL: Final = 6.0

STORED: Final = (("round_trips", "current"), ("one_sided", "current"), ("round_trips", "full"))
"""Histories that are started with a store, too."""

type Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    closed: int = CLOSED
    closed_small: int = CLOSED_SMALL
    closed_native_round: int = CLOSED_NATIVE_ROUND
    repetitions: int = REPETITIONS

    @classmethod
    def of(cls, *, quick: bool) -> Sizes:
        """Return the sizes of a run."""
        return cls(2_000, 400, 400, 1) if quick else cls()


@dataclass
class Measured:
    """What the node processes found, by what was started."""

    native: Found = field(default_factory=dict)
    native_round: Found = field(default_factory=dict)
    cold: dict[tuple[str, str, int], list[Found]] = field(default_factory=dict)
    store: dict[str, Found] = field(default_factory=dict)
    store_small: dict[str, Found] = field(default_factory=dict)


def run(quick: bool) -> Result:
    """Measure; the native start-up of full size runs beside the verified ones, in a process of its own."""
    sizes = Sizes.of(quick=quick)
    measured = Measured()
    native = start("startup", mode="native", closed=sizes.closed)
    try:
        for _ in range(sizes.repetitions):
            for shape, history in (("one_sided", "current"), ("round_trips", "current"), ("round_trips", "full")):
                for closed in (sizes.closed_small, sizes.closed):
                    found = live("startup", mode="verified", shape=shape, history=history, closed=closed)
                    measured.cold.setdefault((shape, history, closed), []).append(found)
        round_small = {"shape": "round_trips", "closed": sizes.closed_native_round}
        measured.native_round = live("startup", mode="native", **round_small)
        for history in ("current", "full"):
            key = ("round_trips", history, sizes.closed_native_round)
            if key not in measured.cold:
                measured.cold[key] = [live("startup", mode="verified", history=history, **round_small)]
        _with_store(sizes, measured)
        measured.native = finish(native)
    finally:
        native.kill()
        native.wait()
    return Result(
        title="Start-up",
        measured=(
            f"A real node with {sizes.closed:,} filled orders of one fill each, 1,000 working orders and 100 positions,"
            " behind an ordinary `LiveExecutionClient` whose reports were built before the clock started. Measured"
            " from the engine's call of its start-up reconciliation to its return. *One-sided*: every fill adds to its"
            " position, so that nothing of the history may be left out (`current` and `full` do the same work, and"
            " native meets its cheapest case). *Round trips*: a position is opened and closed again and again, and the"
            " last one of each instrument is open. Each start is a process of its own; the native start-up runs beside"
            " the verified ones, at the same time, on the same machine. Ratios are of processor time, wall time beside."
        ),
        excludes=(
            (
                "No network and no decoding of the venue's answers: reading costs the same in both modes, but for"
                " the second look of the verified one, which reads the last minute again."
            ),
            (
                "Native at full size was run once, and only on the one-sided history: on round trips its time"
                " grows with the square of the closed life cycles, so *default* and *full* on round trips are"
                " compared with native's cheaper case, and with native's own round trips at a smaller size."
            ),
            (
                "What the constructor does (imports, loading the cache from the store) is native in both modes, and is"
                " over before trueup is attached. *Beyond the native load* is therefore the true-up of the very process"
                " that loaded; the same load in a process that was native throughout stands beside it. The two differ"
                " by what a machine differs from one minute to the next."
            ),
            "The history is a day old: a warm start reads on from its last proof and meets none of it.",
            (
                "*Loop held* counts of each pause between two turns of the event loop what this process computed"
                " meanwhile, so that other processes on the machine are left out; the pause by the clock stands"
                " beside it."
            ),
            (
                "*Round trips* is what most accounts look like, and the headline: the position of each instrument has a"
                " short current life cycle, and the rest of the history is closed ones. A position that was never flat"
                " is all current: its average price comes from every fill, so each order and fill is replayed through"
                " the engine, whose own cost for them is the floor of *one-sided* (see docs/why.md)."
            ),
            (
                "The history has 2,003 different prices and two quantities. Records share equal values, so an account"
                " in which every value is another takes up to 90 MiB more at 50,000."
            ),
            "An order of more than about 250 fills holds the loop longer, inside the engine.",
            "The store is the embedded Valkey on loopback, and the time ends when it has every event.",
        ),
        figures=(
            *_cold(sizes, measured),
            *_growth(sizes, measured),
            *_loop_and_memory(sizes, measured),
            *_store(measured),
            *_store_small(sizes, measured),
        ),
    )


def _with_store(sizes: Sizes, measured: Measured) -> None:
    for shape, history in STORED:
        with tempfile.TemporaryDirectory(prefix="trueup-bench-") as directory:
            valkey = EmbeddedValkey.start(Path(directory) / "store")
            try:
                port = valkey.address.port
                base: Found = {"shape": shape, "history": history, "closed": sizes.closed, "redis_port": port}
                base["state_dir"] = str(Path(directory) / "state")
                store, name = measured.store, f"{shape} {history}"
                store[f"cold {name}"] = live("startup", mode="verified", **base)
                store[f"native load {name}"] = live("startup", mode="native", reconcile=False, **base)
                store[f"warm {name}"] = live("startup", mode="verified", purge=True, **base)
                store[f"native load purged {name}"] = live("startup", mode="native", reconcile=False, **base)
                store[f"purged {name}"] = live("startup", mode="verified", **base)
            finally:
                valkey.stop()
    for mode in ("native", "verified"):
        measured.store_small[mode] = _on_empty_store(mode, sizes.closed_small)


def _on_empty_store(mode: str, closed: int) -> Found:
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as directory:
        valkey = EmbeddedValkey.start(Path(directory) / "store")
        try:
            state_dir, port = str(Path(directory) / "state"), valkey.address.port
            return live("startup", mode=mode, closed=closed, redis_port=port, state_dir=state_dir)
        finally:
            valkey.stop()


# --- figures ----------------------------------------------------------------------------------------------------------


def _cpu(found: Found) -> float:
    return float(found["start_up"]["cpu_secs"])


def _wall(found: Found) -> float:
    return float(found["start_up"]["wall_secs"])


def _cold(sizes: Sizes, measured: Measured) -> list[Figure]:
    native, native_cpu = measured.native, _cpu(measured.native)
    figures = [
        Figure(f"Native, one-sided, {sizes.closed:,}: processor time", "s", (native_cpu,), better="less"),
        Figure(f"Native, one-sided, {sizes.closed:,}: wall time", "s", (_wall(native),), better="less"),
    ]
    for (shape, history, closed), lives in measured.cold.items():
        if closed != sizes.closed:
            continue
        words = f"Verified, {_words(shape, history)}, {closed:,}"
        goal = {("round_trips", "current"): DEFAULT_TIMES_GOAL}.get((shape, history), FULL_TIMES_GOAL)
        figures += [
            Figure(f"{words}: processor time", "s", tuple(map(_cpu, lives)), better="less"),
            Figure(f"{words}: wall time", "s", tuple(map(_wall, lives)), better="less"),
            Figure(
                f"{words}: times faster than native one-sided, by processor time",
                "times",
                tuple(native_cpu / _cpu(one) for one in lives),
                goal,
            ),
            Figure(
                f"{words}: times faster than native one-sided, by wall time",
                "times",
                tuple(_wall(native) / _wall(one) for one in lives),
                goal,
            ),
        ]
    round_native, closed = measured.native_round, sizes.closed_native_round
    figures.append(
        Figure(f"Native, round trips, {closed:,}: processor time", "s", (_cpu(round_native),), better="less")
    )
    for history in ("current", "full"):
        lives = measured.cold[("round_trips", history, closed)]
        figures.append(
            Figure(
                f"Verified, {_words('round_trips', history)}, {closed:,}: times faster than native on the same",
                "times",
                tuple(_cpu(round_native) / _cpu(one) for one in lives),
            )
        )
    return figures


def _words(shape: str, history: str) -> str:
    if shape == "one_sided":
        return "one-sided (default and full alike)"
    return "round trips, default" if history == "current" else 'round trips, `history="full"`'


def _growth(sizes: Sizes, measured: Measured) -> list[Figure]:
    figures = []
    for shape, history in (("one_sided", "current"), ("round_trips", "current"), ("round_trips", "full")):
        small = measured.cold[(shape, history, sizes.closed_small)]
        large = measured.cold[(shape, history, sizes.closed)]
        figures.append(
            Figure(
                f"Growth of processor time, {sizes.closed_small:,} to {sizes.closed:,}, {_words(shape, history)}",
                "times",
                tuple(_cpu(b) / _cpu(a) for a, b in zip(small, large, strict=True)),
                GROWTH_GOAL,
                better="less",
            )
        )
    return figures


def _loop_and_memory(sizes: Sizes, measured: Measured) -> list[Figure]:
    figures = []
    native_peak = float(measured.native["peak_mib"])
    figures.append(Figure("Native: loop held", "ms", (float(measured.native["held_ms_max"]),), better="less"))
    for (shape, history, closed), lives in measured.cold.items():
        if closed == sizes.closed:
            words = f"Verified, {_words(shape, history)}"
            held = tuple(float(one["held_ms_max"]) for one in lives)
            clock = max(float(one["wall_ms_max"]) for one in lives)
            note = f"by the clock, other processes included, up to {clock:,.0f} ms"
            figures.append(Figure(f"{words}: loop held", "ms", held, LOOP_MS_GOAL, better="less", note=note))
    figures.append(Figure("Native: peak memory above the built reports", "MiB", (native_peak,), better="less"))
    for (shape, history, closed), lives in measured.cold.items():
        if closed == sizes.closed:
            peak = tuple(float(one["peak_mib"]) for one in lives)
            words = f"Verified, {_words(shape, history)}: peak memory above the built reports"
            figures.append(Figure(words, "MiB", peak, native_peak, better="less"))
    return figures


def _load_cpu(found: Found) -> float:
    return float(found["constructor"]["cpu_secs"])


def _store_small(sizes: Sizes, measured: Measured) -> list[Figure]:
    native, verified = measured.store_small["native"], measured.store_small["verified"]
    words = f"With a store, cold, one-sided, {sizes.closed_small:,}"
    return [
        Figure(f"{words}, native: processor time", "s", (_cpu(native),), better="less"),
        Figure(f"{words}, verified: processor time", "s", (_cpu(verified),), better="less"),
        Figure(f"{words}: times faster than native", "times", (_cpu(native) / _cpu(verified),)),
    ]


def _store(measured: Measured) -> list[Figure]:
    figures = []
    for shape, history in STORED:
        words = _words(shape, history)
        cold, warm = measured.store[f"cold {shape} {history}"], measured.store[f"warm {shape} {history}"]
        purged = measured.store[f"purged {shape} {history}"]
        load_cpu = _load_cpu(measured.store[f"native load {shape} {history}"])
        purged_load_cpu = _load_cpu(measured.store[f"native load purged {shape} {history}"])
        figures += [
            Figure(
                f"With a store, cold, {words}: until the store has everything, wall time",
                "s",
                (float(cold["drained_secs"]),),
                STORE_SECS_GOAL,
                better="less",
                note=f"start-up alone {_wall(cold):.1f} s, of it {_cpu(cold):.1f} s of processor",
            ),
            Figure(
                f"With a store, cold, {words}: loop held",
                "ms",
                (float(cold["held_ms_max"]),),
                LOOP_MS_GOAL,
                better="less",
                note=f"by the clock, other processes included, {cold['wall_ms_max']:,.0f} ms",
            ),
            Figure(
                f"Warm, {warm['loaded_orders']:,} orders in the store, {words}: beyond the native load, processor time",
                "s",
                (_cpu(warm),),
                WARM_SECS_GOAL,
                better="less",
                note=f"wall {_wall(warm):.2f} s; the load itself {_load_cpu(warm):.1f} s of processor,"
                f" in a native process {load_cpu:.1f} s",
            ),
            Figure(
                f"Warm, {words}, once what is closed was purged ({purged['loaded_orders']:,} orders left):"
                " load and true-up, processor time",
                "s",
                (_load_cpu(purged) + _cpu(purged),),
                WARM_PURGED_SECS_GOAL,
                better="less",
                note=f"wall {float(purged['constructor']['wall_secs']) + _wall(purged):.2f} s; the true-up"
                f" {_cpu(purged):.2f} s of it; the load in a native process {purged_load_cpu:.2f} s",
            ),
        ]
    return figures
