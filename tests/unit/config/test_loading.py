"""Reading a file: every problem at once, each with its field and what is allowed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.config.files import CLIENT, problems, read, write
from trueup.config.checking import check_file
from trueup.config.reconciliation import ReconciliationPreset
from trueup.config.trading_node import BinanceClientConfig, LiveTradingNodeConfig
from trueup.errors import ConfigFileError, ConfigValueError


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    loaded = read(tmp_path, "")
    assert loaded.problems == ()
    assert loaded.config.trader_id == "TRADER-001"
    assert loaded.config.redis is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match=r"nowhere\.toml cannot be read: no such file"):
        LiveTradingNodeConfig.from_file(tmp_path / "nowhere.toml")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="is a directory"):
        LiveTradingNodeConfig.from_file(tmp_path)


def test_a_broken_file_is_named_with_the_place(tmp_path: Path) -> None:
    path = write(tmp_path, "[redis\nhost = 1")
    with pytest.raises(ConfigFileError, match=r"trueup\.toml is not TOML: .*line 1"):
        LiveTradingNodeConfig.from_file(path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trueup.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigFileError, match="is not UTF-8 text"):
        LiveTradingNodeConfig.from_file(path)


def test_every_problem_of_a_file_is_reported_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        trader_id = "TRADER"
        bogus = 1
        [reconciliation]
        preset = "fast"
        mode = "both"
        inflight_check_threshold_ms = 1000
        inflight_check_retries = 0
        open_check_lookback_mins = "sixty"
        [redis]
        host = "${UNSET}"
        password = "hunter2"
        prot = 1
        port = 70000
        [risk]
        max_order_submit_rate = "5"
        max_notional_per_order = { "X" = 5 }
        [clients.BINANCE]
        type = "binance_usdm"
        instrument_ids = ["X"]
        [clients.b-c]
        type = "kraken"
        [clients.OTHER]
        environment = "live"
        [[strategies]]
        strategy_path = "x"
        claims = { instrument_ids = ["A.B", "C"] }
        """,
    )
    assert found == {
        "trader_id": "TU006",
        "bogus": "TU002",
        "reconciliation.preset": "TU006",
        "reconciliation.mode": "TU006",
        "reconciliation.inflight_check_threshold_ms": "TU006",
        "reconciliation.inflight_check_retries": "TU005",
        "reconciliation.open_check_lookback_mins": "TU004",
        "redis.host": "TU008",
        "redis.password": "TU007",
        "redis.prot": "TU002",
        "redis.port": "TU005",
        "risk.max_order_submit_rate": "TU006",
        "risk.max_notional_per_order.X": "TU006",
        "clients.BINANCE.environment": "TU003",
        "clients.BINANCE.instrument_ids[0]": "TU006",
        "clients.b-c": "TU006",
        "clients.b-c.type": "TU006",
        "clients.OTHER.type": "TU003",
        "strategies[0].strategy_path": "TU006",
        "strategies[0].config_path": "TU003",
        "strategies[0].claims.instrument_ids[1]": "TU006",
    }


def test_what_is_sound_survives_what_is_not(tmp_path: Path) -> None:
    loaded = read(tmp_path, '[redis]\nport = 0\nhost = "db"\n[reconciliation]\nmode = "native"\nbogus = 1' + CLIENT)
    assert loaded.config.redis is not None
    assert loaded.config.redis.host == "db"
    assert loaded.config.redis.port == 6379
    assert loaded.config.reconciliation.mode == "native"
    assert "BINANCE" in loaded.config.clients


def test_of_two_faulty_list_items_neither_moves_the_other(tmp_path: Path) -> None:
    text = CLIENT.replace('["BTCUSDT-PERP.BINANCE"]', '["X", "ETHUSDT-PERP.BINANCE", "Y"]')
    loaded = read(tmp_path, text)
    assert [one.field for one in loaded.problems] == [
        "clients.BINANCE.instrument_ids[0]",
        "clients.BINANCE.instrument_ids[2]",
    ]
    assert loaded.config.clients["BINANCE"].instrument_ids == ("ETHUSDT-PERP.BINANCE",)


def test_a_misspelt_field_is_answered_with_the_likely_one(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, "[redis]\nprot = 1").problems
    assert problem.action == "did you mean 'port'?"
    assert "host" in problem.allowed


def test_a_misspelt_field_of_a_client_is_answered_with_the_fields_of_its_type(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, CLIENT + "base_url_htp = 1").problems
    assert problem.action == "did you mean 'base_url_http'?"
    assert "data_config_path" not in problem.allowed


def test_a_section_of_the_wrong_type_is_reported_and_left_out(tmp_path: Path) -> None:
    loaded = read(tmp_path, "redis = 5")
    assert [(one.field, one.kind.value) for one in loaded.problems] == [("redis", "TU004")]
    assert loaded.config.redis is None


def test_require_lists_every_problem_with_its_id_and_the_command_that_tells_more(tmp_path: Path) -> None:
    path = write(tmp_path, "bogus = 1\n[redis]\nport = 0")
    with pytest.raises(ConfigValueError) as caught:
        LiveTradingNodeConfig.from_file(path)
    text = str(caught.value)
    assert "has 2 problems" in text
    assert "TU002 bogus" in text
    assert "TU005 redis.port: 0 is out of range; allowed: a whole number, 1 or more, 65535 or less" in text
    assert f"trueup check {path}" in text


def test_a_preset_lies_beneath_the_sections_own_fields(tmp_path: Path) -> None:
    config = read(tmp_path, '[reconciliation]\npreset = "aggressive"\nopen_check_interval_secs = 9').config
    assert config.reconciliation == ReconciliationPreset.AGGRESSIVE.config(open_check_interval_secs=9)


def test_references_are_replaced_by_their_variables_or_defaults(tmp_path: Path) -> None:
    text = '[redis]\nhost = "${HOST}"\nport = "${PORT:-7000}"\nusername = "${USER_NAME:-}"\npassword = "${PW}"'
    config = read(tmp_path, text, {"HOST": "db", "PW": "secret"}).config
    assert config.redis is not None
    assert (config.redis.host, config.redis.port, config.redis.username) == ("db", 7000, "")
    assert config.redis.password is not None
    assert config.redis.password.get_secret_value() == "secret"


def test_an_unset_variable_is_named_with_the_field(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, '[redis]\nhost = "${NOT_SET}"').problems
    assert (problem.field, problem.kind.value) == ("redis.host", "TU008")
    assert "NOT_SET is not set" in problem.found


def test_variables_win_over_the_file_and_reach_into_sections(tmp_path: Path) -> None:
    text = '[redis]\nhost = "file"\nport = 1' + CLIENT
    environ = {
        "TRUEUP_REDIS__HOST": "variable",
        "TRUEUP_RECONCILIATION__MODE": "native",
        "TRUEUP_CLIENTS__BINANCE__API_KEY": "0123",
        "TRUEUP_CLIENTS__BINANCE__INSTRUMENT_IDS": '["ETHUSDT-PERP.BINANCE"]',
        "TRUEUP_TRADER_ID": "OTHER-002",
        "TRUEUP_TEST_WORKERS": "2",
        "TRUEUP___": "odd",
        "UNRELATED": "x",
    }
    loaded = read(tmp_path, text, environ)
    config = loaded.config
    assert loaded.problems == ()
    assert config.redis is not None
    assert (config.redis.host, config.redis.port) == ("variable", 1)
    assert config.reconciliation.mode == "native"
    assert config.trader_id == "OTHER-002"
    client = config.clients["BINANCE"]
    assert isinstance(client, BinanceClientConfig)
    assert client.api_key is not None
    assert client.api_key.get_secret_value() == "0123"
    assert client.instrument_ids == ("ETHUSDT-PERP.BINANCE",)


def test_a_misspelt_variable_of_a_section_is_refused_not_overlooked(tmp_path: Path) -> None:
    assert problems(tmp_path, "", {"TRUEUP_RECONCILATION__MODE": "native"}) == {"reconcilation": "TU002"}
    assert problems(tmp_path, "", {"TRUEUP_REDIS__HOTS": "db"}) == {"redis.hots": "TU002"}


def test_a_variable_that_only_looks_like_json_stays_text_for_its_field_to_judge(tmp_path: Path) -> None:
    assert problems(tmp_path, "", {"TRUEUP_REDIS__HOST": "[::1"}) == {}


def test_a_variable_that_contradicts_a_section_is_reported(tmp_path: Path) -> None:
    found = problems(tmp_path, "", {"TRUEUP_RECONCILIATION": "native", "TRUEUP_RECONCILIATION__MODE": "native"})
    assert found == {}  # the nested one says more, and wins
    assert problems(tmp_path, "", {"TRUEUP_RECONCILIATION": "native"}) == {"reconciliation": "TU004"}


def test_instruments_of_another_venue_than_the_clients_are_refused(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, CLIENT.replace("PERP.BINANCE", "PERP.BINANCE_USDM")).problems
    assert problem.field == "clients.BINANCE"
    assert "instrument ids that end in .BINANCE" in problem.allowed


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('base_url_http = "ws://127.0.0.1:1"', "clients.BINANCE.base_url_http"),
        ('base_url_ws = "http://127.0.0.1:1"', "clients.BINANCE.base_url_ws"),
        ('base_url_ws_stream = "127.0.0.1:1"', "clients.BINANCE.base_url_ws_stream"),
        ('base_url_ws_api = "ws://127.0.0.1:99999"', "clients.BINANCE.base_url_ws_api"),
    ],
)
def test_an_address_of_the_wrong_kind_is_refused(tmp_path: Path, line: str, field: str) -> None:
    assert problems(tmp_path, CLIENT + line) == {field: "TU006"}


def test_words_of_the_venue_are_read_in_any_case(tmp_path: Path) -> None:
    config = read(tmp_path, CLIENT + 'key_type = "ed25519"\nposition_mode = "netting"').config
    client = config.clients["BINANCE"]
    assert isinstance(client, BinanceClientConfig)
    assert (client.key_type.value, client.environment.value, client.position_mode.value) == (
        "Ed25519",
        "TESTNET",
        "NETTING",
    )


def test_futures_settings_on_a_spot_client_are_refused(tmp_path: Path) -> None:
    text = CLIENT.replace("binance_usdm", "binance_spot") + "futures_leverages = { BTCUSDT = 3 }"
    assert problems(tmp_path, text) == {"clients.BINANCE": "TU006"}


def test_an_importable_client_needs_the_paths_of_what_is_on(tmp_path: Path) -> None:
    text = '[clients.BYBIT]\ntype = "importable"\nvenue = "BYBIT"\ndata_config_path = "a:B"'
    (problem,) = read(tmp_path, text).problems
    assert "data_config_path and data_factory_path nor exec_config_path and exec_factory_path" in problem.found
    assert problems(tmp_path, text + "\ndata = false\nexecution = false") == {}


def test_a_user_name_without_a_password_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, '[redis]\nusername = "trader"') == {"redis": "TU006"}


def test_the_settings_do_not_load_the_engine() -> None:
    code = (
        "import sys; import trueup.config.rules, trueup.config.checking, trueup.config.reference;"
        "from trueup.config.trading_node import LiveTradingNodeConfig as C; C(); C.from_file(sys.argv[1]);"
        "sys.exit(any(name.split('.')[0] == 'nautilus_trader' for name in sys.modules))"
    )
    example = Path(__file__).parent / "data" / "no_instruments.toml"
    assert subprocess.run([sys.executable, "-c", code, str(example)], check=False, timeout=60).returncode == 0


def test_a_section_with_a_missing_field_stays_to_be_judged_and_moves_no_neighbour(tmp_path: Path) -> None:
    text = """
    [redis]
    [clients.BINANCE]
    type = "binance_usdm"
    position_mode = "hedging"
    [clients.OTHER]
    type = "importable"
    [[strategies]]
    strategy_path = "no path"
    [[strategies]]
    strategy_path = "a:B"
    config_path = "a:C"
    oms_type = "HEDGING"
    [[actors]]
    [[exec_algorithms]]
    """
    report = check_file(write(tmp_path, text), environ={}, engine_version="1.231.0")
    assert [(str(one.rule.id), one.field) for one in report.findings] == [
        ("TU003", "actors[0].actor_path"),
        ("TU003", "actors[0].config_path"),
        ("TU003", "clients.BINANCE.environment"),
        ("TU003", "clients.OTHER.venue"),
        ("TU003", "exec_algorithms[0].config_path"),
        ("TU003", "exec_algorithms[0].exec_algorithm_path"),
        ("TU003", "strategies[0].config_path"),
        ("TU006", "clients.OTHER"),
        ("TU006", "strategies[0].strategy_path"),
        ("TU101", "clients.BINANCE.position_mode"),
        ("TU101", "strategies[1].oms_type"),
    ]
