"""Closes that were collected leave the engine's statistics as if they had been recorded one by one."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.analysis.analyzer import PortfolioAnalyzer
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.objects import Money

from trueup.node.v1 import analyzer as analyzer_module
from trueup.node.v1.analyzer import CLOSES_IN_ONE, SERIES, closes_collected

CLOSES = [
    ("P-1", Money(1, USDT), 1),
    ("P-2", Money(-2, USDT), 2),
    ("P-1", Money(3, BTC), None),
    ("P-3", Money(0, USDT), 4),
]


def record(analyzer: Any, closes: list[tuple[str, Money, int | None]]) -> None:
    for name, pnl, time_ns in closes:
        analyzer.record_trade(PositionId(name), pnl, time_ns)


def held(analyzer: Any) -> dict[str, dict[str, tuple[list[str], list[Any], str]]]:
    return {
        name: {
            currency.code: (list(series.index), list(series), str(series.dtype))
            for currency, series in getattr(analyzer, name).items()
        }
        for name in SERIES
    }


@pytest.mark.parametrize("in_one", [1, 2, CLOSES_IN_ONE])
def test_collected_closes_are_recorded_as_if_one_by_one_and_behind_what_was_there(
    in_one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyzer_module, "CLOSES_IN_ONE", in_one)
    one_by_one, at_once = PortfolioAnalyzer(), PortfolioAnalyzer()
    record(one_by_one, CLOSES[:1] + CLOSES)
    record(at_once, CLOSES[:1])
    with closes_collected(at_once):
        record(at_once, CLOSES)
    assert held(at_once) == held(one_by_one)
    record(one_by_one, CLOSES)
    record(at_once, CLOSES)
    assert held(at_once) == held(one_by_one)
