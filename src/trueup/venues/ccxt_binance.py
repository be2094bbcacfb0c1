"""Binance USD-M rows, as `ccxt` hands them on, to the model's records. Pure, exact, and apart from the node's adapter.

Every figure is taken from the venue's own text (`ccxt`'s unified fields are binary floating point). A word that is not
known here raises: a row that was not understood must not pass for one that was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from sys import intern
from typing import Any, Final

from trueup.model.balances import BalanceRecord
from trueup.model.enums import Leg, LiquiditySide, OrderSide, OrderStatus, OrderType, TimeInForce
from trueup.model.fills import FillRecord
from trueup.model.identifiers import unique_client_order_id
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.sharing import shared_decimal

NS_PER_MS: Final = 1_000_000
Row = Mapping[str, Any]

_STATUS = {
    "NEW": OrderStatus.ACCEPTED,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "PENDING_CANCEL": OrderStatus.PENDING_CANCEL,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    # Self-trade prevention: the user stream calls its end EXPIRED, so that is what a node holds.
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
    "NEW_INSURANCE": OrderStatus.ACCEPTED,
    "NEW_ADL": OrderStatus.ACCEPTED,
}
_ALGO_STATUS = {
    "NEW": OrderStatus.ACCEPTED,
    "WORKING": OrderStatus.ACCEPTED,
    "TRIGGERING": OrderStatus.ACCEPTED,
    "TRIGGERED": OrderStatus.ACCEPTED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
    "FINISHED": OrderStatus.FILLED,
}
_TYPE = {
    "LIMIT": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "LIQUIDATION": OrderType.MARKET,
    "STOP": OrderType.STOP_LIMIT,
    "STOP_MARKET": OrderType.STOP_MARKET,
    "TAKE_PROFIT": OrderType.LIMIT_IF_TOUCHED,
    "TAKE_PROFIT_MARKET": OrderType.MARKET_IF_TOUCHED,
    "TRAILING_STOP_MARKET": OrderType.TRAILING_STOP_MARKET,
}
_TIME_IN_FORCE = {
    "GTC": TimeInForce.GTC,
    "GTX": TimeInForce.GTC,
    "RPI": TimeInForce.GTC,
    "GTE_GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTD": TimeInForce.GTD,
}


@dataclass(frozen=True, slots=True)
class SymbolNames:
    """Spell instruments as the node does and as the venue does.

    Parameters
    ----------
    venue : str
        What stands after the last dot of the node's instrument ids.
    """

    venue: str

    def instrument_id(self, symbol: str) -> str:
        """Return the node's name: perpetual contracts carry -PERP, dated ones (``BTCUSDT_260626``) their date."""
        return intern(f"{symbol}.{self.venue}" if "_" in symbol else f"{symbol}-PERP.{self.venue}")

    def symbol(self, instrument_id: str) -> str | None:
        """Return the venue's name, None for an instrument of another venue."""
        symbol, _, venue = instrument_id.rpartition(".")
        return symbol.removesuffix("-PERP") if venue == self.venue else None


def order_record(row: Row, names: SymbolNames, *, expired_is_canceled: bool = False) -> OrderRecord:
    """Return the record of an ordinary order. A strange row raises `KeyError`, `ValueError` or `ArithmeticError`."""
    status = _STATUS[row["status"]]
    if expired_is_canceled and status is OrderStatus.EXPIRED:
        status = OrderStatus.CANCELED
    filled = Decimal(row["executedQty"])
    return OrderRecord(
        instrument_id=names.instrument_id(row["symbol"]),
        side=OrderSide(row["side"]),
        status=status,
        quantity=Decimal(row["origQty"]),
        filled_quantity=filled,
        client_order_id=unique_client_order_id(row["clientOrderId"] or None, str(row["orderId"])),
        venue_order_id=str(row["orderId"]),
        order_type=_TYPE[row["type"]],
        price=_or_none(row.get("price")),
        trigger_price=_or_none(row.get("stopPrice")),
        average_price=_or_none(row.get("avgPrice")) if filled else None,
        time_in_force=_TIME_IN_FORCE[row["timeInForce"]],
        reduce_only=bool(row.get("reduceOnly")),
        post_only=row["timeInForce"] == "GTX",
        leg=Leg(row["positionSide"]),
        accepted_ns=int(row["time"]) * NS_PER_MS,
        updated_ns=int(row["updateTime"]) * NS_PER_MS,
    )


def conditional_record(row: Row, names: SymbolNames, quantity: Decimal | None = None) -> OrderRecord | None:
    """Return the record of a conditional order that has not become an ordinary one.

    Parameters
    ----------
    row : mapping
        The venue's row.
    names : SymbolNames
        The spelling.
    quantity : Decimal, optional
        The node's quantity of it: an order that closes whatever is open has none of its own before it triggers.

    Returns
    -------
    OrderRecord or None
        None for one whose quantity nobody knows.
    """
    size = _or_none(row.get("quantity")) or quantity
    if size is None:
        return None
    order_type = _TYPE[row["orderType"]]
    is_trailing = order_type is OrderType.TRAILING_STOP_MARKET
    return OrderRecord(
        instrument_id=names.instrument_id(row["symbol"]),
        side=OrderSide(row["side"]),
        status=_ALGO_STATUS[row["algoStatus"]],
        quantity=size,
        client_order_id=row["clientAlgoId"] or None,
        venue_order_id=str(row["algoId"]),
        order_type=order_type,
        price=_or_none(row.get("price")),
        # A trailing order's trigger moves with the market on both sides: nothing to compare.
        trigger_price=None if is_trailing else _or_none(row.get("triggerPrice")),
        time_in_force=_TIME_IN_FORCE[row.get("timeInForce") or "GTC"],
        reduce_only=bool(row.get("reduceOnly")),
        leg=Leg(row.get("positionSide") or "BOTH"),
        accepted_ns=int(row["createTime"]) * NS_PER_MS,
        updated_ns=int(row.get("updateTime") or row["createTime"]) * NS_PER_MS,
    )


def fill_record(row: Row, names: SymbolNames, client_order_id: str | None = None) -> FillRecord:
    """Return the record of a trade of the account."""
    return FillRecord(
        trade_id=str(row["id"]),
        instrument_id=names.instrument_id(row["symbol"]),
        side=OrderSide(row["side"]),
        quantity=shared_decimal(row["qty"]),
        price=shared_decimal(row["price"]),
        time_ns=int(row["time"]) * NS_PER_MS,
        venue_order_id=intern(str(row["orderId"])),
        client_order_id=client_order_id,
        commission=shared_decimal(row["commission"]),
        commission_currency=intern(row["commissionAsset"]),
        liquidity=LiquiditySide.MAKER if row["maker"] else LiquiditySide.TAKER,
        leg=Leg(row["positionSide"]),
    )


def position_record(row: Row, names: SymbolNames) -> PositionRecord:
    """Return the record of a position; a flat one is an answer, too."""
    quantity = Decimal(row["positionAmt"])
    return PositionRecord(
        instrument_id=names.instrument_id(row["symbol"]),
        quantity=quantity,
        leg=Leg(row["positionSide"]),
        average_price=_or_none(row.get("entryPrice")) if quantity else None,
        updated_ns=int(row.get("updateTime") or 0) * NS_PER_MS,
    )


def balance_record(row: Row) -> BalanceRecord:
    """Return one asset's balance: the wallet, of which the node holds the same part as free."""
    total = Decimal(row["walletBalance"])
    free = min(Decimal(row["availableBalance"]), total)
    return BalanceRecord(currency=row["asset"], total=total, free=free, locked=total - free)


def _or_none(text: str | None) -> Decimal | None:
    if text is None or text == "":
        return None
    return Decimal(text) or None
