"""What an account and a market look like at one moment: the frozen answers to queries."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine.enums import MarginType, PositionSide

type Level = tuple[Decimal, Decimal]
"""Price and quantity of one level of a book."""


class Position(msgspec.Struct, frozen=True, gc=False):
    """One leg of one symbol of one account, valued at the mark price.

    ``quantity`` is signed (negative when short). ``liquidation_price`` is zero when there is none.
    """

    account_id: str
    symbol: str
    position_side: PositionSide
    quantity: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    mark_price: Decimal
    unrealised_pnl: Decimal
    liquidation_price: Decimal
    leverage: int
    margin_type: MarginType
    isolated_margin: Decimal
    isolated_wallet: Decimal
    notional: Decimal
    margin_asset: str
    initial_margin: Decimal
    maint_margin: Decimal
    position_initial_margin: Decimal
    open_order_initial_margin: Decimal
    bid_notional: Decimal
    ask_notional: Decimal
    accumulated_realised: Decimal
    adl_quantile: int
    update_time_ms: int


class Balance(msgspec.Struct, frozen=True, gc=False):
    """One asset of one account."""

    account_id: str
    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    unrealised_pnl: Decimal
    cross_unrealised_pnl: Decimal
    margin_balance: Decimal
    initial_margin: Decimal
    position_initial_margin: Decimal
    open_order_initial_margin: Decimal
    maint_margin: Decimal
    available: Decimal
    max_withdraw: Decimal
    update_time_ms: int


class AccountSummary(msgspec.Struct, frozen=True):
    """An account as ``/fapi/v2/account`` shows it; the totals are the venue's: USDT and USDC counted one to one."""

    account_id: str
    fee_tier: int
    hedge_mode: bool
    multi_assets_margin: bool
    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]
    update_time_ms: int


class SymbolConfig(msgspec.Struct, frozen=True, gc=False):
    """An account's settings of one symbol."""

    symbol: str
    margin_type: MarginType
    leverage: int
    max_notional: Decimal


class CommissionRate(msgspec.Struct, frozen=True, gc=False):
    """An account's fee rates of one symbol, as fractions."""

    symbol: str
    maker: Decimal
    taker: Decimal


class Depth(msgspec.Struct, frozen=True):
    """A reading of a book, best levels first: the market's liquidity and the accounts' orders together."""

    symbol: str
    update_id: int
    time_ms: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookTop(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask; a missing side has price and quantity zero."""

    symbol: str
    update_id: int
    time_ms: int
    bid: Decimal
    bid_quantity: Decimal
    ask: Decimal
    ask_quantity: Decimal


class MarkPrice(msgspec.Struct, frozen=True, gc=False):
    """Mark and index price and the funding to come; ``funding_rate`` is a fraction."""

    symbol: str
    mark: Decimal
    index: Decimal
    funding_rate: Decimal
    interest_rate: Decimal
    next_funding_time_ms: int
    time_ms: int


class AggTrade(msgspec.Struct, frozen=True, gc=False):
    """One aggregate trade of the public tape."""

    symbol: str
    agg_id: int
    price: Decimal
    quantity: Decimal
    first_trade_id: int
    last_trade_id: int
    buyer_maker: bool
    time_ms: int


class Kline(msgspec.Struct, frozen=True, gc=False):
    """One bar; ``close_time_ms`` is inclusive, as the venue's."""

    symbol: str
    interval: str
    open_time_ms: int
    close_time_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    taker_buy_volume: Decimal
    taker_buy_quote_volume: Decimal


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """The last 24 hours of one symbol."""

    symbol: str
    last_price: Decimal
    last_quantity: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    quote_volume: Decimal
    weighted_average: Decimal
    first_trade_id: int
    last_trade_id: int
    trades: int
    open_time_ms: int
    close_time_ms: int
