"""Balances, positions and settings of an account as REST and the WebSocket API show them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from trueup.emulator.engine.enums import MarginType
from trueup.emulator.engine.statements import (
    AccountSummary,
    Balance,
    CommissionRate,
    Position,
    SymbolConfig,
)
from trueup.emulator.engine.values import Income
from trueup.emulator.wire.forms.texts import DigitsBySymbol, amount, fixed, plain

type Form = dict[str, Any]

STABLE_ASSETS: Final = frozenset({"USDT", "USDC", "FDUSD", "BUSD"})
"""Counted one to one in the totals of single-asset mode (assumed for all but USDT)."""


def margin_type_text(margin_type: MarginType) -> str:
    """Return the short spelling that positions use; settings use CROSSED and ISOLATED."""
    return "cross" if margin_type is MarginType.CROSSED else "isolated"


def balance_form(balance: Balance, account_alias: str) -> Form:
    """Return one asset as ``/fapi/v2|v3/balance`` shows it."""
    return {
        "accountAlias": account_alias,
        "asset": balance.asset,
        "balance": amount(balance.wallet),
        "crossWalletBalance": amount(balance.cross_wallet),
        "crossUnPnl": amount(balance.cross_unrealised_pnl),
        "availableBalance": amount(balance.available),
        "maxWithdrawAmount": amount(balance.max_withdraw),
        "marginAvailable": True,
        "updateTime": balance.update_time_ms,
    }


def asset_form(balance: Balance) -> Form:
    """Return one asset as ``/fapi/v2|v3/account`` shows it."""
    return {
        "asset": balance.asset,
        "walletBalance": amount(balance.wallet),
        "unrealizedProfit": amount(balance.unrealised_pnl),
        "marginBalance": amount(balance.margin_balance),
        "maintMargin": amount(balance.maint_margin),
        "initialMargin": amount(balance.initial_margin),
        "positionInitialMargin": amount(balance.position_initial_margin),
        "openOrderInitialMargin": amount(balance.open_order_initial_margin),
        "crossWalletBalance": amount(balance.cross_wallet),
        "crossUnPnl": amount(balance.cross_unrealised_pnl),
        "availableBalance": amount(balance.available),
        "maxWithdrawAmount": amount(balance.max_withdraw),
        "marginAvailable": True,
        "updateTime": balance.update_time_ms,
    }


def position_v3_form(position: Position, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return one leg as ``/fapi/v3/positionRisk`` shows it."""
    digits = digits_by_symbol[position.symbol]
    return {
        "symbol": position.symbol,
        "positionSide": position.position_side,
        "positionAmt": fixed(position.quantity, digits.quantity),
        "entryPrice": plain(position.entry_price),
        "breakEvenPrice": plain(position.break_even_price),
        "markPrice": amount(position.mark_price),
        "unRealizedProfit": amount(position.unrealised_pnl),
        "liquidationPrice": plain(position.liquidation_price),
        "isolatedMargin": plain(position.isolated_margin),
        "notional": plain(position.notional),
        "marginAsset": position.margin_asset,
        "isolatedWallet": plain(position.isolated_wallet),
        "initialMargin": plain(position.initial_margin),
        "maintMargin": plain(position.maint_margin),
        "positionInitialMargin": plain(position.position_initial_margin),
        "openOrderInitialMargin": plain(position.open_order_initial_margin),
        "adl": position.adl_quantile,
        "bidNotional": plain(position.bid_notional),
        "askNotional": plain(position.ask_notional),
        "updateTime": position.update_time_ms,
    }


def position_v2_form(position: Position, digits_by_symbol: DigitsBySymbol, max_notional: Decimal) -> Form:
    """Return one leg as ``/fapi/v2/positionRisk`` shows it."""
    digits = digits_by_symbol[position.symbol]
    return {
        "symbol": position.symbol,
        "positionAmt": fixed(position.quantity, digits.quantity),
        "entryPrice": plain(position.entry_price),
        "breakEvenPrice": plain(position.break_even_price),
        "markPrice": amount(position.mark_price),
        "unRealizedProfit": amount(position.unrealised_pnl),
        "liquidationPrice": plain(position.liquidation_price),
        "leverage": str(position.leverage),
        "maxNotionalValue": plain(max_notional),
        "marginType": margin_type_text(position.margin_type),
        "isolatedMargin": amount(position.isolated_margin),
        "isAutoAddMargin": "false",
        "positionSide": position.position_side,
        "notional": plain(position.notional),
        "isolatedWallet": plain(position.isolated_wallet),
        "updateTime": position.update_time_ms,
    }


def account_position_v2_form(position: Position, digits_by_symbol: DigitsBySymbol, max_notional: Decimal) -> Form:
    """Return one leg as ``/fapi/v2/account`` shows it."""
    digits = digits_by_symbol[position.symbol]
    return {
        "symbol": position.symbol,
        "initialMargin": amount(position.initial_margin),
        "maintMargin": amount(position.maint_margin),
        "unrealizedProfit": amount(position.unrealised_pnl),
        "positionInitialMargin": amount(position.position_initial_margin),
        "openOrderInitialMargin": amount(position.open_order_initial_margin),
        "leverage": str(position.leverage),
        "isolated": position.margin_type is MarginType.ISOLATED,
        "entryPrice": plain(position.entry_price),
        "breakEvenPrice": plain(position.break_even_price),
        "maxNotional": plain(max_notional),
        "bidNotional": plain(position.bid_notional),
        "askNotional": plain(position.ask_notional),
        "positionSide": position.position_side,
        "positionAmt": fixed(position.quantity, digits.quantity),
        "notional": plain(position.notional),
        "isolatedWallet": plain(position.isolated_wallet),
        "updateTime": position.update_time_ms,
    }


def account_position_v3_form(position: Position, digits_by_symbol: DigitsBySymbol) -> Form:
    """Return one leg as ``/fapi/v3/account`` shows it."""
    digits = digits_by_symbol[position.symbol]
    return {
        "symbol": position.symbol,
        "positionSide": position.position_side,
        "positionAmt": fixed(position.quantity, digits.quantity),
        "unrealizedProfit": amount(position.unrealised_pnl),
        "isolatedMargin": amount(position.isolated_margin),
        "notional": plain(position.notional),
        "isolatedWallet": plain(position.isolated_wallet),
        "initialMargin": amount(position.initial_margin),
        "maintMargin": amount(position.maint_margin),
        "updateTime": position.update_time_ms,
    }


def totals_form(balances: Iterable[Balance]) -> Form:
    """Return the totals of an account in single-asset mode: the stable assets counted one to one."""
    stable = [balance for balance in balances if balance.asset in STABLE_ASSETS]

    def total(name: str) -> str:
        return amount(sum((getattr(balance, name) for balance in stable), Decimal(0)))

    return {
        "totalInitialMargin": total("initial_margin"),
        "totalMaintMargin": total("maint_margin"),
        "totalWalletBalance": total("wallet"),
        "totalUnrealizedProfit": total("unrealised_pnl"),
        "totalMarginBalance": total("margin_balance"),
        "totalPositionInitialMargin": total("position_initial_margin"),
        "totalOpenOrderInitialMargin": total("open_order_initial_margin"),
        "totalCrossWalletBalance": total("cross_wallet"),
        "totalCrossUnPnl": total("cross_unrealised_pnl"),
        "availableBalance": total("available"),
        "maxWithdrawAmount": total("max_withdraw"),
    }


def account_config_form(summary: AccountSummary) -> Form:
    """Return the account's rights as ``/fapi/v1/accountConfig`` shows them."""
    return {
        "feeTier": summary.fee_tier,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": summary.hedge_mode,
        "updateTime": 0,
        "multiAssetsMargin": summary.multi_assets_margin,
        "tradeGroupId": -1,
    }


def symbol_config_form(config: SymbolConfig) -> Form:
    """Return the settings of one symbol as ``/fapi/v1/symbolConfig`` shows them."""
    return {
        "symbol": config.symbol,
        "marginType": config.margin_type,
        "isAutoAddMargin": False,
        "leverage": config.leverage,
        "maxNotionalValue": plain(config.max_notional),
    }


def commission_form(rate: CommissionRate) -> Form:
    """Return fee rates as ``/fapi/v1/commissionRate`` shows them."""
    return {
        "symbol": rate.symbol,
        "makerCommissionRate": format(rate.maker, "f"),
        "takerCommissionRate": format(rate.taker, "f"),
        "rpiCommissionRate": "0",
    }


def income_form(income: Income) -> Form:
    """Return one movement of the wallet as ``/fapi/v1/income`` shows it."""
    return {
        "symbol": income.symbol,
        "incomeType": income.type,
        "income": amount(income.amount),
        "asset": income.asset,
        "info": income.info,
        "time": income.time_ms,
        "tranId": income.transaction_id,
        "tradeId": str(income.trade_id) if income.trade_id else "",
    }
