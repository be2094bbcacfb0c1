"""The engine's configurations of Binance clients, for every supported version.

They do not go through the engine's own ``validate()``: it cannot read back the adapter's instrument provider settings
(measured on 1.231.0: unknown field ``query_commission_rates``), so it would refuse every one. Our own limits hold.
"""

from __future__ import annotations

from typing import Any

from nautilus_trader.adapters.binance.common.enums import BinanceAccountType, BinanceKeyType
from nautilus_trader.adapters.binance.common.symbol import BinanceSymbol
from nautilus_trader.adapters.binance.config import (
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    BinanceInstrumentProviderConfig,
)
from nautilus_trader.adapters.binance.futures.enums import BinanceFuturesMarginType
from nautilus_trader.config import RoutingConfig
from nautilus_trader.model.identifiers import InstrumentId, Venue
from pydantic import SecretStr

from trueup.config.engine_versions import installed_version
from trueup.config.trading_node.build.parameters import known_parameters, knows
from trueup.config.trading_node.venues import BinanceClientConfig, ClientConfig, VenueEnvironment
from trueup.errors import EngineFieldError

_EXEC_FIELDS = (
    "use_gtd",
    "use_reduce_only",
    "use_position_ids",
    "use_trade_lite",
    "treat_expired_as_canceled",
    "recv_window_ms",
    "max_retries",
    "retry_delay_initial_ms",
    "retry_delay_max_ms",
)


def binance_data_config(name: str, client: BinanceClientConfig) -> BinanceDataClientConfig:
    """Build the configuration of a Binance data client."""
    return BinanceDataClientConfig(
        **_common(BinanceDataClientConfig, name, client),
        base_url_ws=client.base_url_ws,
        update_instruments_interval_mins=client.update_instruments_interval_mins,
    )


def binance_exec_config(name: str, client: BinanceClientConfig) -> BinanceExecClientConfig:
    """Build the configuration of a Binance execution client."""
    names = {field: field for field in _EXEC_FIELDS}
    leverages = {BinanceSymbol(symbol): leverage for symbol, leverage in client.futures_leverages.items()}
    margin_types = {
        BinanceSymbol(symbol): BinanceFuturesMarginType[kind.value]
        for symbol, kind in client.futures_margin_types.items()
    }
    return BinanceExecClientConfig(
        **_common(BinanceExecClientConfig, name, client),
        **known_parameters(BinanceExecClientConfig, client, names, f"clients.{name}"),
        **_stream_addresses(name, client),
        futures_leverages=leverages or None,
        futures_margin_types=margin_types or None,
    )


def _stream_addresses(name: str, client: BinanceClientConfig) -> dict[str, Any]:
    """Return the addresses of the user stream and of the WebSocket API.

    Before 1.223 the execution client had one address for streams, `base_url_ws`, and it was the user stream's.
    """
    if knows(BinanceExecClientConfig, "base_url_ws_stream"):
        return {"base_url_ws": client.base_url_ws_api, "base_url_ws_stream": client.base_url_ws_stream}
    if client.base_url_ws_api is not None:
        raise EngineFieldError(
            f"clients.{name}.base_url_ws_api is set, and NautilusTrader {installed_version()} does not know it",
            allowed="NautilusTrader 1.223 and later",
            action=f"install such a version, or remove clients.{name}.base_url_ws_api",
        )
    return {"base_url_ws": client.base_url_ws_stream}


def _common(engine_class: type[Any], name: str, client: BinanceClientConfig) -> dict[str, Any]:
    futures = client.is_futures
    return {
        "venue": Venue(client.venue),
        "api_key": reveal(client.api_key),
        "api_secret": reveal(client.api_secret),
        "key_type": BinanceKeyType(client.key_type.value),
        "account_type": BinanceAccountType.USDT_FUTURES if futures else BinanceAccountType.SPOT,
        "base_url_http": client.base_url_http,
        "proxy_url": reveal(client.proxy_url),
        "us": client.us,
        "routing": routing(client),
        "instrument_provider": BinanceInstrumentProviderConfig(
            load_all=client.load_all,
            load_ids=frozenset(InstrumentId.from_str(one) for one in client.instrument_ids) or None,
            query_commission_rates=client.query_commission_rates,
        ),
        **_environment(engine_class, name, client),
    }


def _environment(engine_class: type[Any], name: str, client: BinanceClientConfig) -> dict[str, Any]:
    """Return the environment under the name that the installed version has for it: an enumeration from 1.223 on."""
    if knows(engine_class, "environment"):
        from nautilus_trader.adapters.binance.common.enums import BinanceEnvironment

        return {"environment": BinanceEnvironment[client.environment.value]}
    if client.environment is VenueEnvironment.DEMO:
        raise EngineFieldError(
            f"clients.{name}.environment is DEMO, and NautilusTrader {installed_version()} does not know it",
            allowed="LIVE or TESTNET, or NautilusTrader 1.223 and later",
            action="install such a version, or choose TESTNET",
        )
    return {"testnet": client.environment is VenueEnvironment.TESTNET}


def reveal(secret: SecretStr | None) -> str | None:
    """Return a secret's text for the engine, or None."""
    return None if secret is None else secret.get_secret_value()


def routing(client: ClientConfig) -> RoutingConfig:
    """Build the engine's routing of a client."""
    return RoutingConfig(default=client.routing.default, venues=frozenset(client.routing.venues) or None)
