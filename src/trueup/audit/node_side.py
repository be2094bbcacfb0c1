"""One node's state for one account, as whoever stands outside of the node reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from trueup.model.snapshots import NodeSnapshot

type KnownFrom = Callable[[int | None], int | None]
"""From the node's birth (None where unknown) to `NodeSnapshot.known_from_ns`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReading:
    """Hold one reading of a node's store for one account.

    Parameters
    ----------
    snapshot : NodeSnapshot
        Its state. Every record is covered, or its coverage says which is not.
    born_ns : int or None
        When the node first connected to the venue on this store, as far as the store tells.
    last_event_ns : int
        The latest event of an order in the store; 0 where there is none.
    others : tuple of OtherTrader
        Further traders of the same store with an account of the same name.
    """

    snapshot: NodeSnapshot
    born_ns: int | None = None
    last_event_ns: int = 0
    others: tuple[OtherTrader, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherTrader:
    """Hold what a store says of another trader with an account of the same name.

    The name alone proves nothing: NautilusTrader's Binance adapter calls every account of a kind by the same one (1.222
    to 1.231). ``orders`` are orders that the trader knows, its latest and its open ones, each by client order id and
    the venue's number: one that the venue lists in this account by both is proof.
    """

    trader_id: str
    account_id: str
    orders_open: int
    positions_open: int
    last_event_ns: int
    orders: frozenset[tuple[str, str]] = frozenset()


class NodeSide(Protocol):
    """Reads one node's state for one account."""

    @property
    def trader_id(self) -> str:
        """Return the node's trader id."""
        ...

    def read(self, known_from: KnownFrom) -> NodeReading:
        """Read it once; runs in a thread.

        Parameters
        ----------
        known_from : callable
            Given when the node was born, returns from when on it is expected to hold everything.

        Raises
        ------
        StoreError
            If the store does not answer, or does not name the account.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
