"""The factories that a node is given instead of the adapter's."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, Final

from nautilus_trader.adapters.binance import factories as adapter
from nautilus_trader.adapters.binance.common import urls
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.config import BinanceDataClientConfig, BinanceExecClientConfig
from nautilus_trader.common.component import Logger
from nautilus_trader.live.factories import LiveDataClientFactory, LiveExecClientFactory

from trueup.config.engine_versions import installed_version, is_supported, parse_version
from trueup.errors import ConfigValueError, EngineVersionError
from trueup.venues.binance.futures import HardenedFuturesExecutionClient
from trueup.venues.binance.gate import HttpGate
from trueup.venues.binance.profiles import SPOT, USDM_FUTURES, VenueProfile
from trueup.venues.binance.repairs import needed_at
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.spot import HardenedSpotExecutionClient

PROFILES: Final[dict[Any, VenueProfile]] = {
    BinanceAccountType.USDT_FUTURES: USDM_FUTURES,
    BinanceAccountType.SPOT: SPOT,
}


class HardenedBinanceExecClientConfig(BinanceExecClientConfig, frozen=True):  # type: ignore[call-arg]  # untyped base
    """The adapter's configuration with the bounds of the hardened client.

    Parameters
    ----------
    hardening : HardeningSettings
        Bounds; the defaults hold for the venue's published limits.
    """

    hardening: HardeningSettings = HardeningSettings()


class HardenedBinanceDataClientFactory(LiveDataClientFactory):
    """Make the adapter's data client, its requests paced in one budget with those of the execution client."""

    @staticmethod
    def create(
        loop: asyncio.AbstractEventLoop, name: str, config: BinanceDataClientConfig, msgbus: Any, cache: Any, clock: Any
    ) -> Any:
        """Create a data client; the parameters are the engine's."""
        if config.account_type in PROFILES:
            _gated_http_client(config, clock, HardeningSettings(), config.api_key, config.api_secret)
        return adapter.BinanceLiveDataClientFactory.create(loop, name, config, msgbus, cache, clock)


class HardenedBinanceExecClientFactory(LiveExecClientFactory):
    """Make the hardened execution client for USD-M futures or spot."""

    @staticmethod
    def create(
        loop: asyncio.AbstractEventLoop, name: str, config: BinanceExecClientConfig, msgbus: Any, cache: Any, clock: Any
    ) -> Any:
        """Create an execution client; the parameters are the engine's.

        Raises
        ------
        ConfigValueError
            If the account is of a kind that is not hardened, or the key of one that cannot trade.
        EngineVersionError
            If the installed adapter is not one that this was checked against.
        """
        profile = PROFILES.get(config.account_type)
        if profile is None:
            raise ConfigValueError(
                f"the Binance account type is {config.account_type.name}, and the hardened client does not know it",
                allowed="USDT_FUTURES or SPOT",
                action="turn the hardened client off for this client: the adapter's own then trades it, unrepaired",
            )
        if config.key_type.name == "RSA":
            raise ConfigValueError("an RSA key cannot trade through this adapter", allowed="an HMAC or Ed25519 key")
        version = parse_version(installed_version())
        if version is not None and not needed_at(version):
            return adapter.BinanceLiveExecClientFactory.create(loop, name, config, msgbus, cache, clock)
        settings = getattr(config, "hardening", None) or HardeningSettings()
        environment = _environment(config)
        key, secret = _credentials(config, environment)
        http, gate = _gated_http_client(config, clock, settings, key, secret)
        futures = config.account_type.is_futures
        provider_of = (
            adapter.get_cached_binance_futures_instrument_provider
            if futures
            else adapter.get_cached_binance_spot_instrument_provider
        )
        shared = {
            "client": http,
            "clock": clock,
            "account_type": config.account_type,
            **environment,
            "config": config.instrument_provider,
            "venue": config.venue,
        }
        arguments = {
            "loop": loop,
            "client": http,
            "msgbus": msgbus,
            "cache": cache,
            "clock": clock,
            "instrument_provider": provider_of(**_accepted(provider_of, shared)),
            "base_url_ws": config.base_url_ws or "",
            "config": config,
            "account_type": config.account_type,
            "name": name,
            "api_key": key,
            "api_secret": secret,
            **environment,
        }
        if futures:
            taken = _accepted(adapter.BinanceFuturesExecutionClient.__init__, arguments)
            return HardenedFuturesExecutionClient(
                gate=gate, settings=settings, stream_url=_stream_url(config, environment), **taken
            )
        taken = _accepted(adapter.BinanceSpotExecutionClient.__init__, arguments)
        return HardenedSpotExecutionClient(
            gate=gate, settings=settings, ws_api_url=_ws_api_url(config, environment), key=key, **taken
        )


def _gated_http_client(
    config: Any, clock: Any, settings: HardeningSettings, key: str | None, secret: str | None
) -> tuple[Any, HttpGate]:
    """Return the adapter's cached HTTP client with a gate on it: the same one for data and execution of one account."""
    if not is_supported(installed_version()):
        raise EngineVersionError(
            f"NautilusTrader {installed_version()} is not a version that the hardened client was checked against",
            allowed="1.222 to 1.231",
            action="install such a version, or turn the hardened client off",
        )
    # In the order in which the adapter passes them: its cache takes another order for another client.
    arguments = {
        "clock": clock,
        "account_type": config.account_type,
        "api_key": key,
        "api_secret": secret,
        "key_type": config.key_type,
        "base_url": config.base_url_http,
        **_environment(config),
        "is_us": config.us,
        "proxy_url": getattr(config, "proxy_url", None),
    }
    make = adapter.get_cached_binance_http_client
    http = make(**_accepted(make, arguments))
    gate = getattr(http, "trueup_gate", None)
    if gate is None:
        gate = HttpGate(
            profile=PROFILES[config.account_type],
            settings=settings,
            client=http,
            clock_ms=clock.timestamp_ms,
            log=Logger("BinanceGate"),
            proxy_url=arguments["proxy_url"],
        )
        gate.install()
        http.trueup_gate = gate
    return http, gate


def _credentials(config: Any, environment: dict[str, Any]) -> tuple[str, str]:
    """Return key and secret as configured, or from where the adapter looks for them."""
    wanted = {"account_type": config.account_type, **environment}
    find_key, find_secret = adapter.get_api_key, adapter.get_api_secret
    key = config.api_key or find_key(**_accepted(find_key, wanted))
    secret = config.api_secret or find_secret(**_accepted(find_secret, wanted))
    return str(key), str(secret)


def _environment(config: Any) -> dict[str, Any]:
    """Return the environment as the installed version's functions take it: a flag before 1.223, then an enumeration."""
    if not hasattr(config, "environment"):
        return {"is_testnet": config.testnet}
    from nautilus_trader.adapters.binance.common.enums import BinanceEnvironment

    testnet = BinanceEnvironment.TESTNET if getattr(config, "testnet", False) else BinanceEnvironment.LIVE
    return {"environment": config.environment or testnet}


def _accepted(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return those of `arguments` that the installed version's function takes."""
    names = inspect.signature(function).parameters
    return {name: value for name, value in arguments.items() if name in names}


def _stream_url(config: Any, environment: dict[str, Any]) -> Callable[[str], str]:
    make = getattr(urls, "get_futures_user_stream_url", None)
    if make is None:
        base = config.base_url_ws or urls.get_ws_base_url(
            **_accepted(
                urls.get_ws_base_url,
                {"account_type": config.account_type, "is_testnet": config.testnet, "is_us": config.us},
            )
        )
        return lambda key: f"{base.rstrip('/')}/ws/{key}"
    base = config.base_url_ws_stream or urls.get_ws_private_base_url(
        account_type=config.account_type, is_us=config.us, **environment
    )
    if environment["environment"].name == "LIVE" and hasattr(urls, "get_usdm_ws_route_base_url"):
        base = urls.get_usdm_ws_route_base_url(base, "private")
    return lambda key: str(make(config.account_type, base, key))


def _ws_api_url(config: Any, environment: dict[str, Any]) -> str:
    make = getattr(urls, "get_ws_api_base_url", None)
    if config.base_url_ws:
        return str(config.base_url_ws)
    if make is None:
        testnet = getattr(config, "testnet", False)
        return "wss://testnet.binance.vision/ws-api/v3" if testnet else "wss://ws-api.binance.com:443/ws-api/v3"
    return str(make(account_type=config.account_type, is_us=config.us, **environment))
