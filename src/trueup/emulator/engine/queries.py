"""What can be read: the query half of `Venue`. Nothing here changes anything.

Windows follow the venue: at most 7 days, the last 7 days when no bound is given; lists are ascending; with a lower
bound the oldest of the window come first to the limit, without one the newest.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import islice

from trueup.emulator.engine import history, rejections, statement_of, tape
from trueup.emulator.engine.changing import find_working
from trueup.emulator.engine.depth import ladder, listed, top
from trueup.emulator.engine.enums import IncomeType, Side
from trueup.emulator.engine.fees import fee_rate
from trueup.emulator.engine.host import Host
from trueup.emulator.engine.market import mark_price
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
from trueup.emulator.engine.symbols import MARGIN_ASSETS, SymbolRules
from trueup.emulator.engine.values import AlgoOrder, Amendment, Income, Order, Trade


class Queries(Host):
    """Queries of clients and of the owner; they raise `Rejection` with the venue's code and text."""

    # --- accounts -----------------------------------------------------------------------------------------------------

    @property
    def account_ids(self) -> list[str]:
        """Return the accounts, oldest first."""
        return list(self._state.image.accounts)

    def account(self, account_id: str) -> AccountSettings:
        """Return what an account was created with; `EmulatorError` when there is none."""
        return self._state.account(account_id).settings

    def account_by_key(self, api_key: str) -> AccountSettings | None:
        """Return the account of an API key, or None."""
        account_id = self._state.by_key.get(api_key)
        return None if account_id is None else self._state.image.accounts[account_id].settings

    def summary(self, account_id: str) -> AccountSummary:
        """Return an account whole: balances of all assets and every leg ever touched."""
        return statement_of.summary(self._state, self._state.account(account_id))

    def balances(self, account_id: str) -> list[Balance]:
        """Return the balances of the venue's margin assets."""
        account = self._state.account(account_id)
        return [statement_of.balance(self._state, account, asset) for asset in MARGIN_ASSETS]

    def positions(self, account_id: str, symbol: str | None = None, *, include_flat: bool = False) -> list[Position]:
        """Return the open legs, or, with `include_flat`, those of every listed symbol (as ``/fapi/v2/positionRisk``).

        In one-way mode a symbol has the leg BOTH, in hedge mode LONG and SHORT.
        """
        if symbol is not None:
            self._state.rule(symbol)
        account = self._state.account(account_id)
        return statement_of.positions(self._state, account, symbol, include_flat=include_flat)

    def symbol_configs(self, account_id: str, symbol: str | None = None) -> list[SymbolConfig]:
        """Return leverage and margin type per symbol."""
        names = list(self._state.rules) if symbol is None else [listed(self._state, symbol)]
        return [self._symbol_config(account_id, name) for name in names]

    def commission_rate(self, account_id: str, symbol: str) -> CommissionRate:
        """Return the account's fee rates."""
        listed(self._state, symbol)
        tier = self._state.account(account_id).fee_tier
        return CommissionRate(symbol, fee_rate(tier, maker=True), fee_rate(tier, maker=False))

    def hedge_mode(self, account_id: str) -> bool:
        """Return whether the account is in hedge mode."""
        return self._state.account(account_id).hedge_mode

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
        return history.order(self._state, account_id, symbol, order_id, client_order_id, self.now_ms)

    def open_order(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
    ) -> Order:
        """Return a working order; `Rejection` -2013 when it does not work."""
        state = self._state
        listed(state, symbol)
        order = find_working(state, state.account(account_id), symbol, order_id, client_order_id)
        if order is None:
            raise rejections.no_such_order()
        return order

    def open_orders(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Return the working orders, oldest first."""
        state = self._state
        if symbol is not None:
            listed(state, symbol)
        state.account(account_id)
        orders = (state.orders[order_id] for order_id in sorted(state.indexes[account_id].working))
        return [order for order in orders if symbol in (None, order.symbol)]

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
        window = history.Window.of(start_ms, end_ms, self.now_ms)
        return history.orders(self._state, account_id, symbol, order_id, window, limit, self.now_ms)

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
        window = history.Window.of(start_ms, end_ms, self.now_ms)
        return history.trades(self._state, account_id, symbol, order_id, from_id, window, limit)

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
        window = history.Window.of(start_ms, end_ms, self.now_ms, longest_ms=None)
        return history.incomes(self._state, account_id, symbol, income_type, window, page, limit)

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
        window = history.Window.of(start_ms, end_ms, self.now_ms, longest_ms=None)
        return history.amendments(self._state, account_id, symbol, order_id, client_order_id, window, limit)

    def algo_order(
        self,
        account_id: str,
        *,
        algo_id: int | None = None,
        client_algo_id: str | None = None,
    ) -> AlgoOrder:
        """Return a conditional order; `Rejection` -2013 when there is none."""
        return history.algo(self._state, account_id, algo_id, client_algo_id)

    def open_algo_orders(
        self,
        account_id: str,
        symbol: str | None = None,
        *,
        algo_id: int | None = None,
    ) -> list[AlgoOrder]:
        """Return the conditional orders that wait, oldest first."""
        state = self._state
        if symbol is not None:
            listed(state, symbol)
        state.account(account_id)
        algos = (state.algos[key] for key in sorted(state.indexes[account_id].waiting_by_client.values()))
        return [algo for algo in algos if symbol in (None, algo.symbol) and algo_id in (None, algo.algo_id)]

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
        window = history.Window.of(start_ms, end_ms, self.now_ms)
        return history.algos(self._state, account_id, symbol, algo_id, window, page, limit)

    # --- market -------------------------------------------------------------------------------------------------------

    def symbols(self) -> list[SymbolRules]:
        """Return the listed symbols' rules."""
        return list(self._state.rules.values())

    def symbol(self, symbol: str) -> SymbolRules:
        """Return a symbol's rules; `Rejection` -1121 when it is not listed."""
        return self._state.rule(symbol)

    def book(self, symbol: str, depth: int = 500) -> Depth:
        """Return the best `depth` levels of each side."""
        state = self._state
        listed(state, symbol)
        bids = tuple(islice(ladder(state, symbol, Side.BUY), depth))
        asks = tuple(islice(ladder(state, symbol, Side.SELL), depth))
        return Depth(symbol, state.image.markets[symbol].update_id, self.now_ms, bids, asks)

    def book_top(self, symbol: str) -> BookTop:
        """Return best bid and best ask."""
        return top(self._state, listed(self._state, symbol))

    def last_price(self, symbol: str) -> tuple[int, Decimal]:
        """Return time and price of the last trade; the time is 0 before the first."""
        market = self._state.image.markets[listed(self._state, symbol)]
        return market.last_time_ms, market.last

    def ticker(self, symbol: str) -> Ticker:
        """Return the last 24 hours."""
        return tape.ticker(self._state.image.markets[listed(self._state, symbol)], self.now_ms)

    def mark_price(self, symbol: str) -> MarkPrice:
        """Return mark and index price and the funding to come."""
        return mark_price(self._state, listed(self._state, symbol))

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
        market = self._state.image.markets[listed(self._state, symbol)]
        return tape.klines(market, interval, start_ms, end_ms, limit, self.now_ms)

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
        market = self._state.image.markets[listed(self._state, symbol)]
        return tape.agg_trades(market, from_id, start_ms, end_ms, limit)
