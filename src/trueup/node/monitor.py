"""Keep one account true while the node trades: cheap looks, deep looks where suspicious, two looks before acting."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from trueup.model.positions import PositionKey
from trueup.model.verdicts import VerdictState
from trueup.node.account import NS_PER_SECOND, AccountTruth, Depth
from trueup.node.look import Look, LookNote, TrueUpOutcome
from trueup.node.settings import NodeSettings

_logger = logging.getLogger("trueup.node")

OVERLAP_SECS = 60.0
"""Read again before the last deep look: what the venue's lists show late."""
RETRIES_AT_ONCE = 6
DOUBLINGS_MAX = 6
"""A difference that does not heal must not cost the venue's weight every few seconds for ever."""
LOOKS_MAX = 5
"""Looks in one true-up: two that agree, one to verify, and two more for what the stream brings meanwhile."""


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
    on_look : Callable[[LookNote], None], optional
        Hears of every check, whatever it found.
    """

    def __init__(
        self,
        account: AccountTruth,
        settings: NodeSettings,
        now_ns: Callable[[], int],
        verified_ns: int,
        on_look: Callable[[LookNote], None] | None = None,
    ) -> None:
        self._on_look = on_look
        self._seen: Look | None = None
        self._went_deep = False
        self.account = account
        self._settings = settings
        self._now_ns = now_ns
        self._started_ns = verified_ns
        self._verified_ns = verified_ns
        self._deep_at = self.looked_at = time.monotonic()
        self._unexplained: frozenset[PositionKey] = frozenset()
        # Looks since the last CLEAN verdict. While there are any, only a deep look may say that all is well again.
        self._unsettled = 0
        self._cheap_seen: frozenset[str] = frozenset()
        self._busy = asyncio.Lock()
        self.suspects: set[str] = set()

    @property
    def verified_ns(self) -> int:
        """Return when the account was last proven equal by a deep look."""
        return self._verified_ns

    def quiet(self) -> asyncio.Lock:
        """Return what to hold while the account must not be looked at; for moments only."""
        return self._busy

    async def cycle(self) -> TrueUpOutcome | None:
        """Make one cheap look, and a true-up where it, a suspicion or the rotation asks for one.

        Returns
        -------
        TrueUpOutcome or None
            None when the cheap look was all, and clean.
        """
        async with self._busy:
            if self.suspects or self._is_deep_due():
                return await self._noted("deep", self._true_up())
            return await self._noted("cheap", self._cheap())

    async def true_up(self, check: str = "demand") -> TrueUpOutcome:
        """Look deep, act on what two looks saw, and look again; ``check`` names the occasion."""
        async with self._busy:
            outcome = await self._noted(check, self._true_up())
        assert outcome is not None, "a true-up always has an outcome"
        return outcome

    async def _cheap(self) -> TrueUpOutcome | None:
        self.looked_at = time.monotonic()
        look = await self.account.cheap_look()
        self._seen = look
        seen, self._cheap_seen = self._cheap_seen, look.fingerprints
        if look.verdict.state is VerdictState.UNKNOWN:
            self._unsettled += 1
            return TrueUpOutcome(verdicts=(look.verdict,))
        if self._unsettled:
            return None if look.fingerprints == seen and not self._is_retry_due() else await self._true_up()
        if look.is_clean and not self._has_waited(look):
            return None
        return await self._true_up()

    async def _noted(self, check: str, work: Awaitable[TrueUpOutcome | None]) -> TrueUpOutcome | None:
        """Do the work of one check and tell how it went; one that is cancelled ends with the node, untold."""
        self._seen, self._went_deep = None, False
        tell = self._teller(check)
        try:
            outcome = await work
        except Exception as error:
            tell(0, f"{type(error).__name__}: {error}")
            raise
        tell(0 if outcome is None else outcome.steps_count, "")
        self._seen = None  # told: a large account should not be held until the next look
        return outcome

    def _teller(self, check: str) -> Callable[[int, str], None]:
        began_ns, began = self._now_ns(), time.perf_counter()

        def tell(steps: int, failure: str) -> None:
            if self._on_look is None:
                return
            note = LookNote(
                account_id=self.account.account_id,
                check="deep" if check == "cheap" and self._went_deep else check,
                began_ns=began_ns,
                secs=time.perf_counter() - began,
                look=self._seen,
                steps=steps,
                failure=failure,
            )
            self._on_look(note)

        return tell

    async def _true_up(self) -> TrueUpOutcome:
        self.suspects.clear()
        outcome = TrueUpOutcome()
        for number in range(LOOKS_MAX):
            look = await self._deep_look()
            outcome = replace(outcome, verdicts=(look.verdict,), discrepancies=look.discrepancies)
            act_on = self.account.judge(look)
            if look.is_clean:
                self.account.note(look)
                return self._clean(look, outcome)
            made, applied = await self.account.heal(look, act_on)
            outcome = replace(
                outcome,
                refused=made.refused,
                problems=(*outcome.problems, *applied.problems),
            ).with_steps(made.steps)
            if number and not made.steps:
                break
            if not made.steps:
                await asyncio.sleep(self._settings.second_look_secs)
        self._unsettled += 1
        return outcome

    async def _deep_look(self) -> Look:
        depth = self._depth(widen=bool(self._unexplained))
        self._deep_at = self.looked_at = time.monotonic()
        look = await self.account.deep_look(depth)
        self._unexplained, self._seen = look.unexplained, look
        self._went_deep = True
        return look

    def _depth(self, *, widen: bool) -> Depth:
        now_ns = self._now_ns()
        lookback_ns = int(self._settings.open_check_lookback_secs * NS_PER_SECOND)
        since_ns = max(self._verified_ns - int(OVERLAP_SECS * NS_PER_SECOND), now_ns - lookback_ns, 0)
        furthest = self._settings.lookback_secs
        furthest_ns = 0 if furthest is None else max(0, now_ns - int(furthest * NS_PER_SECOND))
        return Depth(
            history_from_ns=since_ns,
            known_from_ns=self._started_ns,
            proven_ns=self._verified_ns,
            widen_to_ns=furthest_ns if widen else None,
        )

    def _clean(self, look: Look, outcome: TrueUpOutcome) -> TrueUpOutcome:
        self._verified_ns = look.reading.snapshot.started_ns
        self._unsettled = 0
        return replace(outcome, refused=())

    def _is_deep_due(self) -> bool:
        return time.monotonic() - self._deep_at >= self._settings.deep_interval_secs

    def _is_retry_due(self) -> bool:
        """Return whether to look deep again at what did not heal: at once a few times, then ever more rarely."""
        interval_secs = self._settings.open_check_interval_secs or self._settings.deep_interval_secs
        doublings = max(0, min(self._unsettled - RETRIES_AT_ONCE, DOUBLINGS_MAX))
        pause_secs = min(interval_secs * 2**doublings, self._settings.deep_interval_secs) if doublings else 0.0
        return time.monotonic() - self._deep_at >= pause_secs

    def _has_waited(self, look: Look) -> bool:
        """Return whether an order has waited for the venue's answer for longer than the threshold."""
        limit_ns = look.node.ended_ns - int(self._settings.inflight_threshold_secs * NS_PER_SECOND)
        return any(
            order.status.is_in_flight and max(order.updated_ns, order.submitted_ns) < limit_ns
            for order in look.node.orders
        )
