"""What a client order id says of who sent the order.

NautilusTrader's own names carry the tag of the trader and the tag of the strategy, what stands behind the last hyphen
of either id (tried on 1.222.0 and 1.231.0)::

    O-20261122-171041-001-007-12      trader tag 001, strategy tag 007, its twelfth order
    O-20261122-171041-001-007-12-E2   the second part of it that an execution algorithm sent
    O2026112217104100100712           the same without hyphens (use_hyphens_in_client_order_ids = false)
    58dfc5e7-1294-4b20-958a-74c0...   use_uuid_client_order_ids = true: says nothing

Only tags are in the name. So two nodes of one account need different trader tags, and a name without hyphens says
something only where it can be read in one way among the strategies that the node has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Self

_HYPHENATED = re.compile(r"O-\d{8}-\d{6}-(?P<trader>[^-]+)-(?P<strategy>[^-]+)-\d+(?:-E\d+)?")
_COMPACT = re.compile(r"O\d{14}(?P<rest>[^-]+)(?:-E\d+)?")
_COUNT = re.compile(r"[1-9]\d*")
"""The engine counts a strategy's orders from 1 on, without leading zeros."""


class NameSays(StrEnum):
    """What a client order id says."""

    NOTHING = "NOTHING"
    """It is of another form: another client's, a UUID, or a name that a strategy made itself."""
    OURS = "OURS"
    """One strategy of this node sent the order."""
    GONE = "GONE"
    """This node's trader tag, and a strategy that it does not have."""
    AMBIGUOUS = "AMBIGUOUS"
    """It can be read as more than one strategy of this node."""
    OTHER_NODE = "OTHER_NODE"
    """It carries the tag of another trader."""


@dataclass(frozen=True, slots=True)
class NameReading:
    """Hold what one client order id says, and of which strategies."""

    says: NameSays
    strategies: tuple[str, ...] = ()


_NOTHING = NameReading(NameSays.NOTHING)
_OTHER_NODE = NameReading(NameSays.OTHER_NODE)
_GONE = NameReading(NameSays.GONE)


def tag_of(identifier: str) -> str:
    """Return the tag of a trader id or a strategy id: what stands behind its last hyphen."""
    return identifier.rpartition("-")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNames:
    """Read client order ids as one node knows them; without a trader tag nothing is read.

    Parameters
    ----------
    trader_tag : str
        The node's.
    strategies : mapping of str to tuple of str
        The ids of the node's strategies, by their tag.
    """

    trader_tag: str = ""
    strategies: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, trader_id: str, strategy_ids: Iterable[str]) -> Self:
        """Return the reader of one node."""
        by_tag: dict[str, list[str]] = {}
        for strategy_id in sorted(set(strategy_ids)):
            by_tag.setdefault(tag_of(strategy_id), []).append(strategy_id)
        return cls(trader_tag=tag_of(trader_id), strategies={tag: tuple(held) for tag, held in by_tag.items()})

    def has(self, strategy_id: str) -> bool:
        """Return whether a strategy is in the node."""
        return strategy_id in self.strategies.get(tag_of(strategy_id), ())

    def read(self, client_order_id: str | None) -> NameReading:
        """Return what a client order id says."""
        if not self.trader_tag or not client_order_id or client_order_id[0] != "O":
            return _NOTHING
        if (found := _HYPHENATED.fullmatch(client_order_id)) is not None:
            if found["trader"] != self.trader_tag:
                return _OTHER_NODE
            return _read_as(self.strategies.get(found["strategy"], ()))
        if (found := _COMPACT.fullmatch(client_order_id)) is None:
            return _NOTHING
        rest = found["rest"]
        if not rest.startswith(self.trader_tag):
            return _OTHER_NODE
        rest = rest.removeprefix(self.trader_tag)
        return _read_as(
            tuple(
                sorted(
                    strategy
                    for tag, held in self.strategies.items()
                    if rest.startswith(tag) and _COUNT.fullmatch(rest, len(tag))
                    for strategy in held
                )
            )
        )


def _read_as(strategies: tuple[str, ...]) -> NameReading:
    if not strategies:
        return _GONE
    return NameReading(NameSays.OURS if len(strategies) == 1 else NameSays.AMBIGUOUS, strategies)
