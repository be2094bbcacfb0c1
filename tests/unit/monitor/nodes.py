"""A monitor without an engine: what it would see and hear is given by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.monitor.eyes import ClientSight, Identity, NodeCounts, Taps
from trueup.monitor.node_monitor import NodeMonitor
from trueup.monitor.redaction import Redactor
from trueup.node.handle import Handle

COMPLETE = {
    "ORDERS_OPEN": "complete",
    "ORDERS_CLOSED": "complete",
    "FILLS": "complete",
    "POSITIONS": "complete",
    "BALANCES": "not_asked",
}


class Eyes:
    """See what the test wants."""

    def __init__(self, mode: str = "verified") -> None:
        self.identity = Identity(
            trader_id="TESTER-001", instance_id="i", environment="live", mode=mode, engine_version="1.231.0"
        )
        self.now = NodeCounts(open=2, positions=1, trading_state="ACTIVE", is_trading=True)
        self.seen: tuple[ClientSight, ...] = (
            ClientSight(client_id="BINANCE", account_id="BINANCE-001", connected=True),
        )
        self.taps: Taps | None = None
        self.raises: Exception | None = None

    def counts(self) -> NodeCounts:
        if self.raises is not None:
            raise self.raises
        return self.now

    def clients(self) -> tuple[ClientSight, ...]:
        return self.seen

    def event_counts(self, orders_max: int) -> Mapping[str, int]:
        return {}

    def tap(self, taps: Taps) -> None:
        self.taps = taps


def monitor(
    eyes: Eyes | None = None, *, secret_texts: tuple[str, ...] = (), config: MonitorConfig | None = None, **more: Any
) -> NodeMonitor:
    """Return a monitor that listens, with a loop that never runs."""
    loop = asyncio.new_event_loop()
    redactor = Redactor(secret_texts)
    made = NodeMonitor(
        eyes or Eyes(),
        Handle(),
        config or MonitorConfig(log_format=LogFormat.OFF),
        loop,
        redactor=redactor,
        **more,
    )
    made.handle.announcer.redact_with(redactor)
    made.start()
    loop.close()
    return made


def look(made: NodeMonitor, **more: Any) -> None:
    """Let the node tell of a look."""
    data = {
        "account_id": "BINANCE-001",
        "check": "deep",
        "began_ns": 1,
        "secs": 0.25,
        "steps": 0,
        "failure": "",
        "verdict": "CLEAN",
        "verdict_ns": 1_000,
        "discrepancies": 0,
        "pending": 0,
        "unknowns": [],
        "window_from_ns": 5,
        "coverage": COMPLETE,
    }
    made.handle.announcer.note("look", **(data | more))


def change(made: NodeMonitor, **more: Any) -> None:
    """Let the node tell of a change in a discrepancy's life."""
    data = {
        "fingerprint": "f1",
        "account_id": "BINANCE-001",
        "kind": "FILL_MISSING",
        "severity": "CRITICAL",
        "instrument_id": "BTCUSDT-PERP.BINANCE",
        "subject": "fill T-1 of order V-1",
        "before": None,
        "state": "NEW",
        "line": "fill T-1 missing in node",
        "venue": "BUY 1",
        "node": None,
        "reason": "",
        "resolved_by": None,
        "recurring": False,
        "first_ns": 2_000,
        "last_ns": 2_000,
        "looks": 1,
        "came_about_ns": 0,
    }
    made.handle.announcer.say("discrepancy", **(data | more))


def many_clients(count: int) -> tuple[ClientSight, ...]:
    """Return clients with accounts of their own."""
    one = ClientSight(client_id="C", account_id="C-1", connected=True)
    return tuple(replace(one, client_id=f"C{n}", account_id=f"C{n}-1") for n in range(count))
