"""Run an episode: its steps one after the other without waiting for the node, then health, and a bound to become true.

Safety is watched throughout (`safety`), liveness is judged at the end: every fault heals, and a node that is down or
declined to trade is started once more. It must become CLEAN and equal to the venue within `LIVE_SECS_MAX` by its own
looks, or after the one restart that it asks its operator for, and one more restart must change nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from trueup.drills.campaign.result import EpisodeResult
from trueup.drills.campaign.safety import UNSEEN_SECS_MAX, Moment, differences, violations
from trueup.drills.compare import Comparison, Finding, outside_of_life
from trueup.drills.nodes import NodeSilentError, Nursery
from trueup.drills.outcome import Outcome
from trueup.drills.performer import START_TIMEOUT_SECS, Performer
from trueup.drills.scenario import Mode, Scenario
from trueup.drills.stage import DrillError, Stage
from trueup.drills.steps import KillNode, Restart, StartNode, Step, StopNode, Wait
from trueup.drills.store import DrillStore
from trueup.drills.venue import TruthError
from trueup.errors import NodeError, TrueupError

LOOK_SECS = 0.1
LIVE_SECS_MAX = 20.0
"""The looks of verified mode come every second, history every two: it takes 1 to 4 s. The rest is for busy machines."""
NATIVE_SECS_MAX = 6.0
"""The engine's checks come every second with two or three tries; what they did not mend by then they never did in
twenty seconds (measured on 1.231.0, 20 episodes)."""
NATIVE_START_SECS = 30.0
"""A native start that is given up is seen as soon as the engine returns from it; one that hangs takes this long."""
APPEAR_SECS = 0.3
"""An order that a fault swallowed never appears."""
ASK_SECS = 6.0
"""Twice what a repair takes: who then still says DISCREPANT is asked what its operator should do."""
EVERY_SYMBOL = ("BTC", "ETH")
"""Claimed where two owners share a position and the node asks its operator to say whose it is."""
COMPLAINTS_MAX = 20


class EpisodeRun:
    """One run of one episode.

    Parameters
    ----------
    scenario : Scenario
        Its conduct is ``episode``.
    mode, directory, nursery, shared, number
        As `Stage` takes them.
    patience : int
        The factor on `LIVE_SECS_MAX` and on what a look may not have seen yet, and how often the last start is tried:
        a machine that others keep busy makes everything late, and nothing wrong.
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
        patience: int = 1,
    ) -> None:
        self._patience = patience
        self.stage = Stage(scenario, mode, directory, nursery, shared, number=number)
        start_secs = NATIVE_START_SECS if mode == "native" else START_TIMEOUT_SECS
        self._performer = Performer(self.stage, settles=False, appear_secs=APPEAR_SECS, start_secs=start_secs)
        self._complaints: list[str] = []
        self._seen: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._launched_ns = 0
        self._unseen_start = False
        self._up = False
        self._standing = ""
        self._found: tuple[Finding, ...] = ()
        self._equal_ns = 0
        self._rebuilding = False
        self._optional: frozenset[str] = frozenset()

    async def run(self) -> EpisodeResult:
        """Do everything and return what came of it; nothing is left running."""
        began = time.monotonic()
        ending, clean_secs = "not trading", None
        try:
            await self.stage.open()
            for step in self.stage.scenario.program:
                await self._do(step)
            ending, clean_secs = await self._heal()
        except (TrueupError, TimeoutError) as error:
            self._complain(f"the episode was not completed: {error or type(error).__name__}")
        finally:
            await self.stage.close()
        truth, faults = self.stage.truth, self.stage.faults
        return EpisodeResult(
            name=self.stage.scenario.id,
            mode=self.stage.mode,
            ending=ending,
            clean_secs=clean_secs,
            complaints=tuple(self._complaints),
            differences=_kinds(self._found),
            seen=tuple(sorted(self._seen)),
            starts=self._counts["starts"],
            kills=self._counts["kills"],
            refused=self._counts["refused"],
            asked=self._counts["asked"],
            done=self._counts["done"],
            skipped=self._counts["skipped"],
            looks=self._counts["looks"],
            faults=dict(sorted(faults.struck.items())),
            orders=len(truth.orders),
            fills=len(truth.fills),
            wall_secs=round(time.monotonic() - began, 2),
        )

    @property
    def found(self) -> tuple[Finding, ...]:
        """Return what differed at the last look, and what the last restart changed."""
        return (*self._found, *self._performer.changes)

    # -- steps ----------------------------------------------------------------------------------------

    async def _do(self, step: Step) -> None:
        self._notice_death()
        if isinstance(step, Wait):
            await self._watch(step.secs)
            return
        try:
            await self._perform(step)
            self._counts["done"] += 1
        except NodeSilentError as error:
            self._complain(f"the node froze: {error}")
        except (DrillError, NodeError, TruthError):
            self._counts["skipped"] += 1  # what it needs never came about, be it by a fault or by a step left out

    async def _perform(self, step: Step) -> None:
        match step:
            case StartNode():
                if self._up:
                    raise DrillError("a node is up already", action="let it go down before")
                await self._start(step)
            case KillNode() | StopNode():
                if not self._up:
                    raise DrillError("no node is up")
                self._up = False
                self._counts["kills"] += 1
                await self._performer.do(step)
            case _:
                await self._performer.do(step)

    async def _start(self, step: StartNode) -> None:
        self._counts["starts"] += 1
        self._rebuilding |= step.cold or not await self.stage.remembers()
        is_rebuilding, rest = self._rebuilding, outside_of_life(self.stage.truth)
        if is_rebuilding and self.stage.scenario.verified.settings.get("history") != "full":
            self._optional = rest
        self._launched_ns, self._unseen_start, self._up = time.monotonic_ns(), True, True
        await self._performer.do(step)
        if step.outcome == "pending":
            return
        if self._performer.starts[-1] == "trading":
            if is_rebuilding and self.stage.faults.lied_ns > self._launched_ns:
                self._optional |= (
                    rest  # what the venue kept from a start that rebuilds everything it never asks for again
                )
            await self._look()
            return
        self._counts["refused"] += 1
        self._up = False
        node = self.stage.node
        if node is not None:
            await node.kill()  # as an operator's supervisor does with a node that will not trade

    def _notice_death(self) -> None:
        node = self.stage.node
        if self._up and node is not None and not node.is_alive:
            self._up = False
            self._complain(f"the node's process ended by itself with code {node.exit_code}")

    # -- watching -------------------------------------------------------------------------------------

    async def _watch(self, secs: float) -> None:
        deadline = time.monotonic() + secs
        while (left := deadline - time.monotonic()) > 0:
            await self._look()
            await asyncio.sleep(min(LOOK_SECS, left))

    async def _look(self) -> bool:
        """Compare the node with the venue, and return whether it is equal (and says so, in verified mode)."""
        node, truth = self.stage.node, self.stage.truth
        if not self._up or node is None or not node.is_connected:
            return False
        before = truth.changes
        try:
            sight = await node.sight()
        except NodeSilentError as error:
            self._complain(f"the node froze: {error}")
            return False
        except NodeError:
            return False  # it died meanwhile, which the next step notices
        if truth.changes != before:
            return False  # the venue moved while the node told: nothing to compare with
        self._counts["looks"] += 1
        self._standing = sight.standing
        self._found = differences(truth, sight, optional=self._optional)
        moment = Moment(
            now_ns=time.monotonic_ns(),
            changed_ns=truth.changed_ns,
            lied_ns=self.stage.faults.lied_ns,
            launched_ns=self._launched_ns,
            first=sight.started and self._unseen_start,
            tainted=self.stage.faults.lied_ns > self._equal_ns,
            touched_ns=self._performer.touched_ns,
        )
        if sight.started:
            self._unseen_start = self._rebuilding = False
        if sight.started and not self._found:
            self._equal_ns = moment.now_ns
        for line in violations(self._found, sight, moment, unseen_secs=UNSEEN_SECS_MAX * self._patience):
            if self.stage.mode == "verified":
                self._complain(line)
            elif not line.startswith(("traded unverified", "CLEAN")):
                self._seen[line.split(":")[0]] += 1
        if self.stage.mode == "native":
            return sight.started and not self._found
        is_fresh = moment.began_ns(sight) > max(moment.changed_ns, moment.lied_ns)
        return sight.started and not self._found and sight.standing == "CLEAN" and is_fresh

    # -- liveness -------------------------------------------------------------------------------------

    async def _heal(self) -> tuple[str, float | None]:
        """Let every fault heal, and return how the node ended and after how many seconds it was true."""
        self.stage.faults.heal()
        self._notice_death()
        healed = time.monotonic()
        if self._up and (self._performer.starts[-1] != "trading"):
            self._performer.starts.append(await self._performer.started(self.stage.living))
            if self._performer.starts[-1] != "trading":
                await self._perform(KillNode(now=True))
        for _ in range(self._patience):
            if not self._up:
                await self._do(StartNode())
        if not self._up:
            return self._not_trading()
        limit = self._patience * LIVE_SECS_MAX if self.stage.mode == "verified" else NATIVE_SECS_MAX
        while not await self._look():
            self._notice_death()
            spent_secs = time.monotonic() - healed
            if not self._up or spent_secs > limit:
                return await self._never_true(limit)
            if spent_secs > ASK_SECS and self._standing == "DISCREPANT" and not self._counts["asked"]:
                await self._restart_if_asked()
            await asyncio.sleep(LOOK_SECS)
        clean_secs = time.monotonic() - healed
        await self._restart_once()
        ending = "not trading" if not self._up else "different" if self._found or self._performer.changes else "equal"
        return ending, round(clean_secs, 2)

    async def _restart_if_asked(self) -> None:
        """Do what the node asks its operator to do: some repairs need a start, at which nothing trades."""
        answer = await self.stage.living.ask("verdict")
        said = "\n".join(answer["discrepancies"])
        if "do: Claim the instrument for one strategy and restart" in said:
            self.stage.claims = EVERY_SYMBOL
        if self.stage.claims is EVERY_SYMBOL or "do: Restart the node" in said:
            self._counts["asked"] += 1
            await self._perform(KillNode())
            await self._do(StartNode())

    def _not_trading(self) -> tuple[str, float | None]:
        if self.stage.mode == "verified":
            self._complain(f"the node does not trade though nothing is broken: {self._performer.starts[-1]}")
        return "not trading", None

    async def _never_true(self, limit: float) -> tuple[str, float | None]:
        if not self._up:
            return self._not_trading()
        if self.stage.mode == "verified":
            answer = await self.stage.living.ask("verdict")
            lines = [
                *map(str, self._found),
                *(f"it says {answer['verdict']}: {line}" for line in answer["discrepancies"]),
            ]
            self._complain(f"not CLEAN and equal within {limit:.0f} s: {'; '.join(lines) or answer['verdict']}")
        return "different", None

    async def _restart_once(self) -> None:
        """Kill and start the node once more: nothing may change."""
        self._counts["starts"] += 1
        self._counts["kills"] += 1
        self._unseen_start = True
        self._launched_ns = time.monotonic_ns()
        await self._performer.do(Restart(1))
        if self._performer.over:
            self._up = False
            if self.stage.mode == "verified":
                self._complain(f"one more restart was refused: {self._performer.starts[-1]}")
            return
        await self._look()
        if self.stage.mode == "verified":
            for finding in self._performer.changes:
                self._complain(str(finding))

    def _complain(self, line: str) -> None:
        if line not in self._complaints and len(self._complaints) < COMPLAINTS_MAX:
            self._complaints.append(line)


def _kinds(found: Sequence[Finding]) -> tuple[str, ...]:
    counted = Counter(finding.what.value for finding in found)
    return tuple(f"{kind} x{number}" if number > 1 else kind for kind, number in sorted(counted.items()))


def outcome_of(result: EpisodeResult, found: Sequence[Finding]) -> Outcome:
    """Return an episode's result, and what differed at its end, as the outcome of a scenario."""
    return Outcome(
        result.name,
        result.mode,
        trading=result.ending != "not trading",
        comparison=None if result.ending == "not trading" else Comparison(tuple(found), (), ()),
        equal_after_secs=result.clean_secs,
        wall_secs=result.wall_secs,
        failure="; ".join(result.complaints),
    )
