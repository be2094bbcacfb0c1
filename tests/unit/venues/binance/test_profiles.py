"""The weights are those that the emulator charges, endpoint by endpoint."""

from __future__ import annotations

import pytest

from trueup.emulator.wire import rest
from trueup.emulator.wire.routes import Faith
from trueup.venues.binance.profiles import SPOT, USDM_FUTURES


def test_every_futures_weight_is_the_one_that_the_venue_charges() -> None:
    charged = rest.ROUTES
    assert charged
    compared = 0
    for (method, path), endpoint in USDM_FUTURES.endpoints.items():
        route = charged.get((method, path))
        if route is None or route.faith is Faith.ASSUMED or callable(route.weight) or callable(endpoint.weight):
            continue
        assert endpoint.weight >= route.weight, f"{method} {path}"
        compared += 1
    assert compared > 20


@pytest.mark.parametrize(("symbol", "weight"), [("BTCUSDT", 1), (None, 40)])
def test_open_orders_of_one_symbol_cost_less_than_of_all(symbol: str | None, weight: int) -> None:
    assert USDM_FUTURES.weigh("GET", "/fapi/v1/openOrders", {"symbol": symbol} if symbol else {}) == weight


def test_a_path_that_is_not_listed_is_never_free() -> None:
    assert USDM_FUTURES.weigh("GET", "/fapi/v1/somethingNew") > 0
    assert SPOT.weigh("GET", "/api/v3/somethingNew") > 0
