"""A node from a file starts and stops on the oldest and on the newest supported NautilusTrader."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.config.nodes import INTERPRETERS, run_script
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.emulator.process import EmulatorProcess
from trueup.errors import StoreUnavailableError
from trueup.node.build import build_node
from trueup.store.connection import open_client
from trueup.store.embedded import EmbeddedValkey

pytestmark = [pytest.mark.node]

STRATEGY = """
[[strategies]]
strategy_path = "examples.strategies.resting_bid:RestingBid"
config_path = "examples.strategies.resting_bid:RestingBidConfig"
config = { instrument_id = "BTCUSDT-PERP.BINANCE", order_quantity = "0.002" }
claims = { instrument_ids = ["BTCUSDT-PERP.BINANCE"] }
"""

TIMEOUTS = """
[timeouts]
post_stop_secs = 0.1
disconnection_secs = 2
"""

PASSWORD = "planted-store-password"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """Give a server that asks for a password."""
    with EmbeddedValkey.start(tmp_path_factory.mktemp("valkey"), password=PASSWORD) as server:
        yield server


def start(version: str, directory: Path, text: str, **variables: str) -> tuple[int, dict[str, Any], str]:
    """Start a node from a file in one of the interpreters; return exit code, facts, and all that was written."""
    path, facts = directory / "trueup.toml", directory / "facts.json"
    path.write_text(text + TIMEOUTS, encoding="utf-8")
    result = run_script(INTERPRETERS[version], "start_node", str(path), str(facts), cwd=directory, variables=variables)
    logs = "".join(log.read_text(encoding="utf-8") for log in directory.glob("logs/*"))
    written = result.stdout + result.stderr + logs
    assert facts.exists(), written
    return result.returncode, json.loads(facts.read_text(encoding="utf-8")), written


@pytest.mark.server
@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_node_with_store_and_strategy_reaches_running_and_stops_cleanly(
    version: str, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    trader_id = f"START-{version.replace('.', '')}"
    text = f'trader_id = "{trader_id}"\n[redis]\nport = {valkey.port}\n{STRATEGY}'
    code, facts, written = start(version, tmp_path, text, TRUEUP_REDIS__PASSWORD=PASSWORD)
    assert code == 0, written
    assert facts["version"].startswith(version)
    assert facts["trader_was_running"] is True, written
    assert facts["trader_is_stopped"] is True
    assert facts["cache_is_backed"] is True
    assert facts["strategies"] == {"RestingBid-000": "RUNNING"}
    assert facts["polls"] == [None, None]
    assert PASSWORD not in written
    assert list(tmp_path.glob("logs/*.json*"))
    client = open_client(valkey.address)
    assert list(client.scan_iter(f"trader-{trader_id}:*"))
    client.close()


@pytest.fixture(scope="module")
def venue() -> Iterator[EmulatorProcess]:
    """Give a venue on loopback."""
    with EmulatorProcess() as emulator:
        yield emulator


@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_node_with_a_binance_client_runs_against_any_address_and_never_shows_its_key(
    version: str, venue: EmulatorProcess, tmp_path: Path
) -> None:
    text = f"""
    [clients.BINANCE]
    type = "binance_usdm"
    environment = "live"
    instrument_ids = ["BTCUSDT-PERP.BINANCE"]
    base_url_http = "{venue.ready.rest}"
    base_url_ws = "{venue.ready.stream}"
    base_url_ws_stream = "{venue.ready.stream}"
    {STRATEGY}
    """
    keys = {
        "TRUEUP_CLIENTS__BINANCE__API_KEY": venue.ready.api_key,
        "TRUEUP_CLIENTS__BINANCE__API_SECRET": venue.ready.secret,
    }
    code, facts, written = start(version, tmp_path, text, **keys)
    assert code == 0, written
    assert facts["trader_was_running"] is True, written
    assert facts["trader_is_stopped"] is True
    assert venue.ready.secret not in written
    assert venue.ready.api_key not in written


def test_native_mode_gives_a_running_engine_its_polls(tmp_path: Path) -> None:
    text = '[reconciliation]\nmode = "native"\nopen_check_interval_secs = 7\nposition_check_interval_secs = 31\n'
    code, facts, written = start("1.231", tmp_path, text)
    assert code == 0, written
    assert facts["polls"] == [7.0, 31.0]
    assert facts["trader_was_running"] is True, written


def build_error(directory: Path, text: str) -> StoreUnavailableError:
    """Build a node whose store fails, and return the error. No node is constructed before the store answers."""
    path = directory / "trueup.toml"
    path.write_text(text, encoding="utf-8")
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError) as caught:
        build_node(LiveTradingNodeConfig.from_file(path))
    assert time.monotonic() - began < 10.0  # the promise; two time-outs of four seconds at most by construction
    return caught.value


def test_an_unreachable_store_is_a_clear_error_within_ten_seconds(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # not listening: refused
        port = silent.getsockname()[1]
        assert f"127.0.0.1:{port}" in str(build_error(tmp_path, f"[redis]\nport = {port}\n"))


def test_a_store_that_accepts_and_never_answers_is_a_clear_error_within_ten_seconds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        text = f"[redis]\nport = {port}\nconnection_timeout_secs = 60\nresponse_timeout_secs = 60\n"
        assert f"127.0.0.1:{port}" in str(build_error(tmp_path, text))


@pytest.mark.server
def test_a_wrong_password_is_a_clear_error_that_does_not_show_it(
    valkey: EmbeddedValkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUEUP_REDIS__PASSWORD", "wrong-planted-password")
    error = build_error(tmp_path, f"[redis]\nport = {valkey.port}\n")
    assert "refuses access" in str(error)
    assert "wrong-planted-password" not in str(error) + repr(error)


@pytest.mark.server
def test_a_store_that_the_engine_cannot_read_is_named(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    client = open_client(valkey.address)
    client.rpush("trader-CORRUPT-001:orders:O-1", b"\xc1 this is no record")
    client.close()
    code, facts, _ = start(
        "1.231",
        tmp_path,
        f'trader_id = "CORRUPT-001"\n[redis]\nport = {valkey.port}\n',
        TRUEUP_REDIS__PASSWORD=PASSWORD,
    )
    assert (code, facts["error"]) == (2, "StoreCorruptError")
    assert "trader-CORRUPT-001:*" in facts["text"]


def test_two_strategies_with_one_claim_are_refused_by_name(tmp_path: Path) -> None:
    second = STRATEGY.replace('"0.002"', '"0.002", order_id_tag = "B"')
    code, facts, _ = start("1.231", tmp_path, STRATEGY + second)
    assert (code, facts["error"]) == (2, "ConfigValueError")
    assert "BTCUSDT-PERP.BINANCE" in facts["text"]


def test_the_oldest_interpreter_is_there() -> None:
    assert os.access(INTERPRETERS["1.222"], os.X_OK), "run 'make setup-oldest'"


def test_an_adapter_that_raises_is_named_and_the_key_that_it_quotes_is_blanked_out(tmp_path: Path) -> None:
    text = """
    [clients.CARELESS]
    type = "importable"
    venue = "CARELESS"
    data = false
    exec_config_path = "tests.integration.config.scripts.raising_adapter:RaisingConfig"
    exec_factory_path = "tests.integration.config.scripts.raising_adapter:RaisingFactory"
    """
    code, facts, written = start("1.231", tmp_path, text, TRUEUP_CLIENTS__CARELESS__SECRETS__API_KEY="planted-key")
    assert (code, facts["error"]) == (2, "NodeError")
    assert "the clients CARELESS cannot be built: ValueError: the key *** is not allowed here" in facts["text"]
    assert "planted-key" not in written


def test_a_parameter_that_the_oldest_engine_lacks_is_refused_with_what_to_do(tmp_path: Path) -> None:
    code, facts, _ = start("1.222", tmp_path, "[redis]\nnumber_of_retries = 3\n")
    assert (code, facts["error"]) == (2, "EngineFieldError")
    for part in ("redis.number_of_retries", "1.222.0", "1.226 and later", "remove redis.number_of_retries"):
        assert part in facts["text"]
