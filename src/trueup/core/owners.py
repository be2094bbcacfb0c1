"""Who owns what appears at the venue without the node's knowing it.

An explicit claim, else the only strategy that ever traded the instrument, else nobody (EXTERNAL). On a NETTING
instrument an unowned fill would otherwise leave the strategy holding a position that is gone (measured on 1.231.0:
the strategy +2 and EXTERNAL -2, both open, the venue flat).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import NodeSnapshot

EXTERNAL_OWNER = "EXTERNAL"
"""The engine's name for the owner of orders that no strategy claims."""


class OwnerSource(StrEnum):
    """How an owner was found."""

    CLAIM = "CLAIM"
    ONLY_TRADER = "ONLY_TRADER"
    NOBODY = "NOBODY"
    AMBIGUOUS = "AMBIGUOUS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Hold an owner, how it was found, and who else could have been it."""

    name: str
    source: OwnerSource
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerBook:
    """Hold the claims, and which strategies ever traded which instrument."""

    claims: Mapping[str, str]
    traders: Mapping[str, frozenset[str]]

    @classmethod
    def of(
        cls, node: NodeSnapshot, claims: Mapping[str, str], known_traders: Mapping[str, frozenset[str]]
    ) -> OwnerBook:
        """Read who traded each instrument from the node's records, beside those remembered from before."""
        traders: dict[str, set[str]] = {instrument_id: set(names) for instrument_id, names in known_traders.items()}
        records: tuple[OrderRecord | PositionRecord, ...] = (*node.orders, *node.positions)
        for record in records:
            if record.owner is not None and record.owner != EXTERNAL_OWNER:
                traders.setdefault(record.instrument_id, set()).add(record.owner)
        return cls(claims=claims, traders={name: frozenset(held) for name, held in traders.items()})

    def owner_of(self, instrument_id: str) -> Owner:
        """Return the owner of what appears on an instrument."""
        claimed = self.claims.get(instrument_id)
        if claimed is not None:
            return Owner(name=claimed, source=OwnerSource.CLAIM, candidates=(claimed,))
        candidates = tuple(sorted(self.traders.get(instrument_id, frozenset())))
        if len(candidates) == 1:
            return Owner(name=candidates[0], source=OwnerSource.ONLY_TRADER, candidates=candidates)
        source = OwnerSource.AMBIGUOUS if candidates else OwnerSource.NOBODY
        return Owner(name=EXTERNAL_OWNER, source=source, candidates=candidates)
