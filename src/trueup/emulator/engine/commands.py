"""Everything that can change the venue, as data.

The venue's state is a pure function of its settings and the commands it accepted with their times. So the journal holds
commands, recovery is replay, and a rejected command, which changes nothing, is not recorded.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine.enums import MarginType, PositionSide, PriceMatch, Side
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.statements import Level
from trueup.emulator.engine.values import OrderRequest


class Command(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, array_like=True):
    """The base of all commands."""


class Advance(Command, frozen=True):
    """Let everything happen that is due."""


class CreateAccount(Command, frozen=True):
    """Open an account."""

    settings: AccountSettings


class PlaceOrder(Command, frozen=True):
    """Place a plain order."""

    account_id: str
    request: OrderRequest


class AmendOrder(Command, frozen=True):
    """Change price and quantity of a working LIMIT order."""

    account_id: str
    symbol: str
    side: Side | None
    order_id: int | None
    client_order_id: str | None
    quantity: Decimal | None
    price: Decimal | None
    price_match: PriceMatch = PriceMatch.NONE


class CancelOrder(Command, frozen=True):
    """Cancel one working order."""

    account_id: str
    symbol: str
    order_id: int | None
    client_order_id: str | None


class CancelAllOrders(Command, frozen=True):
    """Cancel an account's working orders of a symbol."""

    account_id: str
    symbol: str


class PlaceAlgoOrder(Command, frozen=True):
    """Place a conditional order."""

    account_id: str
    request: OrderRequest


class CancelAlgoOrder(Command, frozen=True):
    """Cancel one conditional order that waits."""

    account_id: str
    algo_id: int | None
    client_algo_id: str | None


class CancelAllAlgoOrders(Command, frozen=True):
    """Cancel an account's waiting conditional orders of a symbol."""

    account_id: str
    symbol: str


class CountdownCancelAll(Command, frozen=True):
    """Arm, re-arm or (with 0) disarm the dead man's switch of a symbol."""

    account_id: str
    symbol: str
    countdown_ms: int


class SetLeverage(Command, frozen=True):
    """Change the leverage of a symbol."""

    account_id: str
    symbol: str
    leverage: int


class SetMarginType(Command, frozen=True):
    """Change the margin type of a symbol."""

    account_id: str
    symbol: str
    margin_type: MarginType


class SetPositionMode(Command, frozen=True):
    """Switch between one-way and hedge mode."""

    account_id: str
    hedge_mode: bool


class AdjustMargin(Command, frozen=True):
    """Add margin to (positive) or take it from (negative) an isolated position."""

    account_id: str
    symbol: str
    position_side: PositionSide
    amount: Decimal


class Transfer(Command, frozen=True):
    """Deposit (positive) or withdraw (negative)."""

    account_id: str
    asset: str
    amount: Decimal


class SetFeeTier(Command, frozen=True):
    """Change an account's fee tier."""

    account_id: str
    fee_tier: int


class SetMarket(Command, frozen=True):
    """Set the synthetic market of a symbol."""

    symbol: str
    bid: Decimal
    ask: Decimal
    mark: Decimal | None = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


class SetMarkPrice(Command, frozen=True):
    """Set the mark price of a symbol alone."""

    symbol: str
    mark: Decimal


class MoveTo(Command, frozen=True):
    """Move the market of a symbol so that it trades at a price."""

    symbol: str
    price: Decimal


class PrintTrade(Command, frozen=True):
    """Let an outside taker trade at a price, as one line of a replayed tape."""

    symbol: str
    price: Decimal
    quantity: Decimal
    buyer_maker: bool


class StepMarket(Command, frozen=True):
    """Step the random walk."""

    steps: int = 1
    symbols: tuple[str, ...] = ()


class PauseMarket(Command, frozen=True):
    """Stop or restart the random walk: a paused market ignores steps."""

    paused: bool


class ForceFill(Command, frozen=True):
    """Fill a working order against an outside counterparty."""

    order_id: int
    quantity: Decimal | None = None
    price: Decimal | None = None


class AutoDeleverage(Command, frozen=True):
    """Reduce a position as the venue does to a winner when a loser cannot pay."""

    account_id: str
    symbol: str
    quantity: Decimal
    position_side: PositionSide = PositionSide.BOTH
    price: Decimal | None = None


class Liquidate(Command, frozen=True):
    """Close an account's positions as the venue does when margin runs out."""

    account_id: str
    symbol: str | None = None


class ApplyFunding(Command, frozen=True):
    """Settle funding of a symbol now."""

    symbol: str
    rate: Decimal | None = None


class SetFundingRate(Command, frozen=True):
    """Set the rate of the funding to come."""

    symbol: str
    rate: Decimal


class LoadHistory(Command, frozen=True):
    """Fill an account with a seeded past."""

    account_id: str
    orders: int
    symbols: tuple[str, ...]
    seed: int
    span_ms: int


type AnyCommand = (
    Advance
    | CreateAccount
    | PlaceOrder
    | AmendOrder
    | CancelOrder
    | CancelAllOrders
    | PlaceAlgoOrder
    | CancelAlgoOrder
    | CancelAllAlgoOrders
    | CountdownCancelAll
    | SetLeverage
    | SetMarginType
    | SetPositionMode
    | AdjustMargin
    | Transfer
    | SetFeeTier
    | SetMarket
    | SetMarkPrice
    | MoveTo
    | PrintTrade
    | StepMarket
    | PauseMarket
    | ForceFill
    | AutoDeleverage
    | Liquidate
    | ApplyFunding
    | SetFundingRate
    | LoadHistory
)
