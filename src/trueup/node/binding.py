"""What the true-up needs of an engine, without saying which engine.

A binding knows one line of NautilusTrader from the inside; everything else in ``trueup.node`` knows only this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from trueup.core.owners import OwnEvidence
from trueup.model.snapshots import NodeSnapshot
from trueup.model.steps import Step
from trueup.node.applied import Applied
from trueup.venues.draft import VenueReading
from trueup.venues.reader import VenueReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What the engine must call instead of, or beside, its own.

    Parameters
    ----------
    start_up : Callable[[float], Awaitable[bool]]
        Replaces the engine's start-up reconciliation; gets the node's own time-out in seconds, says whether to trade.
    suspect : Callable[[str], None]
        Hears the instrument of whatever the engine would have resolved or invented by itself.
    after_gap : Callable[[str, str], Awaitable[None]]
        Hears the account whose event stream may have missed something, and why; returns when the account was looked
        at, within a bound, and never raises.
    """

    start_up: Callable[[float], Awaitable[bool]]
    suspect: Callable[[str], None]
    after_gap: Callable[[str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """Say what of a node a comparison needs: what moved since an instant, what is named, and what is alive.

    A closed order that is older than the venue's history read, that the history does not name and that the node did
    not hear of since it was proven, can make no difference. Nor can the single fills of a position that did not move:
    its quantity, side, owner and average price are compared without them.

    Parameters
    ----------
    since_ns : int
        When the venue's history begins.
    names : frozenset of str
        Every name of an order in it, the venue's numbers and client order ids.
    instruments : frozenset of str
        Every instrument that the history names.
    heard_ns : int
        What the node heard of since then was not part of a proof: when the last look that proved the account began.
    whole : frozenset of str
        Instruments of which everything is needed, because something is to be healed there.
    """

    since_ns: int
    names: frozenset[str]
    instruments: frozenset[str] = frozenset()
    heard_ns: int = 0
    whole: frozenset[str] = frozenset()


class MovedToOwner(Protocol):
    """What got another owner: the open orders and positions as they are now."""

    @property
    def orders(self) -> tuple[Any, ...]: ...

    @property
    def positions(self) -> tuple[Any, ...]: ...

    @property
    def line(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideOrder:
    """Hold an order that nobody of the node owns, as the node has it now.

    ``is_waiting`` says that the venue was asked for something and has not answered yet.
    """

    client_order_id: str
    venue_order_id: str | None
    instrument_id: str
    description: str
    is_open: bool
    is_waiting: bool
    updated_ns: int


class Outside(Protocol):
    """The orders of one account that nobody of the node owns."""

    def names(self) -> frozenset[str]:
        """Return their client order ids, closed ones included; of other accounts, too."""

    def order(self, name: str) -> OutsideOrder | None:
        """Return one of them; None for one that is another account's, or somebody's."""

    def cancel(self, name: str) -> bool:
        """Ask the venue to cancel one; return whether it was sent."""


class AccountPort(Protocol):
    """One account of a node: read both sides of it, and apply steps to it."""

    @property
    def account_id(self) -> str: ...

    @property
    def reader(self) -> VenueReader: ...

    def is_cold(self) -> bool:
        """Return whether the node holds no order and no position of the account."""

    def holds(self) -> tuple[bool, bool]:
        """Return whether the node has open orders of the account, and whether it has open positions."""

    def now_ns(self) -> int:
        """Return the time by the node's clock."""

    def changes(self) -> int:
        """Return a number that grows with every event that the engine handles."""

    async def snapshot_alive(self) -> NodeSnapshot:
        """Read what is alive in the node, as of one instant."""

    async def snapshot_all(self, known_from_ns: int | None, needed: Needed | None = None) -> NodeSnapshot:
        """Read everything that the node holds of the account, or what is needed of it where it holds much."""

    def verified_ns(self) -> int | None:
        """Return the instant up to which the account was last proven equal, as the node's store remembers it."""

    def remember_verified(self, time_ns: int) -> None:
        """Let the node's store remember that the account was equal at an instant."""

    def known_traders(self) -> Mapping[str, frozenset[str]]:
        """Return which strategies ever traded an instrument, beyond the node's own records."""

    def own_evidence(self) -> OwnEvidence:
        """Return what tells the node's own orders where its cache has lost them."""

    def claims(self) -> Mapping[str, str]:
        """Return the explicit claims on this account, instrument to strategy."""

    @property
    def client_id(self) -> str: ...

    @property
    def outside(self) -> Outside: ...

    def unowned(self) -> frozenset[str]:
        """Return the instruments on which an open order or position belongs to nobody."""

    def examining(self, instrument_id: str, owner: str, found: list[str]) -> Iterator[None]:
        """Find why what nobody owns on an instrument cannot be given to a strategy; nothing is found if it can.

        Each turn is a piece of the work, here and in `moving`.
        """

    def moving(self, instrument_ids: Iterable[str], owner: str, moved: list[Any]) -> Iterator[None]:
        """Give what nobody owns on some instruments to a strategy; the account's totals stay what they are.

        What moved is added to `moved`, as `MovedToOwner`. No event may change the node's books between the turns.
        """

    def settle_claims(self) -> tuple[str, ...]:
        """Give what nobody owns to whoever sent it, or claims it by now; return in words what moved, or why not."""

    def drain(self) -> int:
        """Apply at once what the stream has delivered and the engine has not handled yet; return how much that was."""

    def begin(self, reading: VenueReading) -> Applied:
        """Begin to apply a plan made from a reading."""

    def apply(self, step: Step) -> None:
        """Apply one step, at once; what goes wrong is kept in what `begin` returned."""

    def end(self) -> None:
        """Let go of the reading that was applied from."""

    def long_replay(self, *, store_at_end: bool) -> AbstractAsyncContextManager[None]:
        """Return what to hold while thousands of steps are applied: it spares the engine repeated work.

        With ``store_at_end`` the node's store hears of what was applied when all of it is.
        """

    def restore_unfinished(self) -> tuple[str, ...]:
        """Put back what a repair had purged when the process was killed; return the names of the orders."""

    def take_repairs(self) -> tuple[str, ...]:
        """Return the repairs made since the last call."""

    def finish_repairs(self, repair_ids: Iterable[str]) -> None:
        """Forget repairs that the store has by now."""


class NodeBinding(Protocol):
    """One node."""

    @property
    def engine_version(self) -> str: ...

    def install(self, hooks: Hooks) -> None:
        """Put the hooks on this node, before it runs."""

    def accounts(self) -> tuple[AccountPort, ...]:
        """Return the accounts, once the execution clients are connected."""

    def now_ns(self) -> int:
        """Return the node's clock."""

    def events_held(self) -> AbstractContextManager[None]:
        """Let no event change the node's books until the end, and handle those that came then, in their order."""

    def is_trading(self) -> bool:
        """Return whether the trader runs."""
