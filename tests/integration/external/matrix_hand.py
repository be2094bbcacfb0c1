"""The hand: an ordinary client (ccxt) of the same account, and the venue itself through the control port."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from tests.integration.emulator.oracles.keys import Credentials
from tests.integration.emulator.oracles.test_ccxt import Client
from trueup.emulator import EmulatorProcess
from trueup.emulator.engine.enums import MarginType, OrderType, PositionSide, Side
from trueup.emulator.engine.symbols import SymbolRules, symbol_table
from trueup.emulator.engine.values import OrderRequest

NOTIONAL = Decimal(400)
"""Of one unit of trading: above every symbol's least, far below what the account can carry."""


class Hand:
    """Trade by hand on the account of a node.

    Parameters
    ----------
    venue : EmulatorProcess
        The venue.
    credentials : Credentials
        The account's.
    hedge : bool
        Whether the account is in hedge mode: everything is then on the long leg.
    """

    def __init__(self, venue: EmulatorProcess, credentials: Credentials, *, hedge: bool) -> None:
        self.control = venue.control
        self.account = credentials.account_id
        self.hedge = hedge
        self.rules: dict[str, SymbolRules] = dict(symbol_table())
        self._ccxt = Client(venue.ready.rest, credentials)
        self._ccxt.load_markets()
        self._by_id = {market["id"]: name for name, market in self._ccxt.markets.items() if market["swap"]}
        self._numbers = itertools.count(1)

    # -- quantities and prices -----------------------------------------------------------------------------------------

    def price(self, symbol: str, factor: str = "1") -> Decimal:
        """Return a price on the symbol's grid, some way from where it starts."""
        rules = self.rules[symbol]
        return rules.round_price(rules.start_price * Decimal(factor))

    def quantity(self, symbol: str, units: int = 1) -> Decimal:
        """Return a quantity of so many units of trading, divisible by four."""
        rules = self.rules[symbol]
        steps = max(4, -(-int(NOTIONAL / rules.start_price / rules.step) // 4) * 4)
        return rules.step * steps * units

    # -- by the ordinary client ----------------------------------------------------------------------------------------

    def order(
        self, symbol: str, kind: str, side: str, quantity: Decimal, price: Decimal | None = None, **more: Any
    ) -> Any:
        """Place an order as the venue's web page names it."""
        parameters = {"newClientOrderId": f"web_{next(self._numbers):020d}", **more}
        if self.hedge:
            parameters.setdefault("positionSide", "LONG")
        limit = None if price is None else float(price)
        return self._ccxt.create_order(self._by_id[symbol], kind, side, float(quantity), limit, parameters)

    def limit(self, symbol: str) -> Any:
        """Place a limit order that rests."""
        return self.order(symbol, "limit", "buy", self.quantity(symbol), self.price(symbol, "0.9"))

    def limit_filled(self, symbol: str) -> None:
        """Place a limit order; the market fills it."""
        self.control.fill(int(self.limit(symbol)["id"]))

    def limit_partly_filled(self, symbol: str) -> None:
        """Place a limit order; the market fills half of it."""
        self.control.fill(int(self.limit(symbol)["id"]), quantity=self.quantity(symbol) / 2)

    def limit_cancelled(self, symbol: str) -> None:
        """Place a limit order, let half of it fill, and cancel the rest."""
        placed = self.limit(symbol)
        self.control.fill(int(placed["id"]), quantity=self.quantity(symbol) / 2)
        self.cancel(symbol, placed["id"])

    def limit_amended(self, symbol: str) -> None:
        """Place a limit order, and change its quantity and its price."""
        placed = self.limit(symbol)
        self._amend(symbol, placed["id"])

    def _amend(self, symbol: str, order_id: str) -> None:
        self.amend(symbol, order_id, "buy", self.quantity(symbol) * 3 / 2, self.price(symbol, "0.92"))

    def amend(self, symbol: str, order_id: str, side: str, quantity: Decimal, price: Decimal) -> None:
        """Give a limit order another quantity and price."""
        self._ccxt.edit_order(order_id, self._by_id[symbol], "limit", side, float(quantity), float(price))

    def cancel(self, symbol: str, order_id: str, terms: dict[str, Any] | None = None) -> None:
        """Cancel an order."""
        self._ccxt.cancel_order(order_id, self._by_id[symbol], terms or {})

    def market(self, symbol: str) -> None:
        """Buy at market."""
        self.order(symbol, "market", "buy", self.quantity(symbol))

    def stop(self, symbol: str) -> Any:
        """Place a stop that would open a position."""
        trigger = float(self.price(symbol, "1.1"))
        return self.order(symbol, "market", "buy", self.quantity(symbol), None, stopLossPrice=trigger)

    def stop_triggered(self, symbol: str) -> None:
        """Place a stop, and let the market run into it."""
        self.stop(symbol)
        self.quote(symbol, "1.11")

    def stop_cancelled(self, symbol: str) -> None:
        """Place a stop, and cancel it."""
        placed = self.stop(symbol)
        self.cancel(symbol, placed["id"], {"trigger": True})

    def opened_and_reduced(self, symbol: str) -> None:
        """Buy two, sell one."""
        self.order(symbol, "market", "buy", self.quantity(symbol, 2))
        self.order(symbol, "market", "sell", self.quantity(symbol))

    def opened_and_flipped(self, symbol: str) -> None:
        """Buy one, sell two; in hedge mode a leg cannot flip, so it is closed and the other one opened."""
        self.market(symbol)
        self.flip(symbol)

    def opened_and_closed(self, symbol: str) -> None:
        """Buy one, sell it."""
        self.market(symbol)
        self.close(symbol)

    # -- on what the node has ------------------------------------------------------------------------------------------

    def amend_own(self, symbol: str) -> None:
        """Amend the node's order."""
        self._amend(symbol, str(self.control.open_orders(self.account, symbol)[0].order_id))

    def cancel_own(self, symbol: str) -> None:
        """Cancel the node's order."""
        order = self.control.open_orders(self.account, symbol)[0]
        self.cancel(symbol, str(order.order_id))

    def increase(self, symbol: str) -> None:
        """Lever the node's position up."""
        self.market(symbol)

    def reduce(self, symbol: str) -> None:
        """Close half of the node's position."""
        self.order(symbol, "market", "sell", self.quantity(symbol) / 2)

    def close(self, symbol: str) -> None:
        """Close the position, as the page's button does."""
        more = {} if self.hedge else {"reduceOnly": True}
        self.order(symbol, "market", "sell", self.quantity(symbol), None, **more)

    def flip(self, symbol: str) -> None:
        """Turn the position round."""
        if not self.hedge:
            self.order(symbol, "market", "sell", self.quantity(symbol, 2))
            return
        self.close(symbol)
        self._ccxt.create_order(
            self._by_id[symbol], "market", "sell", float(self.quantity(symbol)), None, {"positionSide": "SHORT"}
        )

    def leverage(self, symbol: str) -> None:
        """Change the leverage of a symbol."""
        self._ccxt.set_leverage(7, self._by_id[symbol])

    # -- by the venue --------------------------------------------------------------------------------------------------

    @property
    def _side(self) -> PositionSide:
        return PositionSide.LONG if self.hedge else PositionSide.BOTH

    def liquidate(self, symbol: str) -> None:
        """Let the venue liquidate the position; its margin is its own, so that nothing else goes with it."""
        self.control.liquidate(self.account, symbol)

    def deleverage(self, symbol: str) -> None:
        """Let the venue take half of the position away."""
        self.control.auto_deleverage(self.account, symbol, self.quantity(symbol) / 2, self._side)

    def settle(self, symbol: str) -> None:
        """Let the venue close the position under the name of a settlement; the emulator lists no contract that ends."""
        self.control.place_order(
            self.account,
            OrderRequest(
                symbol=symbol,
                side=Side.SELL,
                type=OrderType.MARKET,
                quantity=self.quantity(symbol),
                position_side=self._side,
                reduce_only=not self.hedge,
                client_order_id=f"settlement_autoclose-{next(self._numbers)}",
            ),
        )

    def fund(self, symbol: str) -> None:
        """Let the venue settle funding."""
        self.control.apply_funding(symbol, Decimal("0.001"))

    def quote(self, symbol: str, factor: str = "1") -> None:
        """Set the market."""
        price = self.price(symbol, factor)
        self.control.set_market(symbol, price, price + self.rules[symbol].tick, price)

    def isolate(self, symbol: str) -> None:
        """Give a symbol a margin of its own."""
        self.control.set_margin_type(self.account, symbol, MarginType.ISOLATED)
