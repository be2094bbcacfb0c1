"""Accounts by the control port: opening them, moving money, changing their settings."""

from __future__ import annotations

from decimal import Decimal

from trueup.emulator.client.connection import Connection
from trueup.emulator.engine.enums import MarginType
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.statements import SymbolConfig


class Accounts(Connection):
    """Open accounts and change what they are."""

    def create_account(self, settings: AccountSettings) -> str:
        """Open an account and return its id; key and secret are those of `settings`."""
        return self._venue("create_account", str, settings=settings)

    def accounts(self) -> list[AccountSettings]:
        """Return what every account was created with, keys and secrets included."""
        return self._call("GET", "/accounts", list[AccountSettings])

    def deposit(self, account_id: str, amount: Decimal, asset: str = "USDT") -> None:
        """Transfer into the wallet."""
        self._tell("deposit", account_id=account_id, asset=asset, amount=amount)

    def withdraw(self, account_id: str, amount: Decimal, asset: str = "USDT") -> None:
        """Transfer out of the wallet."""
        self._tell("withdraw", account_id=account_id, asset=asset, amount=amount)

    def set_fee_tier(self, account_id: str, fee_tier: int) -> None:
        """Change the fee tier."""
        self._tell("set_fee_tier", account_id=account_id, fee_tier=fee_tier)

    def set_leverage(self, account_id: str, symbol: str, leverage: int) -> SymbolConfig:
        """Change the leverage of a symbol."""
        return self._venue("set_leverage", SymbolConfig, account_id=account_id, symbol=symbol, leverage=leverage)

    def set_margin_type(self, account_id: str, symbol: str, margin_type: MarginType) -> None:
        """Change the margin type of a symbol."""
        self._tell("set_margin_type", account_id=account_id, symbol=symbol, margin_type=margin_type)

    def set_position_mode(self, account_id: str, *, hedge_mode: bool) -> None:
        """Switch between one-way and hedge mode."""
        self._tell("set_position_mode", account_id=account_id, hedge_mode=hedge_mode)
