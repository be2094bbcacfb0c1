"""Events in the documented forms of both versions, written by hand.

The forms of 1.x are compared with the real engine's bytes in the integration tests. No engine of 2.x is installed with
this project: its form follows what was observed of 2.0.0rc6 (JSON by default, each event in an object named after its
kind, times in RFC 3339 with nine digits, an order's prices at the top level, balances with their currency).
"""

from __future__ import annotations

from typing import Any

ORDER = "O-20261101-000000-001-001-1"
PERP = "BTCUSDT-PERP.BINANCE"
ACCOUNT = "BINANCE-USDT_FUTURES-master"
T0_NS = 1_790_000_000_123_456_789


def v1(kind: str, at: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a flat event; `at` counts nanoseconds."""
    return {
        "type": f"Order{kind}",
        "trader_id": "TESTER-001",
        "strategy_id": "S-001",
        "instrument_id": PERP,
        "client_order_id": ORDER,
        "event_id": f"00000000-0000-4000-8000-{at:012d}",
        "ts_event": str(T0_NS + at),
        "ts_init": str(T0_NS + at),
    } | fields


def v1_initialized(**fields: Any) -> dict[str, Any]:
    """Return the birth of a limit order in the form of 1.x."""
    return v1("Initialized") | (
        {
            "order_side": "BUY",
            "order_type": "LIMIT",
            "quantity": "2.000",
            "time_in_force": "GTC",
            "post_only": False,
            "reduce_only": False,
            "options": {"price": "50000.00", "display_qty": None, "expire_time_ns": 0},
            "linked_order_ids": None,
            "tags": None,
        }
        | fields
    )


def v1_filled(trade_id: str, quantity: str, price: str, at: int, **fields: Any) -> dict[str, Any]:
    """Return a fill in the form of 1.x."""
    return v1(
        "Filled",
        at,
        **(
            {
                "venue_order_id": "77",
                "account_id": ACCOUNT,
                "trade_id": trade_id,
                "position_id": f"{PERP}-S-001",
                "order_side": "BUY",
                "order_type": "LIMIT",
                "last_qty": quantity,
                "last_px": price,
                "currency": "USDT",
                "commission": "0.00040000 USDT",
                "liquidity_side": "MAKER",
                "reconciliation": False,
            }
            | fields
        ),
    )


V2_TIME = "2026-09-21T14:13:20.123456789Z"
"""`T0_NS` as 2.x writes it."""


def v2(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a wrapped event."""
    return {
        kind: {
            "type": f"Order{kind}",
            "trader_id": "TESTER-001",
            "strategy_id": "S-001",
            "instrument_id": PERP,
            "client_order_id": ORDER,
            "event_id": "00000000-0000-4000-8000-000000000000",
            "ts_event": V2_TIME,
            "ts_init": V2_TIME,
        }
        | fields
    }


def v2_order() -> list[dict[str, Any]]:
    """Return the events of a partly filled limit order in the form of 2.x."""
    return [
        v2(
            "Initialized",
            order_side="BUY",
            order_type="LIMIT",
            quantity="2.000",
            time_in_force="GTD",
            expire_time="2026-09-22T00:00:00.000000000Z",
            post_only=True,
            reduce_only=False,
            price="50000.00",
            trigger_price=None,
            linked_order_ids=["O-2"],
            tags=["a"],
        ),
        v2("Submitted", account_id=ACCOUNT),
        v2("Accepted", account_id=ACCOUNT, venue_order_id="77", reconciliation=False),
        v2(
            "Filled",
            venue_order_id="77",
            account_id=ACCOUNT,
            trade_id="1",
            position_id=f"{PERP}-S-001",
            order_side="BUY",
            order_type="LIMIT",
            last_qty="0.500",
            last_px="49999.90",
            currency="USDT",
            commission="0.01 USDT",
            liquidity_side="TAKER",
            reconciliation=True,
        ),
    ]
