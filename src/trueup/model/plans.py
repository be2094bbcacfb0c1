"""An ordered list of steps that, fed to the engine, removes the discrepancies."""

from __future__ import annotations

from dataclasses import dataclass

from trueup.model.discrepancies import Discrepancy
from trueup.model.steps import GuardAdvice, RebuildInstrument, Refusal, Revive, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Hold what to do, in order, and what is left undone with its reason.

    Parameters
    ----------
    steps : tuple of Step
        What to do, in the order in which to do it.
    refused : tuple of Refusal
        What is not healed, and why.
    heals : tuple of Discrepancy
        What the steps are for, instrument by instrument. A discrepancy that is neither here nor refused waits.
    """

    steps: tuple[Step, ...] = ()
    refused: tuple[Refusal, ...] = ()
    heals: tuple[Discrepancy, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to do (there may still be something refused)."""
        return not self.steps

    @property
    def needs_journal(self) -> bool:
        """Return whether a step purges: what it removes must be durable before it is removed."""
        return any(isinstance(step, (RebuildInstrument, Revive)) for step in self.steps)

    @property
    def advice(self) -> GuardAdvice:
        """Return the strictest advice among the refusals."""
        order = (GuardAdvice.NONE, GuardAdvice.REDUCING, GuardAdvice.HALTED)
        return max((refusal.advice for refusal in self.refused), key=order.index, default=GuardAdvice.NONE)
