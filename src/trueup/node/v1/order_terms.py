"""What an order of the engine asked for, and what was asked of it, at some point of its life."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nautilus_trader.model.events import (
    OrderCancelRejected,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderSubmitted,
    OrderUpdated,
)

from trueup.core.intervention import Commanded, Terms


def terms_of(quantity: Any, price: Any, trigger_price: Any) -> Terms:
    """Return the terms in an order, a command or an event: the engine's quantities and prices, or None."""

    def value_of(one: Any) -> Decimal | None:
        return None if one is None else Decimal(one.as_decimal())

    return Terms(quantity=value_of(quantity), price=value_of(price), trigger_price=value_of(trigger_price))


def terms_before_event(order: Any, event: Any) -> Terms:
    """Return an order's terms before an amendment, from its first event and the amendments between."""
    first = order.init_event
    options = first.options
    terms = Terms(
        quantity=first.quantity.as_decimal(),
        price=_decimal(options.get("price")),
        trigger_price=_decimal(options.get("trigger_price")),
    )
    for one in order.events:
        if one.id == event.id:
            break
        if isinstance(one, OrderUpdated):
            said = terms_of(one.quantity, one.price, one.trigger_price)
            terms = Terms(
                quantity=said.quantity or terms.quantity,
                price=said.price or terms.price,
                trigger_price=said.trigger_price or terms.trigger_price,
            )
    return terms


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
    for one in order.events:
        if one is event or one.id == event.id:
            break
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
    )
