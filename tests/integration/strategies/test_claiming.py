"""Strategies that claim, in real nodes: what they own, what they are handed, what a leaving strategy takes along."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.integration.config.nodes import INTERPRETERS, run_module

pytestmark = [pytest.mark.node]

BTC = "BTCUSDT-PERP.BINANCE"
ETH = "ETHUSDT-PERP.BINANCE"


@cache
def run_case(case: str, argument: str = "", python: Path = Path(sys.executable)) -> dict[str, Any]:
    """Run one case in a process of its own and return what it saw."""
    done = run_module(python, "tests.integration.strategies.claiming_main", case, argument)
    answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
    assert answers, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(answers[-1].removeprefix("ANSWER "))
    return found


@pytest.mark.parametrize("version", INTERPRETERS)
def test_the_engine_reads_a_property_which_drops_what_is_given_and_a_filled_field_does_not(
    version: str,
) -> None:
    read = run_case("what_the_engine_reads", python=INTERPRETERS[version])
    planned, traded = read["PlannedConfig"], read["TradedConfig"]
    assert planned["constructed"] == planned["parsed"] == traded["constructed"] == traded["parsed"] == [BTC, ETH]
    assert (planned["given_too"], traded["given_too"]) == ([BTC, ETH], ["OTHER.BINANCE"])
    assert (planned["written"], traded["written"]) == (None, [BTC, ETH])


@pytest.mark.parametrize("mode", ["verified", "native"])
def test_a_claiming_strategy_is_handed_once_what_others_did_with_its_stops_before_any_event(mode: str) -> None:
    seen = run_case("recovering", mode)
    assert seen["at_start"] == [
        {"orders": [["2", "LIMIT", "ACCEPTED"], ["3", "STOP_MARKET", "ACCEPTED"]], "positions": [[BTC, "2.000"]]}
    ]
    assert seen["said"][:3] == ["on_start", "on_recovered", "OrderSubmitted"]
    assert seen["said"].count("on_start") == 2, "it was stopped and started again"
    assert seen["times"] == 1
    assert {seen["owners"][one] for one in ("1", "2", "3", f"{BTC}-Keeper-001")} == {"Keeper-001"}
    assert seen["owners"]["4"] == "EXTERNAL"
    assert (seen["code"], seen["failure"]) == (0, "")


def test_patterns_own_what_is_loaded_and_what_loads_later_and_leave_with_their_strategy() -> None:
    seen = run_case("coming_and_going")
    assert seen["owners"]["3"] == "BITCOIN-001"
    assert seen["owners"]["4"] == "EXTERNAL"
    assert seen["first"] == {"BTC": "BITCOIN-001", "ETH": None}
    assert seen["second"] == {"BTC": "BITCOIN-001", "ETH": "REST-002"}
    assert seen["third"] == {"BTC": None, "ETH": "REST-002"}, "removed with its claims"
    assert seen["fourth"] == {"BTC": "AGAIN-001", "ETH": "REST-002"}, "an id beats claim_all"
    assert seen["later"] == "AGAIN-001"
    assert seen["instruments"] == [BTC, ETH]
    assert seen["book"] == ["AGAIN-001 claims everything", f"REST-002 claims {ETH}"]
    assert seen["handed"] == [[0], [1]], "the second of one name is handed what the first has left"
    assert seen["told"] == [
        f"REST-002 claims {ETH}",
        "no longer: BITCOIN-001 claims 'BTC*-PERP.BINANCE'; the strategy was removed",
        "AGAIN-001 claims everything",
        f"no longer: REST-002 claims {ETH}; the strategy was removed",
        f"REST-002 claims {ETH}",
    ]


def test_a_strategy_that_is_refused_leaves_no_half_of_its_claims_behind() -> None:
    seen = run_case("coming_and_going")
    assert f"CLASH-003 claims {ETH} and REST-002 claims {ETH}" in seen["clash"]
    assert seen["half_taken"] == "None"
