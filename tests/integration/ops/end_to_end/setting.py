"""The file that node, auditor and operator read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trueup.emulator.server import EmulatorUrls

SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "SOLUSDT")

FILE = """
trader_id = "{name}-001"

[reconciliation]
mode = "{mode}"
startup_delay_secs = 10
open_check_interval_secs = {interval_secs}
state_dir = "{directory}/state"
{reconciliation}

[redis]
host = "127.0.0.1"
port = {redis_port}

[logs]
level = "WARNING"
level_file = "OFF"
directory = "{directory}/logs"

[monitor]
log_format = "json"
log_file = "{directory}/monitor.log"

[ops]
port = {port}

[journal]
queue_max = 100

{clients}
[[strategies]]
strategy_path = "tests.integration.ops.end_to_end.puppet:Puppet"
config_path = "tests.integration.ops.end_to_end.puppet:PuppetConfig"

[strategies.config]
orders_path = "{directory}/orders"
instrument_ids = ["BTCUSDT-PERP.BINANCE"]

[strategies.claims]
instrument_ids = [{claims}]

[audit]
interval_secs = 2.0
second_look_secs = 0.5
query_timeout_secs = 110.0
weight_share = 1.0
source_address = "127.0.0.2"

[audit.ops]
port = {watch_port}

{more}
"""


CLIENT = """
[clients.{client}]
venue = "{client}"
type = "binance_usdm"
environment = "live"
hardened = {hardened}
use_position_ids = false
instrument_ids = [{instruments}]
base_url_http = "{rest}"
base_url_ws = "{stream}"
base_url_ws_stream = "{stream}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What differs between one life of a node and the next."""

    mode: str = "verified"
    hardened: bool = True
    reconciliation: str = ""
    interval_secs: float = 5.0
    claims: str = '"BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"'
    clients: int = 1
    more: str = ""

    @property
    def client_names(self) -> tuple[str, ...]:
        """Return the names of the clients, which are their venues' names, too: the engine takes one for each."""
        return ("BINANCE", *(f"BINANCE{number}" for number in range(2, self.clients + 1)))

    def text(self, directory: Path, name: str, urls: EmulatorUrls, *, redis_port: int, ports: tuple[int, int]) -> str:
        """Return the file that node, auditor and operator read."""
        clients = (
            CLIENT.format(
                client=client,
                hardened=str(self.hardened).lower(),
                instruments=", ".join(f'"{symbol}-PERP.{client}"' for symbol in SYMBOLS),
                rest=urls.rest,
                stream=urls.stream,
            )
            for client in self.client_names
        )
        return FILE.format(
            name=name.upper(),
            directory=directory,
            mode=self.mode,
            reconciliation=self.reconciliation,
            redis_port=redis_port,
            port=ports[0],
            watch_port=ports[1],
            clients="".join(clients),
            claims=self.claims,
            interval_secs=self.interval_secs,
            more=self.more,
        )
