"""One run of a scenario on the Binance adapter: an account, a node's lives as the steps say, and the judgement."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from trueup.drills.binance.node import Look, NodeProcess, state_of
from trueup.drills.binance.scenario import BinanceScenario
from trueup.drills.binance.steps import (
    EndNode,
    Place,
    StartNode,
    Step,
    Wait,
    WaitForFault,
    WaitForOrder,
)
from trueup.drills.binance.venue import DAY_MS, VenueAccount
from trueup.drills.compare import Comparison, compare
from trueup.drills.described import Mode
from trueup.drills.outcome import Outcome
from trueup.drills.records import NodeVerdict
from trueup.drills.stage import DrillError
from trueup.emulator.process import EmulatorProcess
from trueup.errors import TrueupError
from trueup.store.embedded import EmbeddedValkey

START_SECS_MAX: Final = 120.0
"""For imports, building, and a start on a machine ten times overbooked; a node that says nothing by then never will."""
WAIT_SECS_MAX: Final = 60.0
POLL_SECS: Final = 0.05
RECONCILIATION_SECS_MAX: Final = 20.0
"""The node's own limit for its start; verified mode needs a part of it to try again what is not answered."""


class Life:
    """One run. Its steps are done in a thread, so that another may `end` it.

    Parameters
    ----------
    scenario : BinanceScenario
        What happens.
    mode : {'native', 'verified'}
        Who reconciles, and with which client.
    emulator : EmulatorProcess
        The venue; its market stands still. A scenario that sets the clock starts one of its own instead.
    directory : Path
        Exists, for the store, for what the node remembers, and for its logs.
    """

    def __init__(self, scenario: BinanceScenario, mode: Mode, emulator: EmulatorProcess, directory: Path) -> None:
        self._scenario = scenario
        self._mode: Mode = mode
        self._emulator = emulator
        self._account: VenueAccount | None = None
        self._directory = directory
        self._plan: dict[str, Any] = {"timeout_reconciliation": RECONCILIATION_SECS_MAX, "log_level": "INFO"}
        self._node: NodeProcess | None = None
        self._lives = 0
        self._submitted: list[str] = []
        self._starts: list[str] = []
        self._over = threading.Event()

    def run(self) -> Outcome:
        """Do the steps, judge, and end everything that was started."""
        began = time.monotonic()
        outcome = Outcome(self._scenario.id, self._mode)
        with ExitStack() as stack:
            try:
                self._open(stack)
                for step in self._scenario.program:
                    self._do(step)
                outcome = self._judge()
            except TrueupError as error:
                outcome = replace(outcome, failure="interrupted" if self._over.is_set() else str(error))
            except Exception as error:  # whatever it is, the other runs go on, and this one says why it could not
                outcome = replace(outcome, failure=f"{type(error).__name__}: {error}")
            finally:
                if self._node is not None:
                    self._node.__exit__()
        return replace(outcome, starts=tuple(self._starts), wall_secs=time.monotonic() - began)

    def end(self) -> None:
        """Let the run end as soon as it can: what it waits for is over."""
        self._over.set()
        if self._node is not None:
            self._node.kill()

    def _open(self, stack: ExitStack) -> None:
        emulator = self._emulator
        if self._scenario.begins_behind_days is not None:
            clock = {"offset_ms": -self._scenario.begins_behind_days * DAY_MS}
            emulator = stack.enter_context(EmulatorProcess(settings={"clock": clock}, ends_with_parent=True))
            emulator.control.pause_market()
        self._account = VenueAccount(emulator)
        if self._scenario.redis == "own":
            store = stack.enter_context(EmbeddedValkey.start(self._directory / "store", ends_with_parent=True))
            self._plan.update(redis_port=store.port, state_dir=str(self._directory / "state"))

    @property
    def _venue(self) -> VenueAccount:
        assert self._account is not None, "the run is open while its steps are done"
        return self._account

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _do(self, step: Step) -> None:
        if self._over.is_set():
            raise DrillError("the run was ended")
        match step:
            case StartNode(pending):
                self._start(pending=pending)
            case EndNode(how):
                self._end_node(how)
            case Place(by="node"):
                self._submit(step)
            case Wait(secs):
                self._over.wait(secs)
            case WaitForFault():
                self._await("the fault to be met", lambda: self._venue.faults.last_was_met)
            case WaitForOrder(name, None):
                self._await(f"{name} at the venue", lambda: self._venue.find(name) is not None)
            case WaitForOrder(name, status):
                self._await(f"{name} {status}", lambda: self._living.look()["statuses"].get(name) == status)
            case _:
                self._venue.do(step)

    @property
    def _living(self) -> NodeProcess:
        if self._node is None:
            raise DrillError("no node is alive at this step", action="start one before")
        return self._node

    def _start(self, *, pending: bool) -> None:
        if self._node is not None:
            raise DrillError("a node is alive at this step already", action="stop or kill it before")
        self._lives += 1
        log_path = self._directory / f"life-{self._lives}.log"
        self._node = NodeProcess(self._venue.ready, self._mode, self._plan, log_path=log_path)
        if self._over.is_set():  # since before there was a node to kill
            self._node.kill()
        if pending:
            self._node.look()
            self._starts.append("pending")
            return
        trades = self._node.is_trading_within(START_SECS_MAX)
        self._starts.append("trading" if trades else "refused: it did not come to trade")

    def _end_node(self, how: str) -> None:
        node = self._living
        if how == "stop":
            node.stop()
        node.__exit__()
        self._node = None

    def _submit(self, step: Place) -> None:
        price = None if step.price is None else str(step.price)
        self._living.submit(step.symbol, step.side.value, str(step.quantity), price, step.name)
        self._submitted.append(step.name)

    def _await(self, what: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECS_MAX
        while not holds():
            if self._over.wait(POLL_SECS) or time.monotonic() > deadline:
                raise DrillError(f"waited {WAIT_SECS_MAX:.0f} s for {what}, which did not come")

    # -- judgement -----------------------------------------------------------------------------------------------------

    def _judge(self) -> Outcome:
        began = time.monotonic()
        seen = self._living.look_until(self._is_true, self._scenario.settle_secs)
        comparison = self._compare(seen)
        said = seen["verdict"]
        verdict = None
        if said is not None:
            verdict = NodeVerdict(said, standing=said, phase="", discrepancies=tuple(seen["lines"]))
        return Outcome(
            self._scenario.id,
            self._mode,
            trading=seen["trading"],
            comparison=comparison,
            unaided=comparison.is_equal,
            equal_after_secs=time.monotonic() - began if comparison.is_equal else None,
            verdict=verdict,
        )

    def _is_true(self, seen: Look) -> bool:
        if self._over.is_set():
            raise DrillError("the run was ended")
        return seen["trading"] and seen["verdict"] in (None, "CLEAN") and self._compare(seen).is_equal

    def _compare(self, seen: Look) -> Comparison:
        books = self._venue.books()
        placed = {order.client_order_id for order in books.orders}
        found = compare(books, state_of(seen), own=[name for name in self._submitted if name in placed])
        if not self._scenario.in_order:
            return found
        sequence = self._venue.sequence(seen["applied"], Decimal(seen["realised"]))
        return replace(found, findings=(*found.findings, *sequence))
