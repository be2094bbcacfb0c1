"""What the owner of the emulator can do: the control half of `Venue`."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.engine import commands
from trueup.emulator.engine.enums import PositionSide
from trueup.emulator.engine.host import Host
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.statements import Level
from trueup.emulator.engine.values import Order

DAY_MS = 86_400_000


class Control(Host):
    """Commands of the emulator's owner: accounts, market, forced events."""

    def create_account(self, settings: AccountSettings) -> str:
        """Open an account and return its id.

        Raises
        ------
        EmulatorError
            If the id or the key is taken, or an asset is not one that the venue margins in.
        """
        self._execute(commands.CreateAccount(settings))
        return settings.account_id

    def deposit(self, account_id: str, asset: str, amount: Decimal) -> None:
        """Transfer `amount` into the wallet."""
        self._execute(commands.Transfer(account_id, asset, amount))

    def withdraw(self, account_id: str, asset: str, amount: Decimal) -> None:
        """Transfer `amount` out of the wallet; `Rejection` -2018 when it is not free."""
        self._execute(commands.Transfer(account_id, asset, -amount))

    def set_fee_tier(self, account_id: str, fee_tier: int) -> None:
        """Change the fee tier, 0 to 9."""
        self._execute(commands.SetFeeTier(account_id, fee_tier))

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
        """Set best bid, best ask and mark price; working orders that the market now crosses fill at their own price.

        Parameters
        ----------
        mark : Decimal, optional
            The middle when absent.
        bids, asks : tuple of (price, quantity), optional
            Explicit liquidity, best first; generated from the settings when absent. Explicit liquidity is consumed by
            takers and not replenished.
        """
        self._execute(commands.SetMarket(symbol, bid, ask, mark, bids, asks))

    def set_mark_price(self, symbol: str, mark: Decimal) -> None:
        """Set the mark price alone: it values positions, triggers MARK_PRICE orders and liquidates."""
        self._execute(commands.SetMarkPrice(symbol, mark))

    def move_to(self, symbol: str, price: Decimal) -> None:
        """Move the market so that it trades at `price`: everything on the way fills and triggers."""
        self._execute(commands.MoveTo(symbol, price))

    def print_trade(self, symbol: str, price: Decimal, quantity: Decimal, buyer_maker: bool) -> None:
        """Let an outside taker trade `quantity` at `price`, filling working orders at that price or better first."""
        self._execute(commands.PrintTrade(symbol, price, quantity, buyer_maker))

    def step_market(self, steps: int = 1, symbols: tuple[str, ...] = ()) -> None:
        """Step the seeded random walk of `symbols` (all when empty)."""
        self._execute(commands.StepMarket(steps, symbols))

    def pause_market(self, paused: bool = True) -> None:
        """Stop (or restart) the random walk."""
        self._execute(commands.PauseMarket(paused))

    def fill(self, order_id: int, quantity: Decimal | None = None, price: Decimal | None = None) -> Order:
        """Fill a working order against an outside counterparty, as a maker.

        Parameters
        ----------
        quantity : Decimal, optional
            All that remains when absent.
        price : Decimal, optional
            The order's own price when absent.

        Raises
        ------
        Rejection
            -2011 when the order does not work; -4005 when `quantity` is more than remains.
        """
        return self._order(commands.ForceFill(order_id, quantity, price))

    def auto_deleverage(
        self,
        account_id: str,
        symbol: str,
        quantity: Decimal,
        position_side: PositionSide = PositionSide.BOTH,
        price: Decimal | None = None,
    ) -> Order:
        """Reduce a position by ADL (client order id ``adl_autoclose``), at the mark price unless told."""
        return self._order(commands.AutoDeleverage(account_id, symbol, quantity, position_side, price))

    def liquidate(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Liquidate an account's positions of `symbol`, or all (client order ids ``autoclose-...``)."""
        return self._orders(commands.Liquidate(account_id, symbol))

    def apply_funding(self, symbol: str, rate: Decimal | None = None) -> None:
        """Settle funding of `symbol` now, at `rate` or the rate set."""
        self._execute(commands.ApplyFunding(symbol, rate))

    def set_funding_rate(self, symbol: str, rate: Decimal) -> None:
        """Set the rate of the fundings to come, as a fraction (0.0001 is 1 basis point)."""
        self._execute(commands.SetFundingRate(symbol, rate))

    def load_history(
        self,
        account_id: str,
        orders: int,
        *,
        symbols: tuple[str, ...] = ("BTCUSDT",),
        seed: int = 1,
        span_ms: int = 7 * DAY_MS,
    ) -> None:
        """Give an account a past: `orders` closed orders over `span_ms` before now, spread over `symbols`.

        A few more close what would still be open at the end.

        About nine in ten are filled, in alternating directions with random sizes, the rest cancelled. The past obeys
        every invariant; positions end flat.

        Raises
        ------
        EmulatorError
            If the account already traded one of the symbols: a past comes first.
        """
        self._execute(commands.LoadHistory(account_id, orders, symbols, seed, span_ms))
