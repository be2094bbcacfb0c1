"""Whether somebody else writes the same account: another node by its marks, another trader by the store. Pure.

A NautilusTrader node names its orders ``O-<date>-<time>-<trader tag>-<strategy tag>-<number>`` unless told otherwise,
so an order of another tag is another node's. What is *not* told by this: a node with names of its own making (UUIDs,
names without hyphens), a node of the same tag whose store is not this one, and a former life of this node whose store
was lost, which looks the same as that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from trueup.audit.node_side import OtherTrader
from trueup.audit.result import WriterLine
from trueup.model.orders import OrderRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

EXAMPLES_MAX: Final = 3
_NAME = re.compile(r"O-\d{8}-\d{6}-(?P<trader>[^-]+)-(?P<strategy>[^-]+)-\d+")


def find_writers(
    venue: VenueSnapshot, node: NodeSnapshot, trader_id: str, others: Iterable[OtherTrader], *, since_ns: int
) -> tuple[WriterLine, ...]:
    """Return the traces of other writers, the certain ones first.

    Parameters
    ----------
    venue, node
        The readings.
    trader_id : str
        The node's trader id, whose last part is the tag of its orders.
    others : iterable of OtherTrader
        Further traders of the store that name the account.
    since_ns : int
        Traces older than this are history.
    """
    own_tag = trader_id.rpartition("-")[2]
    foreign: dict[str, list[OrderRecord]] = defaultdict(list)
    unsent: list[OrderRecord] = []
    for order in venue.orders:
        match = _NAME.fullmatch(order.client_order_id or "")
        if match is None or not (order.is_open or order.accepted_ns >= since_ns):
            continue
        if match["trader"] != own_tag:
            foreign[match["trader"]].append(order)
        elif _is_unsent(order, node):
            unsent.append(order)
    listed = {(order.client_order_id, order.venue_order_id) for order in venue.orders}
    found = [_of_store(other, shared) for other in others if (shared := other.orders & listed)]
    found += [
        _line(f"trader tag {tag}", orders, "bear the tag of another node", certain=True)
        for tag, orders in sorted(foreign.items())
    ]
    if unsent:
        text = "bear this node's tag and were not sent by it, as far as its store tells: a second node of the same "
        text += "trader id, or a former life whose store was lost"
        found.append(_line(f"trader tag {own_tag}", unsent, text, certain=False))
    return tuple(found)


def _is_unsent(order: OrderRecord, node: NodeSnapshot) -> bool:
    held = node.order_by_client_id.get(order.client_order_id or "")
    return held is None or not held.submitted_ns


def _of_store(other: OtherTrader, shared: frozenset[tuple[str, str]]) -> WriterLine:
    count = len(shared)
    return WriterLine(
        who=f"trader {other.trader_id}",
        certain=True,
        line=(
            f"trader {other.trader_id} of the same store works on this account, too: it knows {count} of the account's "
            f"orders, and has {other.orders_open} open orders and {other.positions_open} open positions"
        ),
        orders=count,
        last_ns=other.last_event_ns,
        examples=tuple(sorted(name for name, _ in shared)[:EXAMPLES_MAX]),
    )


def _line(who: str, orders: list[OrderRecord], text: str, *, certain: bool) -> WriterLine:
    names = [order.name for order in sorted(orders, key=lambda one: one.accepted_ns, reverse=True)]
    count = len(orders)
    return WriterLine(
        who=who,
        certain=certain,
        line=f"{count} order{'s' if count > 1 else ''} of the account {text}",
        orders=count,
        last_ns=max(order.accepted_ns for order in orders),
        examples=tuple(names[:EXAMPLES_MAX]),
    )
