"""The venue's request log against the client's own account of its requests, over the life of a whole verified node."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from urllib.parse import parse_qsl

import pytest

from trueup.drills.binance.node import NodeProcess
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.accounting import UNSAID
from trueup.venues.binance.probe.bench import Bench
from trueup.venues.binance.settings import HardeningSettings

pytestmark = pytest.mark.node

SYMBOLS = (
    *("BTCUSDT", "ETHUSDT", "BCHUSDT", "XRPUSDT", "LTCUSDT", "TRXUSDT", "ETCUSDT", "LINKUSDT"),
    *("XLMUSDT", "ADAUSDT", "XMRUSDT", "DASHUSDT", "ZECUSDT", "BNBUSDT", "ATOMUSDT", "DOGEUSDT"),
)
"""More than `direct_symbols_max`, so that the second look asks the account's income which of them moved."""
LISTS = {"/fapi/v3/positionRisk", "/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"}
"""What each look must ask anew: an answer from before the repairs would not verify them."""


def call_of(method: str, path: str, query: str, weight: int, status: int) -> tuple[Any, ...]:
    """Return a request as both sides can tell it: without what belongs to its sending."""
    asked = tuple(sorted(pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in UNSAID))
    return method, path, asked, weight, status


def test_a_start_asks_nothing_twice_and_accounts_every_request_as_the_venue_does(emulator: EmulatorProcess) -> None:
    bench = Bench(emulator, hardened=True)
    market = {symbol: bench.control.book_top(symbol).bid for symbol in SYMBOLS}
    for symbol, price in market.items():
        size = f"{300 / price:.3f}" if price > 1_000 else f"{300 / price:.0f}"
        bench.market(symbol, "BUY", size)
        if symbol == "ATOMUSDT":
            bench.market(symbol, "SELL", size)  # flat now
    bench.limit("BTCUSDT", "BUY", "0.010", "40000")
    bench.control.clear_requests()
    plan = {
        "symbols": SYMBOLS,
        "orders": [("ETHUSDT", "BUY", "0.100", "2000")],
        "settings": {"open_check_interval_secs": None},
        "calls": True,
    }
    with NodeProcess(bench.ready, "verified", plan) as node:
        assert node.is_trading_within(120.0)
        assert node.look_until(lambda seen: len(seen["open"]) == 2, 60)["verdict"] == "CLEAN"
        calls = node.stop()["calls"]

    charged = [
        call_of(entry.method, entry.path, entry.query, entry.weight, entry.status)
        for entry in bench.control.requests(limit=20_000)
    ]
    accounted = [call_of(call["method"], call["path"], call["query"], call["weight"], call["status"]) for call in calls]
    assert Counter(accounted) == Counter(charged)
    assert {status for *_, status in charged} == {200}
    assert all(0 < call["timeout_secs"] <= HardeningSettings().request_timeout_secs for call in calls)

    asked: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for call, told in zip(calls, accounted, strict=True):
        if call["method"] == "GET":
            asked[call["phase"]].append(told[:3])
    assert list(asked) == ["connect", "look 1", "look 2"]
    for phase, questions in asked.items():
        assert len(questions) == len(set(questions)), phase
    assert {path for _, path, _ in set(asked["look 1"]) & set(asked["look 2"])} == LISTS
    assert {path for _, path, _ in asked["look 2"]} == LISTS | {"/fapi/v1/income"}
    assert not set(asked["connect"]) & set(asked["look 1"] + asked["look 2"])
