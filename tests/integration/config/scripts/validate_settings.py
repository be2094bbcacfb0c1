"""Build the engine's configuration from each settings object on standard input, and let the engine validate it.

Says how many it validated, and which parameters the engine's configuration classes have.
"""

from __future__ import annotations

import json
import sys

from nautilus_trader.adapters.binance.config import BinanceDataClientConfig, BinanceExecClientConfig
from nautilus_trader.cache.config import CacheConfig
from nautilus_trader.common.config import DatabaseConfig, LoggingConfig
from nautilus_trader.live.config import LiveExecEngineConfig

from trueup.config.engine_versions import installed_version
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.config.trading_node.build import exec_engine_config

CLASSES = (
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    CacheConfig,
    DatabaseConfig,
    LoggingConfig,
    LiveExecEngineConfig,
)


def parameters() -> dict[str, list[str]]:
    """Return the parameters of each class."""
    return {one.__name__: list(one.__struct_fields__) for one in CLASSES}


def main() -> None:
    """Do it; any exception ends the script with a traceback, which fails the test."""
    checked = 0
    for line in sys.stdin:
        built = exec_engine_config(LiveTradingNodeConfig(reconciliation=json.loads(line)))
        assert built.validate() is True
        checked += 1
    print(json.dumps({"version": installed_version(), "checked": checked, "parameters": parameters()}))


if __name__ == "__main__":
    main()
