"""The audit of one account: look at both sides until what differs has settled, and give a verdict."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from trueup.audit.lines import account_result
from trueup.audit.node_side import NodeReading, NodeSide
from trueup.audit.policies import NO_POLICIES, AuditPolicies
from trueup.audit.result import AccountResult, WriterLine
from trueup.audit.rules import AuditRules
from trueup.audit.stability import Memory, passed_through, settle
from trueup.audit.writers import find_writers
from trueup.core.diff import Comparison, compare
from trueup.core.view import STOP_TYPES
from trueup.errors import StoreError
from trueup.model.coverage import Coverage
from trueup.model.discrepancies import Discrepancy
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot
from trueup.model.verdicts import Verdict, VerdictState, verdict_of
from trueup.venues.outside import VenueQuestion, VenueSide
from trueup.venues.questions import open_questions

CATCH_UPS_MAX: Final = 2
"""Further readings of the node in one look."""
QUESTION_ROUNDS_MAX: Final = 3
"""An answer may open a new question (an order's fills), and that is all: two rounds are normal."""
CLOSING_SECS: Final = 5.0
"""Kept of the time limit for what follows the last answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOutcome:
    """Hold what came of one audit, with the values behind it.

    Parameters
    ----------
    result : AccountResult
        What is reported.
    verdict : Verdict
        The verdict.
    confirmed : tuple of Discrepancy
        What differs.
    venue, node : snapshots or None
        The last readings; None for a side that could not be read at all.
    """

    result: AccountResult
    verdict: Verdict
    confirmed: tuple[Discrepancy, ...] = ()
    venue: VenueSnapshot | None = None
    node: NodeSnapshot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    venue: VenueSnapshot
    node: NodeReading
    comparison: Comparison
    confirmed: tuple[Discrepancy, ...]
    unsettled: tuple[Discrepancy, ...]


class AccountAuditor:
    """Audit one account, once or again and again.

    Parameters
    ----------
    name : str
        The account's name in reports.
    exchange : str
        Its venue.
    venue : VenueSide
        Reads the venue.
    node : NodeSide
        Reads the node.
    rules : AuditRules
        What is expected, and bounds.
    policies : AuditPolicies
        What the operator wants unchecked.
    """

    def __init__(
        self,
        name: str,
        exchange: str,
        venue: VenueSide,
        node: NodeSide,
        rules: AuditRules,
        policies: AuditPolicies = NO_POLICIES,
    ) -> None:
        self.name = name
        self.exchange = exchange
        self.venue = venue
        self.node = node
        self.rules = rules
        self.policies = policies
        self._memory = Memory()

    async def close(self) -> None:
        """Let go of both sides."""
        await self.venue.close()
        self.node.close()

    async def audit(self, *, anew: bool = True) -> AccountOutcome:
        """Look at both sides and return what came of it; never raises for what a side does.

        Parameters
        ----------
        anew : bool
            Read the whole history, instead of what is newer than the audit before.
        """
        began = time.monotonic()
        deadline = began + self.rules.timeout_secs - min(CLOSING_SECS, self.rules.timeout_secs / 2)
        if anew:
            self._memory = Memory()
        try:
            before = await asyncio.to_thread(self.node.read, self._known_from)
        except StoreError as error:
            return self._without_node(error, began)
        looks = 0
        watched: frozenset[str] = frozenset()
        while True:
            look = await self._look(before, anew=anew and not looks, deadline=deadline)
            if isinstance(look, StoreError):
                return self._without_node(look, began)
            looks += 1
            pending = frozenset(one.fingerprint for one in look.unsettled)
            watched = pending if looks == 1 else watched & pending
            is_over = looks >= self.rules.looks_max or time.monotonic() + self.rules.second_look_secs >= deadline
            if not watched or is_over:
                return await self._outcome(look, looks, began, unproven=watched if looks > 1 else frozenset())
            before = look.node
            await asyncio.sleep(self.rules.second_look_secs)

    # -- a look ------------------------------------------------------------------------------------------------------

    async def _look(self, before: NodeReading, *, anew: bool, deadline: float) -> _Look | StoreError:
        question = self._question(before.snapshot, anew=anew, deadline=deadline)
        venue = await self.venue.read(question)
        await asyncio.sleep(self.rules.catch_up_secs)
        try:
            node = await asyncio.to_thread(self.node.read, self._known_from)
            for _ in range(QUESTION_ROUNDS_MAX):
                questions = await asyncio.to_thread(open_questions, venue, node.snapshot)
                if not questions or time.monotonic() >= deadline:
                    break
                venue = await self.venue.resolve(questions)
                await asyncio.sleep(self.rules.catch_up_secs)
                # The node is read after the venue: what the stream brought meanwhile is in it, and is no difference.
                node = await asyncio.to_thread(self.node.read, self._known_from)
        except StoreError as error:
            return error
        return await self._settled(venue, node)

    async def _settled(self, venue: VenueSnapshot, node: NodeReading) -> _Look | StoreError:
        """Compare, and let the node catch up: what a later reading of it shows equal was only on its way.

        The venue is not asked again for that, so it costs no weight; what the node did meanwhile is none of this look.
        """
        comparison, found = await asyncio.to_thread(self._compare, venue, node)
        for _ in range(CATCH_UPS_MAX):
            if not found:
                break
            await asyncio.sleep(self.rules.catch_up_secs)
            try:
                node = await asyncio.to_thread(self.node.read, self._known_from)
            except StoreError as error:
                return error
            comparison, again = await asyncio.to_thread(self._compare, venue, node)
            still = {one.fingerprint for one in found}
            found = [one for one in again if one.fingerprint in still]
        settled = await asyncio.to_thread(
            settle, self._memory, found, venue, node.snapshot, lag_ns=self.rules.lag_ns, gap_ns=self.rules.gap_ns
        )
        self._memory = settled.memory
        return _Look(
            venue=venue,
            node=node,
            comparison=comparison,
            confirmed=settled.confirmed,
            unsettled=settled.unsettled,
        )

    def _compare(self, venue: VenueSnapshot, node: NodeReading) -> tuple[Comparison, list[Discrepancy]]:
        comparison = compare(venue, node.snapshot, self.rules.tolerance)
        divided = self.policies.divide(comparison.discrepancies, venue, node.snapshot)
        comparison = replace(comparison, discrepancies=divided.kept, unchecked=divided.unchecked)
        return comparison, [one for one in divided.kept if not passed_through(one, venue, node.snapshot)]

    def _question(self, node: NodeSnapshot, *, anew: bool, deadline: float) -> VenueQuestion:
        since_ns = max(0, time.time_ns() - self.rules.lookback_ns)
        recent = [order for order in node.orders if not order.is_closed or order.updated_ns >= since_ns]
        named = {order.instrument_id for order in recent}
        named |= {position.instrument_id for position in node.positions if position.quantity}
        return VenueQuestion(
            account_id=node.account_id,
            history_from_ns=since_ns,
            instrument_ids=frozenset(named) | self.rules.instrument_ids,
            conditional_ids=frozenset(order.instrument_id for order in recent if order.order_type in STOP_TYPES),
            quantities={
                order.client_order_id: order.quantity
                for order in recent
                if order.client_order_id and not order.is_closed and order.order_type in STOP_TYPES
            },
            anew=anew,
            deadline=deadline,
        )

    def _known_from(self, born_ns: int | None) -> int | None:
        return self.rules.known_from_ns(born_ns, time.time_ns())

    # -- what came of it ---------------------------------------------------------------------------------------------

    async def _outcome(self, look: _Look, looks: int, began: float, *, unproven: frozenset[str]) -> AccountOutcome:
        node = look.node.snapshot
        since_ns = look.venue.started_ns - self.rules.lookback_ns
        writers = find_writers(look.venue, node, self.node.trader_id, look.node.others, since_ns=since_ns)
        moving = [one for one in look.unsettled if one.fingerprint in unproven]
        verdict = verdict_of(
            account_id=node.account_id,
            time_ns=look.venue.ended_ns,
            coverage=look.venue.coverage,
            discrepancies=look.confirmed,
            pending_count=len(look.comparison.pending) + len(look.unsettled),
            node_unknowns=(
                *self._node_unknowns(node),
                *await asyncio.to_thread(self.policies.trouble),
                *(f"{one.subject} differs in every look, and moves: neither equal nor different" for one in moving),
            ),
            claims=self.rules.claims,
            unchecked=look.comparison.unchecked,
        )
        result = account_result(
            name=self.name,
            exchange=self.exchange,
            trader_id=self.node.trader_id,
            verdict=verdict,
            venue=look.venue,
            node=look.node,
            comparison=look.comparison,
            confirmed=look.confirmed,
            unsettled=look.unsettled,
            writers=writers,
            queries=self.venue.queries(),
            notes=await self._all_notes(),
            looks=looks,
            secs=time.monotonic() - began,
            shown_max=self.rules.shown_max,
        )
        if self.rules.report_writers and _is_shared(writers):
            verdict = replace(verdict, state=VerdictState.DISCREPANT)
            result = msgspec.structs.replace(result, state=str(VerdictState.DISCREPANT))
        return AccountOutcome(result=result, verdict=verdict, confirmed=look.confirmed, venue=look.venue, node=node)

    def _node_unknowns(self, node: NodeSnapshot) -> list[str]:
        found = []
        for kind in node.coverage.incomplete(self.rules.claims):
            failures = node.coverage.of(kind).failures
            why = failures[0].reason if failures else "not read whole"
            found.append(f"node's store, {kind.lower().replace('_', ' ')}: {why}")
        return list(dict.fromkeys(found))

    def unfinished(self, reason: str, secs: float) -> AccountOutcome:
        """Return the outcome of an audit that was not finished: UNKNOWN, and why."""
        verdict = verdict_of(
            account_id="",
            time_ns=time.time_ns(),
            coverage=Coverage(),
            discrepancies=(),
            node_unknowns=(reason,),
            claims=frozenset(),
        )
        result = AccountResult(
            name=self.name,
            exchange=self.exchange,
            state=str(verdict.state),
            trader_id=self.node.trader_id,
            time_ns=verdict.time_ns,
            unknowns=verdict.unknowns,
            notes=self.rules.notes,
            secs=secs,
        )
        return AccountOutcome(result=result, verdict=verdict)

    def _without_node(self, error: StoreError, began: float) -> AccountOutcome:
        """Return UNKNOWN: without the node's side there is nothing to compare with."""
        said = error.found if not error.action else f"{error.found} ({error.action})"
        return self.unfinished(f"node's store: {said}", time.monotonic() - began)

    async def _all_notes(self) -> tuple[str, ...]:
        return (*self.rules.notes, *await self.venue.notes())


def _is_shared(writers: tuple[WriterLine, ...]) -> bool:
    return any(writer.certain for writer in writers)
