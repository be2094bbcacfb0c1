"""The installed NautilusTrader."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.engine_versions import (
    NEWEST_SUPPORTED,
    OLDEST_SUPPORTED,
    Version,
    field_span,
    format_version,
    is_supported,
    parse_version,
)
from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity
from trueup.config.trading_node.venues import BinanceClientConfig, VenueEnvironment

# Fields of [redis] that not every version takes: ours -> the engine's class and parameter.
_REDIS_PARAMETERS = {
    "number_of_retries": ("DatabaseConfig", "number_of_retries"),
    "exponent_base": ("DatabaseConfig", "exponent_base"),
    "max_delay_secs": ("DatabaseConfig", "max_delay"),
    "bulk_read_batch_size": ("CacheConfig", "bulk_read_batch_size"),
}

_SUPPORTED = f"{format_version(OLDEST_SUPPORTED)} to {format_version(NEWEST_SUPPORTED)}"


def _unsupported(context: RuleContext) -> Iterator[Fault]:
    if not is_supported(context.engine_version):
        yield Fault("nautilus_trader", context.engine_version or "not installed")


def _unknown_field(context: RuleContext) -> Iterator[Fault]:
    version = parse_version(context.engine_version)
    if version is None:
        return
    value = f"unknown to NautilusTrader {context.engine_version}"
    for name in context.reconciliation.unknown_engine_parameters(context.engine_version):
        yield Fault(f"reconciliation.{name}", value)
    redis = context.config.redis
    for name, (config_class, parameter) in _REDIS_PARAMETERS.items():
        if (
            redis is not None
            and name in redis.model_fields_set
            and not field_span(config_class, parameter).covers(version)
        ):
            yield Fault(f"redis.{name}", value)
    for name, client in context.config.clients.items():
        if isinstance(client, BinanceClientConfig):
            yield from _unknown_to_adapter(name, client, version, value)


def _unknown_to_adapter(name: str, client: BinanceClientConfig, version: Version, value: str) -> Iterator[Fault]:
    adapter = "BinanceExecClientConfig"
    if client.base_url_ws_api is not None and not field_span(adapter, "base_url_ws_stream").covers(version):
        yield Fault(f"clients.{name}.base_url_ws_api", value)
    if client.environment is VenueEnvironment.DEMO and not field_span(adapter, "environment").covers(version):
        yield Fault(f"clients.{name}.environment", value)


VERSION_RULES: tuple[Rule, ...] = (
    Rule(
        "TU701",
        "unsupported-engine",
        Severity.ERROR,
        why="trueup reaches into the engine at places that change between versions; a version that it was not checked "
        "against is refused, not guessed at.",
        source=f"trueup is tested on NautilusTrader {_SUPPORTED}",
        action=f"Install NautilusTrader {_SUPPORTED}.",
        find=_unsupported,
    ),
    Rule(
        "TU702",
        "parameter-unknown-to-engine",
        Severity.ERROR,
        why="The installed version has no such parameter, and refuses the whole configuration for it.",
        source="the configuration classes of NautilusTrader 1.222 to 1.231, compared one by one",
        action="Remove the field, or install a version that knows it.",
        find=_unknown_field,
    ),
)
