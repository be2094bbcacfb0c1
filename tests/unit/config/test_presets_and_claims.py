"""Presets and claims."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from trueup.config.reconciliation import ExternalOrderClaimConfig, ReconciliationConfig, ReconciliationPreset
from trueup.config.rules import Severity, judge
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.core.claims import Product

WORKING = [ReconciliationPreset.CONSERVATIVE, ReconciliationPreset.STANDARD, ReconciliationPreset.AGGRESSIVE]


def test_standard_is_the_plans_defaults() -> None:
    assert ReconciliationPreset.STANDARD.config() == ReconciliationConfig()


def test_overrides_win_over_a_preset() -> None:
    config = ReconciliationPreset.AGGRESSIVE.config(open_check_interval_secs=7.0)
    assert config.open_check_interval_secs == 7.0
    assert config.inflight_check_interval_ms == 1000


def test_the_values_of_a_preset_cannot_be_changed_through_what_it_hands_out() -> None:
    ReconciliationPreset.AGGRESSIVE.values["open_check_interval_secs"] = 99.0
    assert ReconciliationPreset.AGGRESSIVE.config().open_check_interval_secs == 3.0


@pytest.mark.parametrize("preset", WORKING)
def test_no_preset_looks_back_less_or_judges_sooner_than_the_plan(preset: ReconciliationPreset) -> None:
    plan, config = ReconciliationConfig(), preset.config()
    assert config.lookback_mins is None
    assert config.open_check_lookback_mins >= plan.open_check_lookback_mins
    assert config.open_check_threshold_ms >= plan.open_check_threshold_ms
    assert config.purge_closed_orders_buffer_mins >= config.open_check_lookback_mins

    def patience_ms(one: ReconciliationConfig) -> int:
        return one.inflight_check_threshold_ms * (one.inflight_check_retries + 1)

    assert patience_ms(config) >= patience_ms(plan)


@pytest.mark.parametrize("preset", WORKING)
@pytest.mark.parametrize("mode", ["native", "verified"])
def test_no_working_preset_breaks_a_rule_of_error_severity(preset: ReconciliationPreset, mode: str) -> None:
    config = LiveTradingNodeConfig(
        reconciliation=preset.config(mode=mode),
        redis={},
        clients={"BINANCE": {"type": "binance_usdm", "environment": "TESTNET"}},
    )
    assert [one.rule.id for one in judge(config) if one.rule.severity is Severity.ERROR] == []


@pytest.mark.parametrize("preset", [ReconciliationPreset.CONSERVATIVE, ReconciliationPreset.AGGRESSIVE])
def test_native_presets_other_than_the_plans_leave_only_the_race_that_polling_has_by_nature(
    preset: ReconciliationPreset,
) -> None:
    config = LiveTradingNodeConfig(reconciliation=preset.config(mode="native"), redis={})
    assert [one.rule.slug for one in judge(config)] == ["open-order-double-booking"]


def test_disabled_neither_reconciles_at_start_nor_polls() -> None:
    config = ReconciliationPreset.DISABLED.config()
    assert not config.enabled
    assert config.open_check_interval_secs is None
    assert config.position_check_interval_secs is None


def test_claims_take_what_the_engines_own_parser_takes() -> None:
    claims = ExternalOrderClaimConfig(instrument_ids=("EUR/USD.IDEALPRO", "BTCUSDT-PERP.BINANCE"))
    assert claims.instrument_ids == ("EUR/USD.IDEALPRO", "BTCUSDT-PERP.BINANCE")
    assert not claims.is_empty


@pytest.mark.parametrize("text", ["", "BTCUSDT", "BTCUSDT.", ".BINANCE", "BTCUSDT.BINANCÉ"])
def test_a_claim_that_the_engine_cannot_parse_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ExternalOrderClaimConfig(instrument_ids=(text,))
    assert "EUR/USD.IDEALPRO" in caught.value.errors()[0]["ctx"]["allowed"]


def test_claim_all_excludes_a_list() -> None:
    assert ExternalOrderClaimConfig(claim_all=True).instrument_ids == ()
    with pytest.raises(ValidationError, match="claim_all stands beside instrument_ids"):
        ExternalOrderClaimConfig(claim_all=True, instrument_ids=("A.B",))


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"patterns": ["BTC*"]}, "'BTC*' is not a pattern: it needs a symbol and a venue"),
        ({"patterns": ["BTCUSDT-PERP.BINANCE"]}, "it has no wildcard"),
        ({"patterns": ["*.A", "*.A"]}, "claimed twice in one list: *.A"),
        ({"patterns": ["*.A"], "claim_all": True}, "claim_all stands beside patterns"),
        ({"products": ["spot"], "instrument_ids": ["A.B"]}, "products narrow nothing"),
        ({"products": ["stocks"], "claim_all": True}, "Input should be 'spot', 'perpetual'"),
        ({"patterns": [f"{number}*.A" for number in range(21)]}, "at most 20 items"),
    ],
)
def test_patterns_that_claim_nothing_or_too_much_are_refused(claims: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ExternalOrderClaimConfig.model_validate(claims)
    assert said in str(caught.value)


def test_a_pattern_stands_for_an_id_and_products_narrow_it() -> None:
    config = ExternalOrderClaimConfig(instrument_ids=("A.B",), patterns=("*.C",), products=(Product.SPOT,))
    assert not config.is_empty
    assert [one.explain() for one in config.claims_of("S-1")] == ["S-1 claims A.B", "S-1 claims '*.C' of spot"]


def test_an_instrument_claimed_twice_in_one_list_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"claimed twice in one list: A\.B"):
        ExternalOrderClaimConfig(instrument_ids=("A.B", "C.D", "A.B"))


def test_no_claim_is_the_default() -> None:
    assert ExternalOrderClaimConfig().is_empty
