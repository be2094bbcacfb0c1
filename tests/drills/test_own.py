"""An operator's own configuration at the emulator: how it is read and changed, and a stranger's strategy in it."""

from __future__ import annotations

import time
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from trueup.cli.drill import app
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.drills.own.config import OwnConfig, dumps
from trueup.drills.own.hand import VenueHand
from trueup.drills.own.scenario import GRAMMAR, needs_an_order, own_scenario, own_scenarios, read_own_scenario
from trueup.drills.stage import DrillError
from trueup.emulator.client import ControlClient
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.symbols import symbol_table
from trueup.emulator.engine.values import Order, OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import Ready
from trueup.errors import ConfigError, ConfigFileError, ConfigValueError

EXAMPLES = Path(__file__).parents[2] / "examples"
READY = Ready(
    rest="http://127.0.0.1:9",
    stream="ws://127.0.0.1:9",
    ws_api="ws://127.0.0.1:9/ws-fapi/v1",
    control="http://127.0.0.1:8",
    account="a",
    api_key="the-key",
    secret="the-secret",
    pid=1,
)
MINE = """
trader_id = "MINE-001"
[reconciliation]
mode = "native"
preset = "conservative"
[redis]
host = "redis.internal"
port = 7000
tls = true
[ops]
port = 9999
[clients.VENUE]
type = "binance_usdm"
environment = "live"
instrument_ids = ["BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"]
base_url_http = "https://venue.invalid"
recv_window_ms = 6000
[[strategies]]
strategy_path = "examples.strategies.resting_bid:RestingBid"
config_path = "examples.strategies.resting_bid:RestingBidConfig"
config = { instrument_id = "BTCUSDT-PERP.BINANCE", note = "two \\"words\\"" }
"""
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9, allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=4))
def test_a_document_that_is_written_reads_as_what_it_was(document: dict[str, Any]) -> None:
    assert tomllib.loads(dumps(document)) == document


def write(tmp_path: Path, text: str) -> Path:
    """Write a configuration."""
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_what_a_node_does_stays_and_where_things_are_is_replaced(tmp_path: Path) -> None:
    own = OwnConfig.from_file(write(tmp_path, MINE))
    assert own.symbols == ("BTCUSDT", "ETHUSDT")
    assert own.secrets(READY) == {
        "TRUEUP_CLIENTS__VENUE__API_KEY": "the-key",
        "TRUEUP_CLIENTS__VENUE__API_SECRET": "the-secret",
    }
    text = own.derive(READY, 6401, "verified", tmp_path, 1)
    for left in ("redis.internal", "venue.invalid", "9999", "the-secret"):
        assert left not in text
    config = LiveTradingNodeConfig.from_file(write(tmp_path, text))
    assert (config.trader_id, config.reconciliation.mode) == ("MINE-001", "verified")
    assert config.reconciliation.inflight_check_retries == own.config.reconciliation.inflight_check_retries
    assert config.redis is not None
    assert (config.redis.host, config.redis.port, config.redis.tls) == ("127.0.0.1", 6401, False)
    assert not config.ops.enabled
    assert not config.journal.enabled
    client: Any = config.clients["VENUE"]
    assert str(client.base_url_http).startswith(READY.rest)
    assert client.recv_window_ms == 6000
    assert config.strategies == own.config.strategies


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("", r"has the clients none: its drills have no venue"),
        (MINE.replace("binance_usdm", "binance_spot"), r"VENUE \(binance_spot\)"),
        (MINE.split("[[strategies]]")[0], "has no strategy: nothing would trade"),
        (MINE.replace("ETHUSDT", "NOSUCHUSDT"), "trades NOSUCHUSDT, which the emulator does not list"),
        (
            MINE.replace('resting_bid:RestingBid"', 'no_such:Thing"'),
            "the module 'examples.strategies.no_such' cannot be",
        ),
        (MINE.replace('mode = "native"', 'mode = "sometimes"'), "reconciliation.mode"),
    ],
)
def test_what_cannot_be_drilled_is_said_with_what_can_and_what_to_do(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as found:
        OwnConfig.from_file(write(tmp_path, change or 'trader_id = "MINE-001"\n'))
    assert found.value.action


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError):
        CliRunner().invoke(app, ["run", "--config", str(tmp_path / "no.toml")], catch_exceptions=False)


def test_every_scenario_for_any_strategy_is_read_and_a_wrong_word_is_answered_with_those_there_are() -> None:
    assert [one.id for one in own_scenarios()] == [f"O{number}" for number in range(1, len(own_scenarios()) + 1)]
    with pytest.raises(ConfigValueError, match="the step 'venue burns' is not understood") as found:
        read_own_scenario('id = "O99"\ntitle = "t"\nsteps = "venue burns"', "x.toml")
    assert GRAMMAR.splitlines()[0] in str(found.value)
    with pytest.raises(ConfigValueError, match="there is no scenario 'O99'"):
        own_scenario("O99")


def test_what_happens_to_an_order_happens_at_one_moment_with_the_end_of_the_node_before_it() -> None:
    assert own_scenario("O2").moments == (
        ("node start",),
        ("wait for 2 orders",),
        ("node kill", "venue fill half", "venue fill all"),
        ("node start",),
    )
    assert [needs_an_order(moment) for moment in own_scenario("O2").moments] == [False, False, True, False]


def prices(control: ControlClient) -> tuple[Decimal, Decimal]:
    """Return where the market is."""
    top = control.book_top("BTCUSDT")
    return top.bid, top.ask


def place_resting(control: ControlClient, account: str) -> Order:
    """Place a buy order of four steps, out of the market's reach."""
    rules = symbol_table()["BTCUSDT"]
    return control.place_order(
        account,
        OrderRequest(
            "BTCUSDT",
            Side.BUY,
            OrderType.LIMIT,
            quantity=rules.step * 4,
            price=rules.round_price(control.book_top("BTCUSDT").bid * Decimal("0.9")),
            time_in_force=TimeInForce.GTC,
        ),
    )


@pytest.mark.server
def test_an_order_chosen_for_a_step_is_neither_passed_by_the_market_nor_lost_to_its_strategy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market = {"seed": 1, "step_interval_ms": 5, "step_symbols": ["BTCUSDT"]}
    with EmulatorProcess(settings={"market": market}) as venue:
        control, account = venue.control, venue.ready.account
        hand = VenueHand(control, account, ("BTCUSDT",))
        with pytest.raises(DrillError, match="no order works"), hand.market_standing(lambda: False):
            pass

        placed: list[Order] = []

        def a_node_that_lives() -> bool:
            placed.append(place_resting(control, account))
            return True

        with hand.market_standing(a_node_that_lives):
            stands_at = prices(control)
            second = place_resting(control, account)
            for how in ("half", "part", "all"):
                hand.do(["venue", "fill", how])
            assert [order.order_id for order in control.open_orders(account)] == [second.order_id]
            hand.do(["venue", "cancel"])
            with pytest.raises(DrillError, match="no order works"):
                hand.do(["venue", "cancel"])
            assert prices(control) == stands_at
        assert len(placed) == 1
        deadline = time.monotonic() + 30
        while prices(control) == stands_at:
            assert time.monotonic() < deadline, "the market walks on afterwards"

        gone, stays = place_resting(control, account), place_resting(control, account)
        listed = control.open_orders

        def the_strategy_cancels_what_was_listed(account_id: str) -> list[Order]:
            found = listed(account_id)
            if gone in found:
                control.cancel_order(account_id, "BTCUSDT", order_id=gone.order_id)
            return found

        monkeypatch.setattr(control, "open_orders", the_strategy_cancels_what_was_listed)
        hand.do(["venue", "fill", "half"])
        assert [order.remaining for order in listed(account)] == [stays.remaining / 2]


@pytest.mark.node
@pytest.mark.server
def test_a_strangers_strategy_survives_fills_that_happen_while_its_node_is_dead(tmp_path: Path) -> None:
    ran = CliRunner().invoke(
        app, ["run", "O2", "--config", str(EXAMPLES / "exec_tester.toml"), "--keep-logs", str(tmp_path)]
    )
    assert ran.exit_code == 0, ran.output
    assert "O2 verified holds" in ran.output
    assert "1 of 1 hold" in ran.output
    assert (tmp_path / "O2-verified" / "life-2.console.log").stat().st_size > 0
