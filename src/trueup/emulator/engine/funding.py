"""Funding: longs pay shorts the rate times the notional at the mark price (a negative rate turns it round)."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.engine import commands
from trueup.emulator.engine.enums import AccountReason, IncomeType, MarginType, PositionSide
from trueup.emulator.engine.money import cents
from trueup.emulator.engine.records import account_event, book_income
from trueup.emulator.engine.state import State
from trueup.errors import EmulatorError

RATE_MAX = Decimal("0.03")
"""The venue caps funding at 3 per cent an interval for the widest symbols."""


def apply_funding(state: State, command: commands.ApplyFunding) -> None:
    """Settle one symbol; see `Control.apply_funding`."""
    state.rule(command.symbol)
    rate = state.image.markets[command.symbol].funding_rate if command.rate is None else command.rate
    settle_symbol(state, command.symbol, _checked(rate))


def set_rate(state: State, command: commands.SetFundingRate) -> None:
    """Set the rate of the fundings to come."""
    state.rule(command.symbol)
    state.image.markets[command.symbol].funding_rate = _checked(command.rate)


def _checked(rate: Decimal) -> Decimal:
    if not rate.is_finite() or abs(rate) > RATE_MAX:
        raise EmulatorError(f"the funding rate was {rate}", allowed=f"-{RATE_MAX} to {RATE_MAX}, as a fraction")
    return rate


def settle_symbol(state: State, symbol: str, rate: Decimal) -> None:
    """Move the wallets of all who hold `symbol`, account by account."""
    asset, mark = state.rules[symbol].quote, state.image.markets[symbol].mark
    for account_id in sorted(state.holders[symbol]):
        account = state.image.accounts[account_id]
        record = account.symbols[symbol]
        held: list[tuple[str, PositionSide]] = []
        total = Decimal(0)
        for side, leg in record.legs.items():
            if leg.quantity:
                total -= cents(leg.quantity * mark * rate)
                held.append((symbol, side))
        if total:
            book_income(state, account, IncomeType.FUNDING_FEE, asset, total, symbol=symbol, info="FUNDING_FEE")
            state.at_risk[account_id] = None
            # The venue names the position only when it is isolated.
            legs = tuple(held) if record.margin_type is MarginType.ISOLATED else ()
            account_event(state, account, AccountReason.FUNDING_FEE, asset, total, legs)
