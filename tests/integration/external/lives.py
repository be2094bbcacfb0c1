"""Random lives of a real node beside a hand, and the law that holds at every look and after every kill.

A strategy owns what is on the symbols that it trades or claims, whoever made it; everything else is nobody's, until a
claim at run time moves it. What is drawn is drawn from one seed.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import redis
from ccxt.base.errors import ExchangeError, OrderImmediatelyFillable

from tests.integration.emulator.oracles.keys import Credentials
from tests.integration.external.matrix_cells import Cell, Own, When
from tests.integration.external.matrix_hand import Hand
from tests.integration.external.matrix_record import symbols
from tests.integration.external.matrix_run import DESK, EXTERNAL, Conditions, MatrixNode, MatrixRun
from trueup.emulator import EmulatorProcess
from trueup.emulator.engine.enums import AlgoStatus
from trueup.store.embedded import EmbeddedValkey

SECOND_DESK = "Desk-002"
SETTLED_SECS = 90.0
ACTS = ("own", "own", "order", "order", "order", "fill", "fill", "fill", "cancel", "amend", "deaf", "look")
DOWN = ("order", "order", "fill", "fill", "cancel", "amend")


@dataclass(frozen=True, slots=True)
class Lost:
    """How a node is lost."""

    store: bool
    """With its store: only its journal and its state directory are left."""


class Lives(MatrixRun):
    """Live several lives of one node.

    Parameters
    ----------
    seed : int
        Of everything that happens.
    directory : Path
        For its files.
    """

    def __init__(self, seed: int, directory: Path) -> None:
        drawn = symbols()[1:10]
        cells = tuple(Cell(act="market", own=Own.NOTHING, when=When.RUNNING, symbol=symbol) for symbol in drawn)
        self.random = Random(seed)
        super().__init__(Conditions(claims=False, uuids=self.random.random() < 0.5), cells, directory)
        self.first, self.second, self.claimed, self.nobodys = drawn[:2], drawn[2:4], drawn[4:6], list(drawn[6:])
        self.owners = dict.fromkeys(drawn, EXTERNAL)
        self.owners |= dict.fromkeys((*self.first, *self.claimed), DESK) | dict.fromkeys(self.second, SECOND_DESK)
        self.done: list[str] = []
        self.looks = 0
        self._deaf: Any = None

    def live(self, losses: tuple[Lost, ...], acts: int) -> None:
        """Live one life more than the node is lost, so many acts in each; hold the law throughout."""
        account = {"deposits": {"USDT": "1000000"}}
        settings = {"limits": {"enforced": False}, "accounts": [account]}
        with EmulatorProcess(settings=settings) as venue, EmbeddedValkey.start(self.directory / "store") as store:
            self.venue, ready = venue, venue.ready
            self.hand = Hand(venue, Credentials(ready.account, ready.api_key, secret=ready.secret), hedge=False)
            for cell in self.cells:
                self.hand.quote(cell.symbol)
            desks = {"001": list(self.claimed), "002": []}
            plan = {**self.plan(ready, store.port), "desks": desks}
            for loss in (*losses, None):
                with MatrixNode(plan) as node:
                    assert node.started()["trading"], self.done
                    self._begin(node)
                    self._live_once(node, acts)
                    node.kill()
                    assert not node.complaints, node.complaints
                if loss is not None:
                    self._lie_dead(loss, store, acts // 3)

    # -- a life --------------------------------------------------------------------------------------------------------

    def _begin(self, node: MatrixNode) -> None:
        """Hold the law; in the first life both strategies trade first: what a strategy alone traded is its own."""
        if not self.done:
            for symbol in (*self.first, *self.second):
                self._submit(node, symbol)
        self._look(node)

    def _live_once(self, node: MatrixNode, acts: int) -> None:
        claim_at = self.random.randrange(acts)
        for number in range(acts):
            if number == claim_at and self.nobodys:
                self._claim(node)
            act = self.random.choice(ACTS)
            match act:
                case "own":
                    self._submit(node, self.random.choice((*self.first, *self.second)))
                case "look":
                    self._look(node)
                case "deaf":
                    self._go_deaf()
                case _:
                    getattr(self, f"_{act}")()
        self._look(node)
        if self.random.random() < 0.5:
            self._submit(node, self.random.choice((*self.first, *self.second)))  # and is killed with it on its way

    def _lie_dead(self, loss: Lost, store: EmbeddedValkey, acts: int) -> None:
        self.done.append(f"killed{', the store lost' if loss.store else ''}")
        if loss.store:
            client = redis.Redis(port=store.port)
            client.flushall()
            client.close()
        for _ in range(acts):
            getattr(self, f"_{self.random.choice(DOWN)}")()

    def _look(self, node: MatrixNode) -> None:
        """Let the node look until it is CLEAN, and compare it with the venue and with who owns what by right."""
        self.looks += 1
        self.done.append("look")
        if self._deaf is not None:
            self.venue.control.remove_fault(self._deaf)
            self.venue.control.cut_streams(self.hand.account)
            self._deaf = None
        said = node.ask("true_up")
        assert said["verdict"] == "CLEAN", (said, self.done)
        deadline = time.monotonic() + SETTLED_SECS
        while wrong := self._all_wrong(node.ask("look")):
            assert time.monotonic() < deadline, (wrong, self.done)
            time.sleep(0.2)

    def _all_wrong(self, seen: dict[str, Any]) -> dict[str, list[str]]:
        found = {cell.symbol: self._wrong(cell, self.hand, seen) for cell in self.cells}
        return {symbol: wrong for symbol, wrong in found.items() if wrong}

    def _owner(self, cell: Cell) -> str:
        return self.owners[cell.symbol]

    # -- what the node does --------------------------------------------------------------------------------------------

    def _submit(self, node: MatrixNode, symbol: str) -> None:
        side, quantity = self.random.choice(("BUY", "SELL")), self.hand.quantity(symbol)
        price = None if self.random.random() < 0.3 else str(self._resting(symbol, side))
        self.done.append(f"own {symbol} {side} {price}")
        desk = int(symbol in self.second)
        node.ask("submit", desk=desk, symbol=symbol, side=side, quantity=str(quantity), price=price)

    def _claim(self, node: MatrixNode) -> None:
        self._look(node)
        symbol = self.nobodys.pop()
        self.done.append(f"claim {symbol}")
        told = node.ask("claim", strategy=DESK, symbol=symbol)
        if "use_position_ids = false" in told["refused"]:  # what nobody owns is held order by order: nothing may change
            self.done.append("refused")
        else:
            assert (told["refused"], told["verdict"]) == ("", "CLEAN"), (told, self.done)
            self.owners[symbol] = DESK
        self._look(node)

    # -- what others do ------------------------------------------------------------------------------------------------

    def _go_deaf(self) -> None:
        if self._deaf is None:
            self.done.append("deaf")
            self._deaf = self.venue.control.add_fault({"match": {"path": "/ws*"}, "action": {"kind": "half_open"}})
            self.venue.control.cut_streams(self.hand.account)

    def _order(self) -> None:
        """Place an order by hand, of whatever kind and name, on whatever symbol."""
        symbol = self.random.choice([cell.symbol for cell in self.cells])
        side, kind = self.random.choice(("BUY", "SELL")), self.random.choice(("limit", "market", "stop"))
        self.done.append(f"hand {symbol} {side} {kind}")
        quantity = self.hand.quantity(symbol)
        if kind == "stop":
            trigger = float(self.hand.price(symbol, "1.1" if side == "BUY" else "0.9"))
            with suppress(OrderImmediatelyFillable):  # the market was filled up to it before
                self.hand.order(symbol, "market", side.lower(), quantity, None, stopLossPrice=trigger)
        else:
            price = self._resting(symbol, side) if kind == "limit" else None
            self.hand.order(symbol, kind, side.lower(), quantity, price)

    def _fill(self) -> None:
        """Let the market fill a working order, or a quarter of what it may have begun with."""
        if (order := self._working()) is None:
            return
        left = order.quantity - order.executed_quantity
        quarter = self.hand.quantity(order.symbol) / 4
        quantity = min(left, self.random.choice((left, quarter)))
        self.done.append(f"fill {order.symbol} {order.side} {quantity} of {left}")
        self.venue.control.fill(order.order_id, quantity=quantity)

    def _cancel(self) -> None:
        """Cancel a working order by hand, the node's own or not, conditional or not."""
        algos = [one for one in self.hand.control.algo_orders(self.hand.account) if one.status is AlgoStatus.NEW]
        if algos and self.random.random() < 0.4:
            self.done.append(f"cancel stop {algos[0].symbol}")
            self.hand.cancel(algos[0].symbol, str(algos[0].algo_id), {"trigger": True})
        elif (order := self._working()) is not None:
            self.done.append(f"cancel {order.symbol}")
            self.hand.cancel(order.symbol, str(order.order_id))

    def _amend(self) -> None:
        """Change a working order by hand, the node's own or not."""
        if (order := self._working()) is None:
            return
        self.done.append(f"amend {order.symbol}")
        quantity = order.quantity + self.hand.quantity(order.symbol) / 4
        price = self.hand.price(order.symbol, "0.92" if order.side.value == "BUY" else "1.08")
        with suppress(ExchangeError):  # the venue refuses what changes nothing
            self.hand.amend(order.symbol, str(order.order_id), order.side.value.lower(), quantity, price)

    def _working(self) -> Any:
        found = self.hand.control.open_orders(self.hand.account)
        return self.random.choice(sorted(found, key=lambda one: one.order_id)) if found else None

    def _resting(self, symbol: str, side: str) -> Decimal:
        return self.hand.price(symbol, "0.9" if side == "BUY" else "1.1")
