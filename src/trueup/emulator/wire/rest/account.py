"""Balances, positions, fees and limits of an account."""

from __future__ import annotations

from typing import Any, Final

from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.statements import Position
from trueup.emulator.wire.forms import account as forms
from trueup.emulator.wire.forms.market import rate_limits_form
from trueup.emulator.wire.forms.texts import plain
from trueup.emulator.wire.parameters import missing
from trueup.emulator.wire.routes import Call, Faith, Route


def balances(call: Call) -> Any:
    """List the assets of the futures wallet."""
    return [forms.balance_form(balance, call.account_id) for balance in call.venue.balances(call.account_id)]


def account_v2(call: Call) -> Any:
    """Show the account with assets and every symbol's position."""
    summary = call.venue.summary(call.account_id)
    caps = _caps(call)
    return {
        **forms.account_config_form(summary),
        "feeBurn": False,
        **forms.totals_form(summary.balances),
        "assets": [forms.asset_form(balance) for balance in summary.balances],
        "positions": [
            forms.account_position_v2_form(leg, call.services.digits, caps[leg.symbol])
            for leg in call.venue.positions(call.account_id, include_flat=True)
        ],
    }


def account_v3(call: Call) -> Any:
    """Show the account with assets and the positions that are open."""
    balances = call.venue.balances(call.account_id)
    return {
        **forms.totals_form(balances),
        "assets": [forms.asset_form(balance) for balance in balances],
        "positions": call.services.pages.legs(call.venue.positions(call.account_id), forms.account_position_v3_form),
    }


def account_config(call: Call) -> Any:
    """Show the account's rights and modes."""
    return forms.account_config_form(call.venue.summary(call.account_id))


def positions_v2(call: Call) -> Any:
    """List the positions of every symbol, flat ones included."""
    symbol = _known_symbol(call)
    caps = _caps(call, symbol)
    legs = call.venue.positions(call.account_id, symbol, include_flat=True)
    return [forms.position_v2_form(leg, call.services.digits, caps[leg.symbol]) for leg in legs]


def positions_v3(call: Call) -> Any:
    """List the positions of symbols that have one or a working order, as the venue documents v3."""
    return call.services.pages.legs(_touched_legs(call, _known_symbol(call)), forms.position_v3_form)


def _touched_legs(call: Call, symbol: str | None) -> list[Position]:
    legs = call.venue.positions(call.account_id, symbol)
    held = {leg.symbol for leg in legs}
    working = {order.symbol for order in call.venue.open_orders(call.account_id, symbol)}
    for name in sorted(working - held):
        legs += call.venue.positions(call.account_id, name, include_flat=True)
    return legs


def symbol_config(call: Call) -> Any:
    """List leverage and margin type per symbol."""
    configs = call.venue.symbol_configs(call.account_id, _known_symbol(call))
    return [forms.symbol_config_form(config) for config in configs]


def commission_rate(call: Call) -> Any:
    """Show the account's fee rates."""
    symbol = call.parameters.required_text("symbol")
    return forms.commission_form(call.venue.commission_rate(call.account_id, symbol))


def order_limits(call: Call) -> Any:
    """Show the account's order limits."""
    return [entry for entry in rate_limits_form(call.services.limits.limits) if entry["rateLimitType"] == "ORDERS"]


def leverage_bracket(call: Call) -> Any:
    """Show the notional brackets: one bracket per symbol, since the table of symbols holds one rate."""
    symbol = call.parameters.text("symbol")
    rules = [call.venue.symbol(symbol)] if symbol is not None else call.venue.symbols()
    return [
        {
            "symbol": each.symbol,
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": 1,
                    "initialLeverage": each.leverage_max,
                    "notionalCap": 9_223_372_036_854_775_807,
                    "notionalFloor": 0,
                    "maintMarginRatio": float(each.maint_margin_rate),
                    "cum": 0.0,
                }
            ],
        }
        for each in rules
    ]


def trading_status(call: Call) -> Any:
    """Show the trading rules indicators: none is ever triggered."""
    return {"indicators": {}, "updateTime": call.now_ms}


def portfolio_margin(call: Call) -> Any:
    """Refuse portfolio margin, which the emulator does not have."""
    if "asset" not in call.parameters:
        raise missing("asset")
    raise Rejection(-4000, "This endpoint is for portfolio margin accounts only.")


def _known_symbol(call: Call) -> str | None:
    symbol = call.parameters.text("symbol")
    if symbol is not None:
        call.venue.symbol(symbol)
    return symbol


def _caps(call: Call, symbol: str | None = None) -> dict[str, Any]:
    return {config.symbol: config.max_notional for config in call.venue.symbol_configs(call.account_id, symbol)}


def max_notional_text(call: Call, symbol: str) -> str:
    """Return the largest notional at the symbol's leverage."""
    (config,) = call.venue.symbol_configs(call.account_id, symbol)
    return plain(config.max_notional)


ROUTES: Final = (
    Route("GET", "/fapi/v2/balance", balances, weight=5),
    Route("GET", "/fapi/v3/balance", balances, weight=5),
    Route("GET", "/fapi/v2/account", account_v2, weight=5),
    Route("GET", "/fapi/v3/account", account_v3, weight=5),
    Route("GET", "/fapi/v1/accountConfig", account_config, weight=5),
    Route("GET", "/fapi/v2/positionRisk", positions_v2, weight=5),
    Route("GET", "/fapi/v3/positionRisk", positions_v3, weight=5),
    Route("GET", "/fapi/v1/symbolConfig", symbol_config, weight=5),
    Route("GET", "/fapi/v1/commissionRate", commission_rate, weight=20),
    Route("GET", "/fapi/v1/rateLimit/order", order_limits),
    Route(
        "GET",
        "/fapi/v1/leverageBracket",
        leverage_bracket,
        faith=Faith.ASSUMED,
        note="one bracket without a cap per symbol",
    ),
    Route("GET", "/fapi/v1/apiTradingStatus", trading_status, faith=Faith.FIXED, note="no indicator is ever raised"),
    Route("GET", "/fapi/v1/pmAccountInfo", portfolio_margin, weight=5, faith=Faith.FIXED, note="always refused"),
)
