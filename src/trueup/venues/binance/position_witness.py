"""Notice a lost order event by what the account's own events say: the position after every fill.

The venue sends two events for a fill, the order's and the account's, and numbers neither. When the one that the engine
books is lost, the other still tells the position that the node should have by now.
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any

import msgspec

from trueup.venues.binance.adapter_names import AdapterNames
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.stream_rules import GapReason, StreamGap


class _Position(msgspec.Struct, frozen=True):
    s: str
    pa: str
    ps: str = "BOTH"


class _Account(msgspec.Struct, frozen=True):
    P: list[_Position] = []


class _AccountUpdate(msgspec.Struct, frozen=True):
    a: _Account
    T: int = 0


_UPDATE = msgspec.json.Decoder(_AccountUpdate)


class PositionWitness:
    """Compare the positions that account events tell with those that the node adds up to.

    One-way positions alone: of a hedged account's legs the node may hold several of its own, and its comparison is a
    true-up's.

    Parameters
    ----------
    client : HardenedClient
        Whose stream is asked for a repair.
    names : AdapterNames
        The node's side.
    settings : HardeningSettings
        Bounds.
    """

    def __init__(self, client: Any, names: AdapterNames, settings: HardeningSettings) -> None:
        self._client = client
        self._names = names
        self._settings = settings
        self._told: dict[str, tuple[Decimal, int]] = {}
        self._asked: dict[str, float] = {}
        self.noticed = 0

    def take(self, raw: bytes) -> None:
        """Take an account event, and look at the node a little later."""
        try:
            update = _UPDATE.decode(raw)
        except msgspec.DecodeError as error:
            self._names.log.error(f"An account event cannot be read: {error}")
            return
        symbols = []
        for position in update.a.P:
            if position.ps == "BOTH":
                self._told[position.s] = (Decimal(position.pa), update.T)
                symbols.append(position.s)
        if symbols:
            self._client.create_task(self._look(symbols, update.T), log_msg="compare positions")

    async def _look(self, symbols: list[str], told_ms: int) -> None:
        await asyncio.sleep(self._settings.position_settle_secs)
        for symbol in symbols:
            quantity, last_ms = self._told[symbol]
            if last_ms != told_ms:
                continue  # a later event has told another position, and is looked at by itself
            held = self._held(symbol)
            if held is None or held == quantity:
                continue
            now = time.monotonic()
            if now - self._asked.get(symbol, -1e9) < self._settings.lost_event_interval_secs:
                continue
            self._asked[symbol] = now
            self.noticed += 1
            self._names.log.warning(f"{symbol}: the venue told a position of {quantity}, the node has {held}")
            gap = StreamGap(told_ms * 1_000_000, self._names.now_ns(), GapReason.EVENT_LOST, told_ms)
            self._client.stream.report_gap(gap)

    def _held(self, symbol: str) -> Decimal | None:
        """Return the node's net position, or None if it does not trade the symbol."""
        instrument_id = self._names.instrument_id(symbol)
        if self._names.cache.instrument(instrument_id) is None:
            return None
        positions = self._names.cache.positions_open(instrument_id=instrument_id)
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))
