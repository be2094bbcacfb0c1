"""Keep one account true while the node trades: cheap looks, deep looks where suspicious, two looks before acting."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from trueup.model.plans import Plan
from trueup.model.steps import GuardAdvice
from trueup.model.verdicts import VerdictState
from trueup.node.account import NS_PER_SECOND, AccountTruth, Depth
from trueup.node.applied import Applied
from trueup.node.binding import GuardState
from trueup.node.look import Look, TrueUpOutcome
from trueup.node.settings import NodeSettings

_logger = logging.getLogger("trueup.node")

TRIES_MAX = 5
"""How often the same difference is acted on before it is left to the operator: more would only fill the log."""
TRIED_MAX = 10_000
"""Differences whose tries are remembered."""
OVERLAP_SECS = 60.0
"""Read again before the last deep look: what the venue's lists show late."""
VERIFY_LOOKS_MAX = 3
"""Looks after acting: what the stream brings meanwhile may need one more."""


class Monitor:
    """Look after one account of a trading node.

    Parameters
    ----------
    account : AccountTruth
        The account.
    settings : NodeSettings
        What the operator wants.
    now_ns : Callable[[], int]
        The node's clock.
    verified_ns : int
        When the start-up proved it equal.
    """

    def __init__(
        self, account: AccountTruth, settings: NodeSettings, now_ns: Callable[[], int], verified_ns: int
    ) -> None:
        self.account = account
        self._settings = settings
        self._now_ns = now_ns
        self._started_ns = verified_ns
        self._verified_ns = verified_ns
        self._deep_at = time.monotonic()
        self._tries: Counter[str] = Counter()
        self._last: Look | None = None
        self._busy = asyncio.Lock()
        self.suspects: set[str] = set()
        self.guard_wanted = GuardState.ACTIVE

    @property
    def verified_ns(self) -> int:
        """Return when the account was last proven equal by a deep look."""
        return self._verified_ns

    async def cycle(self) -> TrueUpOutcome | None:
        """Make one cheap look, and a true-up where it, a suspicion or the rotation asks for one.

        Returns
        -------
        TrueUpOutcome or None
            None when the cheap look was all, and clean.
        """
        async with self._busy:
            if self.suspects or self._is_deep_due():
                return await self._true_up()
            look = await self.account.cheap_look()
            if look.is_clean and not self._has_waited(look):
                return None
            if look.verdict.state is VerdictState.UNKNOWN:
                return TrueUpOutcome(verdicts=(look.verdict,))
            return await self._true_up()

    async def true_up(self) -> TrueUpOutcome:
        """Look deep, act on what two looks saw, and look again."""
        async with self._busy:
            return await self._true_up()

    async def _true_up(self) -> TrueUpOutcome:
        self.suspects.clear()
        first = await self._deep_look()
        if first.is_clean:
            return self._clean(first)
        await asyncio.sleep(self._settings.second_look_secs)
        look = await self._deep_look()
        if look.is_clean:
            return self._clean(look)
        outcome = TrueUpOutcome(verdicts=(look.verdict,), discrepancies=look.discrepancies)
        for _ in range(VERIFY_LOOKS_MAX):
            made, applied = await self._heal(look, first)
            outcome = self._joined(outcome, look, made, applied)
            if not made.steps:
                break
            first, look = look, await self._deep_look()
            outcome = replace(outcome, verdicts=(look.verdict,), discrepancies=look.discrepancies)
            if look.is_clean:
                return replace(self._clean(look), steps=outcome.steps, problems=outcome.problems)
        self.guard_wanted = _guard_of(outcome)
        return outcome

    async def _heal(self, look: Look, before: Look) -> tuple[Plan, Applied]:
        tired = frozenset(name for name in look.fingerprints if self._tries[name] >= TRIES_MAX)
        made, applied = await self.account.heal(look, before=before, leave=tired)
        if made.steps:
            self._tries.update(look.fingerprints)
            if len(self._tries) > TRIED_MAX:
                self._tries = Counter(dict(self._tries.most_common(TRIED_MAX // 2)))
        return made, applied

    async def _deep_look(self) -> Look:
        unexplained_before = frozenset() if self._last is None else self._last.unexplained
        depth = self._depth(widen=bool(unexplained_before))
        look = await self.account.deep_look(depth)
        self._last = look
        return look

    def _depth(self, *, widen: bool) -> Depth:
        now_ns = self._now_ns()
        lookback_ns = int(self._settings.open_check_lookback_secs * NS_PER_SECOND)
        since_ns = max(self._verified_ns - int(OVERLAP_SECS * NS_PER_SECOND), now_ns - lookback_ns, 0)
        furthest = self._settings.lookback_secs
        furthest_ns = 0 if furthest is None else max(0, now_ns - int(furthest * NS_PER_SECOND))
        return Depth(
            history_from_ns=since_ns,
            known_from_ns=self._known_from_ns(now_ns),
            widen_to_ns=furthest_ns if widen else None,
        )

    def _known_from_ns(self, now_ns: int) -> int:
        """Return since when closed orders are expected in the node: it purges them after a while, and may."""
        buffer_secs = self._settings.purge_buffer_secs
        if buffer_secs is None:
            return self._started_ns
        return max(self._started_ns, now_ns - int(buffer_secs * NS_PER_SECOND))

    def _clean(self, look: Look) -> TrueUpOutcome:
        self._verified_ns = look.reading.snapshot.started_ns
        self._deep_at = time.monotonic()
        self._tries.clear()
        self.guard_wanted = GuardState.ACTIVE
        return TrueUpOutcome(verdicts=(look.verdict,))

    def _is_deep_due(self) -> bool:
        return time.monotonic() - self._deep_at >= self._settings.deep_interval_secs

    def _has_waited(self, look: Look) -> bool:
        """Return whether an order has waited for the venue's answer for longer than the threshold."""
        limit_ns = look.node.ended_ns - int(self._settings.inflight_threshold_secs * NS_PER_SECOND)
        return any(
            order.status.is_in_flight and max(order.updated_ns, order.submitted_ns) < limit_ns
            for order in look.node.orders
        )

    def _joined(self, outcome: TrueUpOutcome, look: Look, made: Plan, applied: Applied) -> TrueUpOutcome:
        return replace(
            outcome,
            verdicts=(look.verdict,),
            discrepancies=look.discrepancies,
            refused=made.refused,
            steps=(*outcome.steps, *made.steps),
            problems=(*outcome.problems, *applied.problems),
        )


_ADVICE = {
    GuardAdvice.NONE: GuardState.ACTIVE,
    GuardAdvice.REDUCING: GuardState.REDUCING,
    GuardAdvice.HALTED: GuardState.HALTED,
}
_STRICTEST_LAST = (GuardState.ACTIVE, GuardState.REDUCING, GuardState.HALTED)


def _guard_of(outcome: TrueUpOutcome) -> GuardState:
    wanted = [_ADVICE[refusal.advice] for refusal in outcome.refused]
    return max(wanted, key=_STRICTEST_LAST.index, default=GuardState.ACTIVE)
