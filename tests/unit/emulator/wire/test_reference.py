"""The document names everything that is served, assumed and controlled; its faults are faults."""

from __future__ import annotations

import json
import re

import pytest

from trueup.emulator.engine.assumptions import ENGINE
from trueup.emulator.reference import render, render_endpoints
from trueup.emulator.wire.control import COMMANDS, QUERIES
from trueup.emulator.wire.fault_values import EVENT_ACTIONS, REQUEST_ACTIONS, SOCKET_ACTIONS, Match, parse_fault
from trueup.emulator.wire.parameters import Parameters
from trueup.emulator.wire.rest import ROUTES
from trueup.emulator.wire.ws_api import ROUTES as WS_ROUTES

WEIGHTS = {
    # (method, path): (weight with a symbol, weight without), from the venue's own SDK 18.0.1
    ("GET", "/fapi/v1/exchangeInfo"): (1, 1),
    ("GET", "/fapi/v2/account"): (5, 5),
    ("GET", "/fapi/v3/positionRisk"): (5, 5),
    ("GET", "/fapi/v1/openOrders"): (1, 40),
    ("GET", "/fapi/v1/openAlgoOrders"): (1, 40),
    ("GET", "/fapi/v1/allOrders"): (5, 5),
    ("GET", "/fapi/v1/allAlgoOrders"): (5, 5),
    ("GET", "/fapi/v1/userTrades"): (5, 5),
    ("GET", "/fapi/v1/commissionRate"): (20, 20),
    ("GET", "/fapi/v1/positionSide/dual"): (30, 30),
    ("GET", "/fapi/v1/income"): (30, 30),
    ("GET", "/fapi/v1/symbolConfig"): (5, 5),
    ("GET", "/fapi/v1/forceOrders"): (20, 50),
    ("GET", "/fapi/v1/ticker/24hr"): (1, 40),
    ("GET", "/fapi/v1/ticker/price"): (1, 2),
    ("GET", "/fapi/v1/ticker/bookTicker"): (2, 5),
    ("GET", "/fapi/v1/premiumIndex"): (1, 10),
    ("GET", "/fapi/v1/aggTrades"): (20, 20),
    ("POST", "/fapi/v1/order"): (0, 0),
    ("POST", "/fapi/v1/batchOrders"): (5, 5),
    ("POST", "/fapi/v1/countdownCancelAll"): (10, 10),
    ("POST", "/fapi/v1/listenKey"): (1, 1),
    ("DELETE", "/fapi/v1/order"): (1, 1),
}


def test_every_endpoint_has_its_row_and_every_row_is_whole() -> None:
    table = render_endpoints()
    rows = [line for line in table.splitlines() if line.startswith("| ") and "`" in line]

    assert len(rows) == len(ROUTES) + len(WS_ROUTES)
    assert all(len(row.split("|")) == 9 and row.split("|")[3].strip() for row in rows)
    for method, path in (*ROUTES, *WS_ROUTES):
        assert f"| {method} | `{path}` |" in table


@pytest.mark.parametrize(("method", "path"), list(WEIGHTS))
def test_a_call_costs_what_it_costs_at_the_venue(method: str, path: str) -> None:
    route = ROUTES[method, path]
    with_symbol, without = WEIGHTS[method, path]

    assert route.weight_of(Parameters({"symbol": "BTCUSDT"})) == with_symbol
    assert route.weight_of(Parameters({})) == without


@pytest.mark.parametrize(("limit", "weight"), [("5", 2), ("50", 2), ("100", 5), ("500", 10), ("1000", 20), ("x", 10)])
def test_a_book_costs_by_its_depth(limit: str, weight: int) -> None:
    assert ROUTES["GET", "/fapi/v1/depth"].weight_of(Parameters({"limit": limit})) == weight


@pytest.mark.parametrize(
    ("limit", "weight"), [("99", 1), ("100", 2), ("499", 2), ("500", 5), ("1000", 5), ("1500", 10)]
)
def test_bars_cost_by_their_number(limit: str, weight: int) -> None:
    assert ROUTES["GET", "/fapi/v1/klines"].weight_of(Parameters({"limit": limit})) == weight


def test_the_document_tells_of_every_command_action_setting_and_assumption() -> None:
    document = render()

    assert "{{" not in document
    assert all(f"| `{name}` " in document for name in (*COMMANDS, *QUERIES))
    actions = (*REQUEST_ACTIONS, *EVENT_ACTIONS, *SOCKET_ACTIONS)
    assert all(f"| `{action.model_fields['kind'].default}` |" in document for action in actions)
    matches = document.partition("| Match |")[2].partition("| Action |")[0]
    assert all(f"`{name}`" in matches for name in Match.model_fields)
    assert all(statement.text in document for statement in ENGINE)
    assert "| `market.step_interval_ms` | 0 |" in document


def test_every_fault_of_the_document_can_be_armed() -> None:
    section = render().partition("## Faults")[2].partition("## Streams")[0]
    faults = re.findall(r"```json\n(.*?)```", section, re.DOTALL)

    assert len(faults) >= 5
    for raw in faults:
        parse_fault(json.loads(raw))
