"""The plan's fields, defaults and limits, and what the engine is given."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from trueup.config.reconciliation import ReconciliationConfig, ReconciliationMode
from trueup.config.reconciliation.config import ENGINE_PARAMETERS, PLAN_PARAMETERS
from trueup.errors import EngineFieldError

PLAN_DEFAULTS: dict[str, Any] = {
    "enabled": True,
    "startup_delay_secs": 10.0,
    "lookback_mins": None,
    "inflight_check_interval_ms": 2000,
    "inflight_check_threshold_ms": 5000,
    "inflight_check_retries": 5,
    "open_check_interval_secs": 5.0,
    "open_check_lookback_mins": 60,
    "open_check_threshold_ms": 5000,
    "purge_closed_orders_interval_mins": 10,
    "purge_closed_orders_buffer_mins": 60,
}

# The limit, and the value one step beyond it, with what the threshold rule needs beside them.
LIMITS: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("startup_delay_secs", 10.0, 9.999, {}),
    ("lookback_mins", 0, -1, {}),
    ("inflight_check_interval_ms", 1000, 999, {}),
    ("inflight_check_threshold_ms", 1000, 999, {"inflight_check_interval_ms": 1000}),
    ("inflight_check_retries", 1, 0, {}),
    ("open_check_interval_secs", 1.0, 0.999, {}),
    ("open_check_lookback_mins", 60, 59, {}),
    ("open_check_threshold_ms", 1000, 999, {}),
    ("purge_closed_orders_interval_mins", 1, 0, {}),
    ("purge_closed_orders_buffer_mins", 0, -1, {}),
]


def test_the_defaults_are_the_plans() -> None:
    config = ReconciliationConfig()
    assert {name: getattr(config, name) for name in PLAN_DEFAULTS} == PLAN_DEFAULTS


def test_the_mapping_holds_exactly_the_plans_keys_and_values() -> None:
    assert ReconciliationConfig(lookback_mins=90).to_live_exec_engine_config() == {
        "reconciliation": True,
        "reconciliation_startup_delay_secs": 10.0,
        "reconciliation_lookback_mins": 90,
        "inflight_check_interval_ms": 2000,
        "inflight_check_threshold_ms": 5000,
        "inflight_check_retries": 5,
        "open_check_interval_secs": 5.0,
        "open_check_lookback_mins": 60,
        "open_check_threshold_ms": 5000,
        "purge_closed_orders_interval_mins": 10,
        "purge_closed_orders_buffer_mins": 60,
    }


def test_the_mapping_is_the_same_in_both_modes() -> None:
    native, verified = ReconciliationConfig(mode="native"), ReconciliationConfig(mode="verified")
    assert native.to_live_exec_engine_config() == verified.to_live_exec_engine_config()


@pytest.mark.parametrize(("name", "limit", "beyond", "beside"), LIMITS)
def test_a_limit_is_accepted_and_one_step_beyond_it_is_refused(
    name: str, limit: Any, beyond: Any, beside: dict[str, Any]
) -> None:
    assert getattr(ReconciliationConfig(**{name: limit, **beside}), name) == limit
    with pytest.raises(ValidationError) as caught:
        ReconciliationConfig(**{name: beyond, **beside})
    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


def test_every_field_of_the_plan_with_a_limit_is_in_the_table() -> None:
    assert {name for name, *_ in LIMITS} == set(PLAN_PARAMETERS) - {"enabled"}


def test_the_threshold_may_equal_the_interval_and_may_not_be_shorter() -> None:
    equal = ReconciliationConfig(inflight_check_interval_ms=3000, inflight_check_threshold_ms=3000)
    assert equal.inflight_check_threshold_ms == 3000
    with pytest.raises(ValidationError, match="below inflight_check_interval_ms"):
        ReconciliationConfig(inflight_check_interval_ms=3000, inflight_check_threshold_ms=2999)


def test_the_default_threshold_is_judged_against_a_longer_interval_too() -> None:
    with pytest.raises(ValidationError, match="below inflight_check_interval_ms"):
        ReconciliationConfig(inflight_check_interval_ms=6000)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "soon", True, [5]])
def test_a_duration_that_is_no_finite_number_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        ReconciliationConfig(open_check_interval_secs=value)


def test_a_boolean_is_not_taken_for_a_count() -> None:
    with pytest.raises(ValidationError, match="boolean stands where a number belongs"):
        ReconciliationConfig(inflight_check_retries=True)


@pytest.mark.parametrize("word", ["off", "Off", " none ", "null"])
def test_off_switches_a_poll_off_where_a_file_has_no_null(word: str) -> None:
    assert ReconciliationConfig(open_check_interval_secs=word).open_check_interval_secs is None


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        ReconciliationConfig(open_check_intervall_secs=5)  # type: ignore[call-arg]  # the misspelling is the test


def test_the_settings_are_frozen() -> None:
    config = ReconciliationConfig()
    with pytest.raises(ValidationError, match="frozen"):
        config.enabled = False  # type: ignore[misc]  # the assignment is the test


def test_verified_is_the_default_mode_and_switches_the_engines_own_polls_off() -> None:
    config = ReconciliationConfig(position_check_interval_secs=30.0)
    parameters = config.engine_parameters("1.231.0")
    assert config.mode is ReconciliationMode.VERIFIED
    assert parameters["open_check_interval_secs"] is None
    assert parameters["position_check_interval_secs"] is None
    assert parameters["inflight_check_interval_ms"] == 2000
    assert parameters["reconciliation"] is True


def test_native_mode_gives_the_engine_the_polls_as_they_are_set() -> None:
    config = ReconciliationConfig(mode="native", position_check_interval_secs=30.0)
    parameters = config.engine_parameters("1.231.0")
    assert parameters["open_check_interval_secs"] == 5.0
    assert parameters["position_check_interval_secs"] == 30.0


def test_what_is_not_set_is_left_to_the_engine() -> None:
    parameters = ReconciliationConfig(mode="native").engine_parameters("1.231.0")
    assert set(parameters) == set(PLAN_PARAMETERS.values())


def test_every_parameter_beyond_the_plan_is_passed_on_when_set() -> None:
    values: dict[str, Any] = {
        "reconciliation_instrument_ids": ("BTCUSDT-PERP.BINANCE",),
        "filter_unclaimed_external_orders": True,
        "filter_position_reports": True,
        "filtered_client_order_ids": ("O-1",),
        "generate_missing_orders": False,
        "open_check_open_only": False,
        "open_check_missing_retries": 20,
        "max_single_order_queries_per_cycle": 3,
        "single_order_query_delay_ms": 50,
        "position_check_interval_secs": 30.0,
        "position_check_lookback_mins": 90,
        "position_check_threshold_ms": 4000,
        "position_check_retries": 4,
        "own_books_audit_interval_secs": 60.0,
        "allow_overfills": True,
        "purge_closed_positions_interval_mins": 10,
        "purge_closed_positions_buffer_mins": 60,
        "purge_account_events_interval_mins": 10,
        "purge_account_events_lookback_mins": 60,
        "purge_from_database": True,
    }
    parameters = ReconciliationConfig(mode="native", **values).engine_parameters("1.231.0")
    wanted = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    assert {name: parameters[name] for name in values} == wanted
    assert set(values) == set(ENGINE_PARAMETERS) - {"convert_quote_qty_to_base"}  # gone since 1.225


def test_a_parameter_that_the_version_lacks_is_refused_with_the_field_the_version_and_what_to_do() -> None:
    config = ReconciliationConfig(position_check_retries=4)
    assert config.engine_parameters("1.224.0")["position_check_retries"] == 4
    with pytest.raises(EngineFieldError) as caught:
        config.engine_parameters("1.223.0")
    text = str(caught.value)
    assert "reconciliation.position_check_retries" in text
    assert "1.223.0" in text
    assert "1.224 and later" in text
    assert "remove reconciliation.position_check_retries" in text


def test_a_parameter_that_later_versions_dropped_is_refused_there() -> None:
    config = ReconciliationConfig(convert_quote_qty_to_base=False)
    assert config.engine_parameters("1.224.0")["convert_quote_qty_to_base"] is False
    with pytest.raises(EngineFieldError, match=r"before 1\.225"):
        config.engine_parameters("1.225.0")


def test_the_parameters_of_the_installed_version_are_the_default() -> None:
    assert "position_check_retries" in ReconciliationConfig(position_check_retries=4).engine_parameters()


def test_instrument_filters_go_through_the_engines_own_parser() -> None:
    with pytest.raises(ValidationError, match="is not an instrument id"):
        ReconciliationConfig(reconciliation_instrument_ids=("BTCUSDT",))


@pytest.mark.parametrize("field", ["submit_grace_ms", "query_timeout_secs", "venue_outage_secs_max"])
def test_trueups_own_durations_are_above_zero(field: str) -> None:
    with pytest.raises(ValidationError):
        ReconciliationConfig(**{field: 0})
