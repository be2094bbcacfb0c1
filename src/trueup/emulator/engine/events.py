"""What the venue tells: private events in the venue's order, and public market events.

Private events carry ``sequence``, which rises by one per event over the venue's whole life (it survives a restart).
Market events are volatile: they are only made while somebody listens, and carry no sequence.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine.enums import AccountReason, ExecutionType, MarginType, PositionSide
from trueup.emulator.engine.statements import AggTrade, BookTop, Depth, Kline, Level, MarkPrice, Position
from trueup.emulator.engine.values import AlgoOrder, Order, Trade


class BalanceChange(msgspec.Struct, frozen=True, gc=False):
    """One asset after a change; ``change`` excludes realised profit and commission, as the venue's ``bc``."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal


class PositionChange(msgspec.Struct, frozen=True, gc=False):
    """One leg after a change."""

    symbol: str
    position_side: PositionSide
    quantity: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    accumulated_realised: Decimal
    unrealised_pnl: Decimal
    margin_type: MarginType
    isolated_wallet: Decimal


class OrderEvent(msgspec.Struct, frozen=True):
    """ORDER_TRADE_UPDATE: ``trade`` is present for TRADE and CALCULATED.

    ``order`` is the order after what happened. ``bid_notional`` and ``ask_notional`` are the account's working orders
    of the symbol.
    """

    sequence: int
    time_ms: int
    account_id: str
    execution_type: ExecutionType
    order: Order
    trade: Trade | None
    bid_notional: Decimal
    ask_notional: Decimal


class TradeLite(msgspec.Struct, frozen=True):
    """TRADE_LITE: the short form of a fill, sent before the long one."""

    sequence: int
    time_ms: int
    account_id: str
    order: Order
    trade: Trade


class AccountEvent(msgspec.Struct, frozen=True):
    """ACCOUNT_UPDATE."""

    sequence: int
    time_ms: int
    account_id: str
    reason: AccountReason
    balances: tuple[BalanceChange, ...]
    positions: tuple[PositionChange, ...]


class AlgoEvent(msgspec.Struct, frozen=True):
    """ALGO_UPDATE."""

    sequence: int
    time_ms: int
    account_id: str
    algo: AlgoOrder


class MarginCall(msgspec.Struct, frozen=True):
    """MARGIN_CALL: sent once each time the margin ratio crosses the warning line."""

    sequence: int
    time_ms: int
    account_id: str
    cross_wallet: Decimal
    positions: tuple[Position, ...]


class AccountConfigEvent(msgspec.Struct, frozen=True):
    """ACCOUNT_CONFIG_UPDATE: a leverage was changed."""

    sequence: int
    time_ms: int
    account_id: str
    symbol: str
    leverage: int


class BookTickerEvent(msgspec.Struct, frozen=True):
    """The best bid or ask changed."""

    top: BookTop


class AggTradeEvent(msgspec.Struct, frozen=True):
    """The public tape grew."""

    trade: AggTrade


class MarkPriceEvent(msgspec.Struct, frozen=True):
    """The mark price or the funding to come changed."""

    mark: MarkPrice


class KlineEvent(msgspec.Struct, frozen=True):
    """The current one-minute bar changed; ask `Venue.klines` for other intervals."""

    kline: Kline


type VenueEvent = OrderEvent | TradeLite | AccountEvent | AlgoEvent | MarginCall | AccountConfigEvent
type MarketEvent = BookTickerEvent | AggTradeEvent | MarkPriceEvent | KlineEvent


class DepthChange(msgspec.Struct, frozen=True):
    """The difference of two readings of a book; a quantity of zero removes the level."""

    symbol: str
    first_update_id: int
    final_update_id: int
    previous_final_update_id: int
    time_ms: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


def depth_change(before: Depth, after: Depth) -> DepthChange:
    """Return what turns `before` into `after`, as the diff-depth stream says it."""
    return DepthChange(
        symbol=after.symbol,
        first_update_id=before.update_id + 1,
        final_update_id=after.update_id,
        previous_final_update_id=before.update_id,
        time_ms=after.time_ms,
        bids=_changed(before.bids, after.bids),
        asks=_changed(before.asks, after.asks),
    )


def _changed(before: tuple[Level, ...], after: tuple[Level, ...]) -> tuple[Level, ...]:
    was = dict(before)
    now = dict(after)
    gone = tuple((price, Decimal(0)) for price in was if price not in now)
    return tuple(level for level in after if was.get(level[0]) != level[1]) + gone
