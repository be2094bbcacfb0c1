"""Secrets: where they may stand, and that they never come out anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.unit.config.files import CLIENT, problems, read, write
from trueup.config.checking import check_file
from trueup.config.checking.sarif import to_sarif
from trueup.config.checking.text import render_text
from trueup.config.trading_node import BinanceClientConfig, ImportableClientConfig, LiveTradingNodeConfig
from trueup.config.trading_node.secret_values import has_password, is_literal_secret
from trueup.errors import ConfigFileError, ConfigValueError

PLANTED = "s3cr3t-PLANTED-value"

IMPORTABLE = """
[clients.BYBIT]
type = "importable"
venue = "BYBIT"
data = false
exec_config_path = "a:B"
exec_factory_path = "a:C"
"""

LITERALS = [
    (f'[redis]\npassword = "{PLANTED}"', "redis.password"),
    (f'{CLIENT}api_key = "{PLANTED}"', "clients.BINANCE.api_key"),
    (f'{CLIENT}api_secret = "{PLANTED}"', "clients.BINANCE.api_secret"),
    (f'{CLIENT}api_secret = "${{NAME:-{PLANTED}}}"', "clients.BINANCE.api_secret"),
    (f'{CLIENT}proxy_url = "http://user:{PLANTED}@proxy:1"', "clients.BINANCE.proxy_url"),
    (f'{CLIENT}base_url_http = "http://user:{PLANTED}@host"', "clients.BINANCE.base_url_http"),
    (f'{IMPORTABLE}exec_config = {{ apiKey = "{PLANTED}" }}', "clients.BYBIT.exec_config.apiKey"),
    (f'{IMPORTABLE}secrets = {{ anything = "{PLANTED}" }}', "clients.BYBIT.secrets.anything"),
    (
        f'[[strategies]]\nstrategy_path = "a:B"\nconfig_path = "a:C"\nconfig = {{ passphrase = "{PLANTED}" }}',
        "strategies[0].config.passphrase",
    ),
    ("[redis]\npassword = 12345", "redis.password"),
]


@pytest.mark.parametrize(("text", "field"), LITERALS)
def test_a_secret_written_out_in_the_file_is_refused(tmp_path: Path, text: str, field: str) -> None:
    assert problems(tmp_path, text) == {field: "TU007"}


@pytest.mark.parametrize(("text", "field"), LITERALS)
def test_no_report_and_no_error_shows_a_secret_written_out_in_the_file(tmp_path: Path, text: str, field: str) -> None:
    path = write(tmp_path, text)
    report = check_file(path, environ={})
    shown = render_text(report) + json.dumps(report.as_dict()) + json.dumps(to_sarif(report)) + repr(report.findings)
    with pytest.raises(ConfigValueError) as caught:
        LiveTradingNodeConfig.from_file(path)
    shown += str(caught.value) + repr(caught.value)
    assert PLANTED not in shown
    assert "12345" not in shown
    assert field in shown


def test_a_reference_to_a_variable_is_not_a_secret_written_out(tmp_path: Path) -> None:
    text = CLIENT + 'api_secret = "${BINANCE_SECRET}"\nproxy_url = "http://user:${PROXY_PW}@proxy:1"'
    loaded = read(tmp_path, text, {"BINANCE_SECRET": PLANTED, "PROXY_PW": PLANTED})
    client = loaded.config.clients["BINANCE"]
    assert loaded.problems == ()
    assert isinstance(client, BinanceClientConfig)
    assert client.proxy_url is not None
    assert client.proxy_url.get_secret_value() == f"http://user:{PLANTED}@proxy:1"


def full_config(tmp_path: Path) -> LiveTradingNodeConfig:
    """Return a configuration with a secret in every place that takes one."""
    environ = {
        "TRUEUP_REDIS__PASSWORD": PLANTED,
        "TRUEUP_CLIENTS__BINANCE__API_KEY": PLANTED,
        "TRUEUP_CLIENTS__BINANCE__API_SECRET": PLANTED,
        "TRUEUP_CLIENTS__BINANCE__PROXY_URL": f"http://user:{PLANTED}@proxy:1",
        "TRUEUP_CLIENTS__BYBIT__SECRETS__API_KEY": PLANTED,
    }
    loaded = read(tmp_path, "[redis]\n" + CLIENT + IMPORTABLE, environ)
    assert loaded.problems == ()
    return loaded.config


def test_a_configuration_never_shows_its_secrets(tmp_path: Path) -> None:
    config = full_config(tmp_path)
    shown = repr(config) + str(config) + repr(config.model_dump()) + config.model_dump_json() + f"{config.clients}"
    assert PLANTED not in shown
    assert len(config.secret_texts()) == 2  # the proxy's whole address is one of its own


def test_the_secrets_are_there_for_those_who_ask(tmp_path: Path) -> None:
    config = full_config(tmp_path)
    assert config.missing_credentials() == ()
    bybit = config.clients["BYBIT"]
    assert isinstance(bybit, ImportableClientConfig)
    assert bybit.secrets["api_key"].get_secret_value() == PLANTED


def test_a_faulty_field_beside_secrets_does_not_show_them() -> None:
    with pytest.raises(ValidationError) as caught:
        LiveTradingNodeConfig(
            redis={"password": PLANTED, "bogus": PLANTED, "port": PLANTED},
            clients={"BINANCE": {"type": "binance_usdm", "api_key": PLANTED}},
        )
    assert PLANTED not in str(caught.value)
    assert PLANTED not in repr(caught.value)


def test_a_secret_of_the_wrong_type_is_not_shown(tmp_path: Path) -> None:
    loaded = read(tmp_path, "", {"TRUEUP_REDIS__PASSWORD": f'["{PLANTED}"]'})
    assert [one.field for one in loaded.problems] == ["redis.password"]
    assert PLANTED not in str(loaded.problems)


def test_secrets_come_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    write(tmp_path, f'[redis]\npassword = "{PLANTED}"\n[clients.BINANCE]\napi_key = "k"\napi_secret = "s"', "s.toml")
    config = read(tmp_path, 'secrets_file = "s.toml"\n[redis]' + CLIENT).config
    assert config.redis is not None
    assert config.redis.password is not None
    assert config.redis.password.get_secret_value() == PLANTED
    assert config.missing_credentials() == ()


def test_a_variable_wins_over_the_secrets_file(tmp_path: Path) -> None:
    write(tmp_path, '[redis]\npassword = "file"', "s.toml")
    config = read(tmp_path, 'secrets_file = "s.toml"', {"TRUEUP_REDIS__PASSWORD": "variable"}).config
    assert config.redis is not None
    assert config.redis.password is not None
    assert config.redis.password.get_secret_value() == "variable"


def test_the_secrets_file_holds_nothing_but_secrets(tmp_path: Path) -> None:
    write(tmp_path, f'[redis]\nhost = "{PLANTED}"', "s.toml")
    (problem,) = read(tmp_path, 'secrets_file = "s.toml"').problems
    assert (problem.field, problem.kind.value) == ("secrets_file", "TU009")
    assert "redis.host is not a secret" in problem.found
    assert PLANTED not in str(problem)


def test_a_missing_secrets_file_is_named(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, 'secrets_file = "nowhere.toml"').problems
    assert problem.kind.value == "TU009"
    assert "nowhere.toml cannot be read" in problem.found


def test_from_python_the_secrets_file_and_the_variables_fill_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, '[redis]\npassword = "file"', "s.toml")
    monkeypatch.setenv("TRUEUP_REDIS__HOST", "variable")
    config = LiveTradingNodeConfig(secrets_file=path, redis={"port": 7000})
    assert config.redis is not None
    assert (config.redis.host, config.redis.port) == ("variable", 7000)
    assert config.redis.password is not None
    assert config.redis.password.get_secret_value() == "file"


def test_from_python_a_broken_secrets_file_is_an_error_without_its_text(tmp_path: Path) -> None:
    path = write(tmp_path, f"[redis\npassword = {PLANTED}", "s.toml")
    with pytest.raises(ConfigFileError) as caught:
        LiveTradingNodeConfig(secrets_file=path)
    assert PLANTED not in str(caught.value)


def test_missing_credentials_name_the_field_and_the_variable(tmp_path: Path) -> None:
    config = read(tmp_path, CLIENT).config
    assert config.missing_credentials() == (
        ("clients.BINANCE.api_key", "TRUEUP_CLIENTS__BINANCE__API_KEY"),
        ("clients.BINANCE.api_secret", "TRUEUP_CLIENTS__BINANCE__API_SECRET"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://user:pw@host", True),
        ("http://user@host", False),
        ("http://host/path@x", False),
        ("http://[bad@host", True),
        ("no url @ all", False),
    ],
)
def test_a_password_in_a_url_is_recognised(text: str, expected: bool) -> None:
    assert has_password(text) is expected


def test_an_empty_secret_is_no_secret() -> None:
    assert not is_literal_secret(("redis", "password"), "")
    assert not is_literal_secret((), "text")
