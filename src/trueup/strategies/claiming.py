"""A strategy's configuration that claims what the strategy trades."""

from __future__ import annotations

from typing import Any

import msgspec
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.identifiers import InstrumentId

from trueup.core.claims import Product, pattern_problem
from trueup.errors import ConfigValueError


class ClaimingStrategyConfig(StrategyConfig, kw_only=True, frozen=True):  # type: ignore[call-arg,misc]  # msgspec's
    """Claim every instrument that the configuration names in ``instrument_id`` or ``instrument_ids``.

    Subclass it, and add those fields as usual. What is given as ``external_order_claims`` wins: an empty list claims
    nothing. The engine reads ``config.external_order_claims`` once, when the strategy is constructed (measured on
    1.222.0 and 1.231.0), so a property of that name works, too; but a property hides the field: what a file gives
    there is dropped in silence, and the configuration is written out with ``null``. This class fills the field.

    Parameters
    ----------
    claim_patterns : tuple of str
        Patterns of claimed instruments, in force once trueup is attached; see `ExternalOrderClaimConfig`.
    claim_products : tuple of Product
        The only products that the patterns and `claim_all` are about.
    claim_all : bool
        Claim every instrument of the node that no other strategy claims by its id.

    Raises
    ------
    ConfigValueError
        If a pattern is none.
    """

    claim_patterns: tuple[str, ...] = ()
    claim_products: tuple[Product, ...] = ()
    claim_all: bool = False

    def __post_init__(self) -> None:
        """Fill the engine's own field, and judge the patterns."""
        for pattern in self.claim_patterns:
            if problem := pattern_problem(pattern):
                raise ConfigValueError(
                    f"claim_patterns: '{pattern}' is not a pattern: {problem}",
                    allowed="SYMBOL.VENUE with * for any text and ? for one character",
                    action="an id without a wildcard belongs to external_order_claims",
                )
        if self.external_order_claims is None and (traded := _traded(self)):
            msgspec.structs.force_setattr(self, "external_order_claims", traded)


def _traded(config: Any) -> list[InstrumentId]:
    one, many = getattr(config, "instrument_id", None), getattr(config, "instrument_ids", None)
    found = [*([] if one is None else [one]), *(many or ())]
    return [InstrumentId.from_str(text) for text in dict.fromkeys(map(str, found))]
