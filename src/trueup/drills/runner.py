"""Run one scenario: a venue, a node process with as many lives as the steps say, and the comparison at the end."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from trueup.drills.compare import Comparison, Finding, changes, compare
from trueup.drills.nodes import NodeProcess, Nursery
from trueup.drills.outcome import Outcome
from trueup.drills.records import NodeSpec, NodeVerdict
from trueup.drills.scenario import Mode, Scenario
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
from trueup.drills.store import DrillStore
from trueup.drills.venue import Fault, FaultBook, Truth, VenueOrder, VenueServer
from trueup.errors import NodeError, TrueupError

POLL_SECS = 0.02
WATCH_POLL_SECS = 0.1  # the resolution of "equal after"
START_TIMEOUT_SECS = 20.0  # a node of a drill starts within 0.2 s on an idle machine
REFUSAL_SECS = 1.0  # a native node that will not trade says nothing: this long after its start it still does not
APPEAR_TIMEOUT_SECS = 5.0
WARNING_LINE = re.compile(r"^\S+ \[(?:WARN|ERROR)\] [\w-]+\.(.*)$")
WARNINGS_MAX = 40


class DrillError(TrueupError):
    """A step could not be done: the run says nothing about the node."""


class DrillRun:
    """One run.

    Parameters
    ----------
    scenario : Scenario
        What happens.
    mode : {'native', 'verified'}
        Who reconciles.
    directory : Path
        An empty directory for the sockets and the log; its path must be short (a Unix socket's has 107 bytes).
    nursery : Nursery
        Who forks node processes.
    shared : DrillStore, optional
        The store that scenarios share; needed by most.
    number : int
        Distinguishes runs that use the shared store at the same time.
    real_time : bool
        Whether every duration is as the scenario states it.
    """

    def __init__(
        self,
        scenario: Scenario,
        mode: Mode,
        directory: Path,
        nursery: Nursery,
        shared: DrillStore | None,
        *,
        number: int = 1,
        real_time: bool = False,
    ) -> None:
        self.scenario = scenario
        self.mode = mode
        self.scale = 1.0 if real_time else scenario.scale
        self._directory = directory
        self._nursery = nursery
        self._trader_id = f"DRILL-{number:03d}"
        self._faults = FaultBook()
        self._truth = Truth(hedging=scenario.hedging)
        self._venue = VenueServer(self._truth, self._faults, directory / "venue.sock", lists_flat=scenario.lists_flat)
        self._own_store = DrillStore(directory / "store", durable=True) if scenario.redis == "own" else None
        self._store = self._own_store or (shared if scenario.redis == "shared" else None)
        self._node: NodeProcess | None = None
        self._lives = 0
        self._over = False  # a node that refuses to trade ends the run: the steps that follow need one that does
        self._window_start_ns = 0
        self._changes: list[Finding] = []
        self._starts: list[str] = []
        self._submitted: list[str] = []
        self._quiet_since = time.monotonic()
        self._equal_since: float | None = None

    async def run(self) -> Outcome:
        """Do the steps and return what came of them; nothing is left running."""
        began = time.monotonic()
        try:
            if self._own_store is not None:
                await asyncio.to_thread(self._own_store.start)
            await self._venue.start()
            for step in self.scenario.program:
                await self._step(step)
                if self._over:
                    break
            outcome = await self._judge()
        except (TrueupError, TimeoutError) as error:
            outcome = Outcome(self.scenario.id, self.mode, failure=str(error) or type(error).__name__)
        finally:
            await self._clean_up()
        return replace(
            outcome,
            wall_secs=time.monotonic() - began,
            starts=tuple(self._starts),
            queries=dict(sorted(self._venue.queries.items())),
            warnings=self._warnings(),
        )

    async def _clean_up(self) -> None:
        if self._node is not None:
            await self._node.kill()
        await self._venue.stop()
        if self._own_store is not None:
            await asyncio.to_thread(self._own_store.stop)
        elif self._store is not None:
            await self._store.forget(self._trader_id)

    # -- Steps -------------------------------------------------------------------------------------

    async def _step(self, step: Step) -> None:
        match step:
            case StartNode() | KillNode() | StopNode() | Submit() | Cancel() | Modify() | Reconcile() | Restart():
                await self._node_step(step)
            case Fill() | External() | Finish() | Amend() | Move():
                await self._venue_step(step)
            case SetClock(offset_secs):
                self._venue.offset_ns = round(offset_secs * 1e9)
            case Break(fault):
                self._faults.add(replace(fault, delay_secs=fault.delay_secs * self.scale))
            case Heal(subject):
                self._faults.heal(subject)
            case Redis(action):
                if self._own_store is None:
                    raise DrillError("this scenario has no store of its own", action='set redis = "own"')
                await asyncio.to_thread(self._own_store.kill if action == "kill" else self._own_store.start)
            case Wait(secs):
                await self._watch(secs * self.scale)
            case WaitFor(name, status):
                await self._wait_for(name, status)
            case AwaitNode(outcome):
                assert self._node is not None
                self._starts.append(await self._await_start(self._node, expected=outcome))
                await self._settle()

    async def _node_step(self, step: Step) -> None:
        match step:
            case StartNode():
                await self._start(step)
            case KillNode(now):
                if not now:
                    await self._written()
                await self._living.kill()
            case StopNode():
                await self._written()
                await self._living.stop()
            case Submit():
                await self._submit(step)
            case Cancel(name):
                await self._living.ask("cancel", client_order_id=name)
            case Modify(name, quantity, price):
                await self._living.ask("modify", client_order_id=name, quantity=quantity, price=price)
            case Reconcile():
                await self._living.ask("reconcile")
            case Restart(times):
                await self._restart(times)
        if not isinstance(step, KillNode | StopNode) and not (isinstance(step, Submit) and step.count > 1):
            await self._settle()  # but for a burst, which a kill shall hit in the middle
        self._mark()

    async def _submit(self, step: Submit) -> None:
        names = [step.name] if step.count == 1 else [f"{step.name}-{index + 1}" for index in range(step.count)]
        self._submitted.extend(names)
        await self._living.ask(
            "submit",
            client_order_ids=names,
            symbol=step.symbol,
            side=step.side,
            quantity=step.quantity,
            price=step.price,
            leg=step.leg,
            routed=step.routed,
        )

    async def _venue_step(self, step: Step) -> None:
        now_ns = self._venue.now_ns()
        match step:
            case Fill(name, quantity, price, trade_id, push, count):
                await self._appear(name)
                for _ in range(count):
                    order, fill = self._truth.fill(name, quantity, price, self._venue.now_ns(), trade_id)
                    self._push("filled", push, order, fill)
                    self._push("account", push)
            case External():
                order = self._truth.place(
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
                    order, fill = self._truth.fill(order.venue_order_id, step.quantity, None, now_ns)
                    self._push("filled", step.push, order, fill)
                    self._push("account", step.push)
            case Finish(name, status, push):
                await self._appear(name)
                order = self._truth.finish(name, status, now_ns, "the venue's own decision")
                self._push(status.value.lower(), push, order)
            case Amend(name, quantity, price, push):
                await self._appear(name)
                self._push("updated", push, self._truth.amend(name, quantity, price, now_ns))
            case Move(symbol, quantity, price, leg):
                self._truth.move(symbol, leg, quantity, price, now_ns)
        await self._settle()
        self._mark()

    def _push(self, kind: str, push: Fault | None, order: VenueOrder | None = None, fill: Any = None) -> None:
        if push is not None:
            self._faults.add(replace(push, kind=kind, times=1, delay_secs=push.delay_secs * self.scale))
        self._venue.push(kind, order, fill)

    # -- The node ----------------------------------------------------------------------------------

    @property
    def _living(self) -> NodeProcess:
        if self._node is None or not self._node.is_alive:
            raise DrillError("no node is alive at this step", action="start one before")
        return self._node

    async def _start(self, step: StartNode) -> None:
        if step.cold and self._store is not None:
            await self._store.forget(self._trader_id)
        self._lives += 1
        lookback_mins = self.scenario.engine.get("reconciliation_lookback_mins")
        self._window_start_ns = self._venue.now_ns() - lookback_mins * 60 * 10**9 if lookback_mins else 0
        self._node = NodeProcess(self._nursery, self._spec("native" if step.natively else self.mode))
        await self._node.start()
        if step.outcome == "pending":
            self._starts.append("pending")
            return
        ending = await self._await_start(self._node, expected=step.outcome)
        self._starts.append(ending)
        self._over = step.outcome == "trading" and ending != "trading"

    async def _restart(self, times: int) -> None:
        await self._settle()
        before = await self._living.state()
        for number in range(1, times + 1):
            await self._written()
            await self._living.kill()
            await self._start(StartNode())
            if self._over:
                return
            await self._settle()
            self._changes.extend(changes(before, await self._living.state(), number))

    async def _await_start(self, node: NodeProcess, *, expected: str) -> str:
        """Return how a start ended, once it has."""
        began = time.monotonic()
        limit = START_TIMEOUT_SECS if expected == "trading" or self.mode == "verified" else REFUSAL_SECS
        while time.monotonic() - began < limit:
            if not node.is_alive:
                return f"refused: the process ended with code {node.exit_code}"
            if node.is_connected:
                phase = await node.ask("phase")
                if phase["trading"]:
                    return "trading"
                if phase["failure"]:
                    return f"refused: {phase['failure']}"
            await asyncio.sleep(POLL_SECS)
        if expected == "trading":
            return f"refused: not trading after {limit:.0f} s"
        return "refused: the process runs, the strategy does not"

    def _spec(self, mode: Mode) -> NodeSpec:
        scenario = self.scenario
        return NodeSpec(
            trader_id=self._trader_id,
            mode=mode,
            venue_path=str(self._directory / "venue.sock"),
            control_path=str(self._directory / f"control-{self._lives}.sock"),
            log_path=str(self._directory / f"life-{self._lives}.log"),
            redis_port=None if self._store is None else self._store.port,
            hedging=scenario.hedging,
            claims=scenario.claims,
            engine=scenario.engine_fields(self.scale),
            cache=scenario.cache,
            database=scenario.database,
            reconciliation_timeout_secs=scenario.reconciliation_timeout_secs * self.scale,
            verified={
                **scenario.verified_fields(self.scale),
                "startup_timeout_secs": scenario.reconciliation_timeout_secs * self.scale,
                "state_dir": str(self._directory / "state"),
            },
            scale=self.scale,
        )

    async def _settle(self) -> None:
        """Return once the node has read and handled everything that is under way."""
        node = self._node
        if node is None or not node.is_connected:
            return
        await node.ask("drain")
        await self._venue.sync()
        await node.ask("drain")

    async def _written(self) -> None:
        """Return once what the node handled is in its store too."""
        await self._settle()
        if self._node is not None and self._node.is_connected:
            await self._node.ask("flush")

    async def _appear(self, name: str) -> None:
        """Wait until an order is at the venue."""
        deadline = time.monotonic() + APPEAR_TIMEOUT_SECS
        while self._truth.find(name) is None:
            if time.monotonic() > deadline:
                raise DrillError(f"order {name} did not reach the venue within {APPEAR_TIMEOUT_SECS:.0f} s")
            await asyncio.sleep(POLL_SECS)

    async def _wait_for(self, name: str, status: str) -> None:
        deadline = time.monotonic() + APPEAR_TIMEOUT_SECS
        seen = "absent"
        while time.monotonic() < deadline:
            state = await self._living.state()
            seen = next((order.status for order in state.orders if order.client_order_id == name), "absent")
            if seen == status:
                return
            await asyncio.sleep(POLL_SECS)
        raise DrillError(f"order {name} was {seen}, not {status}, after {APPEAR_TIMEOUT_SECS:.0f} s")

    # -- Judgement ---------------------------------------------------------------------------------

    def _mark(self) -> None:
        """Note that something happened: what "equal after" counts from."""
        self._quiet_since = time.monotonic()
        self._equal_since = None

    async def _watch(self, secs: float) -> None:
        """Let time pass, and note since when the node has been equal to the venue."""
        deadline = time.monotonic() + secs
        while (left := deadline - time.monotonic()) > 0:
            await self._look()
            await asyncio.sleep(min(WATCH_POLL_SECS, left))

    async def _look(self) -> Comparison | None:
        if self._node is None or not self._node.is_connected:
            return None
        try:
            comparison = await self._compare()
        except NodeError:
            return None
        if not comparison.is_equal:
            self._equal_since = None
        elif self._equal_since is None:
            self._equal_since = time.monotonic()
        return comparison

    async def _compare(self) -> Comparison:
        state = await self._living.state()
        alive_since_ns = None
        if self.mode == "verified" and self.scenario.verified.compare == "alive":
            alive_since_ns = self._window_start_ns
        own = [name for name in self._submitted if self._truth.find(name) is not None]
        comparison = compare(self._truth, state, alive_since_ns=alive_since_ns, own=own)
        return replace(comparison, findings=(*comparison.findings, *self._changes))

    async def _judge(self) -> Outcome:
        outcome = Outcome(self.scenario.id, self.mode)
        node = self._node
        if node is None or not node.is_connected:
            return outcome
        await self._settle()
        phase = await node.ask("phase")
        verdict = None
        before = await self._look()
        if self.mode == "verified":
            answer = await node.ask("verdict")
            verdict = NodeVerdict(**{**answer, **{key: tuple(answer[key]) for key in ("discrepancies", "kinds")}})
        comparison = await self._look()
        equal_after = None if self._equal_since is None else max(0.0, self._equal_since - self._quiet_since)
        return replace(
            outcome,
            trading=bool(phase["trading"]),
            comparison=comparison,
            unaided=before is not None and before.is_equal,
            equal_after_secs=equal_after,
            verdict=verdict,
        )

    def _warnings(self) -> tuple[str, ...]:
        log = self._directory / f"life-{self._lives}.log"
        if not log.exists():
            return ()
        lines = log.read_text(errors="replace").splitlines()
        found = [match[1] for line in lines if (match := WARNING_LINE.match(line)) is not None]
        return tuple(found[-WARNINGS_MAX:])
