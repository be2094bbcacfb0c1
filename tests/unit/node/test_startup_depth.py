"""How deep a start-up looks, and what it expects the node to hold, by what the store remembers of the last proof."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from trueup.node.account import AccountTruth
from trueup.node.settings import NodeSettings
from trueup.node.startup import OVERLAP_SECS, StartUp

NOW_NS, PROVEN_NS, DAY_NS = 10**18, 10**18 - 10**12, 86_400 * 10**9


def depth(verified_ns: int | None, *, cold: bool, **settings: Any) -> tuple[int, int | None]:
    """Return from when a start-up reads history, and from when it expects the node to hold all of it."""
    account = cast("AccountTruth", SimpleNamespace(port=SimpleNamespace(verified_ns=lambda: verified_ns)))
    found = StartUp(account, NodeSettings(lookback_secs=86_400.0, **settings), NOW_NS).depth(cold=cold, deadline=None)
    return found.history_from_ns, found.known_from_ns


@pytest.mark.parametrize(("history", "known_from_ns"), [("current", None), ("full", 0)])
@pytest.mark.parametrize("cold", [True, False])
@pytest.mark.parametrize("proof_ns", [None, NOW_NS + 1])
def test_without_a_proof_everything_is_read_and_only_a_full_history_is_expected_whole(
    history: str, known_from_ns: int | None, cold: bool, proof_ns: int | None
) -> None:
    assert depth(proof_ns, cold=cold, history=history) == (NOW_NS - DAY_NS, known_from_ns)


def test_a_node_that_holds_nothing_is_expected_to_hold_what_came_after_its_proof() -> None:
    assert depth(PROVEN_NS, cold=True) == (NOW_NS - DAY_NS, PROVEN_NS)
    assert depth(PROVEN_NS, cold=True, history="full") == (NOW_NS - DAY_NS, 0)


def test_a_warm_node_is_read_from_a_little_before_its_proof_on() -> None:
    assert depth(PROVEN_NS, cold=False) == (PROVEN_NS - int(OVERLAP_SECS * 1e9), PROVEN_NS)


def test_what_was_purged_from_the_store_is_not_expected() -> None:
    purging = {"purge_buffer_secs": 60.0, "purge_from_store": True}
    horizon_ns = NOW_NS - 60 * 10**9
    assert depth(PROVEN_NS, cold=False, **purging)[1] == horizon_ns
    assert depth(PROVEN_NS, cold=True, **purging)[1] == horizon_ns
    assert depth(None, cold=False, history="full", **purging)[1] == horizon_ns
