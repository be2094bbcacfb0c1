"""Somebody trades by hand, with another client; then ``trueup run`` starts a node whose file claims by pattern."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.integration.config.nodes import ROOT
from tests.integration.emulator.oracles.keys import Credentials
from tests.integration.emulator.oracles.test_ccxt import Client
from trueup.demo.node_life import NodeLife
from trueup.emulator import EmulatorProcess

pytestmark = [pytest.mark.node]

BTC = "BTCUSDT-PERP.BINANCE"
PATIENCE_SECS = 60.0

FILE = """
trader_id = "HANDS-001"

[reconciliation]
state_dir = "{directory}/state"

[timeouts]
post_stop_secs = 0.5
disconnection_secs = 2

[logs]
level = "ERROR"
directory = "{directory}/logs"

[clients.BINANCE]
type = "binance_usdm"
environment = "live"
hardened = true
load_all = true
base_url_http = "{rest}"
base_url_ws = "{stream}"
base_url_ws_stream = "{stream}"

[[strategies]]
strategy_path = "tests.integration.strategies.desk:Desk"
config_path = "tests.integration.strategies.desk:DeskConfig"
config = {{ path = "{directory}/desk.jsonl", order_id_tag = "001" }}
claims = {{ patterns = ["BTC*-PERP.BINANCE"], products = ["perpetual"] }}
"""


def trade_by_hand(hand: Client) -> None:
    """Buy, and protect it with a stop and a target; hold another instrument, too."""
    hand.load_markets()
    hand.create_order("BTC/USDT:USDT", "market", "buy", 0.02)
    hand.create_order("BTC/USDT:USDT", "market", "sell", 0.02, None, {"stopLossPrice": 45_000, "reduceOnly": True})
    hand.create_order("BTC/USDT:USDT", "limit", "sell", 0.02, 55_000, {"reduceOnly": True})
    hand.create_order("ETH/USDT:USDT", "market", "buy", 1)


def read_until(path: Path, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """Read what the strategy has written until something holds."""
    deadline = time.monotonic() + PATIENCE_SECS
    lines: list[dict[str, Any]] = []
    while not holds(lines):
        assert time.monotonic() < deadline, lines
        time.sleep(0.05)
        lines = [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
    return lines


def test_what_a_hand_opened_is_handed_over_with_its_stop_and_closed_by_the_strategy(tmp_path: Path) -> None:
    with EmulatorProcess(settings={"limits": {"enforced": False}}) as venue:
        venue.control.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
        venue.control.set_market("ETHUSDT", Decimal("3000.00"), Decimal("3000.01"))
        ready = venue.ready
        hand = Client(ready.rest, Credentials(ready.account, ready.api_key, secret=ready.secret))
        trade_by_hand(hand)
        path = tmp_path / "trueup.toml"
        path.write_text(write_file(venue, tmp_path))
        keys = {
            "TRUEUP_CLIENTS__BINANCE__API_KEY": ready.api_key,
            "TRUEUP_CLIENTS__BINANCE__API_SECRET": ready.secret,
            "PYTHONPATH": str(ROOT),
        }
        with NodeLife(path, tmp_path / "output", keys) as life:
            verdict = life.wait_for(lambda event: event["event"] == "verdict", "verdict", PATIENCE_SECS)
            lines = read_until(tmp_path / "desk.jsonl", lambda found: any("closed" in one for one in found))
            code = life.stop()
        trades = [trade["info"] for trade in hand.fetch_my_trades("BTC/USDT:USDT")]
        left = {one["symbol"]: one["contracts"] for one in hand.fetch_positions() if one["contracts"]}
    assert verdict["verdict"] == "CLEAN"
    assert sorted(lines[0]["orders"]) == [[BTC, "LIMIT", "ACCEPTED"], [BTC, "STOP_MARKET", "ACCEPTED"]]
    assert lines[0]["positions"] == [[BTC, "0.020"]]
    assert sum("cancelled" in one for one in lines) == 2
    assert sum("orders" in one for one in lines) == 1
    earned = sum(Decimal(one["realizedPnl"]) - Decimal(one["commission"]) for one in trades)
    assert Decimal(lines[-1]["realised"].removesuffix(" USDT")) == earned, "the venue's own account of it"
    assert left == {"ETH/USDT:USDT": 1}, "what nobody claimed is nobody's to close"
    assert code == 0


def write_file(venue: EmulatorProcess, directory: Path) -> str:
    """Return a node's file in which the instrument that is claimed is named nowhere."""
    return FILE.format(
        directory=directory,
        rest=venue.ready.rest,
        stream=venue.ready.stream,
    )
