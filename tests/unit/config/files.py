"""Write configuration files and read them back, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.config.trading_node.loading import LoadedConfig, load

CLIENT = """
[clients.BINANCE]
type = "binance_usdm"
environment = "testnet"
instrument_ids = ["BTCUSDT-PERP.BINANCE"]
"""


def write(directory: Path, text: str, name: str = "trueup.toml") -> Path:
    """Write a file and return its path."""
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def read(directory: Path, text: str, environ: Mapping[str, str] | None = None) -> LoadedConfig[LiveTradingNodeConfig]:
    """Write a file and load it with these environment variables and no others."""
    return load(write(directory, text), LiveTradingNodeConfig, environ or {})


def problems(directory: Path, text: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the problems of a file: field -> id."""
    return {one.field: str(one.kind.value) for one in read(directory, text, environ).problems}
