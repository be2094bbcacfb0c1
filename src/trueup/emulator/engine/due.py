"""What happens at a time: good-till dates, dead man's switches, fundings; each stamped with its own time."""

from __future__ import annotations

import heapq

from trueup.emulator.engine import aftermath, changing, commands, funding
from trueup.emulator.engine.enums import AlgoStatus, ExecutionType, OrderStatus
from trueup.emulator.engine.records import close_order, end_algo
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.state import State

COUNTDOWN_MAX_MS = 86_400_000 * 30
"""Bound of a dead man's switch. Assumed."""


def run(state: State, until_ms: int) -> None:
    """Let happen what is due up to and at `until_ms`, in order of time."""
    while state.due and state.due[0][0] <= until_ms:
        due_ms, kind, key = heapq.heappop(state.due)
        state.image.now_ms = max(state.image.now_ms, due_ms)
        match kind:
            case "order":
                _expire_order(state, int(key), due_ms)
            case "algo":
                _expire_algo(state, int(key))
            case "countdown":
                account_id, symbol = key.split("\n")
                _count_down(state, account_id, symbol, due_ms)
            case "funding":
                _fund(state, due_ms)
        aftermath.run(state)
    state.image.now_ms = max(state.image.now_ms, until_ms)


def next_due_ms(state: State) -> int | None:
    """Return when something may be due next, or None."""
    return state.due[0][0] if state.due else None


def countdown(state: State, command: commands.CountdownCancelAll) -> None:
    """Arm or disarm the switch of a symbol; see `Trading.countdown_cancel_all`."""
    account = state.account(command.account_id)
    state.rule(command.symbol)
    if not 0 <= command.countdown_ms <= COUNTDOWN_MAX_MS:
        raise Rejection(-1130, "Data sent for parameter 'countdownTime' is not valid.")
    if command.countdown_ms == 0:
        account.countdowns.pop(command.symbol, None)
        return
    due_ms = state.now_ms + command.countdown_ms
    account.countdowns[command.symbol] = due_ms
    state.schedule(due_ms, "countdown", f"{account.account_id}\n{command.symbol}")


def _expire_order(state: State, order_id: int, due_ms: int) -> None:
    order = state.orders[order_id]
    if order.status.is_open and order.good_till_date_ms == due_ms:
        close_order(state, order, OrderStatus.EXPIRED, ExecutionType.EXPIRED, resting=True)


def _expire_algo(state: State, algo_id: int) -> None:
    algo = state.algos[algo_id]
    if algo.status.is_open:
        end_algo(state, algo, AlgoStatus.EXPIRED)


def _count_down(state: State, account_id: str, symbol: str, due_ms: int) -> None:
    account = state.image.accounts[account_id]
    if account.countdowns.get(symbol) == due_ms:
        del account.countdowns[symbol]
        changing.cancel_working(state, account, symbol)


def _fund(state: State, due_ms: int) -> None:
    if due_ms != state.image.next_funding_ms:
        return
    for symbol, holders in state.holders.items():
        if holders:
            funding.settle_symbol(state, symbol, state.image.markets[symbol].funding_rate)
    state.image.next_funding_ms = due_ms + state.image.settings.funding_interval_ms
    state.schedule(state.image.next_funding_ms, "funding", "")
