"""REST endpoints, one file per noun; `ROUTES` is everything that is served."""

from __future__ import annotations

from typing import Final

from trueup.emulator.wire.rest import account, algo_orders, history, market, orders, settings, user_stream
from trueup.emulator.wire.routes import registry

ROUTES: Final = registry(
    market.ROUTES,
    orders.ROUTES,
    algo_orders.ROUTES,
    history.ROUTES,
    account.ROUTES,
    settings.ROUTES,
    user_stream.ROUTES,
)
