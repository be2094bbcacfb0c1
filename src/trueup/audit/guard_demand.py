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


class Held(Protocol):
    """What a node says that this auditor holds it to."""

    @property
    def state(self) -> GuardState:
        """Return it; ``ACTIVE`` for nothing."""
        ...

    @property
    def instance_id(self) -> str:
        """Return the process that said so."""
        ...


class GuardLine(Protocol):
    """The way to a node's guard: `trueup.guard.control.GuardControl`."""

    def held(self) -> Held | None:
        """Return what the node says that we hold it to; None where no node says anything. Blocking."""
        ...

    def demand(
        self, state: GuardState, reason: str, *, verdict: VerdictState | None = None, force: bool = False
    ) -> Ack:
        """Ask the node for a state; blocking."""
        ...


@dataclass(slots=True)
class GuardDemand:
    """Demand a guard state of one node by the verdicts on one account.

    What is held is asked of the node and not remembered: a demand outlasts the watch that made it, and the node that
    obeyed it, and either may be restarted before the account is equal again.

    Parameters
    ----------
    line : GuardLine
        The way to the node.
    wish : GuardState
        What is demanded while a critical difference, or another writer, stands.
    """

    line: GuardLine
    wish: GuardState
    _obeyed_by: str = ""
    """The process that did what was demanded last: one that an operator released since is not asked again."""

    def after(self, outcome: AccountOutcome) -> str:
        """Act on an audit; blocking. Return what was done in a sentence, empty for nothing.

        UNKNOWN changes nothing: whoever cannot see must neither halt a node nor release it.
        """
        match outcome.verdict.state:
            case VerdictState.DISCREPANT:
                return self._tighten(outcome)
            case VerdictState.CLEAN:
                return self._let_go()
            case _:
                return ""

    def _tighten(self, outcome: AccountOutcome) -> str:
        reason = _reason(outcome)
        if not reason:
            return ""
        held = self.line.held()
        if held is not None and (held.state.rank >= self.wish.rank or held.instance_id == self._obeyed_by):
            return ""
        ack = self.line.demand(self.wish, reason, verdict=VerdictState.DISCREPANT)
        if ack.is_applied and held is not None:
            self._obeyed_by = held.instance_id
        return f"demanded {self.wish} of the node ({ack}): {reason}"

    def _let_go(self) -> str:
        self._obeyed_by = ""
        held = self.line.held()
        if held is None or held.state is GuardState.ACTIVE:
            return ""  # a node that says nothing is asked again at the next CLEAN verdict
        ack = self.line.demand(GuardState.ACTIVE, "the account is equal again", verdict=VerdictState.CLEAN)
        return f"took the demand back ({ack})"


def _reason(outcome: AccountOutcome) -> str:
    writers = [one.line for one in outcome.result.writers if one.certain]
    if writers:
        return writers[0]
    critical = [one for one in outcome.confirmed if one.severity is Severity.CRITICAL]
    if not critical:
        return ""
    more = f" and {len(critical) - 1} more" if len(critical) > 1 else ""
    return f"{critical[0].explain()}{more}"
