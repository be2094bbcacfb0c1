"""What a soak is to be, and the node's configuration for it, as a file that an operator could have written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trueup.emulator.server import EmulatorUrls
from trueup.errors import ConfigValueError

CLIENT_NAME = "BINANCE"
KEY_VARIABLE = f"TRUEUP_CLIENTS__{CLIENT_NAME}__API_KEY"
SECRET_VARIABLE = f"TRUEUP_CLIENTS__{CLIENT_NAME}__API_SECRET"
CONTROL_VARIABLE = "TRUEUP_GUARD__CONTROL_KEY"
TRADER_ID = "SOAK-001"
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")

HOURS_MAX = 24.0 * 31
SAMPLES_MAX = 20_000
"""Of one run, so that a report of weeks stays readable and small (about 8 MB)."""

PURGE_INTERVAL_MINS = 1
PURGE_BUFFER_MINS = 60
"""The least that ``trueup check`` allows: no less than a look back reaches (TU303), which is an hour or more
(`open_check_lookback_mins`)."""
WARMUP_MINS_MIN = PURGE_BUFFER_MINS + 5
"""Until as much is purged as is placed: the buffer, a purge's interval, and the minutes an order rests."""
JOURNAL_ROWS_MAX = 1_000
"""The least that the journal takes, so that an hour reaches it and the journal's own limit has to hold."""
JOURNAL_HEARTBEAT_SECS = 10
FUNDING_INTERVAL_MS = 600_000
MARKET_STEP_MS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakPlan:
    """Hold what a user chose.

    Parameters
    ----------
    directory : Path
        Where everything goes: configuration, samples, report, store, logs.
    hours : float
        How long the node shall trade.
    sample_secs : float
        Between two samples; made longer where a run would keep more than ``SAMPLES_MAX``.
    seed : int
        Of the market, the strategy and what goes wrong.
    action_interval_secs : float
        Between two actions of the strategy.
    trouble_interval_secs : float
        Between two things that go wrong, on average. With one every 6 s the guard halted the node for 50 minutes of an
        hour, as it should (measured on 1.231.0): a node that may not trade is not a busy one.
    warmup_share : float
        The part of the run whose samples are not judged.

    Raises
    ------
    ConfigValueError
        If a value is out of bounds.
    """

    directory: Path
    hours: float = 1.0
    sample_secs: float = 10.0
    seed: int = 1
    action_interval_secs: float = 0.2
    trouble_interval_secs: float = 45.0
    warmup_share: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.hours <= HOURS_MAX:
            raise ConfigValueError(f"hours is {self.hours:g}", allowed=f"more than 0 and at most {HOURS_MAX:g}")
        if not 0.5 <= self.sample_secs <= 3_600:
            raise ConfigValueError(f"sample_secs is {self.sample_secs:g}", allowed="0.5 to 3600")

    @property
    def run_secs(self) -> float:
        """Return how long the node shall trade, in seconds."""
        return self.hours * 3_600

    @property
    def warmup_secs(self) -> float:
        """Return the time from the start that is not judged: a share of the run, and as long as nothing is purged."""
        return max(self.warmup_share * self.run_secs, WARMUP_MINS_MIN * 60.0)

    @property
    def sample_every_secs(self) -> float:
        """Return the distance of two samples."""
        return max(self.sample_secs, self.run_secs / SAMPLES_MAX)

    @property
    def state_directory(self) -> Path:
        """Return where the node keeps its repair ledger and its journal."""
        return self.directory / "state"

    @property
    def log_directory(self) -> Path:
        """Return where the engine's log goes."""
        return self.directory / "logs"

    def emulator_settings(self) -> dict[str, Any]:
        """Return the venue: four markets that walk, and a funding every ten minutes."""
        return {
            "symbols": SYMBOLS,
            "funding_interval_ms": FUNDING_INTERVAL_MS,
            "market": {"seed": self.seed, "step_interval_ms": MARKET_STEP_MS},
        }

    def node_file(self, urls: EmulatorUrls, store_url: str, *, trading: bool = True) -> str:
        """Return the node's configuration."""
        store = urlsplit(store_url)
        ids = ", ".join(f'"{symbol}-PERP.BINANCE"' for symbol in SYMBOLS)
        return f"""\
# A busy node on the venue emulator. Key and secret come from the environment:
# {KEY_VARIABLE} and {SECRET_VARIABLE}.

trader_id = "{TRADER_ID}"

[reconciliation]
mode = "verified"
state_dir = {_text(self.state_directory)}
purge_closed_orders_interval_mins = {PURGE_INTERVAL_MINS}
purge_closed_orders_buffer_mins = {PURGE_BUFFER_MINS}
purge_closed_positions_interval_mins = {PURGE_INTERVAL_MINS}
purge_closed_positions_buffer_mins = {PURGE_BUFFER_MINS}
purge_account_events_interval_mins = {PURGE_INTERVAL_MINS}
purge_account_events_lookback_mins = {PURGE_BUFFER_MINS}
purge_from_database = true

[redis]
host = "{store.hostname}"
port = {store.port or 6379}

[logs]
level = "WARNING"
level_file = "INFO"
directory = {_text(self.log_directory)}
file_name = "node"
file_size_bytes_max = 5_000_000
files_max = 3

[journal]
rows_max = {JOURNAL_ROWS_MAX}
heartbeat_secs = {JOURNAL_HEARTBEAT_SECS}

[ops]
port = 0

[clients.{CLIENT_NAME}]
type = "binance_usdm"
environment = "live"
hardened = true
use_position_ids = false
instrument_ids = [{ids}]
base_url_http = "{urls.rest}"
base_url_ws = "{urls.stream}"
base_url_ws_stream = "{urls.stream}"

[[strategies]]
strategy_path = "trueup.demo.strategy:DemoStrategy"
config_path = "trueup.demo.strategy:DemoStrategyConfig"

[strategies.config]
instrument_ids = [{ids}]
seed = {self.seed}
warm_actions = {2**31 - 1}
action_interval_secs = {self.action_interval_secs}
trading = {str(trading).lower()}

[strategies.claims]
instrument_ids = [{ids}]
"""


def _text(value: Path) -> str:
    """Return a TOML basic string: JSON's escapes are a part of TOML's."""
    return json.dumps(str(value), ensure_ascii=False)
