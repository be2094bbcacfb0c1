"""Addresses of stores."""

from __future__ import annotations

import pytest

from trueup.errors import ConfigValueError
from trueup.store.connection import StoreAddress
from trueup.store.redis_keys import StoreKeys


def test_a_url_gives_every_part_and_shows_no_secret_again() -> None:
    address = StoreAddress.from_url("rediss://user%40x:p%2Fw%3As@store.example:6380/0", timeout_secs=2.0)
    assert address == StoreAddress("store.example", 6380, "user@x", "p/w:s", ssl=True, timeout_secs=2.0)
    assert address.url == "rediss://store.example:6380/0"
    assert "p/w:s" not in repr(address)


@pytest.mark.parametrize("url", ["redis://h", "redis://h/", "redis://h:6379/0", "valkey://h"])
def test_short_forms_mean_the_standard_port_and_database_0(url: str) -> None:
    assert StoreAddress.from_url(url) == StoreAddress("h")


def test_an_address_of_ipv6_is_written_in_brackets() -> None:
    assert StoreAddress.from_url("redis://[::1]:7000").url == "redis://[::1]:7000/0"


@pytest.mark.parametrize(
    "url",
    ["", "h:6379", "http://:secret@h", "redis://", "redis://:secret@h:99999", "redis://:secret@h/1", "redis://h/a"],
)
def test_another_form_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigValueError) as caught:
        StoreAddress.from_url(url)
    assert "secret" not in str(caught.value)


def test_keys_follow_the_nodes_settings() -> None:
    assert StoreKeys("T-1").key("orders:O-1") == "trader-T-1:orders:O-1"
    assert StoreKeys("T-1", instance_id="i").key("index:orders") == "trader-T-1:i:index:orders"
    assert StoreKeys("T-1", use_trader_prefix=False).root == "T-1:"
    assert StoreKeys("T*[1]").pattern == r"trader\-T\*\[1\]:*"
