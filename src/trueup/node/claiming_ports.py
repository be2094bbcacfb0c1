"""What the claims of a live node need of its binding and of what keeps it true."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from trueup.claims.record import ClaimRecord
from trueup.claims.values import Holding
from trueup.core.claims import Claim, ClaimBook, Product
from trueup.node.binding import AccountPort, MovedToOwner


class Claims(Protocol):
    """The claims in force, as a binding holds them."""

    @property
    def book(self) -> ClaimBook: ...

    @property
    def kept(self) -> tuple[ClaimRecord, ...]: ...

    def add(self, record: ClaimRecord) -> None: ...

    def remove(self, claim: Claim) -> None: ...

    def origin_of(self, claim: Claim) -> str: ...

    def strategies(self) -> tuple[str, ...]: ...

    def has_strategy(self, name: str) -> bool: ...

    def say(self, strategy: str, line: str) -> None: ...


class Holders(Protocol):
    """What a node holds, by owner; what it knows of instruments; and who is handed what moved."""

    def holdings(self, instrument_id: str, client: str) -> tuple[Holding, ...]:
        """Return what is alive on an instrument, owner by owner."""

    def instruments_held(self, client: str) -> frozenset[str]:
        """Return the instruments on which anything is alive."""

    def product_of(self, instrument_id: str) -> Product | None:
        """Return the product of a loaded instrument."""

    def problem_of_id(self, instrument_id: str) -> str:
        """Return why a text is no instrument id; empty if it is one."""

    def why_not(self, strategy: str, instrument_id: str) -> str:
        """Return why a strategy cannot own what is one-way on an instrument; empty if it can."""

    def hand_over(self, moved: MovedToOwner, strategy: str) -> None:
        """Let a running strategy take over what it got."""


class Rounds(Protocol):
    """What keeps the node true."""

    def ports(self) -> tuple[AccountPort, ...]:
        """Return the accounts, once they are known."""

    async def between_looks[T](self, work: Callable[[], Awaitable[T]]) -> T:
        """Do work while no account is being looked at, and no event changes the node's books."""
