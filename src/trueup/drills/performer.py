"""Do the steps of a scenario, one by one, on a stage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from trueup.drills.compare import Finding, changes
from trueup.drills.nodes import NodeProcess
from trueup.drills.stage import DrillError, Stage
from trueup.drills.steps import (
    Amend,
    AwaitNode,
    Break,
    Cancel,
    External,
    Fill,
    Finish,
    Heal,
    KillNode,
    Modify,
    Move,
    Reconcile,
    Redis,
    Restart,
    SetClock,
    StartNode,
    Step,
    StopNode,
    Submit,
    Wait,
    WaitFor,
)
from trueup.drills.venue import Fault, VenueOrder

POLL_SECS = 0.02
START_TIMEOUT_SECS = 60.0
"""A node of a drill starts within 0.2 s on an idle machine. On a busy one it can take ten, and where a question hangs
the engine's own limit, 30 s, comes on top: only then is a node that does not trade the node's fault."""
REFUSAL_SECS = 1.0  # a native node that shall not trade has this long to do it all the same
APPEAR_TIMEOUT_SECS = 5.0


class Performer:
    """Do steps.

    Parameters
    ----------
    stage : Stage
        What they are done to.
    on_change : Callable
        Called after each step that changed something at the node or the venue.
    settles : bool
        Whether a step ends only when the node has handled what came of it. Without it, the next one, a kill maybe,
        comes in the middle.
    appear_secs : float
        How long an order may take to reach the venue before a step that needs it is given up.
    start_secs : float
        How long a start may take to lead to trading.

    Attributes
    ----------
    starts : list of str
        How each start of a node ended.
    submitted : list of str
        The client order ids that the strategy was told to use.
    touched_ns : dict of str to int
        When each was last sent, amended or cancelled, on the monotonic clock.
    changes : list of Finding
        What restarts changed in the node.
    over : bool
        Whether a start that should have led to trading did not: the steps that follow need a node that trades.
    """

    def __init__(
        self,
        stage: Stage,
        on_change: Callable[[], None] = lambda: None,
        *,
        settles: bool = True,
        appear_secs: float = APPEAR_TIMEOUT_SECS,
        start_secs: float = START_TIMEOUT_SECS,
    ) -> None:
        self.starts: list[str] = []
        self.submitted: list[str] = []
        self.touched_ns: dict[str, int] = {}
        self.changes: list[Finding] = []
        self.over = False
        self._stage = stage
        self._on_change = on_change
        self._settles = settles
        self._appear_secs = appear_secs
        self._start_secs = start_secs

    async def do(self, step: Step) -> None:
        """Do one step; letting time pass is the caller's own business.

        Raises
        ------
        DrillError, NodeError, TruthError
            If it cannot be done now.
        """
        stage = self._stage
        match step:
            case StartNode() | KillNode() | StopNode() | Submit() | Cancel() | Modify() | Reconcile() | Restart():
                await self._node_step(step)
            case Fill() | External() | Finish() | Amend() | Move():
                await self._venue_step(step)
            case SetClock(offset_secs):
                stage.venue.offset_ns = round(offset_secs * 1e9)
            case Break(fault):
                stage.faults.add(replace(fault, delay_secs=fault.delay_secs * stage.scale))
            case Heal(subject):
                stage.faults.heal(subject)
            case Redis(action):
                if stage.own_store is None:
                    raise DrillError("this scenario has no store of its own", action='set redis = "own"')
                await asyncio.to_thread(stage.own_store.kill if action == "kill" else stage.own_store.start)
            case WaitFor(name, status):
                await self._wait_for(name, status)
            case AwaitNode(outcome):
                self.starts.append(await self.started(stage.living, expected=outcome))
                await stage.settle()
            case Wait():
                raise DrillError("who waits is the run, not the performer")

    # -- The node ----------------------------------------------------------------------------------

    async def _node_step(self, step: Step) -> None:
        stage = self._stage
        match step:
            case StartNode():
                await self._start(step)
            case KillNode(now):
                if not now:
                    await stage.written()
                await stage.living.kill()
            case StopNode():
                await stage.written()
                await stage.living.stop()
            case Submit():
                await self._submit(step)
            case Cancel(name):
                self.touched_ns[name] = time.monotonic_ns()
                await stage.living.ask("cancel", client_order_id=name)
            case Modify(name, quantity, price):
                self.touched_ns[name] = time.monotonic_ns()
                await stage.living.ask("modify", client_order_id=name, quantity=quantity, price=price)
            case Reconcile():
                await stage.living.ask("reconcile")
            case Restart(times):
                await self._restart(times)
        is_burst = isinstance(step, Submit) and step.count > 1  # which a kill shall hit in the middle
        if self._settles and not isinstance(step, KillNode | StopNode) and not is_burst:
            await stage.settle()
        self._on_change()

    async def _submit(self, step: Submit) -> None:
        names = [step.name] if step.count == 1 else [f"{step.name}-{index + 1}" for index in range(step.count)]
        self.submitted.extend(names)
        self.touched_ns |= dict.fromkeys(names, time.monotonic_ns())
        await self._stage.living.ask(
            "submit",
            client_order_ids=names,
            symbol=step.symbol,
            side=step.side,
            quantity=step.quantity,
            price=step.price,
            leg=step.leg,
            routed=step.routed,
        )

    async def _start(self, step: StartNode) -> None:
        node = await self._stage.launch(cold=step.cold, natively=step.natively)
        if step.outcome == "pending":
            self.starts.append("pending")
            return
        ending = await self.started(node, expected=step.outcome)
        self.starts.append(ending)
        self.over = step.outcome == "trading" and ending != "trading"

    async def _restart(self, times: int) -> None:
        stage = self._stage
        await stage.settle()
        before = await stage.living.state()
        for number in range(1, times + 1):
            await stage.written()
            await stage.living.kill()
            await self._start(StartNode())
            if self.over:
                return
            await stage.settle()
            self.changes.extend(changes(before, await stage.living.state(), number))

    async def started(self, node: NodeProcess, *, expected: str = "trading") -> str:
        """Return how a start ended, once it has: ``trading``, or ``refused:`` and why."""
        began = time.monotonic()
        patient = expected == "trading" or self._stage.mode == "verified"
        limit = self._start_secs if patient else REFUSAL_SECS
        while time.monotonic() - began < limit:
            if not node.is_alive:
                return f"refused: the process ended with code {node.exit_code}"
            if node.is_connected:
                phase = await node.ask("phase")
                if phase["trading"]:
                    return "trading"
                if phase["failure"]:
                    return f"refused: {phase['failure']}"
                if phase["gave_up"]:
                    break
            await asyncio.sleep(POLL_SECS)
        if expected == "trading" and time.monotonic() - began >= limit:
            return f"refused: not trading after {limit:.0f} s"
        return "refused: the process runs, the strategy does not"

    async def _wait_for(self, name: str, status: str) -> None:
        deadline = time.monotonic() + APPEAR_TIMEOUT_SECS
        seen = "absent"
        while time.monotonic() < deadline:
            state = await self._stage.living.state()
            seen = next((order.status for order in state.orders if order.client_order_id == name), "absent")
            if seen == status:
                return
            await asyncio.sleep(POLL_SECS)
        raise DrillError(f"order {name} was {seen}, not {status}, after {APPEAR_TIMEOUT_SECS:.0f} s")

    # -- The venue ---------------------------------------------------------------------------------

    async def _venue_step(self, step: Step) -> None:
        truth, venue = self._stage.truth, self._stage.venue
        now_ns = venue.now_ns()
        match step:
            case Fill(name, quantity, price, trade_id, push, count):
                await self._appear(name)
                for _ in range(count):
                    order, fill = truth.fill(name, quantity, price, venue.now_ns(), trade_id)
                    self._push("filled", push, order, fill)
                    self._push("account", push)
            case External():
                order = truth.place(
                    symbol=step.symbol,
                    side=step.side,
                    quantity=step.quantity,
                    price=step.price,
                    leg=step.leg,
                    client_order_id=None if step.nameless else step.name,
                    venue_order_id=step.name if step.nameless else None,
                    now_ns=now_ns,
                )
                self._push("accepted", step.push, order)
                if step.filled:
                    order, fill = truth.fill(order.venue_order_id, step.quantity, None, now_ns)
                    self._push("filled", step.push, order, fill)
                    self._push("account", step.push)
            case Finish(name, status, push):
                await self._appear(name)
                order = truth.finish(name, status, now_ns, "the venue's own decision")
                self._push(status.value.lower(), push, order)
            case Amend(name, quantity, price, push):
                await self._appear(name)
                self._push("updated", push, truth.amend(name, quantity, price, now_ns))
            case Move(symbol, quantity, price, leg):
                truth.move(symbol, leg, quantity, price, now_ns)
        if self._settles:
            await self._stage.settle()
        self._on_change()

    def _push(self, kind: str, push: Fault | None, order: VenueOrder | None = None, fill: Any = None) -> None:
        if push is not None:
            scaled = push.delay_secs * self._stage.scale
            self._stage.faults.add(replace(push, kind=kind, times=1, delay_secs=scaled))
        self._stage.venue.push(kind, order, fill)

    async def _appear(self, name: str) -> None:
        """Wait until an order is at the venue."""
        deadline = time.monotonic() + self._appear_secs
        while self._stage.truth.find(name) is None:
            if time.monotonic() > deadline:
                raise DrillError(f"order {name} did not reach the venue within {self._appear_secs:g} s")
            await asyncio.sleep(POLL_SECS)
