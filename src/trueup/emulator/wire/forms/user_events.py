"""The events of the user stream as they travel."""

from __future__ import annotations

from typing import Any

from trueup.emulator.engine.enums import MarginType, OrderType, TimeInForce
from trueup.emulator.engine.events import (
    AccountConfigEvent,
    AccountEvent,
    AlgoEvent,
    MarginCall,
    OrderEvent,
    TradeLite,
    VenueEvent,
)
from trueup.emulator.engine.values import ZERO
from trueup.emulator.wire.forms.account import margin_type_text
from trueup.emulator.wire.forms.texts import DigitsBySymbol, amount, average, fixed, plain

type Form = dict[str, Any]

_LIQUIDATION_PREFIXES = {"autoclose-": "LIQUIDATION", "adl_autoclose": "ADL"}


def user_event_form(event: VenueEvent, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return an event of the engine as the user stream sends it."""
    match event:
        case OrderEvent():
            return _order_event(event, digits_by_symbol)
        case AccountEvent():
            return _account_event(event, digits_by_symbol)
        case TradeLite():
            return _trade_lite(event, digits_by_symbol)
        case AlgoEvent():
            return _algo_event(event, digits_by_symbol)
        case MarginCall():
            return _margin_call(event, digits_by_symbol)
        case AccountConfigEvent():
            return {
                "e": "ACCOUNT_CONFIG_UPDATE",
                "E": event.time_ms,
                "T": event.time_ms,
                "ac": {"s": event.symbol, "l": event.leverage},
            }


def event_type(event: VenueEvent) -> str:
    """Return the type that the event carries on the wire."""
    match event:
        case OrderEvent():
            return "ORDER_TRADE_UPDATE"
        case AccountEvent():
            return "ACCOUNT_UPDATE"
        case TradeLite():
            return "TRADE_LITE"
        case AlgoEvent():
            return "ALGO_UPDATE"
        case MarginCall():
            return "MARGIN_CALL"
        case AccountConfigEvent():
            return "ACCOUNT_CONFIG_UPDATE"


def listen_key_expired_form(listen_key: str, now_ms: int) -> Form:
    """Return the event that ends a listen key."""
    return {"e": "listenKeyExpired", "E": now_ms, "listenKey": listen_key}


def _order_event(event: OrderEvent, digits_by_symbol: DigitsBySymbol) -> Form:
    order, trade = event.order, event.trade
    digits = digits_by_symbol[order.symbol]
    body: Form = {
        "s": order.symbol,
        "c": order.client_order_id,
        "S": order.side,
        "o": _order_type(order.client_order_id, order.type),
        "f": order.time_in_force,
        "q": fixed(order.quantity, digits.quantity),
        "p": fixed(order.price, digits.price),
        "ap": average(order.average_price, digits),
        "sp": fixed(order.stop_price, digits.price),
        "x": event.execution_type,
        "X": order.status,
        "i": order.order_id,
        "l": fixed(trade.quantity, digits.quantity) if trade else fixed(ZERO, digits.quantity),
        "z": fixed(order.executed_quantity, digits.quantity),
        "L": fixed(trade.price, digits.price) if trade else fixed(ZERO, digits.price),
        "T": event.time_ms,
        "t": trade.trade_id if trade else 0,
        "b": plain(event.bid_notional),
        "a": plain(event.ask_notional),
        "m": trade.maker if trade else False,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": order.original_type,
        "ps": order.position_side,
        "cp": order.close_position,
        "rp": amount(trade.realised_pnl) if trade else "0",
        "pP": order.price_protect,
        "si": 0,
        "ss": 0,
        "V": order.self_trade_prevention,
        "pm": order.price_match,
        "gtd": order.good_till_date_ms if order.time_in_force is TimeInForce.GTD else 0,
    }
    if trade:
        body["N"] = trade.commission_asset
        body["n"] = amount(trade.commission)
    if order.original_type is OrderType.TRAILING_STOP_MARKET:
        if order.activate_price is not None:
            body["AP"] = fixed(order.activate_price, digits.price)
        if order.callback_rate is not None:
            body["cr"] = plain(order.callback_rate)
    return {"e": "ORDER_TRADE_UPDATE", "E": event.time_ms, "T": event.time_ms, "o": body}


def _order_type(client_order_id: str, order_type: OrderType) -> str:
    """Return the type on the wire: the venue names its own closing orders by their client order id and type."""
    for prefix, name in _LIQUIDATION_PREFIXES.items():
        if client_order_id.startswith(prefix):
            return name
    return order_type


def _account_event(event: AccountEvent, digits_by_symbol: DigitsBySymbol) -> Form:
    positions: list[Form] = []
    for position in event.positions:
        digits = digits_by_symbol[position.symbol]
        positions.append(
            {
                "s": position.symbol,
                "pa": fixed(position.quantity, digits.quantity),
                "ep": plain(position.entry_price),
                "bep": plain(position.break_even_price),
                "cr": amount(position.accumulated_realised),
                "up": amount(position.unrealised_pnl),
                "mt": margin_type_text(position.margin_type),
                "iw": plain(position.isolated_wallet),
                "ps": position.position_side,
            }
        )
    return {
        "e": "ACCOUNT_UPDATE",
        "E": event.time_ms,
        "T": event.time_ms,
        "a": {
            "m": event.reason,
            "B": [
                {
                    "a": balance.asset,
                    "wb": amount(balance.wallet),
                    "cw": amount(balance.cross_wallet),
                    "bc": plain(balance.change),
                }
                for balance in event.balances
            ],
            "P": positions,
        },
    }


def _trade_lite(event: TradeLite, digits_by_symbol: DigitsBySymbol) -> Form:
    digits = digits_by_symbol[event.order.symbol]
    return {
        "e": "TRADE_LITE",
        "E": event.time_ms,
        "T": event.time_ms,
        "s": event.order.symbol,
        "q": fixed(event.order.quantity, digits.quantity),
        "p": fixed(event.order.price, digits.price),
        "m": event.trade.maker,
        "c": event.order.client_order_id,
        "S": event.order.side,
        "L": fixed(event.trade.price, digits.price),
        "l": fixed(event.trade.quantity, digits.quantity),
        "t": event.trade.trade_id,
        "i": event.order.order_id,
    }


def _algo_event(event: AlgoEvent, digits_by_symbol: DigitsBySymbol) -> Form:
    algo = event.algo
    digits = digits_by_symbol[algo.symbol]
    body: Form = {
        "caid": algo.client_algo_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": algo.type,
        "s": algo.symbol,
        "S": algo.side,
        "ps": algo.position_side,
        "f": algo.time_in_force,
        "q": fixed(algo.quantity, digits.quantity),
        "X": algo.status,
        "ai": str(algo.actual_order_id) if algo.actual_order_id else "",
        "ap": average(algo.actual_average_price, digits) if algo.actual_average_price else "0",
        "aq": fixed(algo.actual_executed_quantity, digits.quantity) if algo.actual_executed_quantity else "0",
        "act": algo.actual_type or "",
        "tp": fixed(algo.trigger_price, digits.price),
        "p": fixed(algo.price, digits.price),
        "V": algo.self_trade_prevention,
        "wt": algo.working_type,
        "pm": algo.price_match,
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.trigger_time_ms,
        "gtd": algo.good_till_date_ms,
        "rm": algo.failure,
    }
    if algo.activate_price is not None:
        body["AP"] = fixed(algo.activate_price, digits.price)
    if algo.callback_rate is not None:
        body["cr"] = plain(algo.callback_rate)
    return {"e": "ALGO_UPDATE", "E": event.time_ms, "T": event.time_ms, "o": body}


def _margin_call(event: MarginCall, digits_by_symbol: DigitsBySymbol) -> Form:
    crossed = any(position.margin_type is MarginType.CROSSED for position in event.positions)
    form: Form = {
        "e": "MARGIN_CALL",
        "E": event.time_ms,
        "p": [
            {
                "s": position.symbol,
                "ps": position.position_side,
                "pa": fixed(position.quantity, digits_by_symbol[position.symbol].quantity),
                "mt": position.margin_type,
                "iw": plain(position.isolated_wallet),
                "mp": amount(position.mark_price),
                "up": amount(position.unrealised_pnl),
                "mm": amount(position.maint_margin),
            }
            for position in event.positions
        ],
    }
    if crossed:
        form["cw"] = amount(event.cross_wallet)
    return form
