"""A venue, a store and a real node that trades without a pause, with a file that both the node and the auditor read."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from trueup.audit.run import FileAuditor
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.demo.node_life import NodeLife
from trueup.emulator.client import ControlClient
from trueup.emulator.engine.enums import OrderType, Side
from trueup.emulator.engine.values import Order, OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import Ready
from trueup.store.embedded import EmbeddedValkey

SOURCE_VARIABLE = "TRUEUP_AUDIT__SOURCE_ADDRESS"
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
TRADER_ID = "DEMO-001"
GUARD_VARIABLE, GUARD_KEY = "TRUEUP_GUARD__CONTROL_KEY", "a control key of the stage, planted to be looked for"
KEY_VARIABLE, SECRET_VARIABLE = "TRUEUP_CLIENTS__BINANCE__API_KEY", "TRUEUP_CLIENTS__BINANCE__API_SECRET"
NODE = """
trader_id = "{trader_id}"

[reconciliation]
mode = "verified"
startup_delay_secs = 10
state_dir = "{state}"

[redis]
host = "127.0.0.1"
port = {redis_port}

[logs]
level = "WARNING"
directory = "{logs}"
file_name = "{name}"

[clients.BINANCE]
type = "binance_usdm"
environment = "live"
use_position_ids = false
instrument_ids = [{instruments}]
base_url_http = "{rest}"
base_url_ws = "{stream}"
base_url_ws_stream = "{stream}"

[[strategies]]
strategy_path = "trueup.demo.strategy:DemoStrategy"
config_path = "trueup.demo.strategy:DemoStrategyConfig"

[strategies.config]
instrument_ids = ["BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"]
seed = 1
warm_actions = 1000000000
action_interval_secs = {pace_secs}

[strategies.claims]
instrument_ids = [{instruments}]
"""
AUDIT = """
[ops]
enabled = false

[audit]
interval_secs = 1.0
lookback_hours = {lookback_hours}
second_look_secs = 0.3
weight_share = 1.0
source_address = "127.0.0.2"  # the venue counts weight by address: the node shall not suffer from many audits

[audit.ops]
port = 0
"""
PATIENT = """
[[guard.rows]]
id = "exposure-side"
min_age_secs = 300
accept_risk = "a machine that is busy with other tests may need longer to heal than an operator would wait"

[[guard.rows]]
id = "exposure-unseen"
min_age_secs = 300
accept_risk = "a machine that is busy with other tests may need longer to heal than an operator would wait"

[[guard.rows]]
id = "exposure"
min_age_secs = 300
accept_risk = "a machine that is busy with other tests may need longer to heal than an operator would wait"

[[guard.rows]]
id = "fills"
min_age_secs = 300
accept_risk = "a machine that is busy with other tests may need longer to heal than an operator would wait"
"""
"""Of a node that the guard held no fill could be lost, and no demand would be the only one."""

_numbers = itertools.cycle(range(1, 255))


def fresh_address() -> dict[str, str]:
    """Return what gives a command an address of its own: it would wait for weight that earlier audits have spent."""
    return {SOURCE_VARIABLE: f"127.0.1.{next(_numbers)}"}


@dataclass(frozen=True, slots=True)
class Stage:
    """What a test works with."""

    directory: Path
    store_url: str
    ready: Ready
    control: ControlClient
    environment: Mapping[str, str] = field(default_factory=dict)

    def write(
        self,
        name: str,
        *,
        trader_id: str = TRADER_ID,
        pace_secs: float = 0.1,
        lookback_hours: float = 24.0,
        more: str = "",
    ) -> Path:
        """Write a node's file."""
        store = urlsplit(self.store_url)
        path = self.directory / f"{name}.toml"
        text = NODE.format(
            trader_id=trader_id,
            state=self.directory / f"state-{name}",
            logs=self.directory / "logs",
            name=name,
            redis_port=store.port,
            rest=self.ready.urls.rest,
            stream=self.ready.urls.stream,
            instruments=", ".join(f'"{symbol}-PERP.BINANCE"' for symbol in SYMBOLS),
            pace_secs=pace_secs,
        )
        path.write_text(text + AUDIT.format(lookback_hours=lookback_hours) + PATIENT + more, encoding="utf-8")
        return path

    def node(self, path: Path) -> NodeLife:
        """Start a node, not waited for."""
        return NodeLife(path, path.with_suffix(".log"), self.environment)

    def auditor(self, path: Path, *only: str) -> FileAuditor:
        """Return an auditor that asks as often as a test likes."""
        with patch.dict(os.environ, self.environment):  # left behind, they would be read by every later test
            auditor = FileAuditor(LiveTradingNodeConfig.from_file(path), path.name, only)
        for one in auditor.auditors.values():
            client: Any = one.venue
            client._client.settings = replace(client._client.settings, weight_per_minute=10**9)
        return auditor

    def run(self, *arguments: str, secs_max: float = 90.0) -> subprocess.CompletedProcess[str]:
        """Run ``trueup`` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "trueup", *arguments],
            env={**os.environ, **self.environment, **fresh_address()},
            capture_output=True,
            text=True,
            timeout=secs_max,
            check=False,
        )

    def audit(self, path: Path, *options: str) -> tuple[int, dict[str, Any]]:
        """Run ``trueup audit FILE --json`` and return its exit code and report."""
        done = self.run("audit", str(path), "--json", *options)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def trade(self, symbol: str, side: str, quantity: str) -> Order:
        """Trade as another client of the account."""
        request = OrderRequest(symbol, Side[side], OrderType.MARKET, quantity=Decimal(quantity))
        return self.control.place_order(self.ready.account, request)


def wait_until_trading(node: NodeLife) -> None:
    """Wait until a node trades."""
    said = node.wait_for(lambda event: event["event"] in {"trading", "failed"}, "a trading node", 90)
    assert said["event"] == "trading", said


@contextmanager
def set_up(directory: Path) -> Iterator[Stage]:
    """Start venue and store."""
    with ExitStack() as stack:
        store = stack.enter_context(EmbeddedValkey.start(directory / "store"))
        settings = {
            "limits": {"enforced": False},
            "market": {"seed": 1, "step_interval_ms": 100, "step_symbols": SYMBOLS},
        }
        emulator = stack.enter_context(EmulatorProcess(settings=settings))
        keys = {
            KEY_VARIABLE: emulator.ready.api_key,
            SECRET_VARIABLE: emulator.ready.secret,
            GUARD_VARIABLE: GUARD_KEY,
        }
        yield Stage(directory, store.url, emulator.ready, emulator.control, keys)
