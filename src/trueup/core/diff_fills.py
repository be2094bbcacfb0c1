"""The differences of fills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from trueup.core.pairing import order_of_fill
from trueup.core.view import View
from trueup.core.wording import plain, signed_change
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability, Severity, Subject
from trueup.model.fills import FillRecord, TradeKey
from trueup.model.identifiers import is_opening_trade_id


def diff_missing_fills(view: View, fills: Iterable[FillRecord]) -> list[Discrepancy]:
    """Return one discrepancy for each fill that the node is expected to hold and does not."""
    return [
        Discrepancy(
            kind=DiscrepancyKind.FILL_MISSING,
            subject=_subject(fill, view),
            venue=_trade(fill),
            time_ns=fill.time_ns,
            severity=Severity.CRITICAL,
        )
        for fill in fills
    ]


def diff_booked_fills(view: View) -> list[Discrepancy]:
    """Return what is wrong with the fills that the node holds: invented, booked twice, or with other values."""
    match = view.fills
    found = [one for said, held in match.changed for one in _values(said, held, view)]
    for key, said in match.renamed.items():
        found += _values(said, view.node.fill_by_key[key], view)
    for key, said in match.misbooked.items():
        held = view.node.fill_by_key[key]
        found += _values(said, held, view)
        found.append(_misbooked(said, held, view))
    found += _surplus(view)
    found += [_duplicated(fills[0], fills, times=1) for fills in view.node.fill_clashes.values()]
    return found


def _surplus(view: View) -> list[Discrepancy]:
    """Return the fills that the venue would have listed and did not: a second booking of a trade, or an invention."""
    strangers = [
        fill for fill in view.fills.surplus if not is_opening_trade_id(fill.trade_id) and view.would_list(fill)
    ]
    if not strangers:
        return []
    at_venue: Counter[TradeKey] = Counter(fill.trade_key for fill in view.venue.fill_by_key.values())
    holders: dict[TradeKey, list[FillRecord]] = {fill.trade_key: [] for fill in strangers}
    for fill in view.node.fill_by_key.values():
        if fill.trade_key in holders:
            holders[fill.trade_key].append(fill)
    return [
        _duplicated(fill, holders[fill.trade_key], times=at_venue[fill.trade_key])
        if at_venue[fill.trade_key]
        else _invented(fill, view)
        for fill in strangers
    ]


def _invented(fill: FillRecord, view: View) -> Discrepancy:
    return Discrepancy(
        kind=DiscrepancyKind.FILL_INVENTED,
        subject=Subject.of_fill(fill, order_of_fill(fill, view.node)),
        node=_trade(fill),
        detail="made by a reconciliation" if fill.synthetic else "",
        time_ns=fill.time_ns,
        severity=Severity.CRITICAL,
        healability=Healability.REBUILD,
    )


def _duplicated(fill: FillRecord, booked: Collection[FillRecord], *, times: int) -> Discrepancy:
    """Return that the node booked a trade more often than the venue lists it."""
    holders = sorted({one.client_order_id or one.venue_order_id or "?" for one in booked})
    return Discrepancy(
        kind=DiscrepancyKind.FILL_DUPLICATED,
        subject=Subject.of_fill(fill),
        venue="once" if times == 1 else f"{times} times",
        node=f"{len(booked)} times",
        detail=f"held by {', '.join(holders)}",
        time_ns=fill.time_ns,
        severity=Severity.CRITICAL,
        healability=Healability.REBUILD,
    )


def _misbooked(said: FillRecord, held: FillRecord, view: View) -> Discrepancy:
    """Return that the node booked a fill on an order that is not the venue's."""
    return Discrepancy(
        kind=DiscrepancyKind.IDENTIFIER_MISMATCH,
        subject=_subject(said, view),
        venue=said.venue_order_id or said.client_order_id,
        node=held.venue_order_id or held.client_order_id,
        time_ns=said.time_ns,
        severity=Severity.CRITICAL,
        healability=Healability.REBUILD,
    )


def _trade(fill: FillRecord) -> str:
    return " ".join((fill.side, plain(fill.quantity), "@", plain(fill.price)))


def _subject(said: FillRecord, view: View) -> Subject:
    if said.venue_order_id and said.client_order_id:
        return Subject.of_fill(said)
    pair = view.pair_of(said)
    return Subject.of_fill(said, None if pair is None else (pair.node or pair.venue))


def _values(said: FillRecord, held: FillRecord, view: View) -> list[Discrepancy]:
    """Return the differences of one fill that both sides hold."""
    found: list[Discrepancy] = []
    subject = _subject(said, view)

    def add(kind: DiscrepancyKind, severity: Severity, venue: str | None, node: str | None, change: str = "") -> None:
        found.append(
            Discrepancy(
                kind=kind,
                subject=subject,
                venue=venue,
                node=node,
                change=change,
                time_ns=said.time_ns,
                severity=severity,
                healability=Healability.REBUILD,
            )
        )

    if said.quantity != held.quantity:
        change = signed_change(said.quantity, held.quantity)
        add(DiscrepancyKind.FILL_QUANTITY, Severity.CRITICAL, plain(said.quantity), plain(held.quantity), change)
    if said.price != held.price:
        change = signed_change(said.price, held.price)
        add(DiscrepancyKind.FILL_PRICE, Severity.WARNING, plain(said.price), plain(held.price), change)
    if said.commission != held.commission or said.commission_currency != held.commission_currency:
        venue_says = f"{plain(said.commission)} {said.commission_currency}".strip()
        node_says = f"{plain(held.commission)} {held.commission_currency}".strip()
        add(DiscrepancyKind.FILL_COMMISSION, Severity.WARNING, venue_says, node_says)
    return found
