"""One position, as the venue or the node describes it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trueup.model.enums import Leg
from trueup.model.fills import FillRecord

type PositionKey = tuple[str, Leg]
"""What names a position at the venue: instrument and leg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRecord:
    """Hold one position at one instant.

    The venue has one per instrument and leg. The node may hold several for the same key (split ownership), and keeps a
    closed one, whose fills tell what it was made of: the engine refuses them a second time while it is there.

    Parameters
    ----------
    instrument_id : str
        The instrument, in the node's spelling.
    quantity : Decimal
        Signed: positive is long, negative is short, 0 is flat.
    leg : Leg
        BOTH in one-way mode, LONG or SHORT in hedge mode.
    average_price : Decimal or None
        The average price at which it was opened, None where unknown or flat.
    owner, position_id : str or None
        Node side: the strategy and the engine's id.
    opened_ns, updated_ns : int
        When the present life cycle began, and the last event (0 where unknown).
    fills : tuple of FillRecord
        Node side: the fills that the position itself holds, in the order in which it applied them. It may hold a fill
        that the order refused, and keep one whose order was purged. After a flip the first fill carries what was left
        of it.
    adjusted : bool
        Node side: the quantity was also moved by something other than fills (an adjustment, a commission in the base
        currency).
    """

    instrument_id: str
    quantity: Decimal
    leg: Leg = Leg.BOTH
    average_price: Decimal | None = None
    owner: str | None = None
    position_id: str | None = None
    opened_ns: int = 0
    updated_ns: int = 0
    fills: tuple[FillRecord, ...] = ()
    adjusted: bool = False

    @property
    def key(self) -> PositionKey:
        """Return what names the position at the venue."""
        return (self.instrument_id, self.leg)

    @property
    def is_open(self) -> bool:
        """Return whether anything is held."""
        return bool(self.quantity)
