"""Hold what a node holds to the emulator's ledger: no page, window or adapter lies between."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from trueup.venues.binance.probe.bench import Bench

STATUSES = {"NEW": "ACCEPTED", "EXPIRED_IN_MATCH": "EXPIRED"}
CENT = Decimal("0.01")


def differences(bench: Bench, seen: dict[str, Any], *, in_order: bool = False) -> list[str]:
    """Return what differs, a line each.

    Parameters
    ----------
    bench : Bench
        The account.
    seen : dict
        What the node holds: a look of `node_main`.
    in_order : bool
        Compare the order in which fills were applied, and the realised result that follows from it, as well.
    """
    found = [*_orders(bench, seen), *_fills(bench, seen), *_positions(bench, seen)]
    return [*found, *_sequence(bench, seen)] if in_order else found


def _orders(bench: Bench, seen: dict[str, Any]) -> list[str]:
    truth = bench.control.orders(bench.account)
    by_id = {order["id"]: order for order in seen["orders"] if order["id"]}
    by_name = {order["name"]: order for order in seen["orders"]}
    found: Counter[str] = Counter()
    for order in truth:
        status = STATUSES.get(order.status.value, order.status.value)
        held = by_id.get(str(order.order_id)) or by_name.get(order.client_order_id)
        if held is None:
            found[f"{status} at the venue, unknown in the node"] += 1
        elif held["status"] != status:
            found[f"{status} at the venue, {held['status']} in the node"] += 1
        elif Decimal(held["filled"]) != order.executed_quantity:
            found["with another filled quantity"] += 1
    known = {str(order.order_id) for order in truth} | {order.client_order_id for order in truth}
    for held in seen["orders"]:
        if held["id"] not in known and held["name"] not in known:
            found["that the venue never had"] += 1
    return [f"{count} order{'s' if count > 1 else ''} {what}" for what, count in found.items()]


def _fills(bench: Bench, seen: dict[str, Any]) -> list[str]:
    truth = bench.control.trades(bench.account)
    real, held = Counter(str(trade.trade_id) for trade in truth), Counter(seen["fills"])
    missing, extra = real - held, held - real
    invented = sum(count for name, count in extra.items() if name not in real)
    found = []
    for count, what in (
        (missing.total(), "missing"),
        (invented, "invented"),
        (extra.total() - invented, "booked twice"),
    ):
        if count:
            found.append(f"{count} fill{'s' if count > 1 else ''} {what}")
    paid, booked = sum((trade.commission for trade in truth), Decimal(0)), Decimal(seen["commission"])
    if abs(paid - booked) >= CENT:
        found.append(f"commission {booked:.2f} instead of {paid:.2f}")
    return found


def _positions(bench: Bench, seen: dict[str, Any]) -> list[str]:
    return [
        f"position {symbol} {Decimal(held).normalize():f} instead of {bench.position(symbol).normalize():f}"
        for symbol, held in seen["net"].items()
        if Decimal(held) != bench.position(symbol)
    ]


def _sequence(bench: Bench, seen: dict[str, Any]) -> list[str]:
    trades = bench.control.trades(bench.account, "BTCUSDT")
    applied, truth = list(dict.fromkeys(seen["applied"])), [str(trade.trade_id) for trade in trades]
    found = []
    if applied != truth:
        places = [str(truth.index(name) + 1) if name in truth else "?" for name in applied]
        found.append(f"fills applied in the order {', '.join(places) or 'of none'}, of 1 to {len(truth)}")
    result = sum((trade.realised_pnl - trade.commission for trade in trades), Decimal(0))
    if abs(Decimal(seen["realised"]) - result) >= CENT:
        found.append(f"realised result {Decimal(seen['realised']):.2f} instead of {result:.2f}")
    return found
