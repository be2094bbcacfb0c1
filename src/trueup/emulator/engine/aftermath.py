"""What follows from what a command did: reduce-only orders without a position, triggers, margin.

One thing may lead to another; the loop runs until nothing is left, and is bounded.
"""

from __future__ import annotations

from trueup.emulator.engine import forced, triggers
from trueup.emulator.engine.enums import AlgoStatus, ExecutionType, OrderStatus, PositionSide, TimeInForce
from trueup.emulator.engine.positions import reducible
from trueup.emulator.engine.records import close_order, end_algo
from trueup.emulator.engine.state import State

ROUNDS_MAX = 1_000_000
"""Far above what the order limits allow to happen: every round ends an order, or settles a symbol or an account."""


def run(state: State) -> None:
    """Let everything follow."""
    for _ in range(ROUNDS_MAX):
        if state.reduced:
            account_id, symbol, side = next(iter(state.reduced))
            del state.reduced[account_id, symbol, side]
            _prune(state, account_id, symbol, side)
        elif state.touched:
            symbol = next(iter(state.touched))
            del state.touched[symbol]
            triggers.evaluate(state, symbol)
        elif state.at_risk:
            account_id = next(iter(state.at_risk))
            del state.at_risk[account_id]
            forced.assess(state, state.image.accounts[account_id])
        else:
            return
    raise AssertionError("the consequences of one command did not end")


def _prune(state: State, account_id: str, symbol: str, side: PositionSide) -> None:
    """Expire what can no longer reduce a leg that was closed or turned over."""
    account = state.image.accounts[account_id]
    held = state.held(account, symbol, side)
    index = state.indexes[account_id]
    for order_id in sorted(index.working):
        order = state.orders[order_id]
        fits = order.symbol == symbol and order.position_side is side and order.reduce_only
        if fits and reducible(order.side, held) == 0:
            close_order(state, order, OrderStatus.EXPIRED, ExecutionType.EXPIRED, resting=True)
    for algo_id in sorted(index.waiting_by_client.values()):
        algo = state.algos[algo_id]
        fits = algo.symbol == symbol and algo.position_side is side and algo.time_in_force is TimeInForce.GTE_GTC
        if fits and reducible(algo.side, held) == 0:
            end_algo(state, algo, AlgoStatus.EXPIRED, "Position closed.")
