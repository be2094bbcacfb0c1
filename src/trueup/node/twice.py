"""What two looks agree on (the rule itself is pure)."""

from __future__ import annotations

from trueup.model.discrepancies import Discrepancy, DiscrepancyKind
from trueup.node.look import Look


def seen_twice(before: Look, look: Look) -> tuple[Discrepancy, ...]:
    """Return what both looks saw, with each order that it concerns quiet in between."""
    first = {(one.fingerprint, one.venue, one.node) for one in before.discrepancies}
    first_names = before.fingerprints
    found = []
    for one in look.discrepancies:
        if one.kind is DiscrepancyKind.FILL_MISSING:
            if one.fingerprint in first_names:
                found.append(one)
        elif (one.fingerprint, one.venue, one.node) in first:
            found.append(one)
    return tuple(found)
