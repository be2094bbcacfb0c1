"""What an experiment works with: an emulated account of its own, its faults, its request log, and rigs on it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from trueup.emulator.client import ControlClient
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.values import Order, OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import Ready
from trueup.venues.binance.probe.rig import Rig, Store
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.stream_rules import StreamRules

QUICK = HardeningSettings(
    request_timeout_secs=0.7,
    read_attempts=2,
    read_backoff_secs=0.05,
    submit_grace_ms=100,
    inquiry_backoff_secs_max=0.2,
    position_settle_secs=0.3,
    stream=StreamRules(
        overlap_secs=0.05, silence_secs=0.6, backoff_secs=0.05, backoff_secs_max=0.4, connect_timeout_secs=1.0
    ),
)
"""Bounds for experiments on loopback, where an answer takes milliseconds: the same rules in a hundredth of the time."""

PRICES = {"BTCUSDT": Decimal(50_000), "ETHUSDT": Decimal(3_000), "SOLUSDT": Decimal(150)}
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an experiment saw.

    Parameters
    ----------
    faulty : bool
        Whether the fault showed.
    detail : str
        What was seen, in one line.
    """

    faulty: bool
    detail: str


class Bench:
    """One account of an emulator, for one experiment.

    Parameters
    ----------
    emulator : EmulatorProcess
        The venue.
    hardened : bool
        Whether rigs run our client, or the adapter's.
    settings : HardeningSettings
        Bounds of ours.
    """

    def __init__(self, emulator: EmulatorProcess, *, hardened: bool, settings: HardeningSettings = QUICK) -> None:
        self.hardened = hardened
        self.settings = settings
        self.control: ControlClient = emulator.control
        self.account = f"probe-{next(_numbers)}"
        keys = AccountSettings(self.account, api_key=f"key-of-{self.account}", secret=f"secret-of-{self.account}")
        self.control.create_account(keys)
        self.ready: Ready = replace(emulator.ready, account=self.account, api_key=keys.api_key, secret=keys.secret)
        self.control.clear_faults()
        self.control.forgive_limits()
        for symbol, price in PRICES.items():
            self.control.set_market(symbol, price, price + Decimal("0.10"))
        self.control.clear_requests()

    @asynccontextmanager
    async def rig(self, store: Store | None = None, **options: Any) -> AsyncIterator[Rig]:
        """Make a rig on this account, not yet started, and stop it afterwards."""
        options.setdefault("settings", self.settings)
        made = Rig(self.ready, hardened=self.hardened, store=store, **options)
        try:
            yield made
        finally:
            self.control.clear_faults()
            await made.stop()

    def fault(self, match: dict[str, Any], action: dict[str, Any]) -> int:
        """Arm a fault for this account's requests and events."""
        wanted = {**match, "account": self.account}
        return self.control.add_fault({"match": wanted, "action": action})

    def limit(self, symbol: str, side: str, quantity: str, price: str) -> Order:
        """Place a limit order as another client of the account."""
        return self.control.place_order(
            self.account,
            OrderRequest(
                symbol,
                Side[side],
                OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                quantity=Decimal(quantity),
                price=Decimal(price),
            ),
        )

    def market(self, symbol: str, side: str, quantity: str) -> Order:
        """Place a market order as another client of the account."""
        return self.control.place_order(
            self.account, OrderRequest(symbol, Side[side], OrderType.MARKET, quantity=Decimal(quantity))
        )

    def position(self, symbol: str) -> Decimal:
        """Return the venue's position."""
        return sum((each.quantity for each in self.control.positions(self.account, symbol)), Decimal(0))

    def questions(self, path: str | None = None) -> list[str]:
        """Return the account's requests since the last clearing, without what differs by the clock alone."""
        found = []
        for entry in self.control.requests(limit=20_000, path=path):
            if entry.account not in ("", self.account):
                continue
            kept = [
                part for part in entry.query.split("&") if part and not part.startswith(("timestamp=", "recvWindow="))
            ]
            found.append(f"{entry.method} {entry.path}?{'&'.join(sorted(kept))}")
        return found
