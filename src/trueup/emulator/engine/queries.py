"""What can be read: the query half of `Venue`. Nothing here changes anything.

Windows follow the venue: at most 7 days, the last 7 days when no bound is given; lists are ascending; with a lower
bound the oldest of the window come first to the limit, without one the newest.
"""

from __future__ import annotations

from trueup.emulator.engine.enums import IncomeType
from trueup.emulator.engine.host import Host
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.statements import (
    AccountSummary,
    AggTrade,
    Balance,
    BookTop,
    CommissionRate,
    Depth,
    Kline,
    MarkPrice,
    Position,
    SymbolConfig,
    Ticker,
)
from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.engine.values import AlgoOrder, Amendment, Income, Order, Trade


class Queries(Host):
    """Queries of clients and of the owner; they raise `Rejection` with the venue's code and text."""

    # --- accounts -----------------------------------------------------------------------------------------------------

    @property
    def account_ids(self) -> list[str]:
        """Return the accounts, oldest first."""
        raise NotImplementedError

    def account(self, account_id: str) -> AccountSettings:
        """Return what an account was created with; `EmulatorError` when there is none."""
        raise NotImplementedError

    def account_by_key(self, api_key: str) -> AccountSettings | None:
        """Return the account of an API key, or None."""
        raise NotImplementedError

    def summary(self, account_id: str) -> AccountSummary:
        """Return an account whole: balances of all assets and every leg ever touched."""
        raise NotImplementedError

    def balances(self, account_id: str) -> list[Balance]:
        """Return the balances of the venue's margin assets."""
        raise NotImplementedError

    def positions(self, account_id: str, symbol: str | None = None, *, include_flat: bool = False) -> list[Position]:
        """Return the open legs, or, with `include_flat`, those of every listed symbol (as ``/fapi/v2/positionRisk``).

        In one-way mode a symbol has the leg BOTH, in hedge mode LONG and SHORT.
        """
        raise NotImplementedError

    def symbol_configs(self, account_id: str, symbol: str | None = None) -> list[SymbolConfig]:
        """Return leverage and margin type per symbol."""
        raise NotImplementedError

    def commission_rate(self, account_id: str, symbol: str) -> CommissionRate:
        """Return the account's fee rates."""
        raise NotImplementedError

    def hedge_mode(self, account_id: str) -> bool:
        """Return whether the account is in hedge mode."""
        raise NotImplementedError

    # --- orders and trades --------------------------------------------------------------------------------------------

    def order(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
    ) -> Order:
        """Return an order; by client id the newest that bore it.

        Raises
        ------
        Rejection
            -2013 when there is none, or when the venue would have forgotten it (cancelled or expired without a fill
            more than 3 days ago; created more than 90 days ago).
        """
        raise NotImplementedError

    def open_order(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
    ) -> Order:
        """Return a working order; `Rejection` -2013 when it does not work."""
        raise NotImplementedError

    def open_orders(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Return the working orders, oldest first."""
        raise NotImplementedError

    def all_orders(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[Order]:
        """Return orders of a symbol, ascending; from `order_id` on when given, else in the window by creation time.

        Raises
        ------
        Rejection
            -4165 for a window over 7 days, -1023 for one that ends before it starts, -1130 for a limit over 1000.
        """
        raise NotImplementedError

    def trades(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        from_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[Trade]:
        """Return trades of a symbol, ascending; `from_id` cannot go with a window.

        Raises
        ------
        Rejection
            As `all_orders`; -1128 for `from_id` with a window.
        """
        raise NotImplementedError

    def income(
        self,
        account_id: str,
        *,
        symbol: str | None = None,
        income_type: IncomeType | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        page: int = 1,
        limit: int = 100,
    ) -> list[Income]:
        """Return wallet movements, ascending, at most 1000 a page."""
        raise NotImplementedError

    def amendments(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> list[Amendment]:
        """Return the changes of orders, newest first, at most 100 (``/fapi/v1/orderAmendment``)."""
        raise NotImplementedError

    def algo_order(
        self,
        account_id: str,
        *,
        algo_id: int | None = None,
        client_algo_id: str | None = None,
    ) -> AlgoOrder:
        """Return a conditional order; `Rejection` -2013 when there is none."""
        raise NotImplementedError

    def open_algo_orders(
        self,
        account_id: str,
        symbol: str | None = None,
        *,
        algo_id: int | None = None,
    ) -> list[AlgoOrder]:
        """Return the conditional orders that wait, oldest first."""
        raise NotImplementedError

    def all_algo_orders(
        self,
        account_id: str,
        symbol: str,
        *,
        algo_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        page: int = 0,
        limit: int = 500,
    ) -> list[AlgoOrder]:
        """Return conditional orders of a symbol, ascending; from `algo_id` on when given, else in the window."""
        raise NotImplementedError

    # --- market -------------------------------------------------------------------------------------------------------

    def symbols(self) -> list[SymbolRules]:
        """Return the listed symbols' rules."""
        raise NotImplementedError

    def symbol(self, symbol: str) -> SymbolRules:
        """Return a symbol's rules; `Rejection` -1121 when it is not listed."""
        raise NotImplementedError

    def book(self, symbol: str, depth: int = 500) -> Depth:
        """Return the best `depth` levels of each side."""
        raise NotImplementedError

    def book_top(self, symbol: str) -> BookTop:
        """Return best bid and best ask."""
        raise NotImplementedError

    def last_price(self, symbol: str) -> tuple[int, object]:
        """Return time and price of the last trade."""
        raise NotImplementedError

    def ticker(self, symbol: str) -> Ticker:
        """Return the last 24 hours."""
        raise NotImplementedError

    def mark_price(self, symbol: str) -> MarkPrice:
        """Return mark and index price and the funding to come."""
        raise NotImplementedError

    def klines(
        self,
        symbol: str,
        interval: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[Kline]:
        """Return bars, ascending; `Rejection` -1120 for an interval that the venue does not have."""
        raise NotImplementedError

    def agg_trades(
        self,
        symbol: str,
        *,
        from_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> list[AggTrade]:
        """Return the public tape, ascending."""
        raise NotImplementedError
