"""Demand of a live node that it stops adding risk while its account is not true, and take the demand back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trueup.audit.account import AccountOutcome
from trueup.model.discrepancies import Severity
from trueup.model.guard import GuardState
from trueup.model.verdicts import VerdictState


class Ack(Protocol):
    """What came of a demand."""

    @property
    def is_applied(self) -> bool:
        """Return whether the node did it."""
        ...


class GuardLine(Protocol):
    """The way to a node's guard: `trueup.guard.control.GuardControl`."""

    def demand(
        self, state: GuardState, reason: str, *, verdict: VerdictState | None = None, force: bool = False
    ) -> Ack:
        """Ask the node for a state; blocking."""
        ...


@dataclass(slots=True)
class GuardDemand:
    """Demand a guard state of one node by the verdicts on one account.

    Parameters
    ----------
    line : GuardLine
        The way to the node.
    wish : GuardState
        What is demanded while a critical difference, or another writer, stands.
    """

    line: GuardLine
    wish: GuardState
    standing: bool = False

    def after(self, outcome: AccountOutcome) -> str:
        """Act on an audit; blocking. Return what was done in a sentence, empty for nothing.

        UNKNOWN changes nothing: whoever cannot see must neither halt a node nor release it.
        """
        state = outcome.verdict.state
        if state is VerdictState.DISCREPANT and not self.standing:
            reason = _reason(outcome)
            if not reason:
                return ""
            ack = self.line.demand(self.wish, reason, verdict=state)
            self.standing = ack.is_applied
            return f"demanded {self.wish} of the node ({ack}): {reason}"
        if state is VerdictState.CLEAN and self.standing:
            ack = self.line.demand(GuardState.ACTIVE, "the account is equal again", verdict=state)
            self.standing = not ack.is_applied
            return f"took the demand back ({ack})"
        return ""


def _reason(outcome: AccountOutcome) -> str:
    writers = [one.line for one in outcome.result.writers if one.certain]
    if writers:
        return writers[0]
    critical = [one for one in outcome.confirmed if one.severity is Severity.CRITICAL]
    if not critical:
        return ""
    more = f" and {len(critical) - 1} more" if len(critical) > 1 else ""
    return f"{critical[0].explain()}{more}"
