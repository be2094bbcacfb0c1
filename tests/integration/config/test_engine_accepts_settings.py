"""Whatever the settings accept, the engine accepts too: on the oldest and on the newest supported version."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nautilus_trader.live.config import LiveExecEngineConfig

from tests.integration.config.nodes import OLDEST_PYTHON, run_script
from tests.integration.config.scripts.validate_settings import parameters
from trueup.config.engine_versions import FIELD_SPANS, NEWEST_SUPPORTED, OLDEST_SUPPORTED
from trueup.config.reconciliation import ReconciliationConfig, ReconciliationPreset
from trueup.config.reconciliation.config import ENGINE_DEFAULTS, ENGINE_PARAMETERS, PLAN_PARAMETERS
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.config.trading_node.build import exec_engine_config

LARGE = 2**40

milliseconds = st.integers(1_000, LARGE)
minutes = st.integers(0, LARGE)
counts = st.integers(0, LARGE)
seconds = st.floats(1.0, 1e12, allow_nan=False)
any_seconds = st.floats(0.0, 1e12, exclude_min=True, allow_nan=False)

PLAN_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "enabled": st.booleans(),
    "startup_delay_secs": st.floats(10.0, 1e12, allow_nan=False),
    "lookback_mins": st.none() | minutes,
    "inflight_check_retries": st.integers(1, LARGE),
    "open_check_interval_secs": st.none() | seconds,
    "open_check_lookback_mins": st.integers(60, LARGE),
    "open_check_threshold_ms": milliseconds,
    "purge_closed_orders_interval_mins": st.integers(1, LARGE),
    "purge_closed_orders_buffer_mins": minutes,
}
FURTHER_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "mode": st.sampled_from(["native", "verified"]),
    "reconciliation_instrument_ids": st.lists(
        st.sampled_from(["BTCUSDT-PERP.BINANCE", "EUR/USD.IDEALPRO", "A.B.C"]), max_size=3
    ),
    "filter_unclaimed_external_orders": st.booleans(),
    "filter_position_reports": st.booleans(),
    "filtered_client_order_ids": st.lists(st.sampled_from(["O-1", "O-20261122-1"]), max_size=2),
    "generate_missing_orders": st.booleans(),
    "open_check_open_only": st.booleans(),
    "open_check_missing_retries": counts,
    "max_single_order_queries_per_cycle": st.integers(1, LARGE),
    "single_order_query_delay_ms": counts,
    "position_check_interval_secs": any_seconds,
    "position_check_lookback_mins": st.integers(1, LARGE),
    "position_check_threshold_ms": counts,
    "own_books_audit_interval_secs": any_seconds,
    "allow_overfills": st.booleans(),
    "purge_closed_positions_interval_mins": st.integers(1, LARGE),
    "purge_closed_positions_buffer_mins": minutes,
    "purge_account_events_interval_mins": st.integers(1, LARGE),
    "purge_account_events_lookback_mins": minutes,
    "purge_from_database": st.booleans(),
}


@st.composite
def valid_settings(draw: st.DrawFn, also: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """Draw settings that keep every limit, with any choice of the optional fields set."""
    values = draw(st.fixed_dictionaries(PLAN_FIELDS, optional={**FURTHER_FIELDS, **also}))
    interval_ms, threshold_ms = sorted([draw(milliseconds), draw(milliseconds)])
    return {**values, "inflight_check_interval_ms": interval_ms, "inflight_check_threshold_ms": threshold_ms}


NEWEST_ONLY = {"position_check_retries": counts}
OLDEST_ONLY = {"convert_quote_qty_to_base": st.booleans()}


def test_every_parameter_of_the_engine_is_drawn() -> None:
    drawn = {*FURTHER_FIELDS, *NEWEST_ONLY, *OLDEST_ONLY} - {"mode"}
    assert drawn == set(ENGINE_PARAMETERS)
    assert {*PLAN_FIELDS, "inflight_check_interval_ms", "inflight_check_threshold_ms"} == set(PLAN_PARAMETERS)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(valid_settings(NEWEST_ONLY))
def test_every_valid_settings_object_builds_what_the_newest_engine_validates(values: dict[str, Any]) -> None:
    config = LiveTradingNodeConfig(reconciliation=values)
    built = exec_engine_config(config)
    assert built.validate() is True
    assert LiveExecEngineConfig(**config.reconciliation.to_live_exec_engine_config()).validate() is True
    for field, parameter in PLAN_PARAMETERS.items():
        expected = getattr(config.reconciliation, field)
        if config.reconciliation.mode == "verified" and parameter == "open_check_interval_secs":
            expected = None
        assert getattr(built, parameter) == expected


def preset_lines() -> list[dict[str, Any]]:
    """Return every preset in both modes."""
    return [{**preset.values, "mode": mode} for preset in ReconciliationPreset for mode in ("native", "verified")]


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Let the oldest engine validate drawn settings and every preset, in one process; return what it says."""
    drawn = [json.dumps(values) for values in preset_lines()]

    @settings(max_examples=200, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(valid_settings(OLDEST_ONLY))
    def draw_all(values: dict[str, Any]) -> None:
        ReconciliationConfig(**values)
        drawn.append(json.dumps(values))

    draw_all()
    folder = tmp_path_factory.mktemp("oldest")
    result = run_script(OLDEST_PYTHON, "validate_settings", cwd=folder, stdin="\n".join(drawn))
    assert result.returncode == 0, result.stderr
    return {**json.loads(result.stdout), "drawn": len(drawn)}


def test_every_valid_settings_object_and_every_preset_builds_what_the_oldest_engine_validates(
    oldest: dict[str, Any],
) -> None:
    assert oldest["version"] == "1.222.0"
    assert oldest["checked"] == oldest["drawn"] > 200


@pytest.mark.parametrize("values", preset_lines(), ids=str)
def test_every_preset_is_validated_by_the_newest_engine(values: dict[str, Any]) -> None:
    assert exec_engine_config(LiveTradingNodeConfig(reconciliation=values)).validate() is True


def test_the_engines_defaults_that_the_rules_reason_with_are_the_engines() -> None:
    engine = LiveExecEngineConfig()
    assert {name: getattr(engine, name) for name in ENGINE_DEFAULTS} == ENGINE_DEFAULTS


def test_the_table_of_versions_is_what_both_ends_have_installed(oldest: dict[str, Any]) -> None:
    known = {OLDEST_SUPPORTED: oldest["parameters"], NEWEST_SUPPORTED: parameters()}
    for (config_class, parameter), span in FIELD_SPANS.items():
        for version, classes in known.items():
            assert (parameter in classes[config_class]) is span.covers(version), (config_class, parameter, version)
    for config_class, newest in known[NEWEST_SUPPORTED].items():
        for parameter in set(newest) ^ set(known[OLDEST_SUPPORTED][config_class]):
            # What only one end has must be in the table, unless no setting of ours leads to it.
            assert (config_class, parameter) in FIELD_SPANS or parameter == "transport_backend"
