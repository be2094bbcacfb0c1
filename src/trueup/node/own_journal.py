"""Whose the node's orders are, in the journal: for names that do not say it themselves."""

from __future__ import annotations

import logging
from pathlib import Path
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
"""The event, and the topic of its entries: ``orders`` is a mapping of client order id to strategy."""
OWN_ORDERS_MAX = 20_000
"""Names that are remembered: more open orders than any venue allows, and 2 MB."""
ENTRIES_MAX = 5_000
"""Entries that are read back at a start, the newest ones: well below a second."""


def journalled_owners(node: Any, settings: Any, node_dir: Path) -> dict[str, str]:
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
        return {}
    place = place_of(journal, journal_dir(node, settings.state_dir, node_dir))
    return read_owners(place, Source(trader_id=str(node.trader_id), role="node", instance=journal.instance))


def read_owners(place: Place, source: Source) -> dict[str, str]:
    """Return what one chain of a journal says of whose orders are, the newest word last.

    Parameters
    ----------
    place : Place
        The journal's.
    source : Source
        Who wrote: what another node wrote in the same journal is not read.
    """
    if place.path is not None and not place.path.exists():
        return {}
    query = Query(kinds=(OWN_ORDERS,), chain=source.chain, limit=ENTRIES_MAX)
    try:
        with JournalReader.open(place) as reader:
            found = reader.entries(query)
    except TrueupError as error:
        _logger.warning("whose orders an earlier life sent could not be read from the journal: %s", error)
        return {}
    owners: dict[str, str] = {}
    for entry in reversed(found):
        orders = orjson.loads(entry.data).get("orders")
        if isinstance(orders, dict):
            owners.update((str(name), str(owner)) for name, owner in orders.items())
    return dict(list(owners.items())[-OWN_ORDERS_MAX:])
