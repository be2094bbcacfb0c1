"""What the settings become: the engine's own objects, of the installed version."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.model.identifiers import InstrumentId, TraderId, Venue

from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.config.trading_node.build.parameters import known_parameters, validated
from trueup.errors import ConfigValueError, EngineFieldError, EngineVersionError

KEYS: dict[str, Any] = {"api_key": "key", "api_secret": "secret"}
USDM: dict[str, Any] = {
    "type": "binance_usdm",
    "environment": "TESTNET",
    "instrument_ids": ["BTCUSDT-PERP.BINANCE"],
    **KEYS,
}
SPOT: dict[str, Any] = {"type": "binance_spot", "environment": "DEMO", "venue": "BINANCE_SPOT", **KEYS}
STRATEGY: dict[str, Any] = {
    "strategy_path": "examples.strategies.resting_bid:RestingBid",
    "config_path": "examples.strategies.resting_bid:RestingBidConfig",
    "config": {"instrument_id": "BTCUSDT-PERP.BINANCE", "order_quantity": "0.002"},
}
SANDBOX: dict[str, Any] = {
    "type": "importable",
    "venue": "SIM",
    "data": False,
    "exec_config_path": "nautilus_trader.adapters.sandbox.config:SandboxExecutionClientConfig",
    "exec_factory_path": "nautilus_trader.adapters.sandbox.factory:SandboxLiveExecClientFactory",
    "exec_config": {"venue": "SIM", "starting_balances": ["1000 USD"]},
}


def build(**settings: Any) -> TradingNodeConfig:
    """Build the engine's configuration."""
    return LiveTradingNodeConfig(**settings).build()


def test_the_defaults_build_a_configuration_that_the_engine_validates() -> None:
    node = build()
    assert isinstance(node, TradingNodeConfig)
    assert node.trader_id == TraderId("TRADER-001")
    assert node.cache is None
    assert node.logging.use_pyo3 is True
    assert node.logging.log_file_format == "json"
    assert node.logging.log_level_file == "INFO"
    for engine in (node.data_engine, node.risk_engine, node.exec_engine):
        assert engine.graceful_shutdown_on_exception is True
        assert engine.validate() is True


def test_the_store_becomes_the_engines_cache_with_bounded_retries_and_its_password() -> None:
    cache = build(
        redis={"host": "db", "port": 6390, "username": "u", "password": "p", "tls": True, "encoding": "json"}
    ).cache
    assert (cache.database.host, cache.database.port, cache.database.ssl) == ("db", 6390, True)
    assert (cache.database.username, cache.database.password) == ("u", "p")
    assert (cache.database.number_of_retries, cache.database.connection_timeout, cache.database.max_delay) == (3, 2, 1)
    assert (cache.encoding, cache.persist_account_events, cache.flush_on_start) == ("json", True, False)
    assert cache.buffer_interval_ms is None


def test_timeouts_risk_limits_and_logs_reach_the_engine() -> None:
    node = build(
        timeouts={"connection_secs": 1, "reconciliation_secs": 2, "portfolio_secs": 3, "disconnection_secs": 4,
                  "post_stop_secs": 5, "shutdown_secs": 6},
        risk={"max_order_submit_rate": "7/00:00:02", "max_notional_per_order": {"BTCUSDT-PERP.BINANCE": 5000}},
        logs={"level_file": "OFF", "format": "text", "component_levels": {"ExecEngine": "DEBUG"}},
    )  # fmt: skip
    assert (node.timeout_connection, node.timeout_reconciliation, node.timeout_portfolio) == (1, 2, 3)
    assert (node.timeout_disconnection, node.timeout_post_stop, node.timeout_shutdown) == (4, 5, 6)
    assert node.risk_engine.max_order_submit_rate == "7/00:00:02"
    assert node.risk_engine.max_notional_per_order == {"BTCUSDT-PERP.BINANCE": 5000}
    assert (node.logging.log_level_file, node.logging.log_directory, node.logging.log_file_format) == (None, None, None)
    assert node.logging.log_component_levels == {"ExecEngine": "DEBUG"}


def test_binance_clients_of_two_kinds_stand_side_by_side_at_any_address() -> None:
    addresses = {
        "base_url_http": "http://127.0.0.1:1/",
        "base_url_ws": "ws://127.0.0.1:2",
        "base_url_ws_api": "ws://127.0.0.1:3",
        "base_url_ws_stream": "ws://127.0.0.1:4",
    }
    futures = {"futures_leverages": {"BTCUSDT": 3}, "futures_margin_types": {"BTCUSDT": "isolated"}}
    config = LiveTradingNodeConfig(clients={"BINANCE": {**USDM, **addresses, **futures}, "BINANCE_SPOT": SPOT})
    node = config.build()
    data, execution = node.data_clients["BINANCE"], node.exec_clients["BINANCE"]
    assert (data.base_url_http, data.base_url_ws) == ("http://127.0.0.1:1", "ws://127.0.0.1:2")
    assert (execution.base_url_ws, execution.base_url_ws_stream) == ("ws://127.0.0.1:3", "ws://127.0.0.1:4")
    assert (execution.api_key, execution.api_secret) == ("key", "secret")
    assert execution.environment.value == "TESTNET"
    assert execution.account_type.value == "USDT_FUTURES"
    assert execution.futures_leverages == {"BTCUSDT": 3}
    assert {str(symbol): kind.name for symbol, kind in execution.futures_margin_types.items()} == {
        "BTCUSDT": "ISOLATED"
    }
    assert data.instrument_provider.load_ids == frozenset({InstrumentId.from_str("BTCUSDT-PERP.BINANCE")})
    assert node.exec_clients["BINANCE_SPOT"].venue == Venue("BINANCE_SPOT")
    assert node.exec_clients["BINANCE_SPOT"].account_type.value == "SPOT"
    factories = config.client_factories()
    assert set(factories.data) == set(factories.execution) == {"BINANCE", "BINANCE_SPOT"}


def test_data_and_execution_can_be_left_out() -> None:
    config = LiveTradingNodeConfig(clients={"A": {**USDM, "data": False}, "B": {**SPOT, "execution": False}})
    node, factories = config.build(), config.client_factories()
    assert set(node.data_clients) == set(factories.data) == {"B"}
    assert set(node.exec_clients) == set(factories.execution) == {"A"}


def test_strategies_get_netting_and_their_claims() -> None:
    (strategy,) = build(strategies=[{**STRATEGY, "claims": {"instrument_ids": ["BTCUSDT-PERP.BINANCE"]}}]).strategies
    assert strategy.config["oms_type"] == "NETTING"
    assert strategy.config["external_order_claims"] == ["BTCUSDT-PERP.BINANCE"]


def claiming(**claims: Any) -> dict[str, Any]:
    return {**STRATEGY, "claims": claims}


@pytest.mark.parametrize("claims", [{"claim_all": True}, {"patterns": ["BTC*-PERP.BINANCE"]}])
def test_what_patterns_claim_by_now_is_told_to_the_engine_itself(claims: dict[str, Any]) -> None:
    (strategy,) = build(strategies=[claiming(**claims)], clients={"BINANCE": USDM}).strategies
    assert strategy.config["external_order_claims"] == ["BTCUSDT-PERP.BINANCE"]
    everything = {"BINANCE": {**USDM, "instrument_ids": [], "load_all": True}}
    (strategy,) = build(strategies=[claiming(**claims)], clients=everything).strategies
    assert "external_order_claims" not in strategy.config


def test_an_id_is_told_to_the_engine_for_the_strategy_that_names_it_and_not_for_the_pattern() -> None:
    strategies = [claiming(claim_all=True), claiming(instrument_ids=["BTCUSDT-PERP.BINANCE"])]
    everything, named = build(strategies=strategies, clients={"BINANCE": USDM}).strategies
    assert "external_order_claims" not in everything.config
    assert named.config["external_order_claims"] == ["BTCUSDT-PERP.BINANCE"]


def test_claims_that_can_meet_are_refused_with_both_names_before_the_engine_sees_them() -> None:
    with pytest.raises(
        ConfigValueError, match=r"strategies\[0\] claims 'BTC\*\.\*' and strategies\[1\] claims '\*\.BINANCE'"
    ):
        build(strategies=[claiming(patterns=["BTC*.*"]), claiming(patterns=["*.BINANCE"])])


PROPERTY = {
    "strategy_path": "tests.integration.strategies.claiming_main:Keeper",
    "config_path": "tests.integration.strategies.claiming_main:PlannedConfig",
    "config": {"instrument_ids": ["BTCUSDT-PERP.BINANCE"]},
}


def test_a_class_that_claims_by_a_property_is_held_against_the_other_claims_and_against_its_own() -> None:
    build(strategies=[PROPERTY, claiming(instrument_ids=["ETHUSDT-PERP.BINANCE"])])
    with pytest.raises(ConfigValueError, match=r"strategies\[0\] claims BTCUSDT-PERP\.BINANCE and strategies\[1\]"):
        build(strategies=[PROPERTY, claiming(instrument_ids=["BTCUSDT-PERP.BINANCE"])])
    with pytest.raises(ConfigValueError, match=r"answers external_order_claims itself, without ETHUSDT-PERP\.BINANCE"):
        build(strategies=[{**PROPERTY, "claims": {"instrument_ids": ["ETHUSDT-PERP.BINANCE"]}}])


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"clients": {"BINANCE": {**USDM, "position_mode": "HEDGING"}}}, "clients.BINANCE.position_mode"),
        ({"strategies": [{**STRATEGY, "oms_type": "HEDGING"}]}, "strategies[0].oms_type"),
        (
            {"strategies": [{**STRATEGY, "config": {**STRATEGY["config"], "oms_type": "hedging"}}]},
            "strategies[0].config.oms_type",
        ),
    ],
)
def test_hedging_is_refused_wherever_it_is_asked_for(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigValueError) as caught:
        build(**settings)
    assert field in caught.value.found


def test_missing_credentials_name_the_fields_and_the_variables() -> None:
    bare = {name: value for name, value in USDM.items() if name not in KEYS}
    with pytest.raises(ConfigValueError) as caught:
        build(clients={"BINANCE": bare})
    assert "clients.BINANCE.api_key, clients.BINANCE.api_secret" in caught.value.found
    assert "TRUEUP_CLIENTS__BINANCE__API_SECRET" in caught.value.allowed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"strategy_path": "examples.strategies.nowhere:RestingBid"}, "strategies[0].strategy_path: the module"),
        ({"config_path": "examples.strategies.resting_bid:Nothing"}, "has no 'Nothing'"),
        ({"config_path": "trueup.errors:ConfigError"}, "trueup.errors:ConfigError refuses it"),
        ({"config": {"instrument_id": "BTCUSDT-PERP.BINANCE"}}, "missing required field `order_quantity`"),
        ({"config": {**STRATEGY["config"], "distance_bps": -1}}, "distance_bps"),
    ],
)
def test_a_strategy_that_cannot_be_made_is_named(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigValueError) as caught:
        build(strategies=[{**STRATEGY, **change}])
    assert told in caught.value.found


def test_a_module_of_the_operators_that_raises_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raises_on_import.py").write_text("raise RuntimeError('no market today')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigValueError, match=r"raises_on_import.*RuntimeError: no market today"):
        build(strategies=[{**STRATEGY, "strategy_path": "raises_on_import:X"}])
    assert "raises_on_import" not in sys.modules


def test_actors_and_execution_algorithms_are_built_by_path() -> None:
    node = build(
        actors=[
            {"actor_path": "nautilus_trader.common.actor:Actor", "config_path": "nautilus_trader.config:ActorConfig"}
        ],
        exec_algorithms=[
            {
                "exec_algorithm_path": "nautilus_trader.examples.algorithms.twap:TWAPExecAlgorithm",
                "config_path": "nautilus_trader.examples.algorithms.twap:TWAPExecAlgorithmConfig",
            }
        ],
    )
    assert [one.actor_path for one in node.actors] == ["nautilus_trader.common.actor:Actor"]
    assert len(node.exec_algorithms) == 1
    with pytest.raises(ConfigValueError, match=r"actors\[0\]\.config"):
        build(
            actors=[
                {
                    "actor_path": "nautilus_trader.common.actor:Actor",
                    "config_path": "nautilus_trader.config:ActorConfig",
                    "config": {"no_such_field": 1},
                }
            ]
        )


def test_any_other_adapter_comes_by_import_path_with_its_secrets_where_it_takes_them() -> None:
    config = LiveTradingNodeConfig(clients={"SIM": {**SANDBOX, "secrets": {"api_key": "unknown to this adapter"}}})
    client = config.build().exec_clients["SIM"]
    assert client.starting_balances == ["1000 USD"]
    assert config.client_factories().execution["SIM"].__name__ == "SandboxLiveExecClientFactory"


def test_secrets_of_another_adapter_reach_the_fields_of_their_names() -> None:
    paths = {
        "data": False,
        "exec_config_path": "nautilus_trader.adapters.bybit.config:BybitExecClientConfig",
        "exec_factory_path": "nautilus_trader.adapters.bybit.factories:BybitLiveExecClientFactory",
        "instrument_ids": ["BTCUSDT-LINEAR.BYBIT"],
    }
    settings = {"type": "importable", "venue": "BYBIT", **paths, "secrets": {"api_key": "k", "api_secret": "s"}}
    client = build(clients={"BYBIT": settings}).exec_clients["BYBIT"]
    assert (client.api_key, client.api_secret) == ("k", "s")
    assert client.instrument_provider.load_ids == frozenset({InstrumentId.from_str("BTCUSDT-LINEAR.BYBIT")})


def test_an_adapter_that_refuses_its_fields_is_named() -> None:
    with pytest.raises(ConfigValueError, match=r"clients\.SIM\.exec_config: SandboxExecutionClientConfig refuses"):
        build(clients={"SIM": {**SANDBOX, "exec_config": {"starting_balances": 5}}})


def test_a_factory_that_is_none_is_refused_and_not_left_out_in_silence() -> None:
    config = LiveTradingNodeConfig(clients={"SIM": {**SANDBOX, "exec_factory_path": "trueup.errors:ConfigError"}})
    with pytest.raises(ConfigValueError, match="is no LiveExecClientFactory"):
        config.client_factories()
    data = {
        "data": True,
        "execution": False,
        "data_config_path": "a:B",
        "data_factory_path": "trueup.errors:ConfigError",
    }
    with pytest.raises(ConfigValueError, match="is no LiveDataClientFactory"):
        LiveTradingNodeConfig(clients={"SIM": {**SANDBOX, **data}}).client_factories()


def test_data_clients_of_another_adapter_are_built_too() -> None:
    paths = {
        "data_config_path": "nautilus_trader.adapters.bybit.config:BybitDataClientConfig",
        "data_factory_path": "nautilus_trader.adapters.bybit.factories:BybitLiveDataClientFactory",
        "execution": False,
    }
    config = LiveTradingNodeConfig(clients={"BYBIT": {"type": "importable", "venue": "BYBIT", **paths}})
    assert type(config.build().data_clients["BYBIT"]).__name__ == "BybitDataClientConfig"
    assert config.client_factories().data["BYBIT"].__name__ == "BybitLiveDataClientFactory"


def test_filters_become_the_engines_identifiers() -> None:
    engine = build(
        reconciliation={"reconciliation_instrument_ids": ["EUR/USD.IDEALPRO"], "filtered_client_order_ids": ["O-1"]}
    ).exec_engine
    assert engine.reconciliation_instrument_ids == [InstrumentId.from_str("EUR/USD.IDEALPRO")]
    assert [one.value for one in engine.filtered_client_order_ids] == ["O-1"]


def test_an_unsupported_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueup.config.trading_node.build.node.installed_version", lambda: "1.221.0")
    with pytest.raises(EngineVersionError, match=r"NautilusTrader 1\.221\.0 is installed"):
        build()


class _Bounded:
    """A configuration class of an engine that lacks a parameter, in the form that the engine's classes have."""

    __struct_fields__ = ("known",)

    def validate(self) -> bool:
        raise ValueError("no such value")


def test_a_parameter_set_on_purpose_is_refused_where_a_default_is_left_out() -> None:
    redis = LiveTradingNodeConfig(redis={"port": 7000}).redis
    assert redis is not None
    assert known_parameters(_Bounded, redis, {"known": "host", "lacking": "number_of_retries"}, "redis") == {
        "known": "127.0.0.1"
    }
    with pytest.raises(EngineFieldError, match=r"redis\.port is set, and NautilusTrader .* does not know it"):
        known_parameters(_Bounded, redis, {"lacking": "port"}, "redis")


def test_what_the_engine_refuses_is_told_in_its_own_words() -> None:
    with pytest.raises(ConfigValueError, match="the engine refuses its _Bounded: no such value"):
        validated(_Bounded())
