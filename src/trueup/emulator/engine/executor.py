"""The one table from command to effect."""

from __future__ import annotations

from collections.abc import Callable

from trueup.emulator.engine import (
    accounts,
    aftermath,
    changing,
    commands,
    conditional,
    due,
    entry,
    forced,
    funding,
    market,
    past,
)
from trueup.emulator.engine.commands import AnyCommand
from trueup.emulator.engine.state import State
from trueup.emulator.engine.values import AlgoOrder, Order

type Handler = Callable[[State, AnyCommand], object]


def _pause(state: State, command: commands.PauseMarket) -> None:
    state.image.paused = command.paused


def _advance(state: State, command: commands.Advance) -> None:
    """Do nothing more: time has already passed, and what was due has happened."""


HANDLERS: dict[type, Callable[..., object]] = {
    commands.Advance: _advance,
    commands.CreateAccount: accounts.create,
    commands.PlaceOrder: entry.place,
    commands.AmendOrder: changing.amend,
    commands.CancelOrder: changing.cancel,
    commands.CancelAllOrders: changing.cancel_all,
    commands.PlaceAlgoOrder: conditional.place,
    commands.CancelAlgoOrder: conditional.cancel,
    commands.CancelAllAlgoOrders: conditional.cancel_all,
    commands.CountdownCancelAll: due.countdown,
    commands.SetLeverage: accounts.set_leverage,
    commands.SetMarginType: accounts.set_margin_type,
    commands.SetPositionMode: accounts.set_position_mode,
    commands.AdjustMargin: accounts.adjust_margin,
    commands.Transfer: accounts.transfer,
    commands.SetFeeTier: accounts.set_fee_tier,
    commands.SetMarket: market.set_market,
    commands.SetMarkPrice: market.set_mark_price,
    commands.MoveTo: market.move_to,
    commands.PrintTrade: market.print_trade,
    commands.StepMarket: market.step,
    commands.PauseMarket: _pause,
    commands.ForceFill: forced.force_fill,
    commands.AutoDeleverage: forced.auto_deleverage,
    commands.Liquidate: forced.liquidate,
    commands.ApplyFunding: funding.apply_funding,
    commands.SetFundingRate: funding.set_rate,
    commands.LoadHistory: past.load,
}


def execute(state: State, command: AnyCommand) -> object:
    """Run one command at the state's time, and everything that follows from it.

    Raises
    ------
    Rejection
        When the venue refuses; then nothing has changed.
    EmulatorError
        When the owner of the emulator asked for what cannot be; then nothing has changed.
    """
    result = HANDLERS[type(command)](state, command)
    aftermath.run(state)
    # What followed may have changed what the command made.
    if isinstance(result, Order):
        return state.orders[result.order_id]
    if isinstance(result, AlgoOrder):
        return state.algos[result.algo_id]
    return result
