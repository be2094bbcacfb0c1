"""Modes of an account: leverage, margin type, position mode, margin of a position."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from trueup.emulator.engine.enums import MarginType
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.wire.forms.texts import plain
from trueup.emulator.wire.parameters import invalid, missing
from trueup.emulator.wire.rest.reading import read_position_side
from trueup.emulator.wire.routes import Call, Faith, Route

SUCCESS: Final = {"code": 200, "msg": "success"}


def set_leverage(call: Call) -> Any:
    """Change the leverage of a symbol."""
    symbol = call.parameters.required_text("symbol")
    leverage = call.parameters.required_integer("leverage")
    config = call.venue.set_leverage(call.account_id, symbol, leverage)
    return {"leverage": config.leverage, "maxNotionalValue": plain(config.max_notional), "symbol": symbol}


def set_margin_type(call: Call) -> Any:
    """Change the margin type of a symbol."""
    symbol = call.parameters.required_text("symbol")
    try:
        margin_type = MarginType(call.parameters.required_text("marginType"))
    except ValueError:
        raise invalid("marginType") from None
    call.venue.set_margin_type(call.account_id, symbol, margin_type)
    return SUCCESS


def position_mode(call: Call) -> Any:
    """Show whether the account is in hedge mode."""
    return {"dualSidePosition": call.venue.hedge_mode(call.account_id)}


def set_position_mode(call: Call) -> Any:
    """Switch between one-way and hedge mode."""
    hedge_mode = call.parameters.boolean("dualSidePosition")
    if hedge_mode is None:
        raise missing("dualSidePosition")
    call.venue.set_position_mode(call.account_id, hedge_mode)
    return SUCCESS


def adjust_margin(call: Call) -> Any:
    """Add margin to an isolated position (type 1) or take it away (type 2)."""
    parameters = call.parameters
    symbol = parameters.required_text("symbol")
    amount: Decimal = parameters.required_number("amount")
    direction = parameters.required_integer("type")
    if direction not in (1, 2):
        raise invalid("type")
    signed = amount if direction == 1 else -amount
    call.venue.adjust_margin(call.account_id, symbol, signed, read_position_side(parameters))
    message = "Successfully modify position margin."
    return {"amount": float(amount), "code": 200, "msg": message, "type": direction}


def multi_assets_mode(call: Call) -> Any:
    """Show whether assets margin each other: never."""
    return {"multiAssetsMargin": False}


def set_multi_assets_mode(call: Call) -> Any:
    """Refuse multi-assets mode; accept single-asset mode as what already is."""
    wanted = call.parameters.boolean("multiAssetsMargin")
    if wanted is None:
        raise missing("multiAssetsMargin")
    if wanted:
        raise Rejection(-1000, "The emulator has single-asset mode only.")
    raise Rejection(-4171, "No need to change multi-assets mode.")


def fee_burn(call: Call) -> Any:
    """Show whether fees are paid in BNB: never."""
    return {"feeBurn": False}


def set_fee_burn(call: Call) -> Any:
    """Accept that fees are not paid in BNB; refuse that they are."""
    wanted = call.parameters.boolean("feeBurn")
    if wanted is None:
        raise missing("feeBurn")
    if wanted:
        raise Rejection(-1000, "The emulator pays fees in the margin asset only.")
    return SUCCESS


ROUTES: Final = (
    Route("POST", "/fapi/v1/leverage", set_leverage),
    Route("POST", "/fapi/v1/marginType", set_margin_type),
    Route("GET", "/fapi/v1/positionSide/dual", position_mode, weight=30),
    Route("POST", "/fapi/v1/positionSide/dual", set_position_mode),
    Route("POST", "/fapi/v1/positionMargin", adjust_margin),
    Route("GET", "/fapi/v1/multiAssetsMargin", multi_assets_mode, weight=30, faith=Faith.FIXED, note="always false"),
    Route("POST", "/fapi/v1/multiAssetsMargin", set_multi_assets_mode, faith=Faith.FIXED, note="single-asset only"),
    Route("GET", "/fapi/v1/feeBurn", fee_burn, weight=30, faith=Faith.FIXED, note="always false"),
    Route("POST", "/fapi/v1/feeBurn", set_fee_burn, faith=Faith.FIXED, note="only false is accepted"),
)
