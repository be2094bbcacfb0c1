"""Whose the node's orders are, in the journal: for names that do not say it themselves."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from trueup.errors import TrueupError
from trueup.journal.configured import place_of
from trueup.journal.place import Place
from trueup.journal.query import Query
from trueup.journal.reader import JournalReader
from trueup.journal.values import Source
from trueup.node.recording import journal_dir

_logger = logging.getLogger("trueup.node")

OWN_ORDERS = "own_orders"
"""The event, and its entries' topic: ``orders`` maps client order ids to strategies, ``sent`` lists those sent."""
OWN_ORDERS_MAX = 20_000
"""Names that are remembered: more open orders than any venue allows, and 2 MB."""
ENTRIES_MAX = 5_000
"""Entries that are read back at a start, the newest ones: well below a second."""


@dataclass(frozen=True, slots=True)
class WrittenOrders:
    """Hold whose the orders are that the journal names, and which of them the node sent itself."""

    owners: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sent: frozenset[str] = frozenset()


def written_orders(node: Any, settings: Any, node_dir: Path) -> WrittenOrders:
    """Return whose orders an earlier life of a node wrote down; empty where there is no journal.

    Parameters
    ----------
    node : TradingNode
        The node.
    settings : SightSettings
        With its journal's section.
    node_dir : Path
        The node's state directory.
    """
    journal = settings.journal
    if journal is None or not journal.enabled:
        return WrittenOrders()
    place = place_of(journal, journal_dir(node, settings.state_dir, node_dir))
    return read_orders(place, Source(trader_id=str(node.trader_id), role="node", instance=journal.instance))


def read_orders(place: Place, source: Source) -> WrittenOrders:
    """Return what one chain of a journal says of whose orders are, the newest word last.

    Parameters
    ----------
    place : Place
        The journal's.
    source : Source
        Who wrote: what another node wrote in the same journal is not read.
    """
    if place.path is not None and not place.path.exists():
        return WrittenOrders()
    query = Query(kinds=(OWN_ORDERS,), chain=source.chain, limit=ENTRIES_MAX)
    try:
        with JournalReader.open(place) as reader:
            found = reader.entries(query)
    except TrueupError as error:
        _logger.warning("whose orders an earlier life sent could not be read from the journal: %s", error)
        return WrittenOrders()
    owners: dict[str, str] = {}
    sent: set[str] = set()
    for entry in reversed(found):
        data = orjson.loads(entry.data)
        orders = data.get("orders")
        if isinstance(orders, dict):
            owners.update((str(name), str(owner)) for name, owner in orders.items())
            sent.update(map(str, data.get("sent") or ()))
    kept = dict(list(owners.items())[-OWN_ORDERS_MAX:])
    return WrittenOrders(kept, frozenset(sent & kept.keys()))
