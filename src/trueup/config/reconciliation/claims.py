"""Which external orders and positions a strategy takes as its own."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from trueup.config.base import Section, fault
from trueup.config.reconciliation.instrument_ids import InstrumentIdText


class ExternalOrderClaimConfig(Section):
    """The instruments whose external orders one strategy claims.

    An unclaimed external NETTING position belongs to the strategy ``EXTERNAL``: no strategy can close it, and it
    offsets the strategy's own position instead of changing it (NautilusTrader issues #3054 and #4454).

    Parameters
    ----------
    instrument_ids : tuple[str, ...]
        Claimed instruments, each as NautilusTrader's own parser accepts it (``EUR/USD.IDEALPRO`` does).
    claim_all : bool
        Claim every instrument that the node's clients are configured to load. Excludes `instrument_ids`.

    Raises
    ------
    pydantic.ValidationError
        If an identifier cannot be parsed or is listed twice (the engine refuses a second claim even from the same
        strategy), or if both ways of claiming are used.
    """

    instrument_ids: tuple[InstrumentIdText, ...] = Field(default=())
    """Claimed instruments. Each may be claimed once, by one strategy."""

    claim_all: bool = Field(default=False)
    """Claim every instrument that the clients are configured to load. Excludes `instrument_ids`."""

    @model_validator(mode="after")
    def _one_way_of_claiming(self) -> Self:
        if self.claim_all and self.instrument_ids:
            raise fault(
                "claim_all stands beside instrument_ids",
                allowed="claim_all = true, or a list of instrument_ids, not both",
                action="remove one of them",
            )
        twice = sorted({one for one in self.instrument_ids if self.instrument_ids.count(one) > 1})
        if twice:
            raise fault(
                f"claimed twice in one list: {', '.join(twice)}",
                allowed="each instrument once: the engine refuses a second claim of the same strategy too",
            )
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing is claimed."""
        return not self.claim_all and not self.instrument_ids
