"""Frozen values: orders, fills, positions, balances, coverage, snapshots, discrepancies, verdicts, plans.

No module here does I/O, reads a clock or imports NautilusTrader.
"""

from trueup.model.balances import BalanceRecord
from trueup.model.coverage import Coverage, FailedQuery, KindCoverage, RecordKind, Window
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Healability, Severity, Subject
from trueup.model.enums import Leg, LiquiditySide, OrderSide, OrderStatus, OrderType, TimeInForce
from trueup.model.fills import FillKey, FillRecord, TradeKey
from trueup.model.identifiers import external_client_order_id, opening_client_order_id, opening_trade_id
from trueup.model.orders import OrderRecord
from trueup.model.plans import Plan
from trueup.model.positions import PositionKey, PositionRecord
from trueup.model.snapshots import NodeSnapshot, Snapshot, VenueOrderKey, VenueSnapshot
from trueup.model.steps import (
    Amend,
    ClaimOwner,
    Fill,
    Final,
    GuardAdvice,
    OpeningBalance,
    PendingResolved,
    RebuildInstrument,
    Refusal,
    RefusalCode,
    ReplayPosition,
    Revive,
    Seed,
    Step,
)
from trueup.model.verdicts import DEFAULT_CLAIMS, Verdict, VerdictState, verdict_of

__all__ = [
    "DEFAULT_CLAIMS",
    "Amend",
    "BalanceRecord",
    "ClaimOwner",
    "Coverage",
    "Discrepancy",
    "DiscrepancyKind",
    "FailedQuery",
    "Fill",
    "FillKey",
    "FillRecord",
    "Final",
    "GuardAdvice",
    "Healability",
    "KindCoverage",
    "Leg",
    "LiquiditySide",
    "NodeSnapshot",
    "OpeningBalance",
    "OrderRecord",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "PendingResolved",
    "Plan",
    "PositionKey",
    "PositionRecord",
    "RebuildInstrument",
    "RecordKind",
    "Refusal",
    "RefusalCode",
    "ReplayPosition",
    "Revive",
    "Seed",
    "Severity",
    "Snapshot",
    "Step",
    "Subject",
    "TimeInForce",
    "TradeKey",
    "VenueOrderKey",
    "VenueSnapshot",
    "Verdict",
    "VerdictState",
    "Window",
    "external_client_order_id",
    "opening_client_order_id",
    "opening_trade_id",
    "verdict_of",
]
