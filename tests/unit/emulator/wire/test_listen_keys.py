"""A listen key lives sixty minutes from the last call that touched it."""

from __future__ import annotations

import pytest

from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.wire.listen_keys import VALIDITY_MS, ListenKeys


def test_starting_again_returns_the_same_key_and_extends_it() -> None:
    keys = ListenKeys()
    key = keys.start("main", 0)

    assert keys.start("main", VALIDITY_MS - 1) == key
    assert keys.expire(VALIDITY_MS) == []
    assert keys.expire(2 * VALIDITY_MS - 1) == [("main", key)]
    assert keys.account_of(key) is None


def test_accounts_have_keys_of_their_own() -> None:
    keys = ListenKeys()
    first, second = keys.start("a", 0), keys.start("b", 0)

    assert first != second
    assert (keys.account_of(first), keys.account_of(second)) == ("a", "b")
    assert keys.key_of("a") == first


def test_keeping_alive_extends_and_needs_a_key() -> None:
    keys = ListenKeys()
    with pytest.raises(Rejection) as caught:
        keys.keep_alive("main", 0)
    assert caught.value.code == -1125

    key = keys.start("main", 0)
    assert keys.keep_alive("main", 1_000) == key
    assert keys.expire(VALIDITY_MS + 999) == []
    assert keys.expire(VALIDITY_MS + 1_000) == [("main", key)]


def test_a_stopped_key_is_dead_and_the_next_is_another() -> None:
    keys = ListenKeys()
    key = keys.start("main", 0)

    assert keys.stop("main") == key
    assert keys.stop("main") is None
    assert keys.account_of(key) is None
    assert keys.start("main", 0) != key
