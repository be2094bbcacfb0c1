"""What an operator may choose about the venue, its accounts and its market."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trueup.emulator.engine.enums import MarginType

DEFAULT_FUNDING_INTERVAL_MS = 8 * 3_600_000
"""The venue settles funding at 00:00, 08:00 and 16:00 UTC for most symbols."""


class MarketSettings(msgspec.Struct, frozen=True):
    """The synthetic market of every symbol.

    Parameters
    ----------
    seed : int
        Everything random follows from it.
    spread_ticks : int
        Distance of best bid and best ask.
    levels : int
        Levels of liquidity on each side.
    level_notional : Decimal
        Quote value on each level, before a seeded variation of 50 to 150 per cent.
    volatility_bps : int
        Largest move of one step, in basis points of the price.
    replenish : bool
        Whether liquidity comes back after each order that took it. Without, it comes back with the next step or
        `set_market`.
    prints : bool
        Whether each step also trades on the public tape, and so may fill resting orders at the touch.
    """

    seed: int = 7
    spread_ticks: int = 1
    levels: int = 20
    level_notional: Decimal = Decimal(250_000)
    volatility_bps: int = 4
    replenish: bool = True
    prints: bool = True


class VenueSettings(msgspec.Struct, frozen=True):
    """The venue as a whole.

    Parameters
    ----------
    market : MarketSettings
        The synthetic market.
    symbols : tuple[str, ...], optional
        The symbols listed; all of the table when empty.
    funding_interval_ms : int
        Distance of scheduled fundings; 0 settles none by itself.
    trade_lite : bool
        Whether TRADE_LITE events are sent.
    synthetic_symbols : int
        How many perpetuals that no venue lists the table has besides, as ``SYNTHETIC0001USDT``.
    """

    market: MarketSettings = MarketSettings()
    symbols: tuple[str, ...] = ()
    funding_interval_ms: int = DEFAULT_FUNDING_INTERVAL_MS
    trade_lite: bool = True
    synthetic_symbols: int = 0


def _first_deposits() -> dict[str, Decimal]:
    return {"USDT": Decimal(100_000)}


class AccountSettings(msgspec.Struct, frozen=True):
    """An account to create.

    Parameters
    ----------
    account_id : str
        Our name of it.
    api_key : str
        The key that requests carry; unique.
    secret : str
        The HMAC secret, or empty when `public_key` is given. The engine only keeps it for the wire.
    public_key : str
        PEM of an Ed25519 or RSA public key, or empty.
    deposits : dict[str, Decimal]
        First deposits by asset.
    fee_tier : int
        0 to 9.
    hedge_mode : bool
        Whether the account starts in hedge mode.
    leverage : int
        First leverage of every symbol (the venue's is 20), cut to the symbol's maximum.
    margin_type : MarginType
        First margin type of every symbol.
    """

    account_id: str
    api_key: str
    secret: str = ""
    public_key: str = ""
    deposits: dict[str, Decimal] = msgspec.field(default_factory=_first_deposits)
    fee_tier: int = 0
    hedge_mode: bool = False
    leverage: int = 20
    margin_type: MarginType = MarginType.CROSSED
