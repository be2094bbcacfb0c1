"""The venue's refusals: its own codes and texts.

Source of codes and texts: Binance's public error list for USD-M futures. A refusal never changes the venue's state.
"""

from __future__ import annotations

from decimal import Decimal


class Rejection(Exception):  # noqa: N818 - the venue refuses, nothing went wrong in the program
    """The venue says no.

    Parameters
    ----------
    code : int
        The venue's code, for example -2011.
    message : str
        The venue's text.
    http_status : int, default 400
        The status that carries it.
    """

    def __init__(self, code: int, message: str, http_status: int = 400) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.http_status = http_status


def mandatory(parameter: str) -> Rejection:
    """Return the refusal of a missing or malformed parameter."""
    return Rejection(-1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.")


def not_required(parameter: str) -> Rejection:
    """Return the refusal of a parameter that the order type does not take."""
    return Rejection(-1106, f"Parameter '{parameter}' sent when not required.")


def precision() -> Rejection:
    """Return the refusal of too many decimals."""
    return Rejection(-1111, "Precision is over the maximum defined for this asset.")


def invalid_time_in_force() -> Rejection:
    """Return the refusal of a time in force that the type does not take."""
    return Rejection(-1115, "Invalid timeInForce.")


def invalid_order_type() -> Rejection:
    """Return the refusal of an order type."""
    return Rejection(-1116, "Invalid orderType.")


def invalid_symbol() -> Rejection:
    """Return the refusal of an unknown symbol."""
    return Rejection(-1121, "Invalid symbol.")


def invalid_parameter(parameter: str) -> Rejection:
    """Return the refusal of a parameter's value."""
    return Rejection(-1130, f"Data sent for parameter '{parameter}' is not valid.")


def start_after_end() -> Rejection:
    """Return the refusal of a window that ends before it starts."""
    return Rejection(-1023, "Start time is greater than end time.")


def unknown_order() -> Rejection:
    """Return the refusal to cancel what does not work."""
    return Rejection(-2011, "Unknown order sent.")


def no_such_order() -> Rejection:
    """Return the refusal to show or amend what does not exist."""
    return Rejection(-2013, "Order does not exist.")


def invalid_api_key() -> Rejection:
    """Return the refusal of an unknown key."""
    return Rejection(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def insufficient_margin() -> Rejection:
    """Return the refusal of an order that the wallet cannot carry."""
    return Rejection(-2019, "Margin is insufficient.")


def would_trigger() -> Rejection:
    """Return the refusal of a conditional order whose trigger is already met."""
    return Rejection(-2021, "Order would immediately trigger.")


def reduce_only() -> Rejection:
    """Return the refusal of an order that would not reduce."""
    return Rejection(-2022, "ReduceOnly Order is rejected.")


def too_many_open_orders() -> Rejection:
    """Return the refusal of one open order too many."""
    return Rejection(-2025, "Reach max open order limit.")


def over_leverage() -> Rejection:
    """Return the refusal of a position larger than the leverage allows."""
    return Rejection(-2027, "Exceeded the maximum allowable position at current leverage.")


def leverage_too_small() -> Rejection:
    """Return the refusal of a lower leverage that the wallet cannot carry."""
    return Rejection(-2028, "Leverage is smaller than permitted: insufficient margin balance.")


def price_not_positive() -> Rejection:
    """Return the refusal of a price of zero or less."""
    return Rejection(-4001, "Price less than 0.")


def price_above_max() -> Rejection:
    """Return the refusal of a price above the symbol's."""
    return Rejection(-4002, "Price greater than max price.")


def quantity_not_positive() -> Rejection:
    """Return the refusal of a quantity of zero or less."""
    return Rejection(-4003, "Quantity less than or equal to zero.")


def quantity_below_min() -> Rejection:
    """Return the refusal of a quantity under the symbol's minimum."""
    return Rejection(-4004, "Quantity less than min quantity.")


def quantity_above_max() -> Rejection:
    """Return the refusal of a quantity over the symbol's maximum."""
    return Rejection(-4005, "Quantity greater than max quantity.")


def trigger_not_positive() -> Rejection:
    """Return the refusal of a trigger price of zero or less."""
    return Rejection(-4006, "Stop price less than zero.")


def price_below_min() -> Rejection:
    """Return the refusal of a price under the symbol's minimum."""
    return Rejection(-4013, "Price less than min price.")


def off_tick() -> Rejection:
    """Return the refusal of a price between ticks."""
    return Rejection(-4014, "Price not increased by tick size.")


def client_order_id_length() -> Rejection:
    """Return the refusal of a client order id that is too long or holds other characters."""
    return Rejection(-4015, "Client order id is not valid.")


def price_too_high(limit: Decimal, precision: int) -> Rejection:
    """Return the refusal of a price above the mark price band."""
    return Rejection(-4016, f"Limit price can't be higher than {limit:.{precision}f}.")


def off_step() -> Rejection:
    """Return the refusal of a quantity between steps."""
    return Rejection(-4023, "Qty not increased by step size.")


def price_too_low(limit: Decimal, precision: int) -> Rejection:
    """Return the refusal of a price below the mark price band."""
    return Rejection(-4024, f"Limit price can't be lower than {limit:.{precision}f}.")


def invalid_leverage(leverage: int) -> Rejection:
    """Return the refusal of a leverage out of range."""
    return Rejection(-4028, f"Leverage {leverage} is not valid")


def too_many_algo_orders() -> Rejection:
    """Return the refusal of one conditional order too many."""
    return Rejection(-4045, "Reach max stop order limit.")


def same_margin_type() -> Rejection:
    """Return the refusal of a change to what is."""
    return Rejection(-4046, "No need to change margin type.")


def margin_type_with_orders() -> Rejection:
    """Return the refusal to change the margin type under open orders."""
    return Rejection(-4047, "Margin type cannot be changed if there exists open orders.")


def margin_type_with_position() -> Rejection:
    """Return the refusal to change the margin type under a position."""
    return Rejection(-4048, "Margin type cannot be changed if there exists position.")


def margin_only_isolated() -> Rejection:
    """Return the refusal to move margin of a crossed position."""
    return Rejection(-4049, "Add margin only support for isolated position.")


def cross_balance_insufficient() -> Rejection:
    """Return the refusal to move more margin than there is."""
    return Rejection(-4050, "Cross balance insufficient.")


def isolated_balance_insufficient() -> Rejection:
    """Return the refusal to take more margin than the position can spare."""
    return Rejection(-4051, "Isolated balance insufficient.")


def margin_without_position() -> Rejection:
    """Return the refusal to add margin to nothing."""
    return Rejection(-4054, "Cannot add position margin: position is 0.")


def amount_not_positive() -> Rejection:
    """Return the refusal of an amount of zero or less."""
    return Rejection(-4055, "Amount must be positive.")


def same_position_mode() -> Rejection:
    """Return the refusal of a change to what is."""
    return Rejection(-4059, "No need to change position side.")


def position_side_mismatch() -> Rejection:
    """Return the refusal of a leg that the position mode does not have."""
    return Rejection(-4061, "Order's position side does not match user's setting.")


def position_mode_with_orders() -> Rejection:
    """Return the refusal to change the position mode under open orders."""
    return Rejection(-4067, "Position side cannot be changed if there exists open orders.")


def position_mode_with_position() -> Rejection:
    """Return the refusal to change the position mode under a position."""
    return Rejection(-4068, "Position side cannot be changed if there exists position.")


def duplicate_client_order_id() -> Rejection:
    """Return the refusal of a client order id that an open order has."""
    return Rejection(-4116, "ClientOrderId is duplicated.")


def use_algo_service() -> Rejection:
    """Return the refusal of a conditional type at the plain endpoint."""
    return Rejection(
        -4120,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    )


def no_counterparty() -> Rejection:
    """Return the refusal of a market order that would leave the price band."""
    return Rejection(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")


def quantity_with_close_position() -> Rejection:
    """Return the refusal of a quantity beside closePosition."""
    return Rejection(-4137, "Quantity must be zero with closePosition equals true")


def close_position_type() -> Rejection:
    """Return the refusal of closePosition with a type that does not take it."""
    return Rejection(-4136, "Target strategy invalid for orderType LIMIT,closePosition true")


def below_min_notional(minimum: Decimal) -> Rejection:
    """Return the refusal of an order worth too little."""
    return Rejection(-4164, f"Order's notional must be no smaller than {minimum:f} (unless you choose reduce only).")


def window_too_long() -> Rejection:
    """Return the refusal of a window longer than the venue answers."""
    return Rejection(-4165, "Invalid time interval")


def isolated_leverage_reduction() -> Rejection:
    """Return the refusal to lower the leverage of an isolated position."""
    return Rejection(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions.")


def fill_or_kill() -> Rejection:
    """Return the refusal of a FOK order that cannot fill whole."""
    return Rejection(
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history",
    )


def post_only() -> Rejection:
    """Return the refusal of a GTX order that would take."""
    return Rejection(
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history",
    )


def too_many_amendments() -> Rejection:
    """Return the refusal of one amendment too many."""
    return Rejection(-5026, "Exceed maximum modify order limit.")


def same_order() -> Rejection:
    """Return the refusal of an amendment that changes nothing."""
    return Rejection(-5027, "No need to modify the order.")


def invalid_good_till_date() -> Rejection:
    """Return the refusal of a good-till date out of range."""
    return Rejection(
        -5040,
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
        "and smaller than 253402300799000",
    )
