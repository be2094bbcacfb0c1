"""The node's configuration in its two lives, as a file that an operator could have written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from trueup.emulator.server import EmulatorUrls

TRADER_ID = "DEMO-001"
CLIENT_NAME = "BINANCE"
TRADED = ("BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE")
"""What the strategy trades."""
WATCHED = "SOLUSDT-PERP.BINANCE"
"""Where another client opens a position while the node is down; the strategy claims it, too."""

KEY_VARIABLE = f"TRUEUP_CLIENTS__{CLIENT_NAME}__API_KEY"
SECRET_VARIABLE = f"TRUEUP_CLIENTS__{CLIENT_NAME}__API_SECRET"

WARM_ACTIONS = 30
"""What the strategy does before its burst, at its own pace; each action is at most one request."""

STARTUP_DELAY_SECS = 10
"""The plan's least allowed delay of the continuous checks after a start-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFile:
    """What differs between one node file and the next.

    Parameters
    ----------
    urls : EmulatorUrls
        Where the venue listens.
    store_url : str
        The Redis or Valkey server, ``redis://host:port``.
    mode : str
        ``native`` or ``verified``.
    seed : int
        Of the strategy.
    trading : bool
        Whether the strategy trades or only observes.
    state_directory : Path
        Where the node keeps its repair ledger.
    log_directory : Path
        Where the engine's JSON log goes.
    log_name : str
        Its name, without the extension.
    ops_port : int or None
        Where the node answers Prometheus; None for the default.
    """

    urls: EmulatorUrls
    store_url: str
    mode: str
    seed: int
    trading: bool
    state_directory: Path
    log_directory: Path
    log_name: str
    ops_port: int | None = None

    def render(self) -> str:
        """Return the TOML text."""
        store = urlsplit(self.store_url)
        ids = ", ".join(f'"{one}"' for one in (*TRADED, WATCHED))
        traded = ", ".join(f'"{one}"' for one in TRADED)
        ops = "" if self.ops_port is None else f"[ops]\nport = {self.ops_port}\n"
        return f"""\
# A live node on the venue emulator. Key and secret come from the environment:
# {KEY_VARIABLE} and {SECRET_VARIABLE}.

trader_id = "{TRADER_ID}"

[reconciliation]
mode = "{self.mode}"
startup_delay_secs = {STARTUP_DELAY_SECS}
state_dir = {_text(str(self.state_directory))}

[redis]
host = "{store.hostname}"
port = {store.port or 6379}

[logs]
level = "INFO"
directory = {_text(str(self.log_directory))}
file_name = {_text(self.log_name)}

{ops}
[clients.{CLIENT_NAME}]
type = "binance_usdm"
environment = "live"
hardened = {str(self.mode == "verified").lower()}
use_position_ids = false
instrument_ids = [{ids}]
base_url_http = "{self.urls.rest}"
base_url_ws = "{self.urls.stream}"
base_url_ws_stream = "{self.urls.stream}"

[[strategies]]
strategy_path = "trueup.demo.strategy:DemoStrategy"
config_path = "trueup.demo.strategy:DemoStrategyConfig"

[strategies.config]
instrument_ids = [{traded}]
seed = {self.seed}
warm_actions = {WARM_ACTIONS}
trading = {str(self.trading).lower()}

[strategies.claims]
instrument_ids = [{ids}]
"""


def _text(value: str) -> str:
    """Return a TOML basic string: JSON's escapes are a part of TOML's."""
    return json.dumps(value, ensure_ascii=False)
