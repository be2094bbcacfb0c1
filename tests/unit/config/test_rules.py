"""Every rule fires where its trap is, and is silent beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from trueup.config.problems import ProblemKind
from trueup.config.rules import ALL_RULES, RULE_GROUPS, judge, rule_named
from trueup.config.rules.live import LIVE_RULES
from trueup.config.rules.shape import SHAPE_RULES
from trueup.config.trading_node import LiveTradingNodeConfig

USDM: dict[str, Any] = {"type": "binance_usdm", "environment": "TESTNET", "instrument_ids": ["BTCUSDT-PERP.BINANCE"]}
SPOT: dict[str, Any] = {"type": "binance_spot", "environment": "TESTNET", "venue": "BINANCE_SPOT"}
BYBIT: dict[str, Any] = {
    "type": "importable",
    "venue": "BYBIT",
    "exec_config_path": "a:B",
    "exec_factory_path": "a:C",
    "data": False,
}
STRATEGY: dict[str, Any] = {
    "strategy_path": "a:B",
    "config_path": "a:C",
    "config": {"instrument_id": "BTCUSDT-PERP.BINANCE"},
    "claims": {"instrument_ids": ["BTCUSDT-PERP.BINANCE"]},
}
SOUND: dict[str, Any] = {"redis": {}, "clients": {"BINANCE": USDM}, "strategies": [STRATEGY]}
"""A configuration in which no rule fires."""


@dataclass(frozen=True)
class Case:
    """One rule, settings where it fires at `at`, and settings close by where it does not."""

    rule: str
    at: str
    fires: dict[str, Any]
    silent: dict[str, Any] = field(default_factory=dict)
    engine: str = "1.231.0"


def native(**settings: Any) -> dict[str, Any]:
    """Return a reconciliation section in native mode."""
    return {"reconciliation": {"mode": "native", "inflight_check_retries": 60, **settings}}


def reconciliation(**settings: Any) -> dict[str, Any]:
    """Return a reconciliation section."""
    return {"reconciliation": settings}


def policies(*named: dict[str, Any]) -> dict[str, Any]:
    """Return policies for what nobody claims."""
    return {"external": {"policies": [{"name": f"p{number}", **one} for number, one in enumerate(named)]}}


def clients(**named: dict[str, Any]) -> dict[str, Any]:
    """Return clients."""
    return {"clients": named}


def usdm_with(instruments: int) -> dict[str, Any]:
    """Return a futures client that trades so many instruments."""
    return {
        **USDM,
        "instrument_ids": ["BTCUSDT-PERP.BINANCE", *(f"A{n}USDT-PERP.BINANCE" for n in range(1, instruments))],
    }


def strategy(**changes: Any) -> dict[str, Any]:
    """Return the strategy with changes."""
    return {**STRATEGY, **changes}


FULL_HISTORY = {"open_check_open_only": False, "open_check_interval_secs": 30.0}

CASES = [
    Case("TU101", "clients.BINANCE.position_mode", clients(BINANCE={**USDM, "position_mode": "HEDGING"})),
    Case(
        "TU101",
        "clients.BYBIT.position_mode",
        clients(BYBIT={**BYBIT, "position_mode": "hedging"}),
        clients(BYBIT=BYBIT),
    ),
    Case("TU101", "strategies[0].oms_type", {"strategies": [strategy(oms_type="HEDGING")]}),
    Case(
        "TU101",
        "strategies[0].config.oms_type",
        {"strategies": [strategy(config={"oms_type": "HEDGING"})]},
        {"strategies": [strategy(config={"oms_type": "NETTING"})]},
    ),
    Case(
        "TU102",
        "clients.BINANCE.routing.venues",
        clients(BINANCE={**USDM, "routing": {"venues": ["BINANCE", "SMART"]}}),
        clients(BINANCE={**USDM, "routing": {"venues": ["BINANCE"]}}),
    ),
    Case(
        "TU102",
        "clients.BINANCE.routing.default",
        clients(BINANCE={**USDM, "routing": {"default": True}}),
        clients(BINANCE={**USDM, "routing": {"default": True}, "execution": False}),
    ),
    Case(
        "TU103",
        "clients.SPOT.venue",
        clients(BINANCE=USDM, SPOT={**SPOT, "venue": "BINANCE"}),
        clients(BINANCE=USDM, SPOT=SPOT),
    ),
    Case("TU201", "reconciliation.enabled", reconciliation(enabled=False)),
    Case(
        "TU202",
        "reconciliation.position_check_interval_secs",
        native(),
        native(position_check_interval_secs=30),
    ),
    Case(
        "TU203",
        "reconciliation.open_check_interval_secs",
        native(open_check_interval_secs=None, position_check_interval_secs=30),
        reconciliation(open_check_interval_secs=None, position_check_interval_secs=30),
    ),
    Case("TU204", "reconciliation.open_check_interval_secs", reconciliation(open_check_interval_secs=None)),
    Case(
        "TU204",
        "reconciliation.open_check_interval_secs",
        native(open_check_interval_secs=None),
        native(open_check_interval_secs=None, position_check_interval_secs=30),
    ),
    Case("TU205", "reconciliation.open_check_interval_secs", native(), reconciliation()),
    Case(
        "TU206",
        "reconciliation.open_check_missing_retries",
        reconciliation(**FULL_HISTORY, open_check_missing_retries=10, inflight_check_retries=5),
        reconciliation(**FULL_HISTORY, open_check_missing_retries=11, inflight_check_retries=5),
    ),
    Case("TU206", "reconciliation.open_check_missing_retries", reconciliation(open_check_open_only=False)),
    Case(
        "TU207",
        "reconciliation.open_check_missing_retries",
        reconciliation(open_check_open_only=False, open_check_interval_secs=10.0, open_check_missing_retries=29),
        reconciliation(open_check_open_only=False, open_check_interval_secs=10.0, open_check_missing_retries=30),
    ),
    Case(
        "TU208",
        "reconciliation.inflight_check_retries",
        native(inflight_check_retries=58),
        native(inflight_check_retries=59),
    ),
    Case(
        "TU208",
        "reconciliation.inflight_check_retries",
        native(inflight_check_retries=5),
        native(inflight_check_retries=5, venue_outage_secs_max=30),
    ),
    Case(
        "TU209",
        "reconciliation.open_check_interval_secs",
        {**clients(BINANCE={**USDM, "hardened": False}), **reconciliation(open_check_interval_secs=2.2)},
        {**clients(BINANCE={**USDM, "hardened": False}), **reconciliation(open_check_interval_secs=2.3)},
    ),
    Case(
        "TU209",
        "reconciliation.open_check_interval_secs",
        reconciliation(open_check_interval_secs=4.5),
        reconciliation(open_check_interval_secs=5.0),
    ),
    Case(
        "TU209",
        "reconciliation.open_check_interval_secs",
        {**clients(SPOT={**SPOT, "hardened": False}), **reconciliation(open_check_interval_secs=1.9)},
        {**clients(SPOT={**SPOT, "hardened": False}), **reconciliation(open_check_interval_secs=2.0)},
    ),
    Case(
        "TU210",
        "reconciliation.open_check_interval_secs",
        reconciliation(open_check_interval_secs=2.2),
        reconciliation(open_check_interval_secs=2.3),
    ),
    Case(
        "TU210",
        "timeouts.reconciliation_secs",
        clients(BINANCE=usdm_with(500)),
        {**clients(BINANCE=usdm_with(500)), "timeouts": {"reconciliation_secs": 180}},
    ),
    Case("TU210", "timeouts.reconciliation_secs", clients(BINANCE=usdm_with(240)), clients(BINANCE=usdm_with(200))),
    Case("TU301", "reconciliation.lookback_mins", reconciliation(lookback_mins=1440), reconciliation(lookback_mins=0)),
    Case("TU302", "reconciliation.lookback_mins", reconciliation(lookback_mins=59), reconciliation(lookback_mins=60)),
    Case(
        "TU302",
        "reconciliation.position_check_lookback_mins",
        reconciliation(position_check_lookback_mins=59),
        reconciliation(position_check_lookback_mins=60),
    ),
    Case(
        "TU303",
        "reconciliation.purge_closed_orders_buffer_mins",
        reconciliation(open_check_lookback_mins=61),
        reconciliation(open_check_lookback_mins=61, purge_closed_orders_buffer_mins=61),
    ),
    Case("TU304", "reconciliation.purge_from_database", reconciliation(purge_from_database=True)),
    Case(
        "TU305",
        "reconciliation.purge_closed_orders_buffer_mins",
        reconciliation(purge_closed_orders_buffer_mins=52_560_001),
        reconciliation(purge_closed_orders_buffer_mins=52_560_000),
    ),
    Case("TU401", "strategies[0].claims", {"strategies": [strategy(claims={})]}),
    Case(
        "TU401",
        "strategies[0].claims",
        {"strategies": [strategy(config={"instrument_ids": ["BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"]})]},
        {"strategies": [strategy(config={"instrument_ids": ["ETHUSDT-PERP.BINANCE"]}, claims={"claim_all": True})]},
    ),
    Case(
        "TU401",
        "strategies[0].claims",
        {"strategies": [strategy(config={}, instrument_ids=["ETHUSDT-PERP.BINANCE"])]},
        {"strategies": [strategy(config={}, instrument_ids=["BTCUSDT-PERP.BINANCE"])]},
    ),
    Case("TU402", "strategies[1].claims", {"strategies": [STRATEGY, STRATEGY]}),
    Case(
        "TU402",
        "strategies[1].claims",
        {"strategies": [strategy(claims={"claim_all": True}), strategy(claims={"patterns": ["BTC*.BINANCE"]})]},
        {"strategies": [strategy(claims={"claim_all": True}), strategy(claims={})]},
    ),
    Case(
        "TU402",
        "strategies[1].claims",
        {"strategies": [strategy(claims={"patterns": ["BTC*.*"]}), strategy(claims={"patterns": ["*.BINANCE"]})]},
        {"strategies": [strategy(claims={"patterns": ["BTC*.*"]}), strategy(claims={"patterns": ["ETH*.BINANCE"]})]},
    ),
    Case(
        "TU408",
        "strategies[0].claims",
        {"strategies": [strategy(claims={"claim_all": True}), STRATEGY]},
        {"strategies": [strategy(claims={"patterns": ["ETH*.BINANCE"]}), STRATEGY]},
    ),
    Case(
        "TU401",
        "strategies[0].claims",
        {"strategies": [strategy(claims={"patterns": ["ETH*.BINANCE"]})]},
        {"strategies": [strategy(claims={"patterns": ["*.BINANCE"], "products": ["perpetual"]})]},
    ),
    Case(
        "TU403",
        "strategies[0].claims",
        {"strategies": [strategy(claims={"patterns": ["BTC*.BINANCE", "BTC*.BINNANCE"]})]},
        {"strategies": [strategy(claims={"patterns": ["BTC*.BINAN?E"]})]},
    ),
    Case(
        "TU403",
        "strategies[0].claims",
        {"strategies": [strategy(claims={"instrument_ids": ["BTCUSDT-PERP.BINANCE", "BTCUSDT-PERP.BINNANCE"]})]},
        {
            "strategies": [strategy(claims={"instrument_ids": ["BTCUSDT-PERP.BINANCE", "X.SMART"]})],
            **clients(BINANCE={**USDM, "routing": {"default": True}}),
        },
    ),
    Case("TU404", "reconciliation.filter_position_reports", reconciliation(filter_position_reports=True)),
    Case(
        "TU405",
        "reconciliation.generate_missing_orders",
        reconciliation(generate_missing_orders=False),
        reconciliation(generate_missing_orders=True),
    ),
    Case(
        "TU406",
        "reconciliation.filter_unclaimed_external_orders",
        reconciliation(filter_unclaimed_external_orders=True),
        reconciliation(filter_unclaimed_external_orders=False),
    ),
    Case("TU407", "reconciliation.allow_overfills", reconciliation(allow_overfills=True)),
    Case(
        "TU421",
        "external.policies.1",
        policies({"action": "alert", "sources": ["hand", "client"]}, {"action": "halt", "sources": ["hand"]}),
        policies({"action": "alert", "sources": ["hand"]}, {"action": "halt", "sources": ["hand", "client"]}),
    ),
    Case(
        "TU421",
        "external.policies.1",
        policies({"action": "adopt"}, {"action": "halt", "instruments": ["XRP*.BINANCE"]}),
        policies(
            {"action": "cancel", "instruments": ["XRP*.BINANCE"]}, {"action": "halt", "instruments": ["XRP*.BINANCE"]}
        ),
    ),
    Case(
        "TU422",
        "external.policies.0",
        policies({"action": "ignore", "instruments": ["BTC*-PERP.BINANCE"]}),
        policies({"action": "ignore", "instruments": ["XRP*-PERP.BINANCE"]}),
    ),
    Case(
        "TU423",
        "external.policies.0",
        policies({"action": "cancel", "client_order_ids": ["O-2026*"]}),
        policies({"action": "cancel", "client_order_ids": ["grid-*"]}),
    ),
    Case(
        "TU423",
        "external.policies.0",
        policies({"action": "cancel", "sources": ["client"]})
        | {"strategies": [strategy(config={"use_uuid_client_order_ids": True})]},
        policies({"action": "cancel", "sources": ["client"]}),
    ),
    Case(
        "TU424",
        "external",
        policies({"action": "alert"}) | native(),
        policies({"action": "adopt"}) | native(),
    ),
    Case(
        "TU425",
        "external.policies.0",
        policies({"action": "halt"}) | {"guard": {"enabled": False, "accept_risk": "another guard looks after it"}},
        policies({"action": "halt"}),
    ),
    Case(
        "TU425",
        "external.default",
        {
            "external": {"default": "halt"},
            "guard": {"enabled": False, "accept_risk": "another guard looks after it"},
        },
        {"external": {"default": "halt"}},
    ),
    Case(
        "TU426",
        "external.policies.0",
        policies({"action": "halt", "sources": ["liquidation"]}) | clients(BYBIT=BYBIT),
        policies({"action": "halt", "sources": ["liquidation"]}),
    ),
    Case(
        "TU427",
        "external.policies.0",
        policies({"action": "alert", "instruments": ["XRP*.BINNANCE"]}),
        policies({"action": "alert", "instruments": ["XRP*.BINAN?E"]}),
    ),
    Case(
        "TU428",
        "strategies[0].claims.client",
        {"strategies": [strategy(claims={"claim_all": True, "client": "BINANCE_2"})]},
        {"strategies": [strategy(claims={"claim_all": True, "client": "BINANCE"})]},
    ),
    Case("TU501", "redis", {"redis": None}),
    Case("TU502", "redis.number_of_retries", {"redis": {"number_of_retries": 100}}),
    Case(
        "TU502",
        "redis.number_of_retries",
        {"redis": {"number_of_retries": 5}},
        {"redis": {"number_of_retries": 3, "connection_timeout_secs": 2}},
    ),
    Case("TU503", "redis.flush_on_start", {"redis": {"flush_on_start": True}}),
    Case("TU504", "redis.buffer_interval_ms", {"redis": {"buffer_interval_ms": 100}}),
    Case("TU505", "redis.persist_account_events", {"redis": {"persist_account_events": False}}),
    Case("TU506", "redis.use_instance_id", {"redis": {"use_instance_id": True}}),
    Case(
        "TU507",
        "redis.tls",
        {"redis": {"host": "db.example", "password": "x"}},
        {"redis": {"host": "db.example", "password": "x", "tls": True}},
    ),
    Case(
        "TU507",
        "redis.tls",
        {"redis": {"host": "10.0.0.1", "password": "x"}},
        {"redis": {"host": "localhost", "password": "x"}},
    ),
    Case("TU508", "redis.health.persistence_required", {"redis": {"health": {"persistence_required": False}}}),
    Case(
        "TU508",
        "redis.health.eviction_policies_allowed",
        {"redis": {"health": {"eviction_policies_allowed": ["noeviction", "allkeys-lru"]}}},
    ),
    Case(
        "TU601",
        "engine.graceful_shutdown_on_exception",
        {"engine": {"graceful_shutdown_on_exception": False}},
    ),
    Case("TU602", "logs.use_pyo3", {"logs": {"use_pyo3": False}}, {"logs": {"use_pyo3": False}, "redis": None}),
    Case("TU603", "logs.level_file", {"logs": {"level_file": "OFF"}}, {"logs": {"level_file": "ERROR"}}),
    Case("TU603", "logs.format", {"logs": {"format": "text"}}),
    Case("TU604", "risk.bypass", {"risk": {"bypass": True}}),
    Case("TU661", "guard.enabled", {"guard": {"enabled": False, "accept_risk": "a venue of paper"}}, {"guard": {}}),
    Case(
        "TU662",
        "guard.rows.0",
        {"guard": {"rows": [{"id": "unknown", "min_age_secs": 600, "accept_risk": "the venue is slow at night"}]}},
        {"guard": {"rows": [{"id": "unknown", "min_age_secs": 30}]}},
    ),
    Case(
        "TU663",
        "guard.control_key",
        {"guard": {"control_key": "k" * 32}, "redis": None},
        {"guard": {"control_key": "k" * 32}},
    ),
    Case("TU671", "journal.enabled", {"journal": {"enabled": False}}, {"journal": {}}),
    Case("TU672", "journal.url", {"journal": {"url": "j.sqlite3"}}, {"journal": {"url": "/srv/j.sqlite3"}}),
    Case("TU673", "journal.url", {"journal": {"url": "sqlite:////tmp/j"}}, {"journal": {"url": "/tmpfiles/j"}}),
    Case(
        "TU674",
        "journal.secret_key",
        {"journal": {"url": "postgresql://db/journal"}},
        {"journal": {"url": "postgresql://db/journal", "secret_key": "k" * 16}},
    ),
    Case(
        "TU675",
        "journal.url",
        {"journal": {"url": "postgresql+psycopg://trueup@db/journal"}},
        {"journal": {"url": "postgresql+psycopg://trueup@127.0.0.1/journal"}},
    ),
    Case("TU641", "monitor.enabled", {"monitor": {"enabled": False}}, {"monitor": {}}),
    Case(
        "TU642",
        "monitor.log_file",
        {"monitor": {"log_file": "log", "log_format": "off"}},
        {"monitor": {"log_file": "log", "log_format": "json"}},
    ),
    Case("TU651", "ops.enabled", {"ops": {"enabled": False}}, {"ops": {}}),
    Case(
        "TU652",
        "ops.host",
        {"ops": {"host": "0.0.0.0", "auth_token": "a" * 16}},
        {"ops": {"host": "::1", "auth_token": "a" * 16}},
    ),
    Case("TU653", "ops.port", {"ops": {"port": 0}}, {"ops": {"port": 0, "enabled": False}}),
    Case(
        "TU681",
        "audit.demand_guard",
        {"audit": {"demand_guard": "halted"}},
        {"audit": {"demand_guard": "halted"}, "guard": {"control_key": "k" * 32}},
    ),
    Case(
        "TU682",
        "audit.weight_share",
        {"audit": {"weight_share": 0.8}},
        {"audit": {"weight_share": 0.8, "source_address": "127.0.0.2"}},
    ),
    Case(
        "TU683",
        "audit.ops.port",
        {"ops": {"port": 9_465}},
        {"ops": {"port": 9_465}, "audit": {"ops": {"port": 9_466}}},
    ),
    Case("TU701", "nautilus_trader", {}, engine="1.221.0"),
    Case("TU701", "nautilus_trader", {}, engine="2.0.0rc6"),
    Case("TU702", "reconciliation.position_check_retries", reconciliation(position_check_retries=5), engine="1.223.0"),
    Case("TU702", "redis.number_of_retries", {"redis": {"number_of_retries": 3}}, engine="1.225.0"),
    Case("TU702", "redis.bulk_read_batch_size", {"redis": {"bulk_read_batch_size": 3}}, engine="1.222.0"),
    Case(
        "TU702",
        "clients.BINANCE.base_url_ws_api",
        clients(BINANCE={**USDM, "base_url_ws_api": "ws://127.0.0.1:1"}),
        engine="1.222.0",
    ),
    Case("TU702", "clients.BINANCE.environment", clients(BINANCE={**USDM, "environment": "DEMO"}), engine="1.222.0"),
    Case("TU702", "reconciliation.convert_quote_qty_to_base", reconciliation(convert_quote_qty_to_base=True)),
]


def fired(settings: dict[str, Any], engine: str = "1.231.0") -> set[tuple[str, str]]:
    """Return which rules fire at which fields."""
    config = LiveTradingNodeConfig(**{**SOUND, **settings})
    return {(str(one.rule.id), one.field) for one in judge(config, engine)}


def test_no_rule_fires_in_a_sound_configuration() -> None:
    assert fired({}) == set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.at}")
def test_a_rule_fires_at_its_field(case: Case) -> None:
    assert (case.rule, case.at) in fired(case.fires, case.engine)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.at}")
def test_a_rule_is_silent_beside_its_trap(case: Case) -> None:
    assert case.rule not in {rule for rule, _ in fired(case.silent)}


def test_every_rule_that_looks_at_settings_has_a_case_here() -> None:
    assert {rule.id for rule in ALL_RULES if rule.find is not None} == {case.rule for case in CASES}


def test_rules_without_a_predicate_are_those_of_the_file_and_of_live() -> None:
    assert {rule.id for rule in ALL_RULES if rule.find is None} == {rule.id for rule in (*SHAPE_RULES, *LIVE_RULES)}


def test_every_kind_of_problem_has_its_rule() -> None:
    assert {str(rule.id) for rule in SHAPE_RULES} == {kind.value for kind in ProblemKind}


def test_ids_and_slugs_are_unique_and_in_order() -> None:
    ids = [str(rule.id) for rule in ALL_RULES]
    assert ids == sorted(set(ids))
    assert len({rule.slug for rule in ALL_RULES}) == len(ALL_RULES)
    assert sum(len(group) for group in RULE_GROUPS.values()) == len(ALL_RULES)


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.slug)
def test_every_rule_says_why_in_one_sentence_who_says_so_and_what_to_do(rule: Any) -> None:
    assert rule.why.endswith(".")
    assert ". " not in rule.why
    assert rule.source
    assert rule.action.endswith(".")


def test_a_rule_is_found_by_id_and_by_slug_in_any_case() -> None:
    assert rule_named("tu206") is rule_named(" Missing-Order-Livelock ")
    assert rule_named("TU999") is None


def test_an_engine_that_is_not_installed_is_an_unsupported_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueup.config.rules.registry.installed_version", lambda: None)
    config = LiveTradingNodeConfig(**SOUND)
    assert [(str(one.rule.id), one.found) for one in judge(config)] == [("TU701", "nautilus_trader is not installed")]


def test_errors_come_before_warnings() -> None:
    found = judge(LiveTradingNodeConfig(risk={"bypass": True}), "1.231.0")
    assert [one.rule.severity.value for one in found] == ["error", "warning"]


def test_the_longest_block_of_a_silent_store_is_every_attempt_and_every_delay() -> None:
    redis = LiveTradingNodeConfig(redis={"number_of_retries": 3, "connection_timeout_secs": 2}).redis
    assert redis is not None
    assert redis.connect_secs_max == pytest.approx(4 * 2 + 0.002 + 0.004 + 0.008)
    patient = LiveTradingNodeConfig(redis={"number_of_retries": 100, "max_delay_secs": 1000}).redis
    assert patient is not None
    assert patient.connect_secs_max > 80_000
