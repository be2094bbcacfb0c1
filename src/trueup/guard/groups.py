"""Names for kinds of discrepancy that belong together, and how bad each kind can be."""

from __future__ import annotations

from types import MappingProxyType

from trueup.model.discrepancies import DiscrepancyKind as Kind
from trueup.model.discrepancies import Severity

GROUPS = MappingProxyType(
    {
        "exposure": frozenset({Kind.POSITION_QUANTITY, Kind.POSITION_SIDE}),
        "fills": frozenset({Kind.FILL_MISSING, Kind.FILL_DUPLICATED, Kind.FILL_INVENTED, Kind.FILL_QUANTITY}),
        "working_orders": frozenset(
            {
                Kind.ORDER_MISSING_IN_NODE,
                Kind.ORDER_MISSING_AT_VENUE,
                Kind.ORDER_STATUS,
                Kind.ORDER_SIDE,
                Kind.ORDER_QUANTITY,
                Kind.ORDER_PRICE,
                Kind.ORDER_TRIGGER_PRICE,
                Kind.ORDER_FILLED_QUANTITY,
            }
        ),
        "ownership": frozenset({Kind.ORDER_OWNER, Kind.POSITION_SPLIT_OWNERSHIP}),
        "identifiers": frozenset({Kind.IDENTIFIER_MISMATCH, Kind.IDENTIFIER_DUPLICATED}),
        "records": frozenset({Kind.FILL_PRICE, Kind.FILL_COMMISSION, Kind.POSITION_AVERAGE_PRICE, Kind.BALANCE}),
    }
)
"""Every kind is in exactly one group."""

assert sorted(kind for kinds in GROUPS.values() for kind in kinds) == sorted(Kind), "each kind belongs to one group"

NEVER_CRITICAL = frozenset(
    {
        Kind.ORDER_OWNER,
        Kind.POSITION_SPLIT_OWNERSHIP,
        Kind.POSITION_AVERAGE_PRICE,
        Kind.FILL_PRICE,
        Kind.FILL_COMMISSION,
        Kind.BALANCE,
    }
)
"""Kinds that a comparison never calls critical: a row that wants them so can never match."""


def worst_severity(kind: Kind) -> Severity:
    """Return the worst that a discrepancy of a kind can be."""
    return Severity.WARNING if kind in NEVER_CRITICAL else Severity.CRITICAL


def kinds_named(name: str) -> frozenset[Kind] | None:
    """Return the kinds of a group or of a kind's own name, in any case; None if there is neither."""
    if name.lower() in GROUPS:
        return GROUPS[name.lower()]
    return frozenset({Kind(name.upper())}) if name.upper() in Kind else None
