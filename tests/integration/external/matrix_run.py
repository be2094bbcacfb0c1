"""One run of the matrix: one account, two lives of one node, every cell in its place, and what came of each."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from tests.integration.emulator.oracles.keys import Credentials
from tests.integration.external.matrix_cells import Cell, Own, When
from tests.integration.external.matrix_hand import Hand
from trueup.core.intervention import SAME_NS
from trueup.emulator import EmulatorProcess
from trueup.emulator.engine.enums import AlgoStatus
from trueup.store.embedded import EmbeddedValkey

ANSWER_SECS = 180.0
NATIVE_SECS = 20.0
"""The engine's checks are a second apart here, and wait a second: what they have not healed by then they never do."""
DESK, EXTERNAL = "Desk-001", "EXTERNAL"
LINES_KEPT = 60
COMPLAINTS = ("Traceback", "could not be judged", "the engine decides")
"""What the node must never log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Hold what all cells of one run have in common; ``uuids`` names orders so that their names say nothing."""

    mode: str = "verified"
    claims: bool = True
    hedge: bool = False
    store: bool = True
    uuids: bool = False

    @property
    def name(self) -> str:
        """Return the run's name."""
        words = (
            "claimed" if self.claims else "unclaimed",
            "hedge" if self.hedge else "one-way",
            "with a store" if self.store else "without a store",
        )
        return ", ".join(words)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """Hold what came of one cell.

    Parameters
    ----------
    at_once, after : list of str
        What was wrong when the act was taken in, and at the run's end, after the restart; empty when all is right.
    said : list of [str, str]
        Whose doing it was by the node, and the line.
    heard : list of str
        The events that the strategy got for it.
    """

    cell: str
    at_once: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class RunResult:
    """Hold what came of a run."""

    conditions: Conditions
    verdicts: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    pnl: dict[str, tuple[str, str]] = field(default_factory=dict)
    secs: float = 0.0


class MatrixNode:
    """One life of the node."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._log: list[str] = []
        self.complaints: list[str] = []
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        reading, writing = os.pipe()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.external.matrix_node", json.dumps(plan), str(writing)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
            text=True,
        )
        os.close(writing)
        self._threads = [
            threading.Thread(target=self._read_answers, args=(reading,), daemon=True),
            threading.Thread(target=self._read_log, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def started(self) -> dict[str, Any]:
        """Return whether it trades."""
        return self._next()

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Tell it something, and return its answer."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._child.stdin.flush()
        return self._next()

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGKILL)
        self._child.wait()
        for thread in self._threads:
            thread.join(5)

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + ANSWER_SECS
        while time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                return self._answers.get(timeout=0.5)
            if self._child.poll() is not None and self._answers.empty():
                break
        raise AssertionError("the node told nothing:\n" + "\n".join(self._log[-LINES_KEPT:]))

    def _read_answers(self, reading: int) -> None:
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):
                    self._answers.put(json.loads(line))

    def _read_log(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            if any(word in line for word in COMPLAINTS) and len(self.complaints) < LINES_KEPT:
                self.complaints.append(line.rstrip())
            self._log.append(line.rstrip())
            del self._log[:-LINES_KEPT]


class MatrixRun:
    """Make one run.

    Parameters
    ----------
    conditions : Conditions
        What its cells have in common.
    cells : tuple of Cell
        The cells.
    directory : Path
        For its files.
    """

    def __init__(self, conditions: Conditions, cells: tuple[Cell, ...], directory: Path) -> None:
        self.conditions = conditions
        self.cells = cells
        self.directory = directory
        self.result = RunResult(conditions=conditions)
        self.result.outcomes = {cell.name: Outcome(cell=cell.name) for cell in cells}

    def run(self) -> RunResult:
        """Make the run and return what came of it."""
        began = time.monotonic()
        account = {"hedge_mode": self.conditions.hedge, "deposits": {"USDT": "1000000"}}
        settings = {"limits": {"enforced": False}, "accounts": [account]}
        with EmulatorProcess(settings=settings) as venue, self._store() as port:
            ready = venue.ready
            credentials = Credentials(ready.account, ready.api_key, secret=ready.secret)
            hand = Hand(venue, credentials, hedge=self.conditions.hedge)
            for cell in self.cells:
                hand.quote(cell.symbol)
                if cell.act == "liquidate":
                    hand.isolate(cell.symbol)
            plan = self.plan(ready, port)
            self._act(hand, When.BEFORE)
            with MatrixNode(plan) as node:
                self._first_life(node, hand, venue)
                self.result.lines += node.complaints
            self._act(hand, When.DOWN)
            with MatrixNode(plan) as node:
                self._second_life(node, hand)
                self.result.lines += node.complaints
        self.result.secs = round(time.monotonic() - began, 1)
        return self.result

    # -- the lives -----------------------------------------------------------------------------------------------------

    def _first_life(self, node: MatrixNode, hand: Hand, venue: EmulatorProcess) -> None:
        started = node.started()
        self._note_start("first start", started)
        if not started["trading"]:
            return
        self._judge(node, hand, When.BEFORE, "before")
        for cell in self.cells:
            if cell.own is not Own.NOTHING:
                self._give(node, hand, cell)
        self._wait_for_own(node, hand)
        self._act(hand, When.RUNNING)
        self._judge(node, hand, When.RUNNING, "running")
        fault = venue.control.add_fault({"match": {"path": "/ws*"}, "action": {"kind": "half_open"}})
        venue.control.cut_streams(hand.account)
        self._act(hand, When.STREAM_DOWN)
        venue.control.remove_fault(fault)
        venue.control.cut_streams(hand.account)
        self._judge(node, hand, When.STREAM_DOWN, "stream back")
        node.kill()

    def _second_life(self, node: MatrixNode, hand: Hand) -> None:
        started = node.started()
        self._note_start("second start", started)
        if not started["trading"]:
            return
        self._judge(node, hand, When.DOWN, "restarted")
        seen = node.ask("look")
        for cell in self.cells:
            self.result.outcomes[cell.name].after = self._wrong(cell, hand, seen)
        if self.conditions.mode == "verified" and self.conditions.claims:
            self._manage(node, hand)

    def _manage(self, node: MatrixNode, hand: Hand) -> None:
        """Let the strategy amend, cancel and close what it was given; compare what it earned with the venue."""
        seen = node.ask("look")
        amended: dict[str, Decimal] = {}
        for cell in self.cells:
            for order in self._held(seen, cell, "orders"):
                if cell.act == "limit" and order["is_open"]:
                    amended[order["number"]] = Decimal(order["quantity"]) / 2
                    node.ask("amend", client_order_id=order["name"], quantity=str(amended[order["number"]]))
        self._until(lambda: self._amended(hand, amended), "the venue did not take the strategy's amendments")
        node.ask("clear")
        self._until(
            lambda: not hand.control.positions(hand.account) and not hand.control.open_orders(hand.account),
            "the strategy did not close what it was given",
        )
        verdict = node.ask("true_up")
        self.result.verdicts["closed"] = verdict["verdict"]
        self.result.lines += verdict["lines"]
        seen = node.ask("look")
        for cell in self.cells:
            held = self._held(seen, cell, "positions")
            if (
                held and "flip" not in cell.act
            ):  # over a restart the engine forgets what a position earned before it flipped
                trades = hand.control.trades(hand.account, cell.symbol)
                venues = sum((one.realised_pnl - one.commission for one in trades), Decimal(0))
                self.result.pnl[cell.name] = (held[0]["earned"], str(venues))

    def _amended(self, hand: Hand, wanted: dict[str, Decimal]) -> bool:
        found = {str(one.order_id): one.quantity for one in hand.control.open_orders(hand.account)}
        return all(found.get(number) == quantity for number, quantity in wanted.items())

    # -- parts of them -------------------------------------------------------------------------------------------------

    def _give(self, node: MatrixNode, hand: Hand, cell: Cell) -> None:
        price = str(hand.price(cell.symbol, "0.9")) if cell.own is Own.ORDER else None
        node.ask("submit", symbol=cell.symbol, side="BUY", quantity=str(hand.quantity(cell.symbol)), price=price)

    def _wait_for_own(self, node: MatrixNode, hand: Hand) -> None:
        def is_there() -> bool:
            seen = node.ask("look")
            own = [cell for cell in self.cells if cell.own is not Own.NOTHING]
            return all(not self._wrong(cell, hand, seen) and self._held(seen, cell, "orders") for cell in own)

        self._until(is_there, "the strategy's own orders did not come about")
        self._true_up(node, "own orders")
        node.ask("forget")

    def _act(self, hand: Hand, when: When) -> None:
        for cell in self.cells:
            if cell.when is when:
                # No hand cancels within the moment in which a liquidation takes other orders; this one could.
                apart_secs = 2 * SAME_NS / 1e9 if cell.act == "liquidate" else 0.0
                time.sleep(apart_secs)
                getattr(hand, cell.act)(cell.symbol)
                time.sleep(apart_secs)

    def _judge(self, node: MatrixNode, hand: Hand, when: When, occasion: str) -> None:
        """Let the node take in what was done, and judge the cells of that time."""
        concerned = [cell for cell in self.cells if cell.when is when]
        self._true_up(node, occasion)
        deadline = time.monotonic() + NATIVE_SECS
        while True:
            seen = node.ask("look")
            wrong = {cell.name: self._wrong(cell, hand, seen) for cell in concerned}
            # On its first start the node is told nothing of what ended before: there was nothing of its own to touch.
            # So, too, at every start without a store.
            is_start = when is When.BEFORE or (when is When.DOWN and not self.conditions.store)
            is_said = is_start or all(self._said(seen, cell) for cell in concerned if cell.act != "stop_cancelled")
            if (is_said and not any(wrong.values())) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        for cell in concerned:
            outcome = self.result.outcomes[cell.name]
            outcome.at_once = wrong[cell.name]
            outcome.said = self._said(seen, cell)
            outcome.heard = seen["heard"].get(_instrument(cell), [])
        node.ask("forget")

    def _true_up(self, node: MatrixNode, occasion: str) -> None:
        found = node.ask("true_up")
        self.result.verdicts[occasion] = found["verdict"]
        if found["verdict"] not in {"CLEAN", "NONE"}:
            self.result.lines += [f"{occasion}: {line}" for line in found["lines"]]

    def _note_start(self, occasion: str, started: dict[str, Any]) -> None:
        self.result.verdicts[occasion] = "TRADING" if started["trading"] else "NOT TRADING"
        if not started["trading"]:
            self.result.lines += [f"{occasion}: {line}" for line in (started["failure"], *started["lines"])]
            for outcome in self.result.outcomes.values():
                outcome.after = ["the node does not trade"]

    # -- judging -------------------------------------------------------------------------------------------------------

    def _said(self, seen: dict[str, Any], cell: Cell) -> list[tuple[str, str]]:
        # The venue says of funding on a cross-margin position what it moved, and not for which instrument.
        wanted = "" if cell.act == "fund" else _instrument(cell)
        return [(one["doing"], one["line"]) for one in seen["said"] if one.get("instrument_id") == wanted]

    def _held(self, seen: dict[str, Any], cell: Cell, kind: str) -> list[dict[str, Any]]:
        return [one for one in seen[kind] if one["instrument"] == _instrument(cell)]

    def _owner(self, cell: Cell) -> str:
        return DESK if self.conditions.claims or cell.own is not Own.NOTHING else EXTERNAL

    def _wrong(self, cell: Cell, hand: Hand, seen: dict[str, Any]) -> list[str]:
        """Return what of a cell differs from the venue, or belongs to the wrong one."""
        return [*self._wrong_orders(cell, hand, seen), *self._wrong_positions(cell, hand, seen)]

    def _wrong_orders(self, cell: Cell, hand: Hand, seen: dict[str, Any]) -> list[str]:
        truth = {
            str(one.order_id): (one.quantity, one.executed_quantity, one.price)
            for one in hand.control.open_orders(hand.account, cell.symbol)
        }
        for algo in hand.control.algo_orders(hand.account, cell.symbol):
            if algo.status is AlgoStatus.NEW:
                truth[str(algo.algo_id)] = (algo.quantity, Decimal(0), algo.trigger_price)
        held = {one["number"] or "?": one for one in self._held(seen, cell, "orders") if one["is_open"]}
        found = [f"open order unknown: {number}" for number in truth.keys() - held.keys()]
        found += [f"order {one['status']} that the venue ended" for number, one in held.items() if number not in truth]
        for number in truth.keys() & held.keys():
            order = held[number]
            mine = (Decimal(order["quantity"]), Decimal(order["filled"]), Decimal(order["price"] or order["trigger"]))
            if mine != truth[number]:
                found.append(f"order {'/'.join(map(str, mine))}, venue {'/'.join(map(str, truth[number]))}")
            if order["owner"] != self._owner(cell):
                found.append(f"order of {order['owner']}")
        return found

    def _wrong_positions(self, cell: Cell, hand: Hand, seen: dict[str, Any]) -> list[str]:
        truth = {one.position_side.value: one.quantity for one in hand.control.positions(hand.account, cell.symbol)}
        held: dict[str, list[tuple[Decimal, str]]] = {}
        for one in self._held(seen, cell, "positions"):
            if one["is_open"]:
                side = one["position_id"].rpartition("-")[2]
                leg = side if self.conditions.hedge and side in {"LONG", "SHORT"} else "BOTH"
                held.setdefault(leg, []).append((Decimal(one["quantity"]), one["owner"]))
        found = []
        for leg in sorted(truth.keys() | held.keys()):
            mine = sum((quantity for quantity, _ in held.get(leg, ())), Decimal(0))
            if mine != truth.get(leg, Decimal(0)):
                found.append(f"position {mine.normalize():f}, venue {truth.get(leg, Decimal(0)).normalize():f}")
            owners = [owner for _, owner in held.get(leg, ())]
            if len(set(owners)) > 1:  # what nobody owns the engine holds order by order, in positions of their own
                parts = ", ".join(f"{owner} {quantity.normalize():f}" for quantity, owner in held[leg])
                found.append(f"position split: {parts}")
            elif owners and owners[0] != self._owner(cell):
                found.append(f"position of {owners[0]}")
        return found

    # -- its surroundings ----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _store(self) -> Iterator[int]:
        if not self.conditions.store:
            yield 0
            return
        server = EmbeddedValkey.start(self.directory / "store")
        try:
            yield server.port
        finally:
            server.stop()

    def plan(self, ready: Any, port: int) -> dict[str, Any]:
        """Return what a node of the run is told."""
        return {
            "ready": {name: getattr(ready, name) for name in ready.__struct_fields__}
            if hasattr(ready, "__struct_fields__")
            else asdict(ready),
            "symbols": [cell.symbol for cell in self.cells],
            "mode": self.conditions.mode,
            "claims": self.conditions.claims,
            "hedge": self.conditions.hedge,
            "uuids": self.conditions.uuids,
            "redis_port": port,
            "state_dir": str(self.directory / "state"),
            "journal": f"sqlite:///{self.directory / 'journal.sqlite3'}",
        }

    def _until(self, holds: Any, what: str) -> None:
        deadline = time.monotonic() + ANSWER_SECS
        while not holds():
            assert time.monotonic() < deadline, what
            time.sleep(0.2)


def _instrument(cell: Cell) -> str:
    return f"{cell.symbol}-PERP.BINANCE"
