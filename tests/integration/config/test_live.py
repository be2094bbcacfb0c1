"""``trueup check --live`` against a real server and the venue emulator."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from typer.testing import CliRunner

from trueup.cli.check import check, explain
from trueup.config.live import probe_all
from trueup.config.live.binance import BinanceReader, default_address, permissions_address, sign
from trueup.config.live.store import judge_store, probe_store
from trueup.config.live.venue import instrument_id_of, judge_clock, probe_binance
from trueup.config.trading_node import BinanceClientConfig, LiveTradingNodeConfig, RedisConfig, RedisHealthConfig
from trueup.config.trading_node.venues import KeyType
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.errors import ConfigValueError
from trueup.store.connection import open_client
from trueup.store.embedded import EmbeddedValkey
from trueup.store.health import RedisHealth

pytestmark = pytest.mark.server

PASSWORD = "planted-store-password"
ED25519_KEY = Ed25519PrivateKey.generate()
ED25519_SECRET = base64.b64encode(ED25519_KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


@pytest.fixture(scope="module")
def venue() -> Iterator[EmulatorProcess]:
    """Give an emulator with an account for each kind of key, one of them in hedge mode."""
    public_key = ED25519_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    accounts = [
        {"account_id": "main"},
        {"account_id": "edward", "api_key": "ed25519-key", "public_key": public_key},
        {"account_id": "rester", "api_key": "rester-key", "secret": "rester-secret"},
        {"account_id": "hedger", "api_key": "hedger-key", "secret": "hedger-secret", "hedge_mode": True},
    ]
    with EmulatorProcess(settings={"accounts": accounts}) as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def leave_no_fault_behind(venue: EmulatorProcess) -> Iterator[None]:
    """Take every fault away after each test."""
    yield
    venue.control.clear_faults()


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """Give a server that asks for a password."""
    with EmbeddedValkey.start(tmp_path_factory.mktemp("valkey"), password=PASSWORD) as server:
        yield server


def client_of(venue: EmulatorProcess, **changes: Any) -> dict[str, Any]:
    """Return the settings of a client of the emulator's first account."""
    return {
        "type": "binance_usdm",
        "environment": "LIVE",
        "base_url_http": venue.ready.rest,
        "api_key": venue.ready.api_key,
        "api_secret": venue.ready.secret,
        "instrument_ids": ["BTCUSDT-PERP.BINANCE"],
        **changes,
    }


def found(config: LiveTradingNodeConfig) -> list[tuple[str, str]]:
    """Return the slugs and fields of what the probe finds."""
    return [(one.rule.slug, one.field) for one in probe_all(config)]


def node(venue: EmulatorProcess, **changes: Any) -> LiveTradingNodeConfig:
    """Return a node of one client."""
    return LiveTradingNodeConfig(clients={"BINANCE": client_of(venue, **changes)})


def test_a_sound_store_and_venue_have_nothing_to_find(venue: EmulatorProcess, valkey: EmbeddedValkey) -> None:
    redis = {"port": valkey.port, "password": PASSWORD}
    assert probe_all(LiveTradingNodeConfig(redis=redis, clients={"BINANCE": client_of(venue)})) == ()


def test_ed25519_keys_are_signed_with_too(venue: EmulatorProcess) -> None:
    key = {"key_type": "Ed25519", "api_key": "ed25519-key", "api_secret": ED25519_SECRET}
    assert found(node(venue, **key)) == []


def test_hedge_mode_is_found_at_the_venue_whatever_the_file_says(venue: EmulatorProcess) -> None:
    assert found(node(venue, api_key="hedger-key", api_secret="hedger-secret")) == [
        ("venue-in-hedge-mode", "clients.BINANCE.position_mode")
    ]


@pytest.mark.parametrize(("offset_ms", "direction"), [(-3_000, "ahead of"), (4_000, "behind")])
def test_a_clock_that_is_off_is_found_and_the_rest_is_asked_all_the_same(
    venue: EmulatorProcess, offset_ms: int, direction: str
) -> None:
    venue.control.offset_clock(offset_ms)
    try:
        (finding,) = probe_all(node(venue))
    finally:
        venue.control.offset_clock(0)
    assert finding.rule.slug == "clock-skew"
    assert direction in finding.found


def test_open_orders_on_unclaimed_instruments_are_found_plain_and_conditional(venue: EmulatorProcess) -> None:
    venue.control.set_market("BTCUSDT", Decimal(50_000), Decimal("50000.1"))
    resting = OrderRequest("BTCUSDT", Side.BUY, OrderType.LIMIT, time_in_force=TimeInForce.GTC,
                           quantity=Decimal("0.01"), price=Decimal(40_000))  # fmt: skip
    stop = OrderRequest(
        "BTCUSDT", Side.SELL, OrderType.STOP_MARKET, quantity=Decimal("0.01"), trigger_price=Decimal(40_000)
    )
    venue.control.place_order("rester", resting)
    venue.control.place_algo_order("rester", stop)
    strategy: dict[str, Any] = {"strategy_path": "a:B", "config_path": "a:C"}
    claiming = {**strategy, "claims": {"instrument_ids": ["BTCUSDT-PERP.BINANCE"]}}
    everything = {**strategy, "claims": {"claim_all": True}}

    client = client_of(venue, api_key="rester-key", api_secret="rester-secret")

    def with_strategy(one: dict[str, Any]) -> LiveTradingNodeConfig:
        return LiveTradingNodeConfig(clients={"BINANCE": client}, strategies=[one])

    (finding,) = probe_all(with_strategy(strategy))
    assert finding.rule.slug == "open-orders-outside-claims"
    assert finding.found == "2 open orders on BTCUSDT-PERP.BINANCE, which no strategy claims"
    assert probe_all(with_strategy(claiming)) == ()
    assert probe_all(with_strategy(everything)) == ()


def test_a_wrong_key_is_refused_by_the_venue_and_never_shown(venue: EmulatorProcess) -> None:
    (finding,) = probe_all(node(venue, api_secret="planted-wrong-secret"))
    assert (finding.rule.slug, finding.field) == ("venue-unreachable", "clients.BINANCE")
    assert "-1022" in finding.found
    assert "planted-wrong-secret" not in repr(finding)
    assert venue.ready.api_key not in repr(finding)


def test_a_key_that_is_no_ed25519_key_is_told(venue: EmulatorProcess) -> None:
    (finding,) = probe_all(node(venue, key_type="Ed25519"))
    assert "no Ed25519 private key" in finding.found
    assert venue.ready.secret not in repr(finding)


def test_an_account_that_may_not_trade_is_found(venue: EmulatorProcess) -> None:
    action = {"kind": "respond", "status": 200, "body": {"canTrade": False}}
    venue.control.add_fault({"match": {"path": "/fapi/v2/account"}, "action": action})
    assert found(node(venue)) == [("key-cannot-trade", "clients.BINANCE.api_key")]


async def test_a_key_that_can_withdraw_is_found(venue: EmulatorProcess) -> None:
    secret = venue.ready.secret

    async def permissions(request: web.Request) -> web.Response:
        """Answer as the live venue does, to a request that is signed as it wants it."""
        query, _, signature = request.query_string.rpartition("&signature=")
        assert hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest() == signature
        assert request.headers["X-MBX-APIKEY"] == venue.ready.api_key
        return web.json_response({"enableReading": True, "enableFutures": True, "enableWithdrawals": True})

    application = web.Application()
    application.router.add_get("/sapi/v1/account/apiRestrictions", permissions)
    config = node(venue)
    client = config.clients["BINANCE"]
    assert isinstance(client, BinanceClientConfig)
    reader = BinanceReader(client, venue.ready.rest)
    async with TestServer(application) as server:
        reader.permissions_address = str(server.make_url("")).rstrip("/")
        findings = await probe_binance(reader, config, "BINANCE")
    assert [one.rule.slug for one in findings] == ["key-can-withdraw"]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ({"kind": "hang"}, "gave no answer within 0.3 s"),
        ({"kind": "close_before"}, "cannot be read"),
        ({"kind": "respond", "status": 503, "body": "Unknown error"}, "answers 503: no reason given"),
    ],
)
def test_a_venue_that_does_not_answer_is_told_within_the_limit(
    venue: EmulatorProcess, action: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueup.config.live.binance.REQUEST_SECS_MAX", 0.3)
    venue.control.add_fault({"match": {"path": "/fapi/v1/openOrders"}, "action": action})
    (finding,) = probe_all(node(venue))
    assert finding.rule.slug == "venue-unreachable"
    assert told in finding.found
    assert "signature" not in finding.found


def test_missing_credentials_are_found_and_that_venue_is_not_asked(venue: EmulatorProcess) -> None:
    assert found(node(venue, api_key=None, api_secret=None)) == [
        ("credentials-missing", "clients.BINANCE.api_key"),
        ("credentials-missing", "clients.BINANCE.api_secret"),
    ]


def test_what_cannot_be_asked_is_said() -> None:
    other = {
        "type": "importable",
        "venue": "BYBIT",
        "data": False,
        "exec_config_path": "a:B",
        "exec_factory_path": "a:C",
    }
    assert found(LiveTradingNodeConfig(clients={"BYBIT": other})) == [("venue-not-probed", "clients.BYBIT")]


def test_an_absent_store_is_found(venue: EmulatorProcess) -> None:
    assert [one.rule.slug for one in probe_store(RedisConfig(port=1))] == ["store-unreachable"]


def test_a_store_that_forgets_and_evicts_is_found_on_a_real_server(valkey: EmbeddedValkey) -> None:
    client = open_client(valkey.address)
    settings = RedisConfig.model_validate({"port": valkey.port, "password": PASSWORD})
    before = {name: client.config_get(name)[name] for name in ("appendonly", "save", "maxmemory-policy")}
    try:
        client.config_set("appendonly", "no")
        client.config_set("save", "")
        client.config_set("maxmemory-policy", "allkeys-lru")
        assert [one.rule.slug for one in probe_store(settings)] == ["store-not-persistent", "store-evicts"]
    finally:
        for name, value in before.items():
            client.config_set(name, str(value))
        client.close()
    assert probe_store(settings) == ()


FIT = RedisHealth(
    reachable=True, version="7.2.4", role="master", aof_on=True, aof_ok=True, rdb_ok=True, eviction_policy="noeviction"
)


@pytest.mark.parametrize(
    ("changes", "slugs"),
    [
        ({}, []),
        ({"version": "6.0.16"}, ["store-too-old"]),
        ({"version": "6.2.0"}, []),
        ({"version": "10.0.0"}, []),
        ({"version": ""}, ["store-too-old"]),
        ({"aof_ok": False}, ["store-not-persistent"]),
        ({"rdb_on": True, "rdb_ok": False}, ["store-not-persistent"]),
        ({"aof_on": False}, ["store-not-persistent"]),
        ({"aof_on": False, "rdb_on": True}, ["store-unfit"]),
        ({"eviction_policy": "volatile-lru"}, ["store-evicts"]),
        ({"role": "slave"}, ["store-unfit"]),
        ({"memory_bytes": 95, "memory_bytes_max": 100}, ["store-unfit"]),
        ({"memory_bytes": 90, "memory_bytes_max": 100}, []),
        ({"latency_ms": 51.0}, ["store-unfit"]),
        ({"reachable": False, "problems": ("refused",)}, ["store-unreachable"]),
    ],
)
def test_each_thing_that_a_server_says_of_itself_is_judged(changes: dict[str, Any], slugs: list[str]) -> None:
    judged = judge_store(replace(FIT, **changes), RedisHealthConfig())
    assert [one.rule.slug for one in judged] == slugs


def test_what_the_settings_do_not_require_is_not_found() -> None:
    relaxed = RedisHealthConfig(
        version_min="5.0", persistence_required=False, eviction_policies_allowed=("noeviction", "allkeys-lru")
    )
    health = replace(FIT, version="5.0.1", aof_on=False, eviction_policy="allkeys-lru")
    assert list(judge_store(health, relaxed)) == []


def test_the_clock_is_judged_by_half_of_what_the_venue_allows() -> None:
    for skew_ms, wrong in ((500, False), (501, True), (-2_500, False), (-2_501, True)):
        assert bool(judge_clock(skew_ms, 5_000, "clients.A")) is wrong


def test_symbols_become_the_engines_instrument_ids() -> None:
    usdm = BinanceClientConfig(type="binance_usdm", environment="LIVE")
    spot = BinanceClientConfig(type="binance_spot", environment="LIVE", venue="BINANCE_SPOT")
    assert instrument_id_of("BTCUSDT", usdm) == "BTCUSDT-PERP.BINANCE"
    assert instrument_id_of("BTCUSDT_260925", usdm) == "BTCUSDT_260925.BINANCE"
    assert instrument_id_of("BTCUSDT", spot) == "BTCUSDT.BINANCE_SPOT"


def test_the_addresses_are_those_of_the_engines_own_adapter() -> None:
    from nautilus_trader.adapters.binance.common.enums import BinanceAccountType, BinanceEnvironment
    from nautilus_trader.adapters.binance.common.urls import get_http_base_url

    for kind, account_type in (
        ("binance_usdm", BinanceAccountType.USDT_FUTURES),
        ("binance_spot", BinanceAccountType.SPOT),
    ):
        for environment in ("LIVE", "TESTNET", "DEMO"):
            client = BinanceClientConfig(type=kind, environment=environment)
            assert default_address(client) == get_http_base_url(account_type, BinanceEnvironment[environment], False)
    american = BinanceClientConfig(type="binance_spot", environment="LIVE", us=True)
    assert default_address(american) == get_http_base_url(BinanceAccountType.SPOT, BinanceEnvironment.LIVE, True)


def test_permissions_are_asked_only_where_the_venue_can_tell() -> None:
    live = BinanceClientConfig(type="binance_usdm", environment="LIVE")
    assert permissions_address(live) == "https://api.binance.com"
    assert permissions_address(BinanceClientConfig(type="binance_usdm", environment="TESTNET")) is None
    elsewhere = BinanceClientConfig(type="binance_usdm", environment="LIVE", base_url_http="http://127.0.0.1:1")
    assert permissions_address(elsewhere) is None


def test_a_signature_is_the_one_of_the_venues_own_documents() -> None:
    # The example in Binance's API documentation for signed requests.
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    query = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
    )
    signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert sign(query, secret, KeyType.HMAC) == signature


def test_an_ed25519_secret_is_read_as_pem_and_as_base64() -> None:
    pem = ED25519_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert sign("a=1", pem, KeyType.ED25519) == sign("a=1", ED25519_SECRET, KeyType.ED25519)
    with pytest.raises(ConfigValueError, match="no Ed25519 private key"):
        sign("a=1", "bm90IGEga2V5", KeyType.ED25519)


def test_the_command_asks_the_store_and_the_venue(
    venue: EmulatorProcess, valkey: EmbeddedValkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer()
    app.command()(check)
    app.command()(explain)
    path = tmp_path / "trueup.toml"
    path.write_text(
        f"""
        [redis]
        port = {valkey.port}
        [clients.BINANCE]
        type = "binance_usdm"
        environment = "live"
        base_url_http = "{venue.ready.rest}"
        instrument_ids = ["BTCUSDT-PERP.BINANCE"]
        """
    )
    monkeypatch.setenv("TRUEUP_REDIS__PASSWORD", PASSWORD)
    monkeypatch.setenv("TRUEUP_CLIENTS__BINANCE__API_KEY", "hedger-key")
    monkeypatch.setenv("TRUEUP_CLIENTS__BINANCE__API_SECRET", "hedger-secret")
    result = CliRunner().invoke(app, ["check", str(path), "--live", "--format", "json"])
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert [one["slug"] for one in report["findings"]] == ["venue-in-hedge-mode"]
    assert "the store and the venue themselves" not in [one["subject"] for one in report["will_not_be_checked"]]
    assert PASSWORD not in result.output
    assert "hedger-secret" not in result.output
