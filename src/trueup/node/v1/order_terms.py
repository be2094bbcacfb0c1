"""What an order of the engine asked for, and what was asked of it, at some point of its life."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from nautilus_trader.model.events import (
    OrderAccepted,
    OrderCancelRejected,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderSubmitted,
    OrderUpdated,
)

from trueup.core.intervention import Commanded
from trueup.core.terms import FORMER_MAX, Past, Terms


def terms_of(quantity: Any, price: Any, trigger_price: Any) -> Terms:
    """Return the terms in an order, a command or an event: the engine's quantities and prices, or None."""

    def value_of(one: Any) -> Decimal | None:
        return None if one is None else Decimal(one.as_decimal())

    return Terms(quantity=value_of(quantity), price=value_of(price), trigger_price=value_of(trigger_price))


def terms_before_event(order: Any, event: Any) -> Terms:
    """Return an order's terms before an amendment, from its first event and the amendments between."""
    terms = _first_terms(order)
    for one in _before(order, event):
        if isinstance(one, OrderUpdated):
            terms = _amended(terms, one)
    return terms


def past_of(order: Any, event: Any, asked: Iterable[Terms]) -> Past:
    """Return what an order was before an amendment, by the venue's times.

    Parameters
    ----------
    order : Order
        The order, whose own events outlast a restart.
    event : OrderUpdated
        Not later than this.
    asked : Iterable of Terms
        What the node asked of it before, done or passed over.
    """
    newest, newest_ns = _first_terms(order), 0
    former = [newest, *asked]
    terms = newest
    for one in _before(order, event):
        if isinstance(one, OrderAccepted):
            newest_ns = max(newest_ns, int(one.ts_event))
        elif isinstance(one, OrderUpdated):
            terms = _amended(terms, one)
            former.append(terms)
            if terms != newest and one.ts_event >= newest_ns:
                newest, newest_ns = terms, int(one.ts_event)
    return Past(former=tuple(dict.fromkeys(former))[-FORMER_MAX:], newest=newest, newest_ns=newest_ns)


def _before(order: Any, event: Any) -> Iterator[Any]:
    return itertools.takewhile(lambda one: one.id != event.id, order.events)


def _first_terms(order: Any) -> Terms:
    first = order.init_event
    return Terms(
        quantity=first.quantity.as_decimal(),
        price=_decimal(first.options.get("price")),
        trigger_price=_decimal(first.options.get("trigger_price")),
    )


def _amended(terms: Terms, event: Any) -> Terms:
    said = terms_of(event.quantity, event.price, event.trigger_price)
    return Terms(
        quantity=said.quantity or terms.quantity,
        price=said.price or terms.price,
        trigger_price=said.trigger_price or terms.trigger_price,
    )


def _decimal(text: Any) -> Decimal | None:
    return None if text is None else Decimal(str(text))


def commanded_before(order: Any, event: Any, asked: Commanded) -> Commanded:
    """Return what a node had commanded of an order before an event.

    Parameters
    ----------
    order : Order
        The order, whose own events outlast a restart.
    event : OrderEvent
        Not later than this.
    asked : Commanded
        What this life of the node was heard to command.
    """
    sent = cancel = update = False
    for one in _before(order, event):
        match one:
            case OrderSubmitted():
                sent = True
            case OrderPendingCancel():
                cancel = True
            case OrderCancelRejected():
                cancel = False
            case OrderPendingUpdate():
                update = True
            case OrderUpdated() | OrderModifyRejected():
                update = False
    amends = asked.amends
    if update and not amends:
        amends = (Terms(),)  # asked by an earlier life: what for, only that one knew
    return Commanded(
        sent=sent or asked.sent,
        cancel=cancel or asked.cancel,
        amends=amends,
        past=asked.past,
    )
