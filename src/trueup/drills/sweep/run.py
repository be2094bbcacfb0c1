"""One run of the session: killed where it is told to be, started again, and held against the venue's books."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from trueup.drills.compare import compare
from trueup.drills.fleet import Place
from trueup.drills.nodes import NodeProcess
from trueup.drills.performer import Performer
from trueup.drills.records import Death, NodeSpec
from trueup.drills.scenario import Mode
from trueup.drills.stage import DrillError, Stage
from trueup.drills.steps import KillNode, StartNode, Step, StopNode, Wait
from trueup.drills.sweep.points import Target
from trueup.drills.sweep.result import Kill
from trueup.drills.sweep.session import Session, TrueUp
from trueup.drills.sweep.store import WatchedStore
from trueup.drills.sweep.switch import KillSwitch
from trueup.drills.sweep.venue import WatchedVenue
from trueup.drills.venue import TruthError
from trueup.errors import NodeError, TrueupError

STARTS_MAX = 3
"""After a kill: one start that a second kill ends, one that nobody disturbs, and one to see that it was no accident."""
ABSENT_SECS = 0.05
"""Waited for an order that may never have been sent, since the node that was to send it is dead."""
DEATH_TIMEOUT_SECS = 30.0
POLL_SECS = 0.005
KILLED = -9
IMPOSSIBLE = (NodeError, DrillError, TruthError, TimeoutError, ConnectionError)
"""What a step raises that cannot be done, because the node is dead or never did what came before."""


class SweepStage(Stage):
    """A stage whose nodes die where a switch says.

    Parameters
    ----------
    session : Session
        How node and venue are configured.
    mode : {'native', 'verified'}
        Who reconciles.
    at : Place
        Where.
    target : Target, optional
        Where to kill; None lists the events.
    """

    def __init__(self, session: Session, mode: Mode, at: Place, target: Target | None) -> None:
        self.switch = KillSwitch(target, lambda: 0 if self.node is None else self.node.pid)
        self.way = WatchedStore(at.store, self.switch)
        super().__init__(session.scenario, mode, at.directory, at.nursery, self.way, number=at.number)
        self.venue = WatchedVenue(self.truth, self.faults, at.directory / "venue.sock", self.switch)
        self._lists = target is None

    async def open(self) -> None:
        """Start the way to the store, and the venue."""
        await self.way.open()
        await super().open()

    async def close(self) -> None:
        """End everything."""
        await super().close()
        await self.way.close()

    def list_path(self, life: int) -> Path:
        """Return where a node lists its own events."""
        return self._directory / f"events-{life}.txt"

    def _death(self) -> Death:
        return self.switch.begin_life(self.lives, str(self.list_path(self.lives)) if self._lists else "")

    def _spec(self, mode: Mode) -> NodeSpec:
        spec = super()._spec(mode)
        return NodeSpec(**{name: getattr(spec, name) for name in NodeSpec.__slots__} | {"death": self._death()})


class SweepRun:
    """One run.

    Every other kill leaves the node down for the rest of its life's steps, so that the venue goes on without it; the
    others start it again at once. Then it must be equal, go on trading, and still be equal.

    Parameters
    ----------
    session : Session
        What happens.
    mode : {'native', 'verified'}
        Who reconciles.
    at : Place
        Where.
    target : Target, optional
        Where to kill; None runs the session undisturbed and lists its events.
    """

    def __init__(self, session: Session, mode: Mode, at: Place, target: Target | None) -> None:
        self._session = session
        self._mode = mode
        self._target = target
        self._stays_down = target is not None and target.first.number % 2 == 0
        self._performer = Performer(stage := SweepStage(session, mode, at, target))
        self._is_native_now = mode == "native"
        self._life_ended = 0
        self.stage = stage
        self.deaths = 0

    async def run(self) -> Kill:
        """Run the session and return what came of it; nothing is left running."""
        began = time.monotonic()
        findings: list[str] = []
        failure = ""
        try:
            await self.stage.open()
            for act in self._session.acts:
                await self._do_all(act.steps)
                if self.deaths:
                    break  # what comes after a kill is the epilogue: the rest of the session has points of its own
            findings = await self._end()
        except (TrueupError, TruthError, TimeoutError, ConnectionError) as error:
            failure = f"{type(error).__name__}: {error}"
        finally:
            warnings = self.stage.warnings()
            await self.stage.close()
        return Kill(
            target="" if self._target is None else str(self._target),
            mode=self._mode,
            deaths=self.deaths,
            event="; then ".join(self.stage.switch.struck),
            findings=findings,
            failure=failure,
            warnings=list(warnings[-3:]) if findings or failure else [],
            secs=round(time.monotonic() - began, 2),
        )

    def events(self) -> dict[tuple[int, str], list[str]]:
        """Return every event of an undisturbed session, by life and lane."""
        events: dict[tuple[int, str], list[str]] = defaultdict(list, self.stage.switch.labels)
        for life in range(1, self.stage.lives + 1):
            path = self.stage.list_path(life)
            for line in path.read_text().splitlines() if path.exists() else ():
                lane, _, label = line.partition(" ")
                events[life, lane].append(label)
        return dict(events)

    # -- The session -------------------------------------------------------------------------------

    async def _do_all(self, steps: Sequence[Step | TrueUp]) -> None:
        for step in steps:
            if self.deaths and isinstance(step, StartNode | KillNode | StopNode):
                continue  # whether it lives is the sweep's business now
            raised: Exception | None = None
            try:
                await self._do(step)
            except IMPOSSIBLE as error:
                raised = error
            if await self._has_died(expected=raised is not None and self._is_armed):
                if not self._stays_down:
                    await self._start()
            elif raised is not None and not self.deaths:
                raise raised

    async def _do(self, step: Step | TrueUp) -> None:
        stage = self.stage
        match step:
            case Wait(secs):
                if stage.node is not None and stage.node.is_alive:
                    await asyncio.sleep(secs)
            case TrueUp():
                if not self._is_native_now:
                    await stage.living.ask("verdict")
            case KillNode() | StopNode():
                await stage.written()
                if stage.switch.struck_life != stage.lives:
                    self._life_ended = stage.lives
                await stage.living.kill()
            case _:
                if isinstance(step, StartNode):
                    self._is_native_now = self._mode == "native" or step.natively
                await self._performer.do(step)
                if self._performer.over and stage.switch.armed is None:
                    raise DrillError(f"the node does not trade: {self._performer.starts[-1]}")

    @property
    def _is_armed(self) -> bool:
        armed = self.stage.switch.armed
        return armed is not None and self._life_ended != self.stage.lives

    async def _has_died(self, *, expected: bool) -> bool:
        """Note that the life of now ended by its kill; what was told of it may be under way."""
        stage, node = self.stage, self.stage.node
        if node is None or not self._is_armed:
            return False
        if expected or stage.switch.struck_life == stage.lives:
            await self._await_end(node)
        if node.is_alive or node.exit_code != KILLED:
            return False
        await node.kill()  # only its sockets are left to be closed
        self._life_ended = stage.lives
        self.deaths += 1
        submitted = self._performer.submitted
        self._performer = Performer(stage, appear_secs=ABSENT_SECS)
        self._performer.submitted = submitted
        stage.faults.heal()
        return True

    async def _await_end(self, node: NodeProcess) -> None:
        """Wait until a process is gone, for a while: the kill was sent, or the process did not answer."""
        deadline = time.monotonic() + DEATH_TIMEOUT_SECS
        while node.is_alive and time.monotonic() < deadline:  # noqa: ASYNC110 - a process's end has no event of ours
            await asyncio.sleep(POLL_SECS)

    async def _start(self) -> None:
        """Start the node again, as often as it is killed on the way."""
        ending = ""
        for _ in range(STARTS_MAX):
            self._is_native_now = self._mode == "native"
            try:
                ending = await self._performer.started(await self.stage.launch())
            except NodeError as error:
                ending = str(error)
            if ending == "trading":
                return
            if not await self._has_died(expected=True):
                break
        raise DrillError(f"the node does not trade: {ending}")

    # -- The end -----------------------------------------------------------------------------------

    async def _end(self) -> list[str]:
        """Return what is wrong with the node that came back, at once and after it went on trading."""
        for _ in range(STARTS_MAX):
            try:
                return await self._examine()
            except IMPOSSIBLE:  # the last life of the session, or the second kill, may end in the examination
                if not await self._has_died(expected=True):
                    raise
        raise DrillError(f"the node did not outlive {STARTS_MAX} examinations")

    async def _examine(self) -> list[str]:
        stage = self.stage
        findings: list[str] = []
        if await self._ensure_life():
            await stage.settle()
            findings += [f"after its start: {line}" for line in await self._differences()]
        findings += [f"after a true-up: {line}" for line in await self._judged()]
        submitted = self._performer.submitted
        self._performer = Performer(stage)
        self._performer.submitted = submitted
        if "Z-1" not in submitted:
            await self._do_all(self._session.epilogue)
        if await self._ensure_life():  # the second kill fell into the epilogue
            await stage.settle()
        findings += [f"after going on: {line}" for line in await self._judged()]
        return findings

    async def _ensure_life(self) -> bool:
        """Start the node if it is dead, and return whether that was so."""
        await self._has_died(expected=False)
        if self.stage.node is not None and self.stage.node.is_alive:
            return False
        await self._start()
        return True

    async def _judged(self) -> list[str]:
        await self.stage.settle()
        findings: list[str] = []
        if self._mode == "verified":
            said = await self.stage.living.ask("verdict")
            if said["verdict"] != "CLEAN":
                findings.append(f"it says {said['verdict']}: {'; '.join(said['discrepancies'])}")
        return [*findings, *await self._differences()]

    async def _differences(self) -> list[str]:
        stage = self.stage
        state = await stage.living.state()
        own = [name for name in self._performer.submitted if stage.truth.find(name) is not None]
        comparison = compare(stage.truth, state, own=own)
        return [str(finding) for finding in (*comparison.findings, *comparison.ownership)]


def points_of(events: dict[tuple[int, str], list[str]]) -> Iterator[tuple[int, str, int, str]]:
    """Yield life, lane, number and label of every event, in order."""
    for (life, lane), labels in sorted(events.items()):
        for number, label in enumerate(labels, 1):
            yield life, lane, number, label
