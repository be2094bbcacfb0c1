"""What goes wrong during a soak: one thing after the other, drawn from a seed, each over by itself or taken back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from trueup.drills.soak.plan import SYMBOLS
from trueup.emulator.client import ControlClient
from trueup.emulator.client.connection import RefusedError
from trueup.emulator.engine.enums import OrderType, Side
from trueup.emulator.engine.values import OrderRequest
from trueup.errors import EmulatorError, TrueupError

OUTAGE_SECS = 5.0
"""Short enough that the start of a look is not refused for minutes, long enough that several requests meet it."""
SILENCE_SECS = 30.0
"""The client notices a silent stream after 20 s (`silence_secs`)."""
COUNTED_SECS_MAX = 60.0
"""A fault that was to hit a few times is taken back by then, so that the venue does not collect them."""
FOREIGN_QUANTITY = {
    "BTCUSDT": Decimal("0.002"),
    "ETHUSDT": Decimal("0.04"),
    "SOLUSDT": Decimal(1),
    "XRPUSDT": Decimal(50),
}
"""What another client of the account trades: about the least that the venue takes."""


class Trouble:
    """Make trouble at random moments.

    Parameters
    ----------
    control : ControlClient
        The venue's control port.
    account : str
        The node's account there.
    seed : int
        Of what happens, and when.
    interval_secs : float
        Between two troubles, on average.
    """

    def __init__(self, control: ControlClient, account: str, *, seed: int, interval_secs: float) -> None:
        self._control = control
        self._account = account
        self._random = random.Random(seed)
        self._interval_secs = interval_secs
        self._next_secs = interval_secs
        self._standing: list[tuple[float, int]] = []
        self._foreign = 0
        self.made: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._kinds: dict[str, Callable[[float], None]] = {
            "stream cut": lambda _: self._ignore(self._control.cut_streams(self._account)),
            "listen key expired": lambda _: self._ignore(self._control.expire_listen_key(self._account)),
            "stream silent for 30 s": self._silence,
            "reads answer 503 for 5 s": self._outage,
            "fills lost": lambda now: self._events(now, {"kind": "drop_event"}, count=2, execution="TRADE"),
            "events late by 300 ms": lambda now: self._events(now, {"kind": "delay_event", "delay_ms": 300}, count=5),
            "events twice": lambda now: self._events(now, {"kind": "duplicate_event", "copies": 1}, count=5),
            "answer to a submit lost": lambda now: self._submit(now, {"kind": "close_after"}),
            "submit accepted, answered 503": lambda now: self._submit(now, {"kind": "accepted_but"}),
            "another client trades": self._trade_outside,
        }

    def at(self, now_secs: float) -> None:
        """Do what is due at a time since the start: end what is over, begin what comes next."""
        over = [fault_id for until_secs, fault_id in self._standing if until_secs <= now_secs]
        self._standing = [entry for entry in self._standing if entry[0] > now_secs]
        for fault_id in over:
            self._try("taking back a fault", partial(self._remove, fault_id))
        if now_secs < self._next_secs:
            return
        self._next_secs = now_secs + self._random.uniform(0.5, 1.5) * self._interval_secs
        name = self._random.choice(sorted(self._kinds))
        self._try(name, lambda: self._kinds[name](now_secs))
        self.made[name] += 1

    def end(self) -> None:
        """Take every fault back."""
        self._standing.clear()
        self._try("taking back all faults", self._control.clear_faults)

    def _try(self, what: str, act: Callable[[], object]) -> None:
        try:
            act()
        except TrueupError as error:  # the venue may be busy for a moment, and a foreign order may be refused
            self.failures[f"{what}: {type(error).__name__}"] += 1

    @staticmethod
    def _ignore(_answer: object) -> None:
        """Drop an answer: an account between two streams has none to cut, which is no failure."""

    def _remove(self, fault_id: int) -> None:
        try:
            self._control.remove_fault(fault_id)
        except (EmulatorError, RefusedError):
            return  # it had its count and is gone

    def _arm(self, until_secs: float, match: dict[str, Any], action: dict[str, Any]) -> None:
        fault = {"match": {"account": self._account, **match}, "action": action}
        self._standing.append((until_secs, self._control.add_fault(fault)))

    def _silence(self, now_secs: float) -> None:
        self._arm(now_secs + SILENCE_SECS, {"path": "/ws*"}, {"kind": "half_open"})
        self._control.cut_streams(self._account)  # the next connection is the silent one

    def _outage(self, now_secs: float) -> None:
        action = {"kind": "respond", "status": 503, "body": "Service Unavailable."}
        self._arm(now_secs + OUTAGE_SECS, {"method": "GET"}, action)

    def _events(self, now_secs: float, action: dict[str, Any], *, count: int, execution: str | None = None) -> None:
        match: dict[str, Any] = {"event": "ORDER_TRADE_UPDATE", "count": count}
        if execution is not None:
            match["execution"] = execution
        self._arm(now_secs + COUNTED_SECS_MAX, match, action)

    def _submit(self, now_secs: float, action: dict[str, Any]) -> None:
        match = {"method": "POST", "path": "/fapi/v1/order", "count": 1}
        self._arm(now_secs + COUNTED_SECS_MAX, match, action)

    def _trade_outside(self, _now_secs: float) -> None:
        symbol = self._random.choice(SYMBOLS)
        side = self._random.choice((Side.BUY, Side.SELL))
        self._foreign += 1
        name = f"hand-{self._foreign}"
        request = OrderRequest(symbol, side, OrderType.MARKET, quantity=FOREIGN_QUANTITY[symbol], client_order_id=name)
        self._control.place_order(self._account, request)
