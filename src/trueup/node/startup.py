"""The start-up true-up of one account: read, heal, read again, until both sides are equal or the time is up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability
from trueup.model.steps import RefusalCode
from trueup.model.verdicts import VerdictState
from trueup.node.account import NS_PER_SECOND, AccountTruth, Depth
from trueup.node.look import Look, TrueUpOutcome
from trueup.node.pacing import let_go, off_loop
from trueup.node.settings import NodeSettings

_logger = logging.getLogger("trueup.node")

BACKOFF_SECS = 0.25
BACKOFF_SECS_MAX = 5.0
HEALS_MAX = 6
"""Rounds of healing. Two are normal (a rebuild, then what it uncovers); six that changed nothing will not be seven."""
OVERLAP_SECS = 300.0
"""Read again before the last proof: what the venue's lists show late, and clocks that differ."""

_WANT_MORE_HISTORY = frozenset(
    {
        RefusalCode.FILLS_INCOMPLETE,
        RefusalCode.HISTORY_INCOMPLETE,
        RefusalCode.NEEDS_REBUILD,
        RefusalCode.POSITION_UNEXPLAINED,
        RefusalCode.MOVED_WITHOUT_FILL,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUpResult:
    """Hold what came of a start-up: the outcome, the last look, and whether the node may trade.

    Without its look (`without_look`) it still holds when the last look began.
    """

    outcome: TrueUpOutcome
    look: Look | None
    reason: str = ""
    looked_ns: int = 0

    @property
    def may_trade(self) -> bool:
        """Return whether both sides were proven equal."""
        return self.outcome.verdict is VerdictState.CLEAN

    def without_look(self) -> StartUpResult:
        """Return the result without what may be the largest thing in the process."""
        looked_ns = self.looked_ns if self.look is None else self.look.reading.snapshot.started_ns
        return replace(self, look=None, looked_ns=looked_ns)


class StartUp:
    """Make one account true before anything trades.

    Parameters
    ----------
    account : AccountTruth
        The account.
    settings : NodeSettings
        What the operator wants.
    now_ns : int
        The node's clock at the start.
    """

    def __init__(self, account: AccountTruth, settings: NodeSettings, now_ns: int) -> None:
        self._account = account
        self._settings = settings
        self._now_ns = now_ns

    def depth(self, *, cold: bool, deadline: float | None) -> Depth:
        """Return how deep to look, and what the node is expected to hold.

        A cold node is read as far back as the operator allows. A warm one is read from the last proof on; what lies
        before it was equal then, and a position that the rest does not explain is looked into further.

        A node that holds nothing may yet have been proven: the first proof of an account that was empty, then orders
        that its store never wrote down because it was killed. What happened since that proof it is expected to hold.
        """
        lookback = self._settings.lookback_secs
        furthest_ns = 0 if lookback is None else max(0, self._now_ns - int(lookback * NS_PER_SECOND))
        verified_ns = self._account.port.verified_ns()
        if verified_ns is None or verified_ns > self._now_ns:
            horizon_ns = None if cold else self._purge_horizon_ns()
            known_from_ns = 0 if horizon_ns is None and self._settings.history == "full" else horizon_ns
            return Depth(history_from_ns=furthest_ns, known_from_ns=known_from_ns, deadline=deadline, at_startup=True)
        known_from_ns = max(verified_ns, self._purge_horizon_ns() or 0) if self._purges else verified_ns
        if cold:
            known_from_ns = 0 if self._settings.history == "full" else known_from_ns
            return Depth(history_from_ns=furthest_ns, known_from_ns=known_from_ns, deadline=deadline, at_startup=True)
        return Depth(
            history_from_ns=max(furthest_ns, verified_ns - int(OVERLAP_SECS * NS_PER_SECOND)),
            known_from_ns=known_from_ns,
            proven_ns=verified_ns,
            widen_to_ns=furthest_ns,
            deadline=deadline,
            at_startup=True,
        )

    async def run(self, timeout_secs: float) -> StartUpResult:
        """Heal until equal, or until there is no time or no way left.

        Parameters
        ----------
        timeout_secs : float
            No query and no round begins after it.
        """
        deadline = time.monotonic() + timeout_secs
        cold = self._account.port.is_cold()
        restored = self._account.port.restore_unfinished()
        if restored:
            _logger.warning("put back %d orders of a repair that was cut off: %s", len(restored), ", ".join(restored))
        self._settle_claims()
        depth = self.depth(cold=cold, deadline=deadline)
        outcome = TrueUpOutcome()
        before: Look | None = None
        backoff_secs = BACKOFF_SECS
        heals = 0
        while True:
            look = await self._account.deep_look(depth)
            outcome = replace(outcome, verdicts=(look.verdict,), discrepancies=look.discrepancies)
            if look.is_clean:
                self._account.judge(look, at_startup=True)
                self._account.note(look)
                return StartUpResult(outcome=replace(outcome, refused=()), look=look)
            if look.verdict.unknowns:
                reason = "; ".join(look.verdict.unknowns)
            else:
                act_on = await self._judge(look)
                made, applied = await self._account.heal(look, act_on, at_startup=True)
                # What no list has is purged only when a second reading says so, none of it taken over from this one;
                # of what is alive the lists and the answers are asked for anew in any case.
                anew = _waits_to_purge(look.discrepancies, act_on)
                problems = tuple(applied.problems)
                outcome = replace(outcome, refused=made.refused, problems=problems).with_steps(made.steps)
                heals += bool(made.steps)
                reason = f"{len(look.discrepancies)} differences remain"
                if depth.widen_to_ns is not None and any(one.code in _WANT_MORE_HISTORY for one in made.refused):
                    depth = replace(depth, history_from_ns=depth.widen_to_ns, widen_to_ns=None, anew=True)
                    continue
                settled = before is not None and before.fingerprints == look.fingerprints
                if (made.is_empty and settled) or heals >= HEALS_MAX:
                    return StartUpResult(outcome=outcome, look=look, reason=reason)
                if made.steps:
                    if any(one.kind is DiscrepancyKind.ORDER_OWNER for one in look.discrepancies):
                        self._settle_claims()  # a position of two owners forbade it before, and is healed now
                    before, backoff_secs = None, BACKOFF_SECS
                    depth = replace(depth, anew=anew)
                    if time.monotonic() < deadline:
                        # The next look tells it all anew. Until then a large account should not be held twice.
                        outcome = replace(outcome, discrepancies=())
                        piles = [*look.piles(), list(made.steps), list(made.heals)]
                        del look, made, act_on, applied
                        await let_go(piles)
                        continue
                depth = replace(depth, anew=depth.anew and (anew or len(act_on) == len(look.discrepancies)))
            before = look
            if time.monotonic() + backoff_secs >= deadline:
                return StartUpResult(outcome=outcome, look=look, reason=f"{reason}, and {timeout_secs:g} s have passed")
            await asyncio.sleep(backoff_secs)
            backoff_secs = min(2 * backoff_secs, BACKOFF_SECS_MAX)

    async def _judge(self, look: Look) -> tuple[Discrepancy, ...]:
        return await off_loop(len(look.discrepancies), lambda: self._account.judge(look, at_startup=True))

    def _settle_claims(self) -> None:
        for line in self._account.port.settle_claims():
            _logger.warning("%s", line)

    @property
    def _purges(self) -> bool:
        return self._settings.purge_buffer_secs is not None and self._settings.purge_from_store

    def _purge_horizon_ns(self) -> int | None:
        """Return since when closed orders are still in the store; None where none ever leaves it."""
        if not self._purges:
            return None
        assert self._settings.purge_buffer_secs is not None
        return max(0, self._now_ns - int(self._settings.purge_buffer_secs * NS_PER_SECOND))


def _waits_to_purge(found: Sequence[Discrepancy], act_on: Sequence[Discrepancy]) -> bool:
    """Return whether something that a rebuild would purge is not acted on yet."""
    if len(act_on) == len(found):
        return False
    acted = set(map(id, act_on))
    return any(one.healability is Healability.REBUILD for one in found if id(one) not in acted)
