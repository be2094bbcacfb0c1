"""What the plan may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from trueup.core.owners import OwnEvidence
from trueup.core.tolerance import Tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """Hold what the plan may do.

    How much of the past a cold node is given is not decided here but by what it is expected to hold
    (`NodeSnapshot.known_from_ns`): None for what is alive, 0 for the full history.

    Parameters
    ----------
    at_startup : bool
        Nothing trades yet: instruments may be rebuilt and opening balances booked.
    claims : mapping of str to str
        The explicit claims, instrument to strategy.
    known_traders : mapping of str to frozenset of str
        Strategies that traded an instrument before, remembered beyond the node's own records.
    evidence : OwnEvidence
        What tells the node's own orders from others' where its cache has lost them.
    allow_opening_balance : bool
        Book a position that is older than the venue's history, on a cold start.
    allow_rebuild : bool
        Purge and rebuild an instrument, at start-up, on complete history.
    tolerance : Tolerance
        The one that the comparison used.
    apart_steps_min : int or None
        From so many steps on, give them one instrument after the other, each in its own time order, instead of all
        instruments in one. None never does.
    """

    at_startup: bool = False
    claims: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    known_traders: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    evidence: OwnEvidence = field(default_factory=OwnEvidence)
    allow_opening_balance: bool = True
    allow_rebuild: bool = True
    tolerance: Tolerance = field(default_factory=Tolerance)
    apart_steps_min: int | None = None
