"""What the monitor costs a node that trades without a pause, and what a scrape does to the node's event loop."""

from __future__ import annotations

from math import ceil
from typing import Any, Final

from benchmarks.node.process import live
from benchmarks.result import Figure, Result

CPU_PERCENT_GOAL: Final = 2.0
EVENT_US_GOAL: Final = 10.0
LAG_MS_GOAL: Final = 5.0
ORDERS_PER_SEC: Final = 200
SCRAPES_PER_SEC: Final = 5
ROUNDS: Final = 60
TURNS_A_ROUND: Final = 4
TURNS_A_PAIR: Final = 2


def run(quick: bool) -> Result:
    """Measure one node whose monitor is taken out and put back in turn."""
    size = {"rounds": 2, "scrape_secs": 6.0} if quick else {"rounds": ROUNDS}
    found = live("overhead", orders_per_sec=ORDERS_PER_SEC, scrapes_per_sec=SCRAPES_PER_SEC, **size)
    turns = found["turns"]
    rounds = [turns[at : at + TURNS_A_ROUND] for at in range(0, len(turns), TURNS_A_ROUND)]
    shares = tuple(100 * _sum(one, "on", "own_secs") / _sum(one, "on", "cpu_secs") for one in rounds)
    owns = tuple(1e6 * _sum(one, "on", "own_secs") / _sum(one, "on", "events") for one in rounds)
    pairs = [turns[at : at + TURNS_A_PAIR] for at in range(0, len(turns), TURNS_A_PAIR)]
    ratios = tuple(100 * (_each(one, "on") / _each(one, "off") - 1) for one in pairs)
    costs = tuple(1e6 * (_each(one, "on") - _each(one, "off")) for one in pairs)
    lags = {turn: 1e3 * _quantile(values, 0.99) for turn, values in found["scrapes"]["lags"].items()}
    took_ms = tuple(1e3 * secs for secs in found["scrapes"]["took_secs"])
    event_us = 1e6 * _sum(turns, "off", "cpu_secs") / _sum(turns, "off", "events")
    return Result(
        title="Overhead of the monitor",
        measured=(
            f"One native node that places {ORDERS_PER_SEC} orders a second, each submitted, accepted and filled by the"
            f" stream, on 20 positions with 500 working orders beside them ({event_us:.0f} microseconds of processor"
            " time an event without the monitor). Its monitor is taken out of the running node and put back in turn"
            " (half a second on, one off, a half on), so that both meet the same process, cache and machine. *Own work*"
            " is the processor time of the monitor's functions on the event loop. The difference is that of each turn"
            " with the monitor to the one beside it without: it holds all that the monitor causes, and the machine's"
            f" noise, so its median over {len(pairs)} pairs counts. Python's garbage collector runs between the turns,"
            " not in them: one full run costs as much as a turn, and would fall on the one or the other by chance."
            " Then a thread makes the whole answer to a scrape"
            f" {SCRAPES_PER_SEC} times a second, and the loop's lag is sampled every 2 ms; of each lag counts what this"
            " process computed meanwhile, on all of its threads."
        ),
        excludes=(
            "The true-up itself: what a look costs is in the table of the periodic check.",
            "The log: each event that is worth a line is one more, put into a queue on the loop.",
            "HTTP: the answer is made, and not sent.",
        ),
        figures=(
            Figure("The monitor's own work, of the node's processor time", "%", shares, CPU_PERCENT_GOAL, "less"),
            Figure(
                "Processor time with the monitor, more than without",
                "%",
                ratios,
                CPU_PERCENT_GOAL,
                "less",
                note=f"middle half of the pairs: {_middle_half(ratios)}",
            ),
            Figure("The monitor's own work, an event", "us", owns, EVENT_US_GOAL, "less"),
            Figure(
                "Processor time an event, more than without",
                "us",
                costs,
                EVENT_US_GOAL,
                "less",
                note=f"middle half of the pairs: {_middle_half(costs)}",
            ),
            Figure("Loop lag p99 without scrapes", "ms", (lags["without"],)),
            Figure("Loop lag p99 with scrapes", "ms", (lags["with"],)),
            Figure(
                "Loop lag p99 that scrapes add", "ms", (lags["with"] - lags["without"],), LAG_MS_GOAL, better="less"
            ),
            Figure("A scrape's answer, by the clock", "ms", took_ms, note="on a thread beside a busy loop"),
        ),
    )


def _sum(turns: list[dict[str, Any]], monitor: str, field: str) -> float:
    return float(sum(turn[field] for turn in turns if turn["monitor"] == monitor))


def _each(turns: list[dict[str, Any]], monitor: str) -> float:
    """Return the processor time of an event, in seconds."""
    return _sum(turns, monitor, "cpu_secs") / _sum(turns, monitor, "events")


def _middle_half(values: tuple[float, ...]) -> str:
    ordered = sorted(values)
    return f"{_quantile(ordered, 0.25):.1f} to {_quantile(ordered, 0.75):.1f}"


def _quantile(values: list[float], share: float) -> float:
    return values[max(0, ceil(share * len(values)) - 1)]
