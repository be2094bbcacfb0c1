"""The table: what is done at the venue and to the node, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

type Step = tuple[Any, ...]
"""Name of a method of `runner.Life` and its arguments."""

ORDER = {"method": "POST", "path": "/fapi/v1/order"}
TRADE_EVENT = {"event": "ORDER_TRADE_UPDATE", "execution": "TRADE"}
REFUSED = {"kind": "respond", "status": 503, "body": {"code": -1001, "msg": "Internal error"}}
DROP = {"kind": "drop_event"}
DAYS_BEFORE = 8
BID = ("BTCUSDT", "BUY", "0.010", "40000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault.

    Parameters
    ----------
    id : str
        F1 to F12.
    happens : str
        What is done, for the document.
    steps : tuple of Step
        The same, to be done. The last look is taken after them.
    before : tuple of Step
        What was done `DAYS_BEFORE` days before all that, by the venue's clock.
    settle_secs : float
        How long the node has to become equal to the venue; one that never does takes all of it.
    stored : bool
        Whether the node has a store, so that its second life is a warm restart.
    in_order : bool
        Whether the order of the fills and the realised result are compared too.
    varies : bool
        Whether the native result is a matter of chance.
    """

    id: str
    happens: str
    steps: tuple[Step, ...]
    before: tuple[Step, ...] = ()
    settle_secs: float = 6.0
    stored: bool = False
    in_order: bool = False
    varies: bool = False


CASES: tuple[Case, ...] = (
    Case(
        id="F1",
        happens="A position is bought; the node is stopped and started again with its store",
        steps=(
            ("start", [("BTCUSDT", "BUY", "0.050", None)]),
            ("until", "fills", 1),
            ("stop",),
            ("start", []),
        ),
        stored=True,
    ),
    Case(
        id="F2",
        happens="For six seconds from the start on, the histories of orders and fills answer 503; an order works, a "
        "position stands",
        steps=(
            ("limit", *BID),
            ("market", "ETHUSDT", "BUY", "0.500"),
            ("fault", {"path": "/fapi/v1/allOrders"}, REFUSED),
            ("fault", {"path": "/fapi/v1/userTrades"}, REFUSED),
            ("start", []),
            ("wait", 6.0),
            ("clear",),
        ),
        settle_secs=12.0,
    ),
    Case(
        id="F3",
        happens="One question of the start is never answered",
        steps=(
            ("limit", *BID),
            ("fault", {"path": "/fapi/v1/allOrders", "count": 1}, {"kind": "hang"}),
            ("start", []),
        ),
        settle_secs=20.0,
    ),
    Case(
        id="F4",
        happens="The user stream is cut and the first listen key refused; then an order fills",
        steps=(
            ("start", [BID]),
            ("until", "open", 1),
            ("fault", {"method": "POST", "path": "/fapi/v1/listenKey", "count": 1}, REFUSED),
            ("cut",),
            ("until_hit",),
            ("fill", 0),
        ),
        settle_secs=10.0,
    ),
    Case(
        id="F5",
        happens="The venue accepts an order and answers 503; the order fills later",
        steps=(
            ("fault", {**ORDER, "count": 1}, {"kind": "accepted_but"}),
            ("start", [BID]),
            ("venue_has", 1),
            ("wait", 1.5),
            ("fill", 0),
        ),
    ),
    Case(
        id="F6",
        happens="The venue accepts an order and answers -1007 (outcome unknown); its first event is lost",
        steps=(
            ("fault", {**ORDER, "count": 1}, {"kind": "timeout_unknown"}),
            ("fault", {"event": "ORDER_TRADE_UPDATE", "execution": "NEW"}, DROP),
            ("start", [BID]),
            ("venue_has", 1),
        ),
    ),
    Case(
        id="F7",
        happens="The node stops while a submit that the venue accepted hangs; the order fills; warm restart",
        steps=(
            ("fault", ORDER, {"kind": "hang", "effect": True}),
            ("fault", {"event": "*"}, DROP),
            ("start", [BID]),
            ("venue_has", 1),
            ("stop",),
            ("clear",),
            ("fill", 0),
            ("start", []),
        ),
        stored=True,
    ),
    Case(
        id="F8",
        happens="The order's event of a fill is lost, once",
        steps=(
            ("start", [BID]),
            ("until", "open", 1),
            ("fault", {**TRADE_EVENT, "count": 1}, DROP),
            ("fill", 0),
        ),
        settle_secs=8.0,
    ),
    Case(
        id="F9",
        happens="Eight orders on both sides fill while the stream is cut, in another order than that of their ids",
        steps=(
            (
                "start",
                [("BTCUSDT", "BUY", "0.010", f"{40_000 - 100 * n}") for n in range(4)]
                + [("BTCUSDT", "SELL", "0.010", f"{60_000 + 100 * n}") for n in range(4)],
            ),
            ("until", "open", 8),
            ("fault", TRADE_EVENT, DROP),
            ("fault", {"event": "ACCOUNT_UPDATE"}, DROP),
            *(("fill", index) for index in (5, 2, 7, 0, 4, 3, 6, 1)),
            ("clear",),
            ("cut",),
        ),
        settle_secs=15.0,
        in_order=True,
        varies=True,
    ),
    Case(
        id="F10",
        happens="Cold start on an order that filled in 1,200 parts",
        steps=(
            ("limit", "BTCUSDT", "BUY", "1.200", "40000"),
            ("fill_in_parts", 0, 1_200),
            ("start", []),
        ),
        settle_secs=10.0,
    ),
    Case(
        id="F11",
        happens="Cold start with an order that has worked for eight days: a week of history does not have it",
        before=(("limit", *BID),),
        steps=(("start", []),),
    ),
    Case(
        id="F12",
        happens="Cold start after a round trip on a symbol that is flat now, and a partly filled order on another one",
        steps=(
            ("market", "ETHUSDT", "BUY", "0.500"),
            ("market", "ETHUSDT", "SELL", "0.500"),
            ("limit", "BTCUSDT", "BUY", "0.020", "40000"),
            ("fill", 2, "0.010"),
            ("market", "BTCUSDT", "SELL", "0.010"),
            ("start", []),
        ),
    ),
)
