"""Orders by the control port: trading as another client of an account would."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.client.connection import Connection
from trueup.emulator.engine.values import AlgoOrder, Order, OrderRequest


class Orders(Connection):
    """Trade as another client of an account."""

    def place_order(self, account_id: str, request: OrderRequest) -> Order:
        """Place a LIMIT or MARKET order as another client of the account would."""
        return self._venue("place_order", Order, account_id=account_id, request=request)

    def amend_order(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
    ) -> Order:
        """Change price and quantity of a working order."""
        return self._venue(
            "amend_order",
            Order,
            account_id=account_id,
            symbol=symbol,
            order_id=order_id,
            client_order_id=client_order_id,
            quantity=quantity,
            price=price,
        )

    def cancel_order(
        self, account_id: str, symbol: str, *, order_id: int | None = None, client_order_id: str | None = None
    ) -> Order:
        """Cancel a working order."""
        return self._venue(
            "cancel_order",
            Order,
            account_id=account_id,
            symbol=symbol,
            order_id=order_id,
            client_order_id=client_order_id,
        )

    def cancel_all_orders(self, account_id: str, symbol: str) -> list[Order]:
        """Cancel the working orders of a symbol."""
        return self._venue("cancel_all_orders", list[Order], account_id=account_id, symbol=symbol)

    def place_algo_order(self, account_id: str, request: OrderRequest) -> AlgoOrder:
        """Place a conditional order."""
        return self._venue("place_algo_order", AlgoOrder, account_id=account_id, request=request)

    def cancel_algo_order(
        self, account_id: str, *, algo_id: int | None = None, client_algo_id: str | None = None
    ) -> AlgoOrder:
        """Cancel a conditional order that waits."""
        return self._venue(
            "cancel_algo_order", AlgoOrder, account_id=account_id, algo_id=algo_id, client_algo_id=client_algo_id
        )
