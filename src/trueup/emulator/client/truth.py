"""The oracle's view by the control port: everything the ledger holds, as it is now."""

from __future__ import annotations

from trueup.emulator.client.connection import Connection
from trueup.emulator.engine.statements import AccountSummary, Balance, BookTop, MarkPrice, Position
from trueup.emulator.engine.values import AlgoOrder, Income, Order, Trade


class Truth(Connection):
    """Read the ledger: no page, no window, nothing forgotten."""

    def orders(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Return every order the ledger holds, oldest first: no page, no window, nothing forgotten."""
        return self._oracle(account_id, "orders", symbol, list[Order])

    def trades(self, account_id: str, symbol: str | None = None) -> list[Trade]:
        """Return every trade the ledger holds, oldest first."""
        return self._oracle(account_id, "trades", symbol, list[Trade])

    def algo_orders(self, account_id: str, symbol: str | None = None) -> list[AlgoOrder]:
        """Return every conditional order the ledger holds, oldest first."""
        return self._oracle(account_id, "algo_orders", symbol, list[AlgoOrder])

    def income(self, account_id: str, symbol: str | None = None) -> list[Income]:
        """Return every movement of the wallet, oldest first."""
        return self._oracle(account_id, "incomes", symbol, list[Income])

    def open_orders(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Return the working orders."""
        return self._venue("open_orders", list[Order], account_id=account_id, symbol=symbol)

    def positions(self, account_id: str, symbol: str | None = None) -> list[Position]:
        """Return the open positions."""
        return self._venue("positions", list[Position], account_id=account_id, symbol=symbol)

    def balances(self, account_id: str) -> list[Balance]:
        """Return the balances."""
        return self._venue("balances", list[Balance], account_id=account_id)

    def summary(self, account_id: str) -> AccountSummary:
        """Return an account whole."""
        return self._venue("summary", AccountSummary, account_id=account_id)

    def book_top(self, symbol: str) -> BookTop:
        """Return best bid and best ask."""
        return self._venue("book_top", BookTop, symbol=symbol)

    def mark_price(self, symbol: str) -> MarkPrice:
        """Return mark price and funding."""
        return self._venue("mark_price", MarkPrice, symbol=symbol)

    def check_invariants(self) -> int:
        """Check the ledger's invariants and return the sequence of the last event; `EmulatorError` if one is broken."""
        return self._call("POST", "/invariants", dict[str, int])["sequence"]
