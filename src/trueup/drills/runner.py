"""Run one scenario: a venue, a node process with as many lives as the steps say, and the comparison at the end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from trueup.drills.compare import Comparison, compare
from trueup.drills.nodes import Nursery
from trueup.drills.outcome import Outcome
from trueup.drills.performer import Performer
from trueup.drills.records import NodeVerdict
from trueup.drills.scenario import Mode, Scenario
from trueup.drills.stage import Stage
from trueup.drills.steps import Wait
from trueup.drills.store import DrillStore
from trueup.drills.venue import TruthError
from trueup.errors import NodeError, TrueupError

WATCH_POLL_SECS = 0.1  # the resolution of "equal after"


class DrillRun:
    """One run.

    Parameters
    ----------
    scenario : Scenario
        What happens.
    mode : {'native', 'verified'}
        Who reconciles.
    directory, nursery, shared, number, real_time
        As `Stage` takes them.
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
        self.stage = Stage(scenario, mode, directory, nursery, shared, number=number, real_time=real_time)
        self._performer = Performer(self.stage, self._mark)
        self._quiet_since = time.monotonic()
        self._equal_since: float | None = None

    async def run(self) -> Outcome:
        """Do the steps and return what came of them; nothing is left running."""
        began = time.monotonic()
        try:
            await self.stage.open()
            for step in self.scenario.program:
                if isinstance(step, Wait):
                    await self._watch(step.secs * self.stage.scale)
                else:
                    await self._performer.do(step)
                if self._performer.over:
                    break
            outcome = await self._judge()
        except (TrueupError, TruthError, TimeoutError) as error:
            outcome = Outcome(self.scenario.id, self.mode, failure=str(error) or type(error).__name__)
        finally:
            await self.stage.close()
        return replace(
            outcome,
            wall_secs=time.monotonic() - began,
            starts=tuple(self._performer.starts),
            queries=dict(sorted(self.stage.venue.queries.items())),
            warnings=self.stage.warnings(),
        )

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
        if self.stage.node is None or not self.stage.node.is_connected:
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
        stage = self.stage
        state = await stage.living.state()
        alive_since_ns = None
        if self.mode == "verified" and self.scenario.verified.compare == "alive":
            alive_since_ns = stage.window_start_ns
        own = [name for name in self._performer.submitted if stage.truth.find(name) is not None]
        comparison = compare(stage.truth, state, alive_since_ns=alive_since_ns, own=own)
        return replace(comparison, findings=(*comparison.findings, *self._performer.changes))

    async def _judge(self) -> Outcome:
        outcome = Outcome(self.scenario.id, self.mode)
        node = self.stage.node
        if node is None or not node.is_connected:
            return outcome
        await self.stage.settle()
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
