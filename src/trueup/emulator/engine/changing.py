"""How working orders change and go: amendments and cancellations."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine import commands, margin, matching, rejections
from trueup.emulator.engine.depth import matched_price
from trueup.emulator.engine.enums import ExecutionType, OrderStatus, PriceMatch, TimeInForce
from trueup.emulator.engine.filters import check_notional, check_percent_price, check_price, check_quantity
from trueup.emulator.engine.records import close_order, order_event
from trueup.emulator.engine.state import AccountState, State
from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.engine.values import Amendment, Order

AMENDMENTS_MAX = 10_000
"""An order can be changed fewer times than this."""


def find_working(
    state: State,
    account: AccountState,
    symbol: str,
    order_id: int | None,
    client_order_id: str | None,
) -> Order | None:
    """Return a working order by either id (the venue prefers the order id), or None."""
    index = state.indexes[account.account_id]
    if order_id is None:
        if client_order_id is None:
            raise rejections.mandatory("orderId")
        order_id = index.working_by_client.get(client_order_id)
    if order_id is None or order_id not in index.working:
        return None
    order = state.orders[order_id]
    return order if order.symbol == symbol else None


def cancel(state: State, command: commands.CancelOrder) -> Order:
    """Cancel one order; see `Trading.cancel_order`."""
    account = state.account(command.account_id)
    state.rule(command.symbol)
    order = find_working(state, account, command.symbol, command.order_id, command.client_order_id)
    if order is None:
        raise rejections.unknown_order()
    return close_order(state, order, OrderStatus.CANCELED, ExecutionType.CANCELED, resting=True)


def cancel_all(state: State, command: commands.CancelAllOrders) -> list[Order]:
    """Cancel all orders of a symbol; see `Trading.cancel_all_orders`."""
    account = state.account(command.account_id)
    state.rule(command.symbol)
    return cancel_working(state, account, command.symbol)


def cancel_working(state: State, account: AccountState, symbol: str | None) -> list[Order]:
    """Cancel an account's working orders of a symbol, or all."""
    ids = sorted(state.indexes[account.account_id].working)
    orders = [state.orders[order_id] for order_id in ids]
    return [
        close_order(state, order, OrderStatus.CANCELED, ExecutionType.CANCELED, resting=True)
        for order in orders
        if symbol is None or order.symbol == symbol
    ]


def amend(state: State, command: commands.AmendOrder) -> Order:
    """Change an order; see `Trading.amend_order`."""
    account = state.account(command.account_id)
    rules = state.rule(command.symbol)
    order = find_working(state, account, command.symbol, command.order_id, command.client_order_id)
    if order is None:
        raise rejections.no_such_order()
    if command.side is not None and command.side is not order.side:
        raise rejections.invalid_parameter("side")
    price, quantity = _amended(state, rules, order, command)
    if quantity <= order.executed_quantity:
        return close_order(state, order, OrderStatus.CANCELED, ExecutionType.CANCELED, resting=True)
    tick = rules.to_ticks(price)
    if order.time_in_force is TimeInForce.GTX and matching.would_take(state, order.symbol, order.side, tick):
        return close_order(state, order, OrderStatus.CANCELED, ExecutionType.CANCELED, resting=True)
    return _reprice(state, account, order, price, quantity, command.price_match)


def _amended(
    state: State,
    rules: SymbolRules,
    order: Order,
    command: commands.AmendOrder,
) -> tuple[Decimal, Decimal]:
    """Return the new price and quantity, checked."""
    if command.quantity is None:
        raise rejections.mandatory("quantity")
    if command.price_match is not PriceMatch.NONE:
        price = matched_price(state, order.symbol, order.side, command.price_match)
    elif command.price is None:
        raise rejections.mandatory("price")
    else:
        price = command.price
        check_price(rules, price)
    check_quantity(rules, command.quantity, market=False)
    if order.amendments + 1 >= AMENDMENTS_MAX:
        raise rejections.too_many_amendments()
    if price == order.price and command.quantity == order.quantity:
        raise rejections.same_order()
    if not order.reduce_only:
        check_notional(rules, price, command.quantity)
        more = price * (command.quantity - order.executed_quantity) - order.price * order.remaining
        if more > 0:
            account = state.account(order.account_id)
            extra = margin.extra_initial(state, account, order.symbol, order.side, order.position_side, more)
            if extra > 0 and extra > margin.available(state, account, rules.quote):
                raise rejections.insufficient_margin()
    check_percent_price(rules, order.side, price, state.image.markets[order.symbol].mark)
    return price, command.quantity


def _reprice(
    state: State,
    account: AccountState,
    order: Order,
    price: Decimal,
    quantity: Decimal,
    price_match: PriceMatch,
) -> Order:
    state.unrest(order)
    changed = msgspec.structs.replace(
        order,
        price=price,
        quantity=quantity,
        price_match=price_match,
        amendments=order.amendments + 1,
        update_time_ms=state.now_ms,
    )
    state.orders[order.order_id] = changed
    counters = state.image.counters
    amendment = Amendment(
        amendment_id=counters.amendment_id,
        order_id=order.order_id,
        account_id=account.account_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        price_before=order.price,
        price_after=price,
        quantity_before=order.quantity,
        quantity_after=quantity,
        count=changed.amendments,
        time_ms=state.now_ms,
    )
    counters.amendment_id += 1
    state.indexes[account.account_id].amendments.append(amendment)
    if state.keep_archive:
        state.fresh.amendments.append(amendment)
    order_event(state, ExecutionType.AMENDMENT, changed)
    return matching.rest_or_expire(state, matching.match(state, changed))
