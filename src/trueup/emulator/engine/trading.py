"""What a client of the venue can do: the trading half of `Venue`."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.engine import commands
from trueup.emulator.engine.enums import MarginType, PositionSide, PriceMatch, Side
from trueup.emulator.engine.host import Host
from trueup.emulator.engine.statements import SymbolConfig
from trueup.emulator.engine.values import AlgoOrder, Order, OrderRequest


class Trading(Host):
    """Commands of clients. Each raises `Rejection` with the venue's code and text, and then nothing has changed."""

    def place_order(self, account_id: str, request: OrderRequest) -> Order:
        """Place a LIMIT or MARKET order and match it.

        Returns
        -------
        Order
            The order after matching: NEW, PARTIALLY_FILLED, FILLED, EXPIRED or EXPIRED_IN_MATCH. The first event is
            always NEW, so ``newOrderRespType=ACK`` can be answered from this value too.

        Raises
        ------
        Rejection
            With the venue's code: filters (-4001 to -4024, -4164), -2019, -2022, -4061, -4116, -4120, -5021, -5022, ...
        """
        return self._order(commands.PlaceOrder(account_id, request))

    def validate_order(self, account_id: str, request: OrderRequest) -> None:
        """Check an order as `place_order` would, and place nothing (``/fapi/v1/order/test``).

        Raises
        ------
        Rejection
            As `place_order`.
        """
        self._validate(account_id, request)

    def amend_order(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        side: Side | None = None,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        price_match: PriceMatch = PriceMatch.NONE,
    ) -> Order:
        """Change price and quantity of a working LIMIT order; it goes to the end of its queue.

        Returns
        -------
        Order
            The order afterwards; CANCELED when the new quantity is not above the executed one, or when a GTX order
            would now take.

        Raises
        ------
        Rejection
            -2013 when it does not work, -5026, -5027, and the filters of `place_order`.
        """
        return self._order(
            commands.AmendOrder(account_id, symbol, side, order_id, client_order_id, quantity, price, price_match),
        )

    def cancel_order(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
    ) -> Order:
        """Cancel a working order.

        Raises
        ------
        Rejection
            -2011 when no such order works.
        """
        return self._order(commands.CancelOrder(account_id, symbol, order_id, client_order_id))

    def cancel_all_orders(self, account_id: str, symbol: str) -> list[Order]:
        """Cancel the working orders of a symbol and return them, oldest first."""
        return self._orders(commands.CancelAllOrders(account_id, symbol))

    def place_algo_order(self, account_id: str, request: OrderRequest) -> AlgoOrder:
        """Place a conditional order with the algo service.

        Raises
        ------
        Rejection
            -2021 when the trigger is already met, -4045, -4116, -4135, -4136, -4137 and the filters.
        """
        return self._algo(commands.PlaceAlgoOrder(account_id, request))

    def cancel_algo_order(
        self,
        account_id: str,
        *,
        algo_id: int | None = None,
        client_algo_id: str | None = None,
    ) -> AlgoOrder:
        """Cancel a conditional order that still waits.

        Raises
        ------
        Rejection
            -2011 when no such order waits.
        """
        return self._algo(commands.CancelAlgoOrder(account_id, algo_id, client_algo_id))

    def cancel_all_algo_orders(self, account_id: str, symbol: str) -> list[AlgoOrder]:
        """Cancel the waiting conditional orders of a symbol and return them, oldest first."""
        return self._algos(commands.CancelAllAlgoOrders(account_id, symbol))

    def countdown_cancel_all(self, account_id: str, symbol: str, countdown_ms: int) -> int:
        """Arm the dead man's switch of a symbol: its working orders are cancelled when the countdown ends.

        Parameters
        ----------
        countdown_ms : int
            Counted from now; 0 disarms.

        Returns
        -------
        int
            `countdown_ms`, as the venue answers.
        """
        self._execute(commands.CountdownCancelAll(account_id, symbol, countdown_ms))
        return countdown_ms

    def set_leverage(self, account_id: str, symbol: str, leverage: int) -> SymbolConfig:
        """Change the leverage of a symbol.

        Raises
        ------
        Rejection
            -4028 out of range, -2028 when the wallet cannot carry the higher margin, -4161 for an isolated position.
        """
        self._execute(commands.SetLeverage(account_id, symbol, leverage))
        return self._symbol_config(account_id, symbol)

    def set_margin_type(self, account_id: str, symbol: str, margin_type: MarginType) -> None:
        """Change the margin type of a symbol.

        Raises
        ------
        Rejection
            -4046 when it already is, -4047 under open orders, -4048 under a position.
        """
        self._execute(commands.SetMarginType(account_id, symbol, margin_type))

    def set_position_mode(self, account_id: str, hedge_mode: bool) -> None:
        """Switch between one-way (False) and hedge mode (True).

        Raises
        ------
        Rejection
            -4059 when it already is, -4067 under open orders, -4068 under a position.
        """
        self._execute(commands.SetPositionMode(account_id, hedge_mode))

    def adjust_margin(
        self,
        account_id: str,
        symbol: str,
        amount: Decimal,
        position_side: PositionSide = PositionSide.BOTH,
    ) -> None:
        """Add margin to (positive `amount`) or take it from (negative) an isolated position.

        Raises
        ------
        Rejection
            -4049 when the position is crossed, -4050 or -4051 when the money is not there, -4054 without a position.
        """
        self._execute(commands.AdjustMargin(account_id, symbol, position_side, amount))
