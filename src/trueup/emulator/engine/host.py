"""The frame of the venue: state, clock, journal and listeners, and the one way in for commands."""

from __future__ import annotations

from collections.abc import Callable
from decimal import localcontext
from typing import NamedTuple, cast

from trueup.emulator.engine import commands, due, entry, ledger
from trueup.emulator.engine.clock import Clock, ManualClock
from trueup.emulator.engine.commands import AnyCommand
from trueup.emulator.engine.depth import top
from trueup.emulator.engine.events import BookTickerEvent, MarketEvent, VenueEvent
from trueup.emulator.engine.executor import execute
from trueup.emulator.engine.journal import Journal, NoJournal, Record
from trueup.emulator.engine.ledger import Ledger
from trueup.emulator.engine.margin import max_notional
from trueup.emulator.engine.market import new_market
from trueup.emulator.engine.money import EXACT
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.settings import VenueSettings
from trueup.emulator.engine.state import Image, State
from trueup.emulator.engine.statements import BookTop, SymbolConfig
from trueup.emulator.engine.values import AlgoOrder, Order, OrderRequest
from trueup.errors import EmulatorError


class Recovered(NamedTuple):
    """What was read from a state directory: the state at the last checkpoint, and the commands since."""

    state: State
    journal: Journal
    records: list[Record]


class Host:
    """Hold the state and run commands. Use `Venue`.

    Parameters
    ----------
    settings : VenueSettings, optional
        The defaults when absent.
    clock : Clock
        The only source of time. Engine time never goes back, whatever the clock does.
    recovered : Recovered, optional
        What `Venue.recover` read; `settings` do not count then.
    """

    journal: Journal | NoJournal

    def __init__(
        self,
        settings: VenueSettings | None = None,
        *,
        clock: Clock,
        recovered: Recovered | None = None,
    ) -> None:
        self.journal = NoJournal() if recovered is None else recovered.journal
        state = State(new_image(settings or VenueSettings(), clock.now_ms())) if recovered is None else recovered.state
        self._state = state
        self._clock = clock
        self._failure: BaseException | None = None
        self._tops: dict[str, BookTop] = {}
        self.ledger = Ledger(state)
        for name, rules in state.rules.items():
            if name not in state.image.markets:
                state.image.markets[name] = new_market(rules, state.image.settings)
        for record in recovered.records if recovered is not None else ():
            replay(state, record)
        if isinstance(clock, ManualClock):
            clock.subscribe(self.advance)

    # --- time ---------------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> VenueSettings:
        """Return the settings that the venue was made with."""
        return self._state.image.settings

    @property
    def now_ms(self) -> int:
        """Return the venue's time: the clock's, and never less than the last command's."""
        return max(self._clock.now_ms(), self._state.now_ms)

    @property
    def sequence(self) -> int:
        """Return the sequence of the last private event."""
        return self._state.image.counters.sequence

    def advance(self, now_ms: int | None = None) -> None:
        """Let everything happen that is due: good-till dates, countdowns, fundings, each at its own time.

        Every command does this first by itself.
        """
        self._guarded(lambda: self._catch_up(self.now_ms if now_ms is None else now_ms))

    def next_due_ms(self) -> int | None:
        """Return when something may be due next, or None."""
        return due.next_due_ms(self._state)

    # --- listeners ----------------------------------------------------------------------------------------------------

    def subscribe(self, listener: Callable[[VenueEvent], None]) -> Callable[[], None]:
        """Call `listener` with each private event, in the venue's order, inside the command that caused it.

        The listener must not call back into the venue, nor raise. Returns a function that ends the subscription.
        """
        self._state.listeners.append(listener)
        return lambda: self._state.listeners.remove(listener)

    def subscribe_market(self, listener: Callable[[MarketEvent], None]) -> Callable[[], None]:
        """Call `listener` with each public event; while nobody listens none is made."""
        self._state.market_listeners.append(listener)
        return lambda: self._state.market_listeners.remove(listener)

    # --- commands -----------------------------------------------------------------------------------------------------

    def _execute(self, command: AnyCommand) -> object:
        return self._guarded(lambda: self._run(command))

    def _run(self, command: AnyCommand) -> object:
        self._catch_up(self.now_ms)
        result = execute(self._state, command)
        self._record(command)
        return result

    def _catch_up(self, now_ms: int) -> None:
        state = self._state
        now_ms = max(now_ms, state.now_ms)
        if state.due and state.due[0][0] <= now_ms:
            due.run(state, now_ms)
            self._record(commands.Advance())
        state.image.now_ms = now_ms

    def _record(self, command: AnyCommand) -> None:
        self.journal.append(Record(self._state.now_ms, self.sequence, command))
        ledger.check_touched(self._state)
        self._publish_tops()

    def _guarded(self, work: Callable[[], object]) -> object:
        """Run `work`; refuse everything after a defect, because the state can no longer be trusted."""
        if self._failure is not None:
            raise EmulatorError(
                "the venue stopped after an internal error",
                action="restart it: the journal holds everything up to the error",
            ) from self._failure
        self.journal.check()
        try:
            with localcontext(EXACT):
                return work()
        except (Rejection, EmulatorError) as refusal:
            if isinstance(refusal, ledger.InvariantError):
                self._failure = refusal
            raise
        except Exception as defect:
            self._failure = defect
            raise EmulatorError(
                f"the venue failed inside: {type(defect).__name__}: {defect}",
                action="restart it, and report this with the state directory",
            ) from defect

    def _publish_tops(self) -> None:
        state = self._state
        if state.market_listeners:
            for symbol in state.books_changed:
                best = top(state, symbol)
                before = self._tops.get(symbol)
                if before is None or _quote(before) != _quote(best):
                    self._tops[symbol] = best
                    for listener in state.market_listeners:
                        listener(BookTickerEvent(best))
        state.books_changed.clear()

    def _validate(self, account_id: str, request: OrderRequest) -> None:
        with localcontext(EXACT):
            entry.check_new(self._state, self._state.account(account_id), request)

    def _symbol_config(self, account_id: str, symbol: str) -> SymbolConfig:
        state = self._state
        record = state.look_up(state.account(account_id), symbol)
        limit = max_notional(state.rule(symbol), record.leverage)
        return SymbolConfig(symbol, record.margin_type, record.leverage, limit)

    def _order(self, command: AnyCommand) -> Order:
        return cast("Order", self._execute(command))

    def _orders(self, command: AnyCommand) -> list[Order]:
        return cast("list[Order]", self._execute(command))

    def _algo(self, command: AnyCommand) -> AlgoOrder:
        return cast("AlgoOrder", self._execute(command))

    def _algos(self, command: AnyCommand) -> list[AlgoOrder]:
        return cast("list[AlgoOrder]", self._execute(command))


def new_image(settings: VenueSettings, now_ms: int) -> Image:
    """Return the image of a venue that begins now."""
    interval = settings.funding_interval_ms
    if interval < 0:
        raise EmulatorError(f"the funding interval was {interval} ms", allowed="0 (none) or a positive interval")
    return Image(settings, now_ms, next_funding_ms=(now_ms // interval + 1) * interval if interval else 0)


def replay(state: State, record: Record) -> None:
    """Run a recorded command again, at its time.

    Raises
    ------
    EmulatorError
        If it does not come out as it did: the journal was written by another version.
    """
    with localcontext(EXACT):
        if isinstance(record.command, commands.Advance):
            due.run(state, record.now_ms)
        else:
            state.image.now_ms = record.now_ms
            try:
                execute(state, record.command)
            except Rejection as refusal:
                raise _diverged(record, f"it was refused: {refusal}") from refusal
    state.traded.clear()
    state.books_changed.clear()
    if state.image.counters.sequence != record.sequence:
        raise _diverged(record, f"event {state.image.counters.sequence} was reached")


def _diverged(record: Record, why: str) -> EmulatorError:
    return EmulatorError(
        f"the journal's {type(record.command).__name__} before event {record.sequence} came out otherwise: {why}",
        allowed="a journal of this version",
        action="begin with an empty state directory",
    )


def _quote(best: BookTop) -> tuple[object, ...]:
    return best.bid, best.bid_quantity, best.ask, best.ask_quantity
