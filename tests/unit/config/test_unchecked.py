"""What a configuration leaves unchecked is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.test_rules import BYBIT, SOUND, USDM
from trueup.config.rules import what_is_unchecked
from trueup.config.trading_node import LiveTradingNodeConfig


def subjects(live: bool = False, **settings: Any) -> str:
    """Return every subject, one a line."""
    config = LiveTradingNodeConfig(**{**SOUND, **settings})
    return "\n".join(one.subject for one in what_is_unchecked(config, live=live))


@pytest.mark.parametrize(
    ("settings", "gap"),
    [
        ({"reconciliation": {"enabled": False}}, "everything at start-up"),
        ({"reconciliation": {"lookback_mins": 1440}}, "history older than 1440 minutes at start-up"),
        ({"reconciliation": {"open_check_interval_secs": None}}, "open orders while the node runs"),
        ({"reconciliation": {"reconciliation_instrument_ids": ["A.B"]}}, "every instrument but A.B"),
        ({"reconciliation": {"filtered_client_order_ids": ["O-1"]}}, "the orders O-1"),
        ({"reconciliation": {"filter_position_reports": True}}, "positions at start-up"),
        ({"reconciliation": {"filter_unclaimed_external_orders": True}}, "external orders that nobody claims"),
        ({"reconciliation": {"mode": "native"}}, "positions opened at the venue by others while the node runs"),
        ({"reconciliation": {"mode": "native"}}, "whether a successful start-up is true"),
        ({"reconciliation": {"mode": "native"}}, "how long start-up reconciliation takes"),
        ({"reconciliation": {"mode": "native"}}, "positions while the node runs"),
        ({"reconciliation": {"mode": "native"}}, "orders that are open in the node and gone at the venue"),
        ({"reconciliation": {"mode": "native"}}, "balances"),
        ({"clients": {}}, "every venue"),
        ({"clients": {"BINANCE": {**USDM, "execution": False}}}, "orders and positions of BINANCE"),
        ({"clients": {"BINANCE": {**USDM, "instrument_ids": []}}}, "every instrument of BINANCE"),
    ],
)
def test_a_gap_is_named_where_it_is_and_not_where_it_is_not(settings: dict[str, Any], gap: str) -> None:
    assert gap in subjects(**settings).split("\n")
    sound: dict[str, Any] = {"reconciliation": {"history": "full"}, "clients": {"BINANCE": {**USDM, "load_all": True}}}
    assert gap not in subjects(**sound).split("\n")


def test_instruments_that_are_not_loaded_are_named_as_a_gap() -> None:
    assert "instruments that BINANCE does not load" in subjects()
    assert "does not load" not in subjects(clients={"BINANCE": {**USDM, "load_all": True}})
    assert "does not load" not in subjects(clients={"BYBIT": BYBIT})


def test_a_strategy_that_does_not_say_what_it_trades_cannot_be_judged_by_its_claims() -> None:
    silent = {"strategy_path": "a:B", "config_path": "a:C"}
    gap = "whether strategies[0] claims all that it trades"
    assert gap in subjects(strategies=[silent])
    assert gap not in subjects(strategies=[{**silent, "claims": {"claim_all": True}}])
    assert gap not in subjects(strategies=[{**silent, "instrument_ids": ["BTCUSDT-PERP.BINANCE"]}])


def test_a_cold_starts_gap_closes_with_the_full_history() -> None:
    gap = "closed orders and finished positions of a cold start"
    assert gap in subjects()
    assert gap not in subjects(reconciliation={"history": "full"})


def test_native_polls_that_are_on_are_not_named_as_gaps() -> None:
    on = {"mode": "native", "position_check_interval_secs": 30, "open_check_open_only": False}
    text = subjects(reconciliation=on)
    assert "positions while the node runs" not in text.split("\n")
    assert "gone at the venue" not in text


def test_what_the_check_itself_did_not_ask_is_said_unless_it_asked() -> None:
    assert "the store and the venue themselves" in subjects()
    assert "credentials: TRUEUP_CLIENTS__BINANCE__API_KEY" in subjects()
    assert "credentials" not in subjects(live=True)
    assert "import paths" in subjects(live=True)
    assert "import paths" not in subjects(strategies=[])
