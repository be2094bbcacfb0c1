"""The endpoint table names everything that is served, with its weight."""

from __future__ import annotations

import pytest

from trueup.emulator.reference import render
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
    table = render()
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
