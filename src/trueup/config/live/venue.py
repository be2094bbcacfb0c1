"""Judge what the venue answers."""

from __future__ import annotations

from collections.abc import Mapping

from trueup.config.live.binance import BinanceReader
from trueup.config.rules.live import (
    CLOCK_SKEW,
    KEY_CAN_WITHDRAW,
    KEY_CANNOT_TRADE,
    UNCLAIMED_OPEN_ORDERS,
    VENUE_HEDGES,
    VENUE_UNREACHABLE,
)
from trueup.config.rules.rule import Finding
from trueup.config.trading_node.claimants import claims_of
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.venues import BinanceClientConfig
from trueup.core.claims import Product
from trueup.errors import ConfigValueError, VenueError

AHEAD_MS_MAX = 500.0
"""Half of what Binance allows (1,000 ms): the other half is for the network's moods."""

BEHIND_SHARE_MAX = 0.5
"""Half of the receive window, for the same reason."""


async def probe_binance(reader: BinanceReader, config: LiveTradingNodeConfig, name: str) -> tuple[Finding, ...]:
    """Ask one venue for its clock, the account, its position mode, the key's permissions and the open orders."""
    where = f"clients.{name}"
    findings: list[Finding] = []
    try:
        async with reader:
            findings += judge_clock(await reader.measure_skew_ms(), reader.client.recv_window_ms, where)
            if not (await reader.account()).get("canTrade", True):
                findings.append(Finding(KEY_CANNOT_TRADE, f"{where}.api_key", "the venue says canTrade = false"))
            if await reader.is_hedging():
                findings.append(Finding(VENUE_HEDGES, f"{where}.position_mode", "the account is in hedge mode"))
            findings += judge_open_orders(await reader.open_symbols(), config, name)
            if await reader.can_withdraw():
                findings.append(Finding(KEY_CAN_WITHDRAW, f"{where}.api_key", "the key has enableWithdrawals"))
    except (VenueError, ConfigValueError) as error:
        findings.append(Finding(VENUE_UNREACHABLE, where, error.found, error.allowed, error.action))
    return tuple(findings)


def judge_clock(skew_ms: float, recv_window_ms: int, where: str) -> tuple[Finding, ...]:
    """Judge how far the local clock is ahead of the venue's (negative: behind)."""
    behind_ms_max = recv_window_ms * BEHIND_SHARE_MAX
    if -behind_ms_max <= skew_ms <= AHEAD_MS_MAX:
        return ()
    direction = "ahead of" if skew_ms > 0 else "behind"
    found = f"this machine's clock is {abs(skew_ms):,.0f} ms {direction} the venue's"
    allowed = f"up to {AHEAD_MS_MAX:,.0f} ms ahead, up to {behind_ms_max:,.0f} ms behind"
    return (Finding(CLOCK_SKEW, where, found, allowed),)


def judge_open_orders(counts: Mapping[str, int], config: LiveTradingNodeConfig, name: str) -> tuple[Finding, ...]:
    """Judge which open orders at the venue belong to an instrument that no strategy claims."""
    claims = claims_of(config)
    client = config.clients[name]
    assert isinstance(client, BinanceClientConfig)
    findings = []
    for symbol, count in sorted(counts.items()):
        instrument_id, product = instrument_id_of(symbol, client), product_of(symbol, client)
        if not any(claim.covers(instrument_id, product) for claim in claims):
            orders = f"{count} open order{'s' if count > 1 else ''}"
            found = f"{orders} on {instrument_id}, which no strategy claims"
            findings.append(Finding(UNCLAIMED_OPEN_ORDERS, "strategies", found))
    return tuple(findings)


def product_of(symbol: str, client: BinanceClientConfig) -> Product:
    """Return the product of a symbol: dated contracts carry their date behind an underscore."""
    if not client.is_futures:
        return Product.SPOT
    return Product.FUTURE if "_" in symbol else Product.PERPETUAL


def instrument_id_of(symbol: str, client: BinanceClientConfig) -> str:
    """Return the engine's instrument id of a symbol: perpetual contracts carry -PERP, dated ones their date."""
    perpetual = client.is_futures and "_" not in symbol
    return f"{symbol}-PERP.{client.venue}" if perpetual else f"{symbol}.{client.venue}"
