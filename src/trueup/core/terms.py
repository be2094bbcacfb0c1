"""What an order asks for, and what it asked for before: an amendment that is told late is nobody's new doing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

SAME_NS: Final = 1_000_000
"""Venues say times in milliseconds, which the engine carries as binary doubles: off by some 100 ns."""
FORMER_MAX: Final = 32
"""Terms that are remembered of one order, the newest of them. Answers are late by seconds, not by 32 amendments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Hold what an amendment changes; None where it does not say."""

    quantity: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None

    def agrees_with(self, other: Terms) -> bool:
        """Return whether everything that both say is the same."""
        pairs = (
            (self.quantity, other.quantity),
            (self.price, other.price),
            (self.trigger_price, other.trigger_price),
        )
        return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)


NO_TERMS: Final = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Hold what an order was before an amendment, by the venue's clock.

    An answer to a question can come after the event of what followed it; in a gap of the stream, where questions are
    many and no event comes, it is the rule. The engine then sets the order back to what it was, and with the next
    answer forth again. Neither is anybody's doing.

    Parameters
    ----------
    former : tuple of Terms
        What the order has been, and what the node asked it to be.
    newest : Terms or None
        What it was last, by the venue's clock; None if that is not known.
    newest_ns : int
        Since when.
    """

    former: tuple[Terms, ...] = ()
    newest: Terms | None = None
    newest_ns: int = 0

    def holds(self, before: Terms, after: Terms, time_ns: int) -> bool:
        """Return whether an amendment only tells what was already so.

        Parameters
        ----------
        before, after : Terms
            The order's, in the node.
        time_ns : int
            When the venue says that it was amended.
        """
        if self.newest is None:
            return False
        is_late = time_ns < self.newest_ns + SAME_NS and any(one.agrees_with(after) for one in self.former)
        was_set_back = before != self.newest and after == self.newest
        return is_late or was_set_back


NO_PAST: Final = Past()
