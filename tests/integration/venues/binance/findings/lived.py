"""What came of a case, as a value that is kept."""

from __future__ import annotations

import msgspec


class Lived(msgspec.Struct, frozen=True):
    """What came of one case on one kind of node.

    Parameters
    ----------
    trading : bool
        Whether the node traded at the end.
    verdict : str or None
        Its own word on whether it is equal to the venue; in native mode there is none.
    differences : tuple of str
        What the ledger says.
    """

    trading: bool
    verdict: str | None
    differences: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Return whether the node trades, and nothing differs."""
        return self.trading and not self.differences

    def agrees(self, other: Lived) -> bool:
        """Return whether another run came to the same end."""
        return (self.trading, self.verdict, self.is_equal) == (other.trading, other.verdict, other.is_equal)
