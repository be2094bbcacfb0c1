"""Run the adapter's commands so that an unknown outcome stays unknown until the venue was asked.

The adapter runs every command through a pool of retry managers and turns what failed into a rejection. `OutcomePool`
stands in for that pool: the same three calls, the same attributes, another judgement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from trueup.venues.binance.failures import failure_of
from trueup.venues.binance.outcomes import Command, Failure, Outcome, classify, may_send_again
from trueup.venues.binance.settings import HardeningSettings

COMMANDS: Final = {
    "submit_order": Command.SUBMIT,
    "modify_order": Command.AMEND,
    "cancel_order": Command.CANCEL,
    "cancel_all_open_orders": Command.CANCEL_ALL,
    "cancel_all_open_algo_orders": Command.CANCEL_ALL,
    "cancel_multiple_orders": Command.CANCEL_BATCH,
}
SEND_AGAIN_SECS: Final = 0.5
SEND_AGAIN_SECS_MAX: Final = 4.0

Unresolved = Callable[[Command, Sequence[Any], dict[str, Any], Outcome, str], None]
"""Called with the command, the names of its orders, its arguments, its outcome and the venue's text."""


class OutcomeRun:
    """One command under way; the adapter reads `result`, `message` and `last_exception` after `run`."""

    def __init__(self, pool: OutcomePool) -> None:
        self._pool = pool
        self.result = False
        self.message: str | None = None
        self.last_exception: BaseException | None = None

    async def run(
        self, name: str, details: Sequence[Any] | None, func: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any
    ) -> Any:
        """Run one command of the adapter.

        Parameters
        ----------
        name : str
            The adapter's name of the command.
        details : Sequence, optional
            The names of the orders concerned.
        func : Callable
            What sends it.
        """
        command = COMMANDS[name]
        wait_secs = SEND_AGAIN_SECS
        sends = 0
        doubtful: Failure | None = None
        while True:
            sends += 1
            try:
                answer = await func(*args, **kwargs)
            except asyncio.CancelledError:
                # The node stops while the command is under way: nobody knows, so nothing is said (the next start asks).
                self._pool.left_unknown += 1
                self.result = True
                raise
            except Exception as error:
                failure = failure_of(error)
                outcome = classify(failure, command)
                self.last_exception = error
                self.message = str(failure.message or error)
                doubtful = failure if outcome is Outcome.UNKNOWN else doubtful
                if may_send_again(outcome, command) and sends <= self._pool.send_again_max and not self._pool.stopping:
                    self._pool.log.warning(f"{name} {details}: {self.message}; sent again in {wait_secs:g} s")
                    await asyncio.sleep(wait_secs)
                    wait_secs = min(2 * wait_secs, SEND_AGAIN_SECS_MAX)
                    continue
                return self._conclude(command, details or (), kwargs, outcome, failure)
            else:
                self.result = True
                if doubtful is not None and command is Command.CANCEL_ALL:
                    # The answer to the second sending says nothing about what the first one ended.
                    self._pool.unresolved(command, details or (), kwargs, Outcome.UNKNOWN, doubtful.message)
                return self._pool.answered(command, details or (), answer)

    def _conclude(
        self, command: Command, details: Sequence[Any], kwargs: dict[str, Any], outcome: Outcome, failure: Failure
    ) -> Any:
        self.result = outcome.must_ask
        log = self._pool.log
        if not self.result:
            log.error(f"{command} {list(details)} was refused: {failure.code} {self.message}")
            return None
        log.warning(f"{command} {list(details)} is {outcome}: {failure.code} {self.message}; the venue is asked")
        self._pool.unresolved(command, details, kwargs, outcome, self.message or "")
        # The adapter wants one item for each order of a batch, and reads an item without a code as no failure.
        return [{} for _ in details] if command is Command.CANCEL_BATCH else None


class OutcomePool:
    """Stand in for the adapter's pool of retry managers.

    Parameters
    ----------
    settings : HardeningSettings
        Bounds.
    log : Logger
        The client's.
    unresolved : Callable
        Told of each outcome that must be asked about.
    answered : Callable
        Given the command, the names of its orders and its answer; returns the answer that the adapter is to see.
    """

    def __init__(
        self,
        settings: HardeningSettings,
        log: Any,
        unresolved: Unresolved,
        answered: Callable[[Command, Sequence[Any], Any], Any],
    ) -> None:
        self.send_again_max = settings.send_again_max
        self.log = log
        self.unresolved = unresolved
        self.answered = answered
        self.stopping = False
        self.left_unknown = 0

    async def acquire(self) -> OutcomeRun:
        """Return a run for one command."""
        return OutcomeRun(self)

    async def release(self, run: OutcomeRun) -> None:
        """Take a run back; runs are not shared, so there is nothing to do."""

    def shutdown(self) -> None:
        """Send nothing again from now on; what is under way may still be answered."""
        self.stopping = True
