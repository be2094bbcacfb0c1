"""Claims at run time in hedge mode: each leg keeps its name and gets the one owner, or the claim is refused.

`trueup run` refuses hedge mode; a node that is attached from Python may have it.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.emulator.oracles.keys import Credentials
from tests.integration.external.desk import until
from tests.integration.external.matrix_cells import Cell, Own, When
from tests.integration.external.matrix_hand import Hand
from tests.integration.external.matrix_run import DESK, Conditions, MatrixNode, MatrixRun
from trueup.emulator import EmulatorProcess
from trueup.store.embedded import EmbeddedValkey

pytestmark = [pytest.mark.node, pytest.mark.server, pytest.mark.timeout(600)]

ETH = "ETHUSDT"
NAME = f"{ETH}-PERP.BINANCE"
CONDITIONS = Conditions(claims=False, hedge=True)


def test_a_claim_gives_a_strategy_both_legs_with_their_orders_and_outlasts_a_kill(tmp_path: Path) -> None:
    settings = {"limits": {"enforced": False}, "accounts": [{"hedge_mode": True, "deposits": {"USDT": "1000000"}}]}
    with EmulatorProcess(settings=settings) as venue, EmbeddedValkey.start(tmp_path / "store") as store:
        ready = venue.ready
        hand = Hand(venue, Credentials(ready.account, ready.api_key, secret=ready.secret), hedge=True)
        hand.quote(ETH)
        one = hand.quantity(ETH)
        _trade(hand, "buy", 2 * one, "LONG")
        _trade(hand, "sell", one, "LONG")  # realised before the claim
        _trade(hand, "sell", 3 * one, "SHORT")
        target = _trade(hand, "sell", one / 2, "LONG", "1.1")
        _trade(hand, "sell", one, "SHORT", "1.2")
        cells = (Cell(act="market", own=Own.NOTHING, when=When.BEFORE, symbol=ETH),)
        plan = {**MatrixRun(CONDITIONS, cells, tmp_path).plan(ready, store.port), "netting_too": True}
        with MatrixNode(plan) as node:
            assert node.started()["trading"]
            before = _alive(node.ask("look"))
            assert before == ({("LONG", one, "EXTERNAL"), ("SHORT", -3 * one, "EXTERNAL")}, {"EXTERNAL": 2})
            refused = node.ask("claim", strategy="Netting-002", symbol=ETH)["refused"]
            assert "is a leg of hedge mode, and Netting-002 would net both legs into one position" in refused
            assert _alive(node.ask("look")) == before

            told = node.ask("claim", strategy=DESK, symbol=ETH)
            assert (told["refused"], told["verdict"]) == ("", "CLEAN")
            assert any(f"{NAME}: 2 open orders and the position" in line for line in told["lines"])
            legs = {("LONG", one, DESK), ("SHORT", -3 * one, DESK)}
            assert _alive(node.ask("look")) == (legs, {DESK: 2})
            # What was there goes on as the strategy's, and so does what the hand does next, on either leg.
            hand.control.fill(int(target["id"]))
            _trade(hand, "buy", one, "LONG")
            _trade(hand, "buy", one, "SHORT")
            legs = {("LONG", one * 3 / 2, DESK), ("SHORT", -2 * one, DESK)}
            until(lambda: _alive(node.ask("look")) == (legs, {DESK: 1}))
            assert node.ask("true_up") == {"verdict": "CLEAN", "lines": []}
            node.kill()
        with MatrixNode(plan) as node:
            assert node.started()["trading"]
            assert _alive(node.ask("look")) == (legs, {DESK: 1})
            node.ask("clear")
            until(lambda: not hand.control.positions(hand.account) and not hand.control.open_orders(hand.account))
            until(lambda: _alive(node.ask("look")) == (set(), {}))
            assert node.ask("true_up") == {"verdict": "CLEAN", "lines": []}
            trades = hand.control.trades(hand.account, ETH)
            venues = sum((one.realised_pnl - one.commission for one in trades), Decimal(0))
            assert {Decimal(one["earned"]) for one in node.ask("look")["positions"]} == {venues}


def _trade(hand: Hand, side: str, quantity: Decimal, leg: str, factor: str = "") -> Any:
    price = hand.price(ETH, factor) if factor else None
    return hand.order(ETH, "limit" if factor else "market", side, quantity, price, positionSide=leg)


def _alive(seen: dict[str, Any]) -> tuple[set[tuple[str, Decimal, str]], dict[str, int]]:
    """Return the open legs with their owners, and how many open orders each owner has."""
    legs = {
        (one["position_id"].rpartition("-")[2], Decimal(one["quantity"]), one["owner"])
        for one in seen["positions"]
        if one["is_open"]
    }
    owners = [one["owner"] for one in seen["orders"] if one["is_open"]]
    return legs, {owner: owners.count(owner) for owner in owners}
