"""Which fill of the venue is which fill of the node.

Nearly every fill has the same name on both sides (`FillRecord.key`). The few others are looked for under the other
names of their order. What then is left over on both sides with one trade id is the same trade, booked on another
order; unless the venue was not asked that far back, in which case it used the trade id twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from trueup.core.ordering import in_order
from trueup.model.fills import FillKey, FillRecord, TradeKey
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class FillMatch:
    """Hold the fills of both sides that are not simply the same under the same name.

    Parameters
    ----------
    changed : tuple of (FillRecord, FillRecord)
        The venue's and the node's, of the same name and of other values.
    renamed : mapping of FillKey to FillRecord
        The node's name of a fill, to the venue's fill, where the two sides name its order differently.
    misbooked : mapping of FillKey to FillRecord
        The same, where the node booked it on another order.
    missing : tuple of FillRecord
        Fills of the venue that the node's orders do not hold.
    surplus : tuple of FillRecord
        Fills of the node's orders that the venue does not list.
    """

    changed: tuple[tuple[FillRecord, FillRecord], ...] = ()
    renamed: Mapping[FillKey, FillRecord]
    misbooked: Mapping[FillKey, FillRecord]
    missing: tuple[FillRecord, ...]
    surplus: tuple[FillRecord, ...]


def match_fills(
    venue: VenueSnapshot,
    node: NodeSnapshot,
    venue_key: Callable[[FillRecord], FillKey],
    would_list: Callable[[FillRecord], bool],
) -> FillMatch:
    """Match the fills of both sides, in time that is linear in their number.

    Parameters
    ----------
    venue, node
        The snapshots.
    venue_key : Callable[[FillRecord], FillKey]
        Under which name the venue lists a fill of the node.
    would_list : Callable[[FillRecord], bool]
        Whether the venue would have listed a fill, had it happened.
    """
    listed, booked = venue.fill_by_key, node.fill_by_key
    # Loops, not operations on whole key views: one such operation on 50,000 fills takes 66 to 115 ms in one piece,
    # and the event loop waits for it in whatever thread it is done.
    # Of a million equal fills each look-up is a fifth of the comparison, so names and values are compared in one.
    unlisted: list[FillKey] = []
    changed: list[tuple[FillRecord, FillRecord]] = []
    for key, held in booked.items():
        said = listed.get(key)
        if said is None:
            unlisted.append(key)
        elif (
            said.price != held.price
            or said.quantity != held.quantity
            or said.commission != held.commission
            or said.commission_currency != held.commission_currency
        ):
            changed.append((said, held))
    found = FillMatch(changed=tuple(changed), renamed={}, misbooked={}, missing=(), surplus=())
    if not unlisted and len(listed) == len(booked):  # nearly always, and the cheapest thing to know
        return found
    renamed: dict[FillKey, FillRecord] = {}
    taken: set[FillKey] = set()
    strangers: list[FillRecord] = []
    for key in in_order(unlisted, key=lambda key: key):
        name = venue_key(booked[key])
        if name in listed and name not in booked and name not in taken:
            renamed[key] = listed[name]
            taken.add(name)
        else:
            strangers.append(booked[key])
    missing = {key: fill for key, fill in listed.items() if key not in booked and key not in taken}
    if not (missing and strangers):
        return replace(found, renamed=renamed, missing=tuple(missing.values()), surplus=tuple(strangers))
    unheld: dict[TradeKey, list[FillKey]] = {}
    for key in in_order(missing, key=lambda key: key):
        unheld.setdefault(missing[key].trade_key, []).append(key)
    misbooked: dict[FillKey, FillRecord] = {}
    surplus: list[FillRecord] = []
    for held in strangers:
        same_trade = unheld.get(held.trade_key)
        if not (same_trade and would_list(held)):
            surplus.append(held)
            continue
        said = missing.pop(same_trade.pop(0))
        is_same_order = said.client_order_id is not None and said.client_order_id == held.client_order_id
        (renamed if is_same_order else misbooked)[held.key] = said
    return replace(found, renamed=renamed, misbooked=misbooked, missing=tuple(missing.values()), surplus=tuple(surplus))
