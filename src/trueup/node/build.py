"""Build a live node from the settings, with errors that say what is wrong instead of a traceback or a long silence."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
from nautilus_trader.live.node import TradingNode

from trueup.config.live.store import address_of
from trueup.config.trading_node import LiveTradingNodeConfig, RedisConfig
from trueup.core.claims import Claim
from trueup.errors import ConfigValueError, NodeError, StoreCorruptError, StoreUnavailableError, TrueupError
from trueup.node.v1.claims import claims_in_force
from trueup.store.connection import open_client, store_errors

STORE_PROBE_SECS_MAX = 4.0
"""Of connecting and of answering each: together they stay under the 10 s within which a missing store is an error."""


def build_node(config: LiveTradingNodeConfig) -> TradingNode:
    """Construct a node, add the factories of its clients, and build the clients.

    The node is not running yet, and trueup is not attached to it.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The settings.

    Returns
    -------
    TradingNode
        Built, on the current thread's event loop.

    Raises
    ------
    StoreUnavailableError
        If the store does not answer, within 10 s. The engine itself would block for minutes with its own defaults.
    StoreCorruptError
        If the engine cannot read what the store holds.
    ConfigValueError
        If an import path leads nowhere, a component refuses its fields, or two components exclude each other.
    EngineError
        If the installed NautilusTrader does not fit.
    """
    engine_config = config.build()
    factories = config.client_factories()
    if config.redis is not None:
        require_store(config.redis)
    node = _construct(config, engine_config)
    try:
        claims_in_force(node, _claims_given(config, node))
        for name, factory in factories.data.items():
            node.add_data_client_factory(name, factory)
        for name, factory in factories.execution.items():
            node.add_exec_client_factory(name, factory)
        node.build()
    except TrueupError:
        node.dispose()
        raise
    except Exception as error:  # an adapter's own constructor runs here: anything may come out of it
        node.dispose()
        text = f"{type(error).__name__}: {without_secrets(error, config)}"
        raise NodeError(
            f"the clients {', '.join(config.clients)} cannot be built: {text}",
            action="check the [clients] section: venue, environment, key type and addresses",
        ) from None
    return node


def _claims_given(config: LiveTradingNodeConfig, node: TradingNode) -> dict[str, tuple[Claim, ...]]:
    """Return the file's claims by the ids that the strategies got; the engine constructs them in the file's order."""
    strategies = zip(config.strategies, node.trader.strategies(), strict=False)
    return {str(built.id): one.claims.claims_of(str(built.id)) for one, built in strategies}


def require_store(redis: RedisConfig) -> None:
    """Ask the store for a sign of life.

    Raises
    ------
    StoreUnavailableError
        If there is none, naming ``host:port``.
    """
    limit_secs = min(STORE_PROBE_SECS_MAX, float(redis.connection_timeout_secs + redis.response_timeout_secs))
    address = dataclasses.replace(address_of(redis), timeout_secs=limit_secs)
    client = open_client(address)
    try:
        with store_errors(address.url):
            client.ping()
    finally:
        client.close()


def _construct(config: LiveTradingNodeConfig, engine_config: Any) -> TradingNode:
    """Construct the node: the engine loads the cache and creates actors and strategies here."""
    try:
        return TradingNode(config=engine_config)
    except TrueupError:
        raise
    except Exception as error:  # strategies of the operator's are constructed here: anything may come out of it
        text = f"{type(error).__name__}: {without_secrets(error, config)}"
        store = config.redis
        if store is not None and isinstance(error, RuntimeError) and _speaks_of_connection(str(error)):
            raise StoreUnavailableError(
                f"the store at {store.address} cannot be reached: {text}", action="check that the server runs"
            ) from None
        if store is not None and isinstance(error, msgspec.DecodeError):
            raise StoreCorruptError(
                f"the store at {store.address} holds what the engine cannot read: {text}",
                action=f"inspect the keys trader-{config.trader_id}:*, or start with an empty store",
            ) from None
        raise ConfigValueError(
            f"the node cannot be constructed: {text}",
            allowed="strategies and actors that accept their config tables, and claims that do not overlap",
            action="check [[strategies]], [[actors]] and their config tables",
        ) from None


def _speaks_of_connection(text: str) -> bool:
    return any(word in text.lower() for word in ("connection", "timed out", "redis", "refused"))


def without_secrets(error: BaseException, config: LiveTradingNodeConfig) -> str:
    """Return an error's text with every configured secret blanked out: adapters quote what they are given."""
    text = str(error)
    for secret in config.secret_texts():
        text = text.replace(secret, "***")
    return text
