"""Set aside what the operator wants unchecked, and say so: the one way in which a difference may not count. Pure.

What is set aside is narrow on purpose. Nothing is on an instrument that a strategy claims, trades or holds: there the
position is one, and half of a check is none. An order is set aside alone while it has not filled; what it filled is
part of the position, which is checked unless a policy ignores positions there, too. And every verdict carries a line
for each policy that ignores anything, whether or not there is anything today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from trueup.core.external import ExternalAction, ExternalPolicy, PolicyBook
from trueup.core.owners import EXTERNAL_OWNER
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot

NAMED_MAX = 3
"""Instruments of one policy that a verdict names; the others it counts."""

_OF_POSITIONS = frozenset(
    {
        DiscrepancyKind.POSITION_QUANTITY,
        DiscrepancyKind.POSITION_SIDE,
        DiscrepancyKind.POSITION_AVERAGE_PRICE,
        DiscrepancyKind.POSITION_SPLIT_OWNERSHIP,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Hold the discrepancies that count, those that do not, and what every verdict says of it."""

    kept: tuple[Discrepancy, ...]
    aside: tuple[Discrepancy, ...] = ()
    unchecked: tuple[str, ...] = ()


def set_aside(
    discrepancies: tuple[Discrepancy, ...],
    venue: VenueSnapshot,
    node: NodeSnapshot,
    book: PolicyBook,
    *,
    is_ours: Callable[[str], bool] = lambda _: False,
) -> SetAside:
    """Divide discrepancies into those that count and those that the operator wants unchecked.

    Parameters
    ----------
    discrepancies : tuple of Discrepancy
        Of one comparison.
    venue, node
        The snapshots that were compared.
    book : PolicyBook
        The policies.
    is_ours : Callable[[str], bool]
        Whether an instrument is claimed, or was ever traded by a strategy of the node.

    Returns
    -------
    SetAside
    """
    if not book.ignored:
        return SetAside(kept=discrepancies)
    divider = _Divider(venue, node, book, is_ours)
    kept: list[Discrepancy] = []
    aside: list[Discrepancy] = []
    for one in discrepancies:
        policy = divider.policy_of(one)
        (kept if policy is None else aside).append(one)
        if policy is not None:
            divider.count(policy, one.subject.instrument_id)
    return SetAside(kept=tuple(kept), aside=tuple(aside), unchecked=divider.lines())


class _Divider:
    def __init__(
        self, venue: VenueSnapshot, node: NodeSnapshot, book: PolicyBook, is_ours: Callable[[str], bool]
    ) -> None:
        self._venue, self._node, self._book = venue, node, book
        self._is_ours = is_ours
        records: list[OrderRecord | PositionRecord] = [order for order in node.orders if order.is_open]
        records += node.positions
        self._held = {one.instrument_id for one in records if one.owner not in {None, EXTERNAL_OWNER}}
        self._counts: dict[str, dict[str, int]] = {one.name: {} for one in book.ignored}

    def may_ignore(self, instrument_id: str) -> bool:
        """Return whether nothing of this node's own is on an instrument."""
        return bool(instrument_id) and instrument_id not in self._held and not self._is_ours(instrument_id)

    def policy_of(self, one: Discrepancy) -> ExternalPolicy | None:
        """Return the policy that sets a discrepancy aside; None where it counts."""
        subject = one.subject
        if not self.may_ignore(subject.instrument_id):
            return None
        position = self._book.of_position(subject.instrument_id)
        if position.action is ExternalAction.IGNORE:
            # The whole instrument: every order of it has the same policy, or one of its own that does not ignore it.
            policy = position if one.kind in _OF_POSITIONS else self._of_order(one)
            return policy if policy is not None and policy.action is ExternalAction.IGNORE else None
        if one.kind in _OF_POSITIONS or subject.trade_id:
            return None
        order = self._order(one)
        if order is None or order.filled_quantity:
            return None
        policy = self._of_order(one)
        return policy if policy is not None and policy.action is ExternalAction.IGNORE else None

    def _of_order(self, one: Discrepancy) -> ExternalPolicy | None:
        order = self._order(one)
        subject = one.subject
        if order is not None and order.owner not in {None, EXTERNAL_OWNER}:
            return None
        client_order_id = subject.client_order_id or (order.client_order_id if order else None)
        venue_order_id = subject.venue_order_id or (order.venue_order_id if order else None)
        if client_order_id is None and venue_order_id is None:
            return None
        return self._book.of_order(subject.instrument_id, client_order_id, venue_order_id)

    def _order(self, one: Discrepancy) -> OrderRecord | None:
        subject = one.subject
        by_number = (subject.instrument_id, subject.venue_order_id)
        return (
            self._node.order_by_client_id.get(subject.client_order_id)
            or self._venue.order_by_venue_id.get(by_number)
            or self._venue.order_by_client_id.get(subject.client_order_id)
        )

    def count(self, policy: ExternalPolicy, instrument_id: str) -> None:
        """Count one difference that was set aside."""
        counted = self._counts[policy.name]
        counted[instrument_id] = counted.get(instrument_id, 0) + 1

    def lines(self) -> tuple[str, ...]:
        """Return one line for each policy that ignores: what it is about, and what it left out just now."""
        return tuple(self._line(policy) for policy in self._book.ignored)

    def _line(self, policy: ExternalPolicy) -> str:
        orders = [one for one in self._ignorable_orders() if self._book_order(one) == policy]
        positions = [
            one
            for one in self._venue.positions
            if one.quantity
            and self.may_ignore(one.instrument_id)
            and self._book.of_position(one.instrument_id) == policy
        ]
        counted = self._counts[policy.name]
        names = sorted({*(one.instrument_id for one in orders), *(one.instrument_id for one in positions), *counted})
        what = f"{len(orders)} open orders and {len(positions)} positions at the venue"
        where = f" on {_some(names)}" if names else ""
        return (
            f"not checked, by the policy {policy.name} ({policy.subject}): {what}{where}; "
            f"{sum(counted.values())} differences do not count"
        )

    def _ignorable_orders(self) -> Iterable[OrderRecord]:
        return (one for one in self._venue.orders if one.is_open and self.may_ignore(one.instrument_id))

    def _book_order(self, order: OrderRecord) -> ExternalPolicy:
        return self._book.of_order(order.instrument_id, order.client_order_id, order.venue_order_id)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
