"""Keep one account true: look at both sides, plan, apply, and look again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from trueup.core.diff import Comparison, compare
from trueup.core.lifecycle import Cycle, Ledger, LifeState, advance, unobserved
from trueup.core.plan import plan
from trueup.core.settings import PlanSettings
from trueup.core.tolerance import Tolerance
from trueup.core.two_look import GAP_NS_MIN, Looks, absences, take_look
from trueup.core.unchecked import set_aside
from trueup.core.view import View
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import Discrepancy
from trueup.model.plans import Plan
from trueup.model.positions import PositionKey
from trueup.model.snapshots import NodeSnapshot
from trueup.model.steps import RebuildInstrument, ReplayPosition, Revive, Step
from trueup.model.verdicts import DEFAULT_CLAIMS, verdict_of
from trueup.node import steps_told
from trueup.node.applied import Applied
from trueup.node.binding import AccountPort, Needed
from trueup.node.changes import LifeChange, changes_of
from trueup.node.look import CHEAP_CLAIMS, Look
from trueup.node.pacing import Pile, in_slices, let_go, off_loop
from trueup.node.settings import NodeSettings
from trueup.venues.draft import ReadingDraft, VenueReading
from trueup.venues.limits import ReadRequest
from trueup.venues.questions import Question, open_questions, unexplained_positions
from trueup.venues.told import ToldOrders

_logger = logging.getLogger("trueup.node")

NS_PER_SECOND = 1_000_000_000
QUESTION_ROUNDS_MAX = 4
"""An answer may open a new question (an order's fills), and that is all: two rounds are normal."""
GAP_SHARE = 0.8
"""Of the pause between two looks: the rule measures from the end of one reading to the start of the next."""
ADOPT_OVERLAP_NS = 60 * NS_PER_SECOND
"""Read again before a look whose history is taken over: what the venue's lists show late."""
LONG_REPLAY_STEPS_MIN = 2_000
"""Below this what the engine repeats at every close does not matter."""
LIVES_MAX = 1_000
"""Beyond this a comparison is a node that is being filled, not a list of differences to follow one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """Say how deep a look goes.

    Parameters
    ----------
    history_from_ns : int
        Read orders and fills since then.
    known_from_ns : int or None
        What the node is expected to hold, but for what it may have purged since; see `NodeSnapshot`.
    proven_ns : int or None
        When the last look that proved the account began, where it is known.
    widen_to_ns : int or None
        Where to read on from when a position stays unexplained; None not to.
    deadline : float or None
        On the clock of ``time.monotonic``.
    at_startup : bool
        Nothing trades yet.
    anew : bool
        False reads only what is newer than the look before, where that one was complete; history does not change.
    """

    history_from_ns: int
    known_from_ns: int | None
    proven_ns: int | None = None
    widen_to_ns: int | None = None
    deadline: float | None = None
    at_startup: bool = False
    anew: bool = True


class AccountTruth:
    """Look at one account and heal it.

    Parameters
    ----------
    port : AccountPort
        The account, as the binding offers it.
    settings : NodeSettings
        What the operator wants.
    on_changes : Callable[[Iterator[LifeChange]], None]
        Hears every change in the life of a discrepancy.
    on_steps : Callable[[Mapping[str, Any]], None], optional
        Hears every step before it is applied, some at a time, and what came of them.
    """

    def __init__(
        self,
        port: AccountPort,
        settings: NodeSettings,
        on_changes: Callable[[Iterator[LifeChange]], None],
        on_steps: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.port = port
        self.ledger = Ledger()
        self._looks = Looks()
        self._absent: frozenset[str] = frozenset()
        self._told = ToldOrders()
        self._changes = -1
        self._complete_draft: ReadingDraft | None = None
        self._view: View | None = None
        self._on_changes = on_changes
        self._on_steps = on_steps
        self._settings = settings
        self._tolerance = Tolerance(submit_grace_ns=int(settings.submit_grace_secs * NS_PER_SECOND))

    @property
    def account_id(self) -> str:
        """Return the account."""
        return self.port.account_id

    async def cheap_look(self) -> Look:
        """Look at open orders and positions alone: two calls."""
        draft = await self.port.reader.read(ReadRequest(), self._expected_kinds())
        reading = await self.port.reader.freeze(draft)
        self.port.drain()
        node = await self.port.snapshot_alive()
        comparison = await self._compare(reading, node)
        return self._look(reading, node, comparison, claims=CHEAP_CLAIMS)

    async def deep_look(self, depth: Depth) -> Look:
        """Look at everything since an instant, and ask about whatever that leaves open."""
        earlier = None if depth.anew else self._complete_draft
        since_ns = depth.history_from_ns
        if earlier is not None:
            since_ns = max(since_ns, earlier.started_ns - ADOPT_OVERLAP_NS)
        request = ReadRequest(history_from_ns=since_ns, deadline=depth.deadline)
        draft = await self.port.reader.read(request, self._expected_kinds())
        if earlier is not None:
            await off_loop(len(earlier.orders) + len(earlier.fills), lambda: draft.adopt(earlier))
        self._told.begin()
        reading, node = await self._close_questions(draft, depth)
        unexplained = await self._unexplained(reading, node)
        if unexplained and depth.widen_to_ns is not None and depth.widen_to_ns < depth.history_from_ns:
            wider = ReadRequest(history_from_ns=depth.widen_to_ns, deadline=depth.deadline)
            await self.port.reader.widen(draft, wider)
            reading, node = await self._close_questions(draft, depth)
            unexplained = await self._unexplained(reading, node)
        # The node is read after the venue: what the stream brought meanwhile is in it, and is no difference.
        self.port.drain()
        needed = _needed(draft, depth)
        if self.port.changes() != self._changes:
            node = await self._read_node(depth, needed)
        self._complete_draft = draft if _has_history(reading) else None
        comparison = await self._compare(reading, node, at_startup=depth.at_startup)
        if needed is not None and (touched := _touched(comparison)):
            # What is to be healed is planned on everything that the node holds of its instrument; plans do not cross
            # instruments. The whole cache of a busy node would be tens of thousands of orders at every such look.
            await self._let_go_of_view()
            node = await self._read_node(depth, replace(needed, whole=touched))
            comparison = await self._compare(reading, node, at_startup=depth.at_startup)
        if self._told.is_waiting:
            # The names of 100,000 differences held the event loop up to 117 ms.
            disputed = await off_loop(len(comparison.discrepancies), lambda: comparison.disputed_orders)
            self._told.learn(draft, disputed)
        return self._look(reading, node, comparison, claims=DEFAULT_CLAIMS, unexplained=unexplained)

    def judge(self, look: Look, *, at_startup: bool = False) -> tuple[Discrepancy, ...]:
        """Take a deep look into account and return what may be acted on now: see `trueup.core.two_look`."""
        if at_startup:
            before, self._absent = self._absent, absences(look.discrepancies, look.reading.snapshot)
            first_seen = self._absent - before
            if not first_seen:
                return look.discrepancies  # without a fingerprint of each: 200 ms for 60,000
            return tuple(one for one in look.discrepancies if one.fingerprint not in first_seen)
        gap_ns = min(GAP_NS_MIN, int(self._settings.second_look_secs * NS_PER_SECOND * GAP_SHARE))
        result = take_look(
            self._looks,
            look.discrepancies,
            look.reading.snapshot,
            look.node,
            gap_ns_min=gap_ns,
        )
        self._looks = result.looks
        given_up = {name for name, life in self.ledger.open.items() if life.state is LifeState.GIVEN_UP}
        return tuple(one for one in result.act_on if one.fingerprint not in given_up)

    async def heal(
        self, look: Look, act_on: tuple[Discrepancy, ...], *, at_startup: bool = False
    ) -> tuple[Plan, Applied]:
        """Plan what may be acted on and apply it.

        Parameters
        ----------
        look : Look
            A deep look, just made.
        act_on : tuple of Discrepancy
            What `judge` returned for it.
        at_startup : bool
            Nothing trades yet: rebuilding and opening balances are allowed.
        """
        made = await self._plan(look, act_on, at_startup=at_startup)
        await self._let_go_of_view()
        applied = self.port.begin(look.reading)
        if made.steps:
            await self._tell_planned(made)
            self.port.drain()
            steps = made.steps
            if len(steps) < LONG_REPLAY_STEPS_MIN or not at_startup:
                await in_slices(steps, self.port.apply)
            else:
                at_end = await off_loop(len(steps), lambda: _repairs_nothing(steps))
                async with self.port.long_replay(store_at_end=at_end):
                    await in_slices(steps, self.port.apply)
            if self._on_steps is not None:
                self._on_steps(steps_told.applied(self.account_id, made, applied))
        self.port.end()
        if len(look.discrepancies) <= LIVES_MAX:
            self.note(look, act_on, made)
        return made, applied

    def note(self, look: Look, act_on: tuple[Discrepancy, ...] = (), made: Plan | None = None) -> None:
        """Take a look into the lives of the discrepancies, and tell what changed."""
        refused = {name: one.reason for one in (made.refused if made else ()) for name in one.fingerprints}
        confirmed = frozenset(one.fingerprint for one in act_on)
        snapshot = look.reading.snapshot
        cycle = Cycle(
            time_ns=snapshot.ended_ns,
            discrepancies=look.discrepancies,
            confirmed=confirmed,
            healed=confirmed - refused.keys() if made is not None and made.steps else frozenset(),
            refused=MappingProxyType(refused),
            unobserved=unobserved(self.ledger, snapshot),
        )
        before = self.ledger
        self.ledger, transitions = advance(before, cycle)
        if transitions:
            self._on_changes(changes_of(self.account_id, before, self.ledger, transitions, look.discrepancies))

    def forget_history(self) -> list[Pile]:
        """Let go of the history that was read; return its records, to be freed piece by piece."""
        draft, self._complete_draft = self._complete_draft, None
        return [] if draft is None else [draft.orders, draft.fills]

    # -- parts -------------------------------------------------------------------------------------------------------

    async def _let_go_of_view(self) -> None:
        view, self._view = self._view, None
        if view is not None and len(view.pairs) > LIVES_MAX:
            piles: list[Pile] = [list(view.pairs), list(view.pairing.pairs)]
            piles += [held for held in vars(view).values() if isinstance(held, dict)]
            del view
            await let_go(piles)

    async def _tell_planned(self, made: Plan) -> None:
        if self._on_steps is None:
            return
        pieces = await off_loop(len(made.steps), lambda: list(steps_told.planned(self.account_id, made)))
        await in_slices(pieces, self._on_steps)

    async def _close_questions(self, draft: ReadingDraft, depth: Depth) -> tuple[VenueReading, NodeSnapshot]:
        asked: set[Question] = set()
        reader = self.port.reader
        reading = await reader.freeze(draft)
        self._changes = self.port.changes()
        node = await self._read_node(depth, _needed(draft, depth))
        for _ in range(QUESTION_ROUNDS_MAX):
            found = await off_loop(_size(reading, node), partial(open_questions, reading.snapshot, node))
            questions = [question for question in found if question not in asked]
            if not questions:
                break
            asked.update(questions)
            left = self._told.answer(draft, questions)
            await reader.ask(draft, left, depth.deadline, at_startup=depth.at_startup)
            reading = await reader.freeze(draft)
        return reading, node

    async def _read_node(self, depth: Depth, needed: Needed | None = None) -> NodeSnapshot:
        node = await self.port.snapshot_all(depth.known_from_ns, needed)
        buffer_secs = self._settings.purge_buffer_secs
        if buffer_secs is None or depth.at_startup or depth.known_from_ns is None:
            return node
        # What closed longer ago than this may be purged by now. Reckoned after the reading: a look that waited for the
        # venue's weight took all that was purged meanwhile for missing, and made it anew.
        purged_to_ns = self.port.now_ns() - int(buffer_secs * NS_PER_SECOND)
        return node.expected_from(max(depth.known_from_ns, purged_to_ns))

    async def _unexplained(self, reading: VenueReading, node: NodeSnapshot) -> frozenset[PositionKey]:
        return await off_loop(_size(reading, node), lambda: unexplained_positions(reading.snapshot, node))

    async def _compare(self, reading: VenueReading, node: NodeSnapshot, *, at_startup: bool = False) -> Comparison:
        claims = self.port.claims()
        # At the start no answer is on its way: whoever asked for it was another process.
        tolerance = replace(self._tolerance, settle_ns=0) if at_startup else self._tolerance

        def work() -> tuple[View, Comparison]:
            view = View(reading.snapshot, node)
            return view, compare(reading.snapshot, node, tolerance, claims=claims, view=view)

        self._view, comparison = await off_loop(_size(reading, node), work)
        comparison = self._divided(comparison, reading, node)
        if not comparison.discrepancies:
            await self._let_go_of_view()  # nothing will be planned
        return comparison

    def _divided(self, comparison: Comparison, reading: VenueReading, node: NodeSnapshot) -> Comparison:
        """Return a comparison without what the operator wants unchecked, and what every verdict says of it."""
        book = self._settings.external
        if not book.ignored:
            return comparison
        ours = self.port.claims().keys() | self.port.known_traders().keys()
        divided = set_aside(comparison.discrepancies, reading.snapshot, node, book, is_ours=ours.__contains__)
        return replace(comparison, discrepancies=divided.kept, unchecked=divided.unchecked)

    async def _plan(self, look: Look, act_on: tuple[Discrepancy, ...], *, at_startup: bool) -> Plan:
        settings = PlanSettings(
            at_startup=at_startup,
            claims=self.port.claims(),
            known_traders=self.port.known_traders(),
            evidence=self.port.own_evidence(),
            tolerance=self._tolerance,
            # Alternating between instruments, the engine un-pickles every closed life cycle again at each close (34 s
            # against 1.9 s for 10,000 orders on 20 instruments).
            apart_steps_min=LONG_REPLAY_STEPS_MIN if at_startup else None,
        )
        snapshot, node = look.reading.snapshot, look.node
        view = self._view if self._view is not None and self._view.node is node else None
        return await off_loop(
            _size(look.reading, node),
            lambda: plan(act_on, snapshot, node, settings, observed=look.discrepancies, view=view),
        )

    def _expected_kinds(self) -> frozenset[RecordKind]:
        """Return the kinds of which the node holds something, so that an empty answer is suspicious."""
        has_orders, has_positions = self.port.holds()
        expected = [RecordKind.ORDERS_OPEN] if has_orders else []
        return frozenset([*expected, RecordKind.POSITIONS] if has_positions else expected)

    def _look(
        self,
        reading: VenueReading,
        node: NodeSnapshot,
        comparison: Comparison,
        *,
        claims: frozenset[RecordKind],
        unexplained: frozenset[PositionKey] = frozenset(),
    ) -> Look:
        verdict = verdict_of(
            account_id=self.account_id,
            time_ns=reading.snapshot.ended_ns,
            coverage=reading.snapshot.coverage,
            discrepancies=comparison.discrepancies,
            pending_count=len(comparison.pending),
            claims=claims,
            unchecked=comparison.unchecked,
        )
        return Look(reading=reading, node=node, comparison=comparison, verdict=verdict, unexplained=unexplained)


def _needed(draft: ReadingDraft, depth: Depth) -> Needed | None:
    """Return what a comparison with a reading needs of the node; None for everything."""
    since_ns = draft.history_from_ns()
    if not since_ns:
        return None
    heard_ns = since_ns if depth.proven_ns is None else depth.proven_ns
    instruments = draft.history_instruments(since_ns)
    return Needed(since_ns=since_ns, names=draft.order_names(), instruments=instruments, heard_ns=heard_ns)


def _touched(comparison: Comparison) -> frozenset[str]:
    """Return the instruments on which something differs."""
    subjects = (one.subject for one in comparison.discrepancies)
    return frozenset(subject.instrument_id for subject in subjects if subject.instrument_id)


def _repairs_nothing(steps: Iterable[Step]) -> bool:
    """Return whether no step deletes from the store what it then writes again: its record is settled by time."""
    return not any(isinstance(step, Revive | RebuildInstrument | ReplayPosition) for step in steps)


def _has_history(reading: VenueReading) -> bool:
    coverage = reading.snapshot.coverage
    return coverage.orders_closed.is_complete and coverage.fills.is_complete


def _size(reading: VenueReading, node: NodeSnapshot) -> int:
    return len(reading.snapshot.orders) + len(reading.snapshot.fills) + len(node.orders) + len(node.fills)
