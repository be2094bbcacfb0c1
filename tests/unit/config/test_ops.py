"""The ops section lets nobody in by mistake, and its token stands nowhere."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from trueup.config.rules import judge
from trueup.config.sight.ops import OpsConfig, is_loopback
from trueup.config.trading_node import LiveTradingNodeConfig

TOKEN = "planted-token-0123456789"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost", "LOCALHOST"])
def test_loopback_needs_no_token(host: str) -> None:
    assert is_loopback(host)
    assert OpsConfig(host=host).is_guarded


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.1.2.3", "node1", "localhost.evil.example", "::ffff:10.0.0.1", "127.0.0.1.nip.io"]
)
def test_an_address_that_others_can_reach_is_refused_without_a_token(host: str) -> None:
    with pytest.raises(ValidationError, match=r"other machines can reach, and there is no ops\.auth_token"):
        OpsConfig(host=host)
    assert OpsConfig(host=host, auth_token=TOKEN).is_guarded
    assert OpsConfig(host=host, enabled=False).is_guarded


@pytest.mark.parametrize(
    "token", ["", "short", "a" * 15, "a token with blanks in it", "tökentökentökentöken", "a" * 15 + "\n"]
)
def test_a_token_that_is_weak_or_cannot_be_sent_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValidationError, match=r"ops\.auth_token") as caught:
        OpsConfig(auth_token=token)
    assert not token or repr(token) not in str(caught.value)


@pytest.mark.parametrize("name", ["http://node1", "node1:9464", "*.example.com", "", "a b", "node1/"])
def test_an_allowed_host_is_a_bare_name(name: str) -> None:
    with pytest.raises(ValidationError, match="allowed_hosts"):
        OpsConfig(allowed_hosts=(name,))


def test_allowed_hosts_are_compared_in_lower_case() -> None:
    assert OpsConfig(allowed_hosts=("Node1.Example.COM",)).allowed_hosts == ("node1.example.com",)


def test_the_token_is_a_secret_everywhere() -> None:
    config = LiveTradingNodeConfig(ops={"auth_token": TOKEN})
    assert TOKEN in config.secret_texts()
    assert TOKEN not in repr(config)
    assert TOKEN not in config.model_dump_json()
    assert all(TOKEN not in finding.found for finding in judge(config, "1.231.0"))
