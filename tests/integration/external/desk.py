"""A node behind ``trueup run`` with a store, its operator at the command line, and a hand with another client."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from typer.testing import CliRunner

from tests.integration.config.nodes import ROOT
from tests.integration.emulator.oracles.keys import Credentials
from tests.integration.emulator.oracles.test_ccxt import Client
from tests.integration.external.failpoints import SEPARATOR, VARIABLE
from trueup.cli.app import app
from trueup.demo.node_life import NodeLife
from trueup.emulator import EmulatorProcess
from trueup.store.embedded import EmbeddedValkey

KEY = "a control key of thirty-two characters, or more"
PATIENCE_SECS = 60.0
MARKETS = {"BTCUSDT": "50000.0", "ETHUSDT": "3000.00", "BNBUSDT": "600.00", "SOLUSDT": "150.00"}

FILE = """
trader_id = "HANDS-001"

[reconciliation]
state_dir = "{directory}/state"
startup_delay_secs = 10
open_check_interval_secs = 3

[redis]
port = {port}

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
instrument_ids = ["BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE", "BNBUSDT-PERP.BINANCE", "SOLUSDT-PERP.BINANCE"]
base_url_http = "{rest}"
base_url_ws = "{stream}"
base_url_ws_stream = "{stream}"

[[strategies]]
strategy_path = "tests.integration.external.heirs:Heir"
config_path = "tests.integration.external.heirs:HeirConfig"
config = {{ path = "{directory}/desk.jsonl", order_id_tag = "001" }}
claims = {{ patterns = ["BTC*-PERP.BINANCE"] }}

[[strategies]]
strategy_path = "tests.integration.external.heirs:Heir"
config_path = "tests.integration.external.heirs:HeirConfig"
config = {{ path = "{directory}/spare.jsonl", order_id_tag = "002" }}
"""


class Desk:
    """Hold a venue, a store, a file, and whoever uses them.

    Parameters
    ----------
    venue : EmulatorProcess
        The venue.
    store : EmbeddedValkey
        The store.
    directory : Path
        Of the node.
    more : str
        More sections of its file.
    """

    def __init__(self, venue: EmulatorProcess, store: EmbeddedValkey, directory: Path, more: str = "") -> None:
        for symbol, bid in MARKETS.items():
            venue.control.set_market(symbol, Decimal(bid), Decimal(bid) + Decimal("0.10"))
        ready = venue.ready
        self.venue, self.directory = venue, directory
        self.hand: Any = Client(ready.rest, Credentials(ready.account, ready.api_key, secret=ready.secret))
        self.hand.load_markets()
        self.path = directory / "trueup.toml"
        text = FILE.format(directory=directory, port=store.port, rest=ready.rest, stream=ready.stream)
        self.path.write_text(text + more)
        self.keys = {
            "TRUEUP_CLIENTS__BINANCE__API_KEY": ready.api_key,
            "TRUEUP_CLIENTS__BINANCE__API_SECRET": ready.secret,
            "TRUEUP_GUARD__CONTROL_KEY": KEY,
            "XDG_STATE_HOME": str(directory / "home"),
            "LOGNAME": "olivia",
            "PYTHONPATH": str(ROOT),
        }

    def die(self, point: str, instrument: str) -> None:
        """Start the node and let it be killed in the middle of a move; see `failpoints`."""
        keys = {**self.keys, VARIABLE: f"{point}{SEPARATOR}{instrument}"}
        with NodeLife(self.path, self.directory / "output", keys) as life:
            until(lambda: life.exit_code is not None)
        assert life.exit_code == -signal.SIGKILL, (self.directory / "output").read_text()[-3000:]

    def start(self) -> NodeLife:
        """Start the node and wait for what its start-up came to."""
        life = NodeLife(self.path, self.directory / "output", self.keys)
        life.wait_for(lambda event: event["event"] in ("verdict", "failed"), "verdict", PATIENCE_SECS)
        return life

    def place(self, symbol: str, side: str, quantity: float, price: float | None = None, name: str = "") -> Any:
        """Trade by hand; without a price at market."""
        terms = {"newClientOrderId": name} if name else {}
        kind = "market" if price is None else "limit"
        return self.hand.create_order(f"{symbol}/USDT:USDT", kind, side, quantity, price, terms)

    def working(self) -> set[str]:
        """Return the client order ids of what works at the venue."""
        found = (self.hand.fetch_open_orders(f"{symbol[:-4]}/USDT:USDT") for symbol in MARKETS)
        return {one["clientOrderId"] for orders in found for one in orders}

    def held(self) -> dict[str, Decimal]:
        """Return the venue's positions."""
        found = self.hand.fetch_positions()
        return {one["info"]["symbol"]: Decimal(one["info"]["positionAmt"]) for one in found if one["contracts"]}

    def earned(self, symbol: str) -> Decimal:
        """Return what the venue says was earned on a symbol, less commissions."""
        trades: list[dict[str, Any]] = [one["info"] for one in self.hand.fetch_my_trades(f"{symbol}/USDT:USDT")]
        return sum((Decimal(one["realizedPnl"]) - Decimal(one["commission"]) for one in trades), Decimal(0))

    def ask(self, *words: str, expect: int = 0) -> str:
        """Run the command line in this process: its imports take longer than the command."""
        result = CliRunner().invoke(app, list(words), env={**os.environ, **self.keys})
        text = result.output + (str(result.exception) if isinstance(result.exception, Exception) else "")
        code = getattr(result.exception, "exit_code", result.exit_code)
        assert code == expect, f"{words}: {code}\n{text}"
        assert KEY not in text
        return text

    def claims(self, act: str, *words: str, expect: int = 0) -> str:
        """Run ``trueup claims``."""
        return self.ask("claims", act, str(self.path), *words, expect=expect)

    def noted(self, name: str) -> list[dict[str, Any]]:
        """Return what a strategy has written."""
        path = self.directory / f"{name}.jsonl"
        return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []

    def journal(self, kind: str) -> list[str]:
        """Return the lines of one kind in the journal."""
        text = self.ask("journal", "list", str(self.path), "--entries", "--kind", kind, "--json")
        return [one["line"] for one in orjson.loads(text)]


def until(what: Callable[[], bool]) -> None:
    """Wait for a state."""
    deadline = time.monotonic() + PATIENCE_SECS
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
