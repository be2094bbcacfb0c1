"""The configurations and factories of a node's clients, by client name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
from nautilus_trader.adapters.binance.factories import BinanceLiveDataClientFactory, BinanceLiveExecClientFactory
from nautilus_trader.common.config import msgspec_decoding_hook
from nautilus_trader.live.factories import LiveDataClientFactory, LiveExecClientFactory

from trueup.config.trading_node.build.binance import binance_data_config, binance_exec_config
from trueup.config.trading_node.build.imports import resolve
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.venues import BinanceClientConfig, ImportableClientConfig
from trueup.errors import ConfigValueError


@dataclass(frozen=True, slots=True)
class ClientFactories:
    """The factories of a node's clients, by client name.

    Parameters
    ----------
    data, execution : dict[str, type]
        For ``add_data_client_factory`` and ``add_exec_client_factory``.
    """

    data: dict[str, Any] = field(default_factory=dict)
    execution: dict[str, Any] = field(default_factory=dict)


def client_factories(config: LiveTradingNodeConfig) -> ClientFactories:
    """Return the factories of the configured clients; see `LiveTradingNodeConfig.client_factories`."""
    factories = ClientFactories()
    for name, client in config.clients.items():
        if isinstance(client, BinanceClientConfig):
            data, execution = _binance_factories(client)
        else:
            data = client.data and _factory(
                client.data_factory_path, f"clients.{name}.data_factory_path", LiveDataClientFactory
            )
            execution = client.execution and _factory(
                client.exec_factory_path, f"clients.{name}.exec_factory_path", LiveExecClientFactory
            )
        if client.data:
            factories.data[name] = data
        if client.execution:
            factories.execution[name] = execution
    return factories


def _binance_factories(client: BinanceClientConfig) -> tuple[Any, Any]:
    """Return the factories of the data and of the execution client: hardened, or the adapter's own."""
    if client.hardened:
        from trueup.venues.binance.factories import HardenedBinanceDataClientFactory, HardenedBinanceExecClientFactory

        return HardenedBinanceDataClientFactory, HardenedBinanceExecClientFactory
    return BinanceLiveDataClientFactory, BinanceLiveExecClientFactory


def client_configs(config: LiveTradingNodeConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the engine's configurations of the data and of the execution clients, by client name.

    Raises
    ------
    ConfigValueError
        If an import path leads nowhere, or an adapter's configuration class refuses its fields.
    EngineFieldError
        If a field is set that the installed version does not know.
    """
    data: dict[str, Any] = {}
    execution: dict[str, Any] = {}
    for name, client in config.clients.items():
        if isinstance(client, BinanceClientConfig):
            if client.data:
                data[name] = binance_data_config(name, client)
            if client.execution:
                execution[name] = binance_exec_config(name, client)
            continue
        if client.data:
            data[name] = _importable(client, client.data_config_path, client.data_config, f"clients.{name}.data_config")
        if client.execution:
            execution[name] = _importable(
                client, client.exec_config_path, client.exec_config, f"clients.{name}.exec_config"
            )
    return data, execution


def _factory(path: str | None, where: str, base: type[Any]) -> Any:
    assert path is not None, "the settings require a path for each client that is on"
    factory = resolve(path, where)
    if not (isinstance(factory, type) and issubclass(factory, base)):
        # The engine would only log this, and start without the client.
        raise ConfigValueError(f"{where}: '{path}' is no {base.__name__}", allowed=f"a subclass of {base.__name__}")
    return factory


def _importable(client: ImportableClientConfig, path: str | None, table: dict[str, Any], where: str) -> Any:
    assert path is not None, "the settings require a path for each client that is on"
    config_class = resolve(path, f"{where}_path")
    secrets = {name: secret.get_secret_value() for name, secret in client.secrets.items()}
    known = set(getattr(config_class, "__struct_fields__", ()))
    secrets = {name: secret for name, secret in secrets.items() if name in known}
    fields = {**table, **secrets}
    fields.setdefault("routing", {"default": client.routing.default, "venues": sorted(client.routing.venues) or None})
    if client.instrument_ids:
        fields.setdefault("instrument_provider", {"load_ids": list(client.instrument_ids)})
    try:
        return msgspec.convert(fields, config_class, dec_hook=_decode)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise ConfigValueError(
            f"{where}: {config_class.__name__} refuses its fields: {error}", allowed="what its class accepts"
        ) from None


def _decode(kind: type[Any], value: Any) -> Any:
    return msgspec_decoding_hook(kind, value)
