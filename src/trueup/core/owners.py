"""Who owns what appears at the venue without the node's knowing it.

In the order of trust, the first that says something wins:

1. The store: a position of the node holds a fill of the order, so the order was its owner's.
2. The journal: the node wrote down whose the order was, when it was sent or taken over.
3. The name: the client order id carries this node's trader tag and the tag of one of its strategies
   (`trueup.core.order_names`).
4. A claim: the operator said who owns what is made outside of the node.
5. The only strategy of this node that ever traded the instrument.
6. Nobody: EXTERNAL, with the reason.

The first three are about one order that was this node's own and was lost from its cache; a claim is about orders that
were never its own, so it comes after them. An order whose name carries another trader's tag is another node's: only a
claim takes it, never a guess. Where the name can be read in two ways nothing is guessed either.

On a NETTING instrument an unowned fill would otherwise leave the strategy holding a position that is gone (measured on
1.231.0: the strategy +2 and EXTERNAL -2, both open, the venue flat).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from trueup.core.order_names import NameReading, NameSays, OrderNames
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import NodeSnapshot

EXTERNAL_OWNER = "EXTERNAL"
"""The engine's name for the owner of orders that no strategy claims."""


class OwnerSource(StrEnum):
    """How an owner was found, or why none was."""

    STORE = "STORE"
    JOURNAL = "JOURNAL"
    NAME = "NAME"
    CLAIM = "CLAIM"
    ONLY_TRADER = "ONLY_TRADER"
    OTHER_NODE = "OTHER_NODE"
    AMBIGUOUS = "AMBIGUOUS"
    NOBODY = "NOBODY"

    @property
    def is_own(self) -> bool:
        """Return whether the order was this node's own, and lost from its cache."""
        return self in _OWN


_OWN = frozenset({OwnerSource.STORE, OwnerSource.JOURNAL, OwnerSource.NAME})
_WHY = {
    OwnerSource.STORE: "a position in the store holds its fills",
    OwnerSource.JOURNAL: "the journal says whose it was",
    OwnerSource.NAME: "its client order id names the strategy",
    OwnerSource.CLAIM: "the strategy claims the instrument",
    OwnerSource.ONLY_TRADER: "no other strategy of this node ever traded the instrument",
    OwnerSource.OTHER_NODE: "its client order id is of another trader's node",
    OwnerSource.NOBODY: "nobody claims the instrument, and no strategy of this node ever traded it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Hold an owner, how it was found, and who else could have been it."""

    name: str
    source: OwnerSource
    candidates: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """Return in words why it is the owner."""
        if self.source is OwnerSource.AMBIGUOUS:
            return f"it could be of any of {', '.join(self.candidates)}"
        return _WHY[self.source]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvidence:
    """Hold what tells a node's own orders from others' without its cache.

    Parameters
    ----------
    names : OrderNames
        Read client order ids.
    journalled : mapping of str to str
        Client order id to strategy, as the journal has it. A strategy that the node has no more is not believed.
    """

    names: OrderNames = field(default_factory=OrderNames)
    journalled: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def owner_of(self, client_order_id: str | None, reading: NameReading | None = None) -> Owner | None:
        """Return whose an order was that this node sent; None where nothing says that it did.

        Parameters
        ----------
        client_order_id : str or None
            The order's name.
        reading : NameReading, optional
            What that says, where it was read already.
        """
        written = self.journalled.get(client_order_id) if client_order_id is not None else None
        if written is not None and self.names.has(written):
            return Owner(name=written, source=OwnerSource.JOURNAL, candidates=(written,))
        reading = reading or self.names.read(client_order_id)
        if reading.says is NameSays.OURS:
            return Owner(name=reading.strategies[0], source=OwnerSource.NAME, candidates=reading.strategies)
        return None


_NO_EVIDENCE = OwnEvidence()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerBook:
    """Hold the claims, which strategies ever traded which instrument, and whose the lost orders were.

    Parameters
    ----------
    claims : mapping of str to str
        Instrument to strategy.
    traders : mapping of str to frozenset of str
        Instrument to the strategies that traded it.
    evidence : OwnEvidence
        What tells own orders.
    stored : mapping of str to str
        Client order id to the owner of the position that holds the order's fills.
    """

    claims: Mapping[str, str]
    traders: Mapping[str, frozenset[str]]
    evidence: OwnEvidence = _NO_EVIDENCE
    stored: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    _found: dict[str, Owner] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        node: NodeSnapshot,
        claims: Mapping[str, str],
        known_traders: Mapping[str, frozenset[str]],
        evidence: OwnEvidence = _NO_EVIDENCE,
        venue_orders: Iterable[OrderRecord] = (),
    ) -> OwnerBook:
        """Read who traded each instrument from the node's records, and from own orders that only the venue has left.

        Parameters
        ----------
        node : NodeSnapshot
            What the node has.
        claims, known_traders
            The operator's claims, and who traded what, remembered from before.
        evidence : OwnEvidence
            What tells own orders.
        venue_orders : iterable of OrderRecord
            What the venue lists.
        """
        traders: dict[str, set[str]] = {instrument_id: set(names) for instrument_id, names in known_traders.items()}
        records: tuple[OrderRecord | PositionRecord, ...] = (*node.orders, *node.positions)
        for record in records:
            if record.owner is not None and record.owner != EXTERNAL_OWNER:
                traders.setdefault(record.instrument_id, set()).add(record.owner)
        for order in venue_orders:
            if order.client_order_id is not None and (own := evidence.owner_of(order.client_order_id)) is not None:
                traders.setdefault(order.instrument_id, set()).add(own.name)
        stored = {
            fill.client_order_id: position.owner
            for position in node.positions
            if position.owner not in {None, EXTERNAL_OWNER}
            for fill in position.fills
            if fill.client_order_id is not None and fill.client_order_id not in node.order_by_client_id
        }
        return cls(
            claims=claims,
            traders={name: frozenset(held) for name, held in traders.items()},
            evidence=evidence,
            stored={name: owner for name, owner in stored.items() if owner is not None},
        )

    def owner_of(self, instrument_id: str) -> Owner:
        """Return the owner of what appears on an instrument and names nobody itself."""
        found = self._found.get(instrument_id)
        if found is None:
            found = self._found[instrument_id] = self._find(instrument_id)
        return found

    def _find(self, instrument_id: str) -> Owner:
        claimed = self.claims.get(instrument_id)
        if claimed is not None:
            return Owner(name=claimed, source=OwnerSource.CLAIM, candidates=(claimed,))
        candidates = tuple(sorted(self.traders.get(instrument_id, frozenset())))
        if len(candidates) == 1:
            return Owner(name=candidates[0], source=OwnerSource.ONLY_TRADER, candidates=candidates)
        source = OwnerSource.AMBIGUOUS if candidates else OwnerSource.NOBODY
        return Owner(name=EXTERNAL_OWNER, source=source, candidates=candidates)

    def owner_of_order(self, instrument_id: str, client_order_id: str | None) -> Owner:
        """Return the owner of an order that the node does not know.

        Parameters
        ----------
        instrument_id : str
            What it trades.
        client_order_id : str or None
            As the venue has it.
        """
        if client_order_id is None:
            return self.owner_of(instrument_id)
        held = self.stored.get(client_order_id)
        if held is not None:
            return Owner(name=held, source=OwnerSource.STORE, candidates=(held,))
        reading = self.evidence.names.read(client_order_id)
        own = self.evidence.owner_of(client_order_id, reading)
        if own is not None:
            return own
        if instrument_id not in self.claims:
            if reading.says is NameSays.OTHER_NODE:
                return Owner(name=EXTERNAL_OWNER, source=OwnerSource.OTHER_NODE)
            if reading.says is NameSays.AMBIGUOUS:
                return Owner(name=EXTERNAL_OWNER, source=OwnerSource.AMBIGUOUS, candidates=reading.strategies)
        return self.owner_of(instrument_id)
