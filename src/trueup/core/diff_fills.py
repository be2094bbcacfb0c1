"""The differences of fills."""

from __future__ import annotations

from collections.abc import Iterable

from trueup.core.diff_orders import plain, signed_change
from trueup.core.history import order_key
from trueup.core.pairing import order_of_fill
from trueup.core.view import View
from trueup.model.coverage import KindCoverage
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability, Severity, Subject
from trueup.model.fills import FillRecord
from trueup.model.identifiers import is_opening_trade_id


def diff_missing_fills(view: View, fills: Iterable[FillRecord]) -> list[Discrepancy]:
    """Return one discrepancy for each fill that the node is expected to hold and does not."""
    found: list[Discrepancy] = []
    for fill in fills:
        pair = view.pair_of(fill)
        order = None if pair is None else (pair.node or pair.venue)
        found.append(
            Discrepancy(
                kind=DiscrepancyKind.FILL_MISSING,
                subject=Subject.of_fill(fill, order),
                venue=f"{fill.side} {plain(fill.quantity)} @ {plain(fill.price)}",
                time_ns=fill.time_ns,
                severity=Severity.CRITICAL,
            )
        )
    return found


def diff_booked_fills(view: View) -> list[Discrepancy]:
    """Return what is wrong with the fills that the node holds: invented, booked twice, or with other values."""
    found: list[Discrepancy] = []
    listed = view.venue.fill_by_key
    for key, held in view.node.fill_by_key.items():
        said = listed.get(key)
        if said is None:
            if not is_opening_trade_id(held.trade_id) and is_fill_covered(held, view):
                found.append(_invented(held, view))
        elif (
            said.price != held.price
            or said.quantity != held.quantity
            or said.commission != held.commission
            or said.commission_currency != held.commission_currency
            or said.venue_order_id != held.venue_order_id
        ):
            found += _values(said, held, view)
    for key in view.node.fill_clashes:
        found.append(_duplicated(view, key[0], key[1]))
    return found


def is_fill_covered(fill: FillRecord, view: View) -> bool:
    """Return whether the venue would have listed this fill, had it happened."""
    coverage: KindCoverage = view.venue.coverage.fills
    if fill.venue_order_id in coverage.orders or fill.client_order_id in coverage.orders:
        return True
    return coverage.is_complete_for(fill.instrument_id, fill.time_ns)


def _invented(fill: FillRecord, view: View) -> Discrepancy:
    return Discrepancy(
        kind=DiscrepancyKind.FILL_INVENTED,
        subject=Subject.of_fill(fill, order_of_fill(fill, view.node)),
        node=f"{fill.side} {plain(fill.quantity)} @ {plain(fill.price)}",
        detail="made by a reconciliation" if fill.synthetic else "",
        time_ns=fill.time_ns,
        severity=Severity.CRITICAL,
        healability=Healability.REBUILD,
    )


def _duplicated(view: View, instrument_id: str, trade_id: str) -> Discrepancy:
    key = next(key for key in view.node.fill_clashes if key[:2] == (instrument_id, trade_id))
    holders = sorted({fill.client_order_id or fill.venue_order_id or "?" for fill in view.node.fill_clashes[key]})
    fill = view.node.fill_by_key[key]
    return Discrepancy(
        kind=DiscrepancyKind.FILL_DUPLICATED,
        subject=Subject.of_fill(fill),
        venue="once",
        node=f"{len(view.node.fill_clashes[key])} times",
        detail=f"held by {', '.join(holders)}",
        time_ns=fill.time_ns,
        severity=Severity.CRITICAL,
        healability=Healability.REBUILD,
    )


def _values(said: FillRecord, held: FillRecord, view: View) -> list[Discrepancy]:
    """Return the differences of one fill that both sides hold."""
    found: list[Discrepancy] = []
    pair = view.pair_of(said)
    subject = Subject.of_fill(said, None if pair is None else (pair.node or pair.venue))

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
    if order_key(said) != order_key(held) and _on_another_order(said, held, view):
        add(DiscrepancyKind.IDENTIFIER_MISMATCH, Severity.CRITICAL, said.venue_order_id, held.venue_order_id)
    return found


def _on_another_order(said: FillRecord, held: FillRecord, view: View) -> bool:
    """Return whether the node booked a fill on an order that is not the venue's."""
    pair = view.pair_of(said)
    holder = order_of_fill(held, view.node)
    return pair is not None and pair.node is not None and holder is not None and holder is not pair.node
