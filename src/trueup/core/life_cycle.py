"""What a position's present life cycle comes to by the venue's own history."""

from __future__ import annotations

from trueup.core.history import History, history_of
from trueup.core.netting import Netted, net
from trueup.core.view import View
from trueup.model.coverage import RecordKind
from trueup.model.positions import PositionKey


def listed_history(view: View, key: PositionKey) -> History | None:
    """Return the venue's fills of a position up to its present quantity, None where it is flat or not told."""
    quantity = view.venue_quantity(key)
    if not quantity:
        return None
    return history_of(view.venue_fills_by_position.get(key, ()), quantity)


def true_life_cycle(view: View, key: PositionKey) -> Netted | None:
    """Return what the venue's history since the position was last flat comes to, None where that is not listed.

    A node cannot tell it from the fills that its position holds: where one came late that belongs before a passage
    through zero, the life cycle begins at another fill, and with another rest of it.
    """
    if not view.venue.coverage.complete_for(RecordKind.FILLS, key[0]):
        return None
    history = listed_history(view, key)
    start = history.last_flat() if history is not None else None
    return net(history.fills[start:]) if history is not None and start is not None else None
