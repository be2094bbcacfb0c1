"""The engine's configuration of a whole node."""

from __future__ import annotations

from typing import Any

import msgspec
from nautilus_trader.cache.config import CacheConfig
from nautilus_trader.common.config import DatabaseConfig, msgspec_encoding_hook
from nautilus_trader.config import (
    ImportableActorConfig,
    ImportableExecAlgorithmConfig,
    ImportableStrategyConfig,
    LiveDataEngineConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, TraderId

from trueup.config.engine_versions import (
    NEWEST_SUPPORTED,
    OLDEST_SUPPORTED,
    format_version,
    installed_version,
    is_supported,
)
from trueup.config.trading_node.build.binance import reveal
from trueup.config.trading_node.build.clients import client_configs
from trueup.config.trading_node.build.imports import resolve
from trueup.config.trading_node.build.parameters import known_parameters, knows, validated
from trueup.config.trading_node.claimants import claims_of
from trueup.config.trading_node.components import StrategyComponent
from trueup.config.trading_node.hedging import hedging_fields
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.logs import LogFormat, LogLevel, LogsConfig
from trueup.config.trading_node.redis import RedisConfig
from trueup.config.trading_node.venues import PositionMode
from trueup.core.claims import Claim, ClaimBook
from trueup.errors import ConfigValueError, EngineVersionError


def build_config(config: LiveTradingNodeConfig) -> TradingNodeConfig:
    """Build and validate the engine's configuration; see `LiveTradingNodeConfig.build`."""
    _require_supported_engine()
    _require_netting(config)
    _require_credentials(config)
    data_clients, exec_clients = client_configs(config)
    timeouts = config.timeouts
    return TradingNodeConfig(
        trader_id=TraderId(config.trader_id),
        cache=None if config.redis is None else _cache(config.redis),
        data_engine=validated(LiveDataEngineConfig(**_queue(config))),
        risk_engine=_risk(config),
        exec_engine=exec_engine_config(config),
        logging=_logging(config.logs),
        data_clients=data_clients,
        exec_clients=exec_clients,
        strategies=_strategies(config),
        actors=_actors(config),
        exec_algorithms=_exec_algorithms(config),
        load_state=config.load_state,
        save_state=config.save_state,
        timeout_connection=timeouts.connection_secs,
        timeout_reconciliation=timeouts.reconciliation_secs,
        timeout_portfolio=timeouts.portfolio_secs,
        timeout_disconnection=timeouts.disconnection_secs,
        timeout_post_stop=timeouts.post_stop_secs,
        timeout_shutdown=timeouts.shutdown_secs,
    )


def exec_engine_config(config: LiveTradingNodeConfig) -> LiveExecEngineConfig:
    """Build the execution engine's configuration: what reconciliation asks for, and the engine's switches.

    Raises
    ------
    EngineFieldError
        If a parameter is set that the installed version does not know.
    """
    parameters = config.reconciliation.engine_parameters(installed_version())
    for name, kind in (
        ("reconciliation_instrument_ids", InstrumentId.from_str),
        ("filtered_client_order_ids", ClientOrderId),
    ):
        if name in parameters:
            parameters[name] = [kind(one) for one in parameters[name]]
    engine = config.engine
    return validated(
        LiveExecEngineConfig(
            **parameters,
            **_queue(config),
            manage_own_order_books=engine.manage_own_order_books,
            snapshot_orders=engine.snapshot_orders,
            snapshot_positions=engine.snapshot_positions,
            snapshot_positions_interval_secs=engine.snapshot_positions_interval_secs,
            debug=engine.debug,
        )
    )


def _require_supported_engine() -> None:
    version = installed_version()
    if not is_supported(version):
        oldest, newest = format_version(OLDEST_SUPPORTED), format_version(NEWEST_SUPPORTED)
        raise EngineVersionError(
            f"NautilusTrader {version} is installed, which trueup was not checked against",
            allowed=f"{oldest} to {newest}",
            action=f"pip install 'nautilus_trader=={newest}.0'",
        )


def _require_netting(config: LiveTradingNodeConfig) -> None:
    fields = [field for field, _ in hedging_fields(config)]
    if fields:
        raise ConfigValueError(
            f"{', '.join(fields)}: hedging is asked for",
            allowed="NETTING (issue #3104: long-lived hedge positions fail to reconcile)",
            action="set NETTING, and one-way mode at the venue",
        )


def _require_credentials(config: LiveTradingNodeConfig) -> None:
    missing = config.missing_credentials()
    if missing:
        raise ConfigValueError(
            f"no value for {', '.join(field for field, _ in missing)}",
            allowed=f"the environment variables {', '.join(variable for _, variable in missing)}, or a secrets_file",
            action="set them where the node starts",
        )


def _queue(config: LiveTradingNodeConfig) -> dict[str, Any]:
    return {
        "qsize": config.engine.queue_size_max,
        "graceful_shutdown_on_exception": config.engine.graceful_shutdown_on_exception,
    }


def _risk(config: LiveTradingNodeConfig) -> LiveRiskEngineConfig:
    return validated(
        LiveRiskEngineConfig(
            bypass=config.risk.bypass,
            max_order_submit_rate=config.risk.max_order_submit_rate,
            max_order_modify_rate=config.risk.max_order_modify_rate,
            max_notional_per_order=dict(config.risk.max_notional_per_order),
            **_queue(config),
        )
    )


def _cache(redis: RedisConfig) -> CacheConfig:
    names = {
        "connection_timeout": "connection_timeout_secs",
        "response_timeout": "response_timeout_secs",
        "number_of_retries": "number_of_retries",
        "exponent_base": "exponent_base",
        "max_delay": "max_delay_secs",
    }
    timeout: dict[str, Any] = {}
    if not knows(DatabaseConfig, "connection_timeout"):
        # Before 1.226 there was one time-out for both.
        names = {parameter: ours for parameter, ours in names.items() if not parameter.endswith("_timeout")}
        timeout = {"timeout": max(redis.connection_timeout_secs, redis.response_timeout_secs)}
    database = DatabaseConfig(
        type="redis",
        host=redis.host,
        port=redis.port,
        username=redis.username,
        password=reveal(redis.password),
        ssl=redis.tls,
        **timeout,
        **known_parameters(DatabaseConfig, redis, names, "redis"),
    )
    return validated(
        CacheConfig(
            database=database,
            encoding=redis.encoding.value,
            timestamps_as_iso8601=redis.timestamps_as_iso8601,
            persist_account_events=redis.persist_account_events,
            buffer_interval_ms=redis.buffer_interval_ms,
            use_trader_prefix=redis.use_trader_prefix,
            use_instance_id=redis.use_instance_id,
            flush_on_start=redis.flush_on_start,
            **known_parameters(CacheConfig, redis, {"bulk_read_batch_size": "bulk_read_batch_size"}, "redis"),
        )
    )


def _logging(logs: LogsConfig) -> LoggingConfig:
    in_file = logs.level_file is not None and logs.level_file is not LogLevel.OFF
    return validated(
        LoggingConfig(
            log_level=logs.level.value,
            log_level_file=logs.level_file.value if in_file and logs.level_file is not None else None,
            log_directory=str(logs.directory) if in_file else None,
            log_file_name=logs.file_name,
            log_file_format="json" if logs.format is LogFormat.JSON else None,
            log_file_max_size=logs.file_size_bytes_max,
            log_file_max_backup_count=logs.files_max,
            log_colors=logs.colors,
            log_component_levels={name: level.value for name, level in logs.component_levels.items()} or None,
            use_pyo3=logs.use_pyo3,
        )
    )


def _strategies(config: LiveTradingNodeConfig) -> list[ImportableStrategyConfig]:
    book = ClaimBook.of(claims_of(config))
    loaded = (each for client in config.clients.values() for each in client.instrument_ids)
    named = (each for one in config.strategies for each in one.claims.instrument_ids)
    owners = {one: book.owner_of(one) for one in (*named, *loaded)}
    built, own_claims = [], []
    for index, one in enumerate(config.strategies):
        where = f"strategies[{index}]"
        # The engine looks a claim up by the exact instrument. It gets what is known by now of patterns and claim_all;
        # what loads later is claimed on the built node.
        known = [instrument_id for instrument_id, owner in owners.items() if owner == where]
        strategy, claimed = _strategy(one, where, known)
        built.append(strategy)
        own_claims += [Claim(claimant=where, text=each) for each in claimed if each not in known]
    book.with_claims(own_claims)
    return built


def _strategy(one: StrategyComponent, where: str, known: list[str]) -> tuple[ImportableStrategyConfig, list[str]]:
    """Return the engine's configuration of a strategy, and what its class will claim with it."""
    resolve(one.strategy_path, f"{where}.strategy_path")
    fields = {**one.config, "oms_type": PositionMode.NETTING.value}
    if known:
        fields["external_order_claims"] = known
    parsed = _require_accepted(one.config_path, fields, where)
    claimed = [str(each) for each in getattr(parsed, "external_order_claims", None) or ()]
    if lost := [each for each in known if each not in claimed]:
        # A property of that name hides the field, and with it what was given (measured on 1.222.0 and 1.231.0).
        raise ConfigValueError(
            f"{where}.claims: {one.config_path} answers external_order_claims itself, without {', '.join(lost)}",
            allowed="claims in this file, or by the class, not both",
            action=f"remove {where}.claims, or the property from the class",
        )
    return ImportableStrategyConfig(
        strategy_path=one.strategy_path, config_path=one.config_path, config=fields
    ), claimed


def _actors(config: LiveTradingNodeConfig) -> list[ImportableActorConfig]:
    for index, one in enumerate(config.actors):
        resolve(one.actor_path, f"actors[{index}].actor_path")
        _require_accepted(one.config_path, one.config, f"actors[{index}]")
    return [ImportableActorConfig(**one.model_dump()) for one in config.actors]


def _exec_algorithms(config: LiveTradingNodeConfig) -> list[ImportableExecAlgorithmConfig]:
    for index, one in enumerate(config.exec_algorithms):
        resolve(one.exec_algorithm_path, f"exec_algorithms[{index}].exec_algorithm_path")
        _require_accepted(one.config_path, one.config, f"exec_algorithms[{index}]")
    return [ImportableExecAlgorithmConfig(**one.model_dump()) for one in config.exec_algorithms]


def _require_accepted(path: str, fields: dict[str, Any], where: str) -> Any:
    """Let a component's configuration class judge its fields now: the engine would do it in the node's constructor.

    Returns
    -------
    Any
        What the class made of them.
    """
    config_class = resolve(path, f"{where}.config_path")
    try:
        return config_class.parse(msgspec.json.encode(fields, enc_hook=msgspec_encoding_hook))
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigValueError(
            f"{where}.config: {path} refuses it: {error}",
            allowed="the fields of that class, with values of their types",
            action="correct the config table",
        ) from None
