"""Which external orders and positions a strategy takes as its own."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from trueup.config.base import Section, fault
from trueup.config.reconciliation.instrument_ids import InstrumentIdText
from trueup.core.claims import EVERYTHING, Claim, Product, pattern_problem

PATTERNS_MAX = 20
"""Of one strategy. Every pattern is compared with those of every other strategy before the node starts."""


def _check_pattern(value: str) -> str:
    if problem := pattern_problem(value):
        raise fault(
            f"'{value}' is not a pattern: {problem}",
            allowed="SYMBOL.VENUE with * for any text and ? for one character, such as *.BINANCE or BTC*-PERP.BINANCE",
            action="an id without a wildcard belongs to instrument_ids; every instrument: claim_all = true",
        )
    return value


PatternText = Annotated[str, AfterValidator(_check_pattern)]
"""The text of a pattern of instrument ids."""


class ExternalOrderClaimConfig(Section):
    """The instruments whose external orders one strategy claims.

    An unclaimed external NETTING position belongs to the strategy ``EXTERNAL``: no strategy can close it, and it
    offsets the strategy's own position instead of changing it (NautilusTrader issues #3054 and #4454).

    Parameters
    ----------
    instrument_ids : tuple[str, ...]
        Claimed instruments, each as NautilusTrader's own parser accepts it (``EUR/USD.IDEALPRO`` does).
    patterns : tuple[str, ...]
        Patterns of claimed instruments, of those that load later, too.
    products : tuple[Product, ...]
        The only products that patterns and `claim_all` are about.
    claim_all : bool
        Claim every instrument of the node. Excludes `instrument_ids` and `patterns`.
    client : str
        The client of ``[clients]`` whose account it is about.

    Raises
    ------
    pydantic.ValidationError
        If an identifier cannot be parsed or is listed twice (the engine refuses a second claim even from the same
        strategy), if a pattern is none, or if both ways of claiming are used.
    """

    instrument_ids: tuple[InstrumentIdText, ...] = Field(default=())
    """Claimed instruments. Each may be claimed once, by one strategy. An id beats the pattern of another strategy."""

    patterns: tuple[PatternText, ...] = Field(default=(), max_length=PATTERNS_MAX)
    """Patterns such as ``*.BINANCE`` or ``BTC*-PERP.BINANCE``: ``*`` is any text, ``?`` one character, in symbol and in
    venue. They claim what loads later, too. Patterns of two strategies must not be able to match one instrument."""

    products: tuple[Product, ...] = Field(default=())
    """The only products that `patterns` and `claim_all` are about, where the names do not tell them apart: ``spot``,
    ``perpetual``, ``future``, ``option``, ``other``. Empty for all."""

    claim_all: bool = Field(default=False)
    """Claim every instrument of the node that no other strategy claims by its id, those that load later, too. Excludes
    `instrument_ids` and `patterns`."""

    client: str = Field(default="", max_length=64)
    """Only what appears on the account of this client of ``[clients]``; empty for every one. For two accounts that
    trade one venue: each may have its own claimant of one instrument."""

    @model_validator(mode="after")
    def _one_way_of_claiming(self) -> Self:
        beside = "instrument_ids" if self.instrument_ids else "patterns" if self.patterns else ""
        if self.claim_all and beside:
            raise fault(
                f"claim_all stands beside {beside}",
                allowed=f"claim_all = true, or a list of {beside}, not both",
                action="remove one of them",
            )
        if self.products and not (self.claim_all or self.patterns):
            raise fault(
                "products narrow nothing",
                allowed="products beside patterns or claim_all; instrument_ids are never narrowed",
                action="remove products, or claim by patterns",
            )
        for name in ("instrument_ids", "patterns", "products"):
            held = getattr(self, name)
            twice = sorted({str(one) for one in held if held.count(one) > 1})
            if twice:
                raise fault(
                    f"claimed twice in one list: {', '.join(twice)}",
                    allowed="each once: the engine refuses a second claim of the same strategy too",
                )
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing is claimed."""
        return not self.claim_all and not self.instrument_ids and not self.patterns

    def claims_of(self, claimant: str) -> tuple[Claim, ...]:
        """Return the claims as a strategy's."""
        patterns = (EVERYTHING,) if self.claim_all else self.patterns
        return (
            *(Claim(claimant=claimant, text=one, client=self.client) for one in self.instrument_ids),
            *(
                Claim(claimant=claimant, text=one, is_pattern=True, products=self.products, client=self.client)
                for one in patterns
            ),
        )
