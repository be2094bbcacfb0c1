"""Step a month: venue, engine and everything that watches, one minute after the other."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from trueup.core.diff import compare
from trueup.drills.soak.month.node import TRADER_ID, MonthNode
from trueup.drills.soak.month.report import MonthReport
from trueup.drills.soak.month.venue import ACCOUNT, MINUTE_MS, NS_PER_MS, SYMBOLS, MonthVenue
from trueup.drills.soak.month.watch import MonthWatch
from trueup.emulator.engine.clock import ManualClock
from trueup.emulator.engine.enums import Side
from trueup.emulator.engine.rejections import Rejection
from trueup.guard.groups import GROUPS
from trueup.model.guard import GuardState

BEGINS = datetime(2026, 10, 10, tzinfo=UTC)
"""So that a month has the night in which Europe's clocks go back (25 October) and America's (1 November)."""
DAY_MINS = 24 * 60
ACTION_MINS = 5
PURGE_MINS = 10
LOOK_MINS = 10
WRITE_MINS = 60
SETTLED_MINS = 3 * LOOK_MINS
"""No difference may live longer: two looks confirm it and heal it, the third finds it gone."""
CLOSE_MINS = 4 * 60
"""Between two closings of all positions: the engine keeps every fill of a position until that is flat, and purges it
then."""
ORDER_NOTIONAL = Decimal(2_000)
UNCLEAN_MAX = 20
"""Of what is told."""


def run_month(
    directory: Path,
    *,
    days: int = 30,
    seed: int = 1,
    begins: datetime = BEGINS,
    say: Callable[[str], None] = lambda _: None,
) -> MonthReport:
    """Step so many days and return what was seen.

    Parameters
    ----------
    directory : Path
        For the journal and the ledger of repairs.
    days, seed : int
        How long, and what is drawn.
    begins : datetime
        The first instant.
    say : Callable[[str], None]
        Is told of each day.
    """
    return _Month(directory, days, seed, begins, say).run()


class _Month:
    def __init__(self, directory: Path, days: int, seed: int, begins: datetime, say: Callable[[str], None]) -> None:
        self._days, self._seed, self._begins, self._say = days, seed, begins, say
        self._clock = ManualClock(int(begins.timestamp() * 1_000))
        self._began_ns = self._now_ns()
        self._random = random.Random(f"month-{seed}")
        self._node = MonthNode(directory, self._began_ns)
        self._venue = MonthVenue(self._clock, seed, self._node.hear)
        self._watch = MonthWatch(TRADER_ID, directory, self._now_ns)
        for symbol in SYMBOLS:
            self._node.know(self._venue.core.symbol(symbol))
        self._node.register(self._venue.core.balances(ACCOUNT)[0].wallet)
        self._counts: Counter[str] = Counter()
        self._samples: list[dict[str, float]] = []
        self._unclean: dict[str, str] = {}
        self._looks_due: set[int] = set()

    def _now_ns(self) -> int:
        return self._clock.now_ms() * NS_PER_MS

    def run(self) -> MonthReport:
        began_secs = time.process_time()
        for minute in range(self._days * DAY_MINS):
            self._step(minute)
            if (minute + 1) % DAY_MINS == 0:
                self._samples.append(self._node.sizes() | self._watch.sizes())
                self._counts["midnights (UTC)"] += 1
                self._say(f"day {(minute + 1) // DAY_MINS}: {self._samples[-1]['engine_orders']:.0f} orders held")
        differing = self._end()
        counts = self._counts + self._venue.counts + Counter({f"{k} applied": n for k, n in self._node.applied.items()})
        counts["purge cycles"], counts["journal entries pruned"] = self._node.purges, self._watch.pruned
        journal_whole = self._watch.close()
        self._node.close()
        return MonthReport(
            begins=self._begins.isoformat(),
            days=self._days,
            seed=self._seed,
            cpu_secs=time.process_time() - began_secs,
            samples=self._samples,
            counts=dict(counts),
            verdicts=dict(self._watch.counts),
            unclean=list(self._unclean.values())[:UNCLEAN_MAX],
            differing=differing,
            journal_whole=journal_whole,
        )

    def _step(self, minute: int) -> None:
        self._clock.advance(MINUTE_MS)
        self._node.clock.set_time(self._now_ns())
        if self._venue.tend():
            self._watch.say("stream_gap", account_id=ACCOUNT, reason="the stream was opened anew")
            self._looks_due |= {minute, minute + 1}
        if minute % ACTION_MINS == 0:
            self._act(minute)
        if minute % PURGE_MINS == 0:
            self._node.purge()
        if minute % LOOK_MINS == 1 or minute in self._looks_due:
            self._looks_due.discard(minute)
            self._look()
        self._watch.guard.tick()
        if minute % WRITE_MINS == 0:
            self._watch.write()

    def _act(self, minute: int) -> None:
        """Let the market move, cancel what is old, and trade as far as the guard allows."""
        self._venue.core.step_market()
        self._venue.cancel_old()
        state = self._watch.effect.state
        if state is GuardState.HALTED or (state is GuardState.REDUCING and minute % CLOSE_MINS):
            self._counts["actions that the guard forbade"] += 1
            return
        if minute % CLOSE_MINS == 0:
            for symbol, held in self._venue.held().items():
                self._order(symbol, "SELL" if held > 0 else "BUY", abs(held), None, closes=True)
            return
        symbol, side = self._random.choice(SYMBOLS), self._random.choice(("BUY", "SELL"))
        rules, top = self._venue.core.symbol(symbol), self._venue.core.book_top(symbol)
        quantity = (ORDER_NOTIONAL / top.ask).quantize(rules.step)
        price = None
        if self._random.random() < 0.6:
            away = rules.tick * self._random.randint(-20, 200)
            price = top.bid - away if side == "BUY" else top.ask + away
        self._order(symbol, side, quantity, price)

    def _order(self, symbol: str, side: str, quantity: Decimal, price: Decimal | None, *, closes: bool = False) -> None:
        name = self._node.submit(symbol, side, quantity, price)
        try:
            self._venue.place(name, symbol, Side(side), quantity, price, closes=closes)
        except Rejection as refusal:
            raise AssertionError(f"the venue refused an order of the month: {refusal}") from refusal
        self._counts["orders"] += 1

    def _look(self) -> None:
        seen = self._venue.read()
        made = self._watch.look(seen, self._node.read(self._began_ns))
        self._node.apply(made, seen)
        self._counts["steps planned"] += len(made.steps)
        for life in self._watch.ledger.open.values():
            if life.kind in GROUPS["records"]:
                continue  # refused, or not to be healed in place: it goes when the position is flat
            if life.age_ns(self._now_ns()) > SETTLED_MINS * MINUTE_MS * NS_PER_MS and self._venue.is_settled(
                SETTLED_MINS
            ):
                when = datetime.fromtimestamp(self._clock.now_ms() / 1_000, UTC)
                self._unclean[life.fingerprint] = f"still there on {when:%d %b %H:%M}: {life.line} ({life.state})"

    def _end(self) -> int:
        """Let a last heal happen with the stream open, and return how much still differs."""
        while not self._venue.is_open:
            self._clock.advance(MINUTE_MS)
            self._node.clock.set_time(self._now_ns())
            self._venue.tend()
        for _ in range(3):
            self._clock.advance(MINUTE_MS)
            self._node.clock.set_time(self._now_ns())
            self._look()
        self._watch.write()
        return len(compare(self._venue.read(), self._node.read(self._began_ns)).discrepancies)
