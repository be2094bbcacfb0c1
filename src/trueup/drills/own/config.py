"""An operator's configuration with the emulator in the place of the venue, and a store of the drill's own.

Everything that says what the node does stays: strategies, claims, reconciliation, timeouts, risk, guard. What says
where things are is replaced, and no variable of the environment can put the real venue back.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.config.trading_node.build.imports import resolve
from trueup.config.trading_node.environment import variable_name
from trueup.config.trading_node.venues import BinanceClientConfig
from trueup.drills.scenario import Mode
from trueup.emulator.engine.symbols import symbol_table
from trueup.emulator.server import Ready
from trueup.errors import ConfigValueError

PRODUCT_SUFFIX = "-PERP"
WHERE_THINGS_ARE = ("api_key", "api_secret", "proxy_url", "base_url_ws_api", "us", "key_type")
"""Fields of a client that would lead away from the emulator, whose keys are HMAC secrets."""


@dataclass(frozen=True, slots=True)
class OwnConfig:
    """A configuration that can be drilled.

    Parameters
    ----------
    path : Path
        The operator's file.
    client : str
        The name of its Binance USD-M client.
    venue : str
        The venue in its instrument ids.
    symbols : tuple[str, ...]
        What it trades, as the emulator names it.
    config : LiveTradingNodeConfig
        All of it.
    """

    path: Path
    client: str
    venue: str
    symbols: tuple[str, ...]
    config: LiveTradingNodeConfig

    @classmethod
    def from_file(cls, path: Path) -> OwnConfig:
        """Read and check a file.

        Raises
        ------
        ConfigFileError, ConfigValueError
            If it is no sound configuration, or not one that the drills can run.
        """
        config = LiveTradingNodeConfig.from_file(path)
        usdm = [name for name, one in config.clients.items() if _is_usdm(one)]
        if len(usdm) != 1 or len(config.clients) != 1:
            found = ", ".join(f"{name} ({getattr(one, 'type', '?')})" for name, one in config.clients.items())
            raise ConfigValueError(
                f"{path} has the clients {found or 'none'}: its drills have no venue to run on",
                allowed="one client of type binance_usdm; the drills run on the emulator of that venue",
                action="drill a copy of the file with that client alone",
            )
        if not config.strategies:
            raise ConfigValueError(
                f"{path} has no strategy: nothing would trade",
                allowed="at least one [[strategies]] table",
                action="add the strategy that the node is to run",
            )
        _require_imports(config)
        client = config.clients[usdm[0]]
        venue = str(client.venue)
        symbols = tuple(str(one).split(".")[0].removesuffix(PRODUCT_SUFFIX) for one in client.instrument_ids)
        unknown = sorted(set(symbols) - set(symbol_table()))
        if unknown or not symbols:
            raise ConfigValueError(
                f"{path} trades {', '.join(unknown) or 'no instrument'}, which the emulator does not list",
                allowed=f"the {len(symbol_table())} symbols of the emulator, such as BTCUSDT-PERP.BINANCE",
                action=f"set instrument_ids in [clients.{usdm[0]}]",
            )
        return cls(path, usdm[0], venue, symbols, config)

    def secrets(self, venue: Ready) -> dict[str, str]:
        """Return the environment variables that give the node its key at the emulator."""
        fields = {"api_key": venue.api_key, "api_secret": venue.secret}
        return {variable_name(f"clients.{self.client}.{field}"): value for field, value in fields.items()}

    def derive(self, venue: Ready, store_port: int, mode: Mode, directory: Path, life: int) -> str:
        """Return the TOML of the node in one of its lives.

        Parameters
        ----------
        venue : Ready
            The emulator's addresses, and the account's key.
        store_port : int
            The drill's store on 127.0.0.1.
        mode : {'native', 'verified'}
            Who reconciles.
        directory : Path
            Where logs and state go.
        life : int
            The number of the life.
        """
        file = tomllib.loads(self.path.read_text(encoding="utf-8"))
        for section in ("secrets_file", "ops", "audit"):
            file.pop(section, None)
        client = {key: value for key, value in file["clients"][self.client].items() if key not in WHERE_THINGS_ARE}
        client |= {
            "environment": "live",
            "base_url_http": venue.rest,
            "base_url_ws": venue.stream,
            "base_url_ws_stream": venue.stream,
            "hardened": mode == "verified" and client.get("hardened", True),
        }
        file["clients"] = {self.client: client}
        file["redis"] = {"host": "127.0.0.1", "port": store_port}
        file["reconciliation"] = {
            **file.get("reconciliation", {}),
            "mode": mode,
            "state_dir": str(directory / "state"),
        }
        file["logs"] = {"level": "INFO", "directory": str(directory), "file_name": f"life-{life}"}
        file["ops"] = {"enabled": False}
        file["journal"] = {"enabled": False}
        if "guard" in file:
            file["guard"] = {key: value for key, value in file["guard"].items() if key != "control_key"}
        return dumps(file)


def _require_imports(config: LiveTradingNodeConfig) -> None:
    """Import every strategy as the node will, with the directory of the caller in the path, before anything starts."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    for number, one in enumerate(config.strategies):
        resolve(one.strategy_path, f"strategies.{number}.strategy_path")
        resolve(one.config_path, f"strategies.{number}.config_path")


def _is_usdm(client: Any) -> bool:
    return isinstance(client, BinanceClientConfig) and client.type == "binance_usdm"


def dumps(document: Mapping[str, Any]) -> str:
    """Return a document as TOML, one line for each top-level key."""
    return "".join(f"{_text(key)} = {_inline(value)}\n" for key, value in document.items())


def _text(text: str) -> str:
    """Return a TOML basic string: JSON's escapes are a part of TOML's, which wants DEL escaped, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_text(key)} = {_inline(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)  # numbers, dates and times
