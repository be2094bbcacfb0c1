"""The past as the venue's API shows it: windows, limits, and what the venue forgets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import islice

import msgspec

from trueup.emulator.engine import rejections
from trueup.emulator.engine.depth import listed
from trueup.emulator.engine.enums import IncomeType, OrderStatus
from trueup.emulator.engine.index import SymbolIndex
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.state import State
from trueup.emulator.engine.values import AlgoOrder, Amendment, Income, Order, Trade

DAY_MS = 86_400_000
WINDOW_MS = 7 * DAY_MS
"""The longest window of orders and trades, and the default one."""

UNFILLED_KEPT_MS = 3 * DAY_MS
"""The venue forgets orders that were cancelled or expired without a fill this long after their creation."""

ORDERS_KEPT_MS = 90 * DAY_MS
"""The venue forgets all orders this long after their creation."""

PAGE_MAX = 1_000
AMENDMENTS_PAGE_MAX = 100


class Window(msgspec.Struct, frozen=True):
    """A span of time, both ends inclusive; `anchored` when the caller gave its start."""

    start_ms: int
    end_ms: int
    anchored: bool
    given: bool

    @classmethod
    def of(cls, start_ms: int | None, end_ms: int | None, now_ms: int, longest_ms: int | None = WINDOW_MS) -> Window:
        """Return the window that the venue answers for what was given.

        Raises
        ------
        Rejection
            -1023 when it ends before it starts, -4165 when it is longer than `longest_ms`.
        """
        given = start_ms is not None or end_ms is not None
        if start_ms is not None and end_ms is not None:
            if start_ms > end_ms:
                raise rejections.start_after_end()
            if longest_ms is not None and end_ms - start_ms > longest_ms:
                raise rejections.window_too_long()
            return cls(start_ms, end_ms, anchored=True, given=given)
        if start_ms is not None:
            end = now_ms if longest_ms is None else start_ms + longest_ms
            return cls(start_ms, end, anchored=True, given=given)
        end = now_ms if end_ms is None else end_ms
        return cls(end - WINDOW_MS, end, anchored=False, given=given)

    def cut(self, times: Sequence[int]) -> tuple[int, int]:
        """Return the bounds of the slice of ascending `times` that lies inside."""
        return bisect_left(times, self.start_ms), bisect_right(times, self.end_ms)


def check_limit(limit: int, most: int = PAGE_MAX) -> None:
    """Refuse a page that is too large or empty."""
    if not 1 <= limit <= most:
        raise rejections.invalid_parameter("limit")


def _index(state: State, account_id: str, symbol: str) -> SymbolIndex:
    state.account(account_id)
    return state.indexes[account_id].symbols.get(listed(state, symbol)) or SymbolIndex()


def _forgotten(order: Order, now_ms: int) -> bool:
    if order.status.is_open:
        return False
    age_ms = now_ms - order.time_ms
    unfilled = order.executed_quantity == 0 and order.status is not OrderStatus.FILLED
    return age_ms > ORDERS_KEPT_MS or (unfilled and age_ms > UNFILLED_KEPT_MS)


def order(
    state: State,
    account_id: str,
    symbol: str,
    order_id: int | None,
    client_order_id: str | None,
    now_ms: int,
) -> Order:
    """Return one order; see `Queries.order`."""
    state.account(account_id)
    listed(state, symbol)
    if order_id is None:
        if client_order_id is None:
            raise rejections.mandatory("orderId")
        order_id = state.indexes[account_id].latest_by_client.get(client_order_id)
    found = None if order_id is None else state.orders.get(order_id)
    if found is None or found.account_id != account_id or found.symbol != symbol or _forgotten(found, now_ms):
        raise rejections.no_such_order()
    return found


def orders(
    state: State,
    account_id: str,
    symbol: str,
    order_id: int | None,
    window: Window,
    limit: int,
    now_ms: int,
) -> list[Order]:
    """Return a page of orders; see `Queries.all_orders`."""
    check_limit(limit)
    index = _index(state, account_id, symbol)
    low, high = window.cut(index.order_times)
    anchored = window.anchored
    if order_id is not None:
        from_id = bisect_left(index.order_ids, order_id)
        low, high = (max(low, from_id), high) if window.given else (from_id, len(index.order_ids))
        anchored = True
    # Most pages lie in the last days, of which nothing is forgotten: look closely at older orders only.
    remembered = bisect_left(index.order_times, now_ms - UNFILLED_KEPT_MS)
    places = range(low, high) if anchored else range(high - 1, low - 1, -1)
    page: list[Order] = []
    for place in places:
        found = state.orders[index.order_ids[place]]
        if place >= remembered or not _forgotten(found, now_ms):
            page.append(found)
            if len(page) == limit:
                break
    return page if anchored else page[::-1]


def trades(
    state: State,
    account_id: str,
    symbol: str,
    order_id: int | None,
    from_id: int | None,
    window: Window,
    limit: int,
) -> list[Trade]:
    """Return a page of trades; see `Queries.trades`."""
    check_limit(limit)
    if from_id is not None and window.given:
        raise Rejection(-1128, "Combination of optional parameters invalid.")
    index = _index(state, account_id, symbol)
    if from_id is not None:
        low = bisect_left(index.trades, from_id, key=lambda trade: trade.trade_id)
        high, anchored = len(index.trades), True
    else:
        low, high = window.cut(index.trade_times)
        anchored = window.anchored
    if order_id is not None:
        if not window.given and from_id is None:
            low, high = 0, len(index.trades)
        found = [trade for trade in index.trades[low:high] if trade.order_id == order_id]
        return found[:limit] if anchored else found[-limit:]
    if anchored:
        return index.trades[low : min(high, low + limit)]
    return index.trades[max(low, high - limit) : high]


def incomes(
    state: State,
    account_id: str,
    symbol: str | None,
    income_type: IncomeType | None,
    window: Window,
    page: int,
    limit: int,
) -> list[Income]:
    """Return a page of wallet movements; see `Queries.income`."""
    check_limit(limit)
    if page < 1:
        raise rejections.invalid_parameter("page")
    state.account(account_id)
    anchored = window.anchored or page > 1
    income = state.indexes[account_id].income
    # Not sorted by time (a loaded past comes after the first deposit), so the window is tried on each; but most callers
    # want the newest page or the first, and the search ends when it is full.
    matching = (
        movement
        for movement in (income if anchored else reversed(income))
        if window.start_ms <= movement.time_ms <= window.end_ms
        and symbol in (None, movement.symbol)
        and income_type in (None, movement.type)
    )
    if anchored:
        return list(islice(matching, (page - 1) * limit, page * limit))
    return list(islice(matching, limit))[::-1]


def amendments(
    state: State,
    account_id: str,
    symbol: str,
    order_id: int | None,
    client_order_id: str | None,
    window: Window,
    limit: int,
) -> list[Amendment]:
    """Return a page of changes, newest first; see `Queries.amendments`."""
    check_limit(limit, AMENDMENTS_PAGE_MAX)
    listed(state, symbol)
    state.account(account_id)
    found = [
        change
        for change in reversed(state.indexes[account_id].amendments)
        if change.symbol == symbol
        and order_id in (None, change.order_id)
        and client_order_id in (None, change.client_order_id)
        and (not window.given or window.start_ms <= change.time_ms <= window.end_ms)
    ]
    return found[:limit]


def algo(state: State, account_id: str, algo_id: int | None, client_algo_id: str | None) -> AlgoOrder:
    """Return one conditional order; see `Queries.algo_order`."""
    state.account(account_id)
    if algo_id is None:
        if client_algo_id is None:
            raise rejections.mandatory("algoId")
        algo_id = state.indexes[account_id].algos_by_client.get(client_algo_id)
    found = None if algo_id is None else state.algos.get(algo_id)
    if found is None or found.account_id != account_id:
        raise rejections.no_such_order()
    return found


def algos(
    state: State,
    account_id: str,
    symbol: str,
    algo_id: int | None,
    window: Window,
    page: int,
    limit: int,
) -> list[AlgoOrder]:
    """Return a page of conditional orders; see `Queries.all_algo_orders`."""
    check_limit(limit)
    if page < 0:
        raise rejections.invalid_parameter("page")
    ids = _index(state, account_id, symbol).algo_ids
    if algo_id is not None and not window.given:
        chosen = ids[bisect_left(ids, algo_id) :]
        return [state.algos[key] for key in chosen[page * limit :][:limit]]
    found = [
        state.algos[key]
        for key in ids
        if window.start_ms <= state.algos[key].create_time_ms <= window.end_ms and key >= (algo_id or 0)
    ]
    if window.anchored or page:
        return found[page * limit :][:limit]
    return found[-limit:]
