"""The market by the control port, and what the venue does to accounts by force."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.client.connection import Connection
from trueup.emulator.engine.enums import PositionSide
from trueup.emulator.engine.statements import Level
from trueup.emulator.engine.values import Order


class Market(Connection):
    """Move the market; fill, liquidate, deleverage and fund by force."""

    def set_market(
        self,
        symbol: str,
        bid: Decimal,
        ask: Decimal,
        mark: Decimal | None = None,
        *,
        bids: tuple[Level, ...] = (),
        asks: tuple[Level, ...] = (),
    ) -> None:
        """Set best bid, best ask and mark price, with explicit liquidity if given."""
        self._tell("set_market", symbol=symbol, bid=bid, ask=ask, mark=mark, bids=bids, asks=asks)

    def set_mark_price(self, symbol: str, mark: Decimal) -> None:
        """Set the mark price alone."""
        self._tell("set_mark_price", symbol=symbol, mark=mark)

    def move_to(self, symbol: str, price: Decimal) -> None:
        """Move the market so that it trades at a price: everything on the way fills and triggers."""
        self._tell("move_to", symbol=symbol, price=price)

    def print_trade(self, symbol: str, price: Decimal, quantity: Decimal, *, buyer_maker: bool) -> None:
        """Let an outside taker trade."""
        self._tell("print_trade", symbol=symbol, price=price, quantity=quantity, buyer_maker=buyer_maker)

    def step_market(self, steps: int = 1, symbols: tuple[str, ...] = ()) -> None:
        """Step the seeded random walk."""
        self._tell("step_market", steps=steps, symbols=symbols)

    def pause_market(self, *, paused: bool = True) -> None:
        """Stop or restart the random walk."""
        self._tell("pause_market", paused=paused)

    def fill(self, order_id: int, quantity: Decimal | None = None, price: Decimal | None = None) -> Order:
        """Fill a working order against an outside counterparty."""
        return self._venue("fill", Order, order_id=order_id, quantity=quantity, price=price)

    def auto_deleverage(
        self,
        account_id: str,
        symbol: str,
        quantity: Decimal,
        position_side: PositionSide = PositionSide.BOTH,
        price: Decimal | None = None,
    ) -> Order:
        """Reduce a position by ADL."""
        return self._venue(
            "auto_deleverage",
            Order,
            account_id=account_id,
            symbol=symbol,
            quantity=quantity,
            position_side=position_side,
            price=price,
        )

    def liquidate(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Liquidate positions of an account."""
        return self._venue("liquidate", list[Order], account_id=account_id, symbol=symbol)

    def apply_funding(self, symbol: str, rate: Decimal | None = None) -> None:
        """Settle funding now."""
        self._tell("apply_funding", symbol=symbol, rate=rate)

    def set_funding_rate(self, symbol: str, rate: Decimal) -> None:
        """Set the rate of the fundings to come."""
        self._tell("set_funding_rate", symbol=symbol, rate=rate)

    def load_history(
        self,
        account_id: str,
        orders: int,
        *,
        symbols: tuple[str, ...] = ("BTCUSDT",),
        seed: int = 1,
        span_ms: int = 7 * 86_400_000,
    ) -> None:
        """Give an account a past of closed orders."""
        self._tell("load_history", account_id=account_id, orders=orders, symbols=symbols, seed=seed, span_ms=span_ms)
