"""What a run plays on: one venue with its faults, one store, and one node after the other."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from trueup.drills.nodes import NodeProcess, Nursery
from trueup.drills.records import NodeSpec
from trueup.drills.scenario import Mode, Scenario
from trueup.drills.store import DrillStore
from trueup.drills.venue import FaultBook, Truth, VenueServer
from trueup.errors import TrueupError

WARNING_LINE = re.compile(r"^\S+ \[(?:WARN|ERROR)\] [\w-]+\.(.*)$")
WARNINGS_MAX = 40


class DrillError(TrueupError):
    """A step could not be done: the run says nothing about the node."""


class Stage:
    """The venue, the store and the node of one run.

    Parameters
    ----------
    scenario : Scenario
        How node and venue are configured.
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
        self.trader_id = f"DRILL-{number:03d}"
        self.faults = FaultBook()
        self.truth = Truth(hedging=scenario.hedging)
        self.venue = VenueServer(self.truth, self.faults, directory / "venue.sock", lists_flat=scenario.lists_flat)
        self.own_store = DrillStore(directory / "store", durable=True) if scenario.redis == "own" else None
        self.store = self.own_store or (shared if scenario.redis == "shared" else None)
        self.node: NodeProcess | None = None
        self.lives = 0
        self.window_start_ns = 0
        self.claims = scenario.claims
        self._directory = directory
        self._nursery = nursery

    async def open(self) -> None:
        """Start the venue, and the store if it is the run's own."""
        if self.own_store is not None:
            await asyncio.to_thread(self.own_store.start)
        await self.venue.start()

    async def close(self) -> None:
        """End node, venue and store; nothing is left running, and nothing in a store that is shared."""
        if self.node is not None:
            await self.node.kill()
        await self.venue.stop()
        if self.own_store is not None:
            await asyncio.to_thread(self.own_store.stop)
        elif self.store is not None:
            await self.store.forget(self.trader_id)

    @property
    def living(self) -> NodeProcess:
        """Return the node.

        Raises
        ------
        DrillError
            If none is alive.
        """
        if self.node is None or not self.node.is_alive:
            raise DrillError("no node is alive at this step", action="start one before")
        return self.node

    async def launch(self, *, cold: bool = False, natively: bool = False) -> NodeProcess:
        """Start a node's next life, on an empty store if cold, and return it without waiting for it to trade."""
        if cold and self.store is not None:
            await self.store.forget(self.trader_id)
        self.lives += 1
        lookback_mins = self.scenario.engine.get("reconciliation_lookback_mins")
        self.window_start_ns = self.venue.now_ns() - lookback_mins * 60 * 10**9 if lookback_mins else 0
        self.node = NodeProcess(self._nursery, self._spec("native" if natively else self.mode))
        await self.node.start()
        return self.node

    async def remembers(self) -> bool:
        """Return whether the next start finds in its store what an earlier life left there to begin with.

        In verified mode that is the mark of a proof, written behind all that was proven; in native mode, any order. A
        node that is killed before its store has written the first start down comes back as if it had never lived.
        """
        mark = "general:trueup-verified-" if self.mode == "verified" else "orders:"
        return self.store is not None and await self.store.holds(self.trader_id, mark)

    async def settle(self) -> None:
        """Return once the node has read and handled everything that is under way."""
        node = self.node
        if node is None or not node.is_connected:
            return
        await node.ask("drain")
        await self.venue.sync()
        await node.ask("drain")

    async def written(self) -> None:
        """Return once what the node handled is in its store too."""
        await self.settle()
        if self.node is not None and self.node.is_connected:
            await self.node.ask("flush")

    def warnings(self) -> tuple[str, ...]:
        """Return the engine's words of level WARN and above in the last life, without times."""
        log = self._directory / f"life-{self.lives}.log"
        if not log.exists():
            return ()
        lines = log.read_text(errors="replace").splitlines()
        found = [match[1] for line in lines if (match := WARNING_LINE.match(line)) is not None]
        return tuple(found[-WARNINGS_MAX:])

    def _spec(self, mode: Mode) -> NodeSpec:
        scenario = self.scenario
        return NodeSpec(
            trader_id=self.trader_id,
            mode=mode,
            venue_path=str(self._directory / "venue.sock"),
            control_path=str(self._directory / f"control-{self.lives}.sock"),
            log_path=str(self._directory / f"life-{self.lives}.log"),
            redis_port=None if self.store is None else self.store.port,
            hedging=scenario.hedging,
            claims=self.claims,
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
