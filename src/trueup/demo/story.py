"""The demonstration from start to verdict. Nothing in it is scripted to a result."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from trueup.core.diff import compare
from trueup.demo.away import happen
from trueup.demo.configuration import KEY_VARIABLE, SECRET_VARIABLE, TRADED, TRADER_ID, WARM_ACTIONS, WATCHED, NodeFile
from trueup.demo.engine_log import read_engine_says
from trueup.demo.node_life import NodeLife
from trueup.demo.observation import Observation, Observed, why_not_observed
from trueup.demo.report import DemoReport
from trueup.demo.rows import side_by_side
from trueup.demo.truth import PRODUCT_SUFFIX, read_truth
from trueup.emulator.client import ControlClient
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import Ready
from trueup.errors import NodeError
from trueup.model import NodeSnapshot, verdict_of
from trueup.store.connection import StoreAddress
from trueup.store.embedded import EmbeddedValkey
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader

START_TIMEOUT_SECS = 120.0
"""A cold interpreter needs 3 to 8 s to a trading node, ten times that on a machine with ten times the work."""
BURST_TIMEOUT_SECS = 120.0
POLL_SECS = 0.005

BURST_ORDERS_MIN = 12
"""Of its forty. Counted, not timed: a rate that tells a burst on one machine is never reached on a busier one."""

SETTLE_SECS_MAX = 10.0
"""The node writes its store behind; two equal readings within this limit are taken for its state."""

SYMBOLS = tuple(one.removesuffix(PRODUCT_SUFFIX) for one in (*TRADED, WATCHED))

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What a user chose.

    Parameters
    ----------
    directory : Path
        Where logs, configuration, report, store and venue ledger go.
    mode : str
        ``native`` or ``verified``.
    seed : int
        Of the market, the strategy and what happens while the node is down.
    store_url : str or None
        A Redis or Valkey server; None starts an embedded one.
    observe : bool
        Whether a Prometheus and an Alertmanager of its own watch the node.
    """

    directory: Path
    mode: str = "native"
    seed: int = 1
    store_url: str | None = None
    observe: bool = False


@dataclass(slots=True)
class _Progress:
    """Says what happens, and remembers how long each stage took."""

    say: Say
    timings: dict[str, float] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        self.say(text)
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = time.perf_counter() - began

    def tell(self, text: str) -> None:
        self.story.append(text)
        self.say(f"  {text}")


def run_demo(options: DemoOptions, say: Say) -> DemoReport:
    """Run a node, kill it in a burst, let things happen at the venue, run it again, and compare.

    Parameters
    ----------
    options : DemoOptions
        What the user chose.
    say : Callable[[str], None]
        Is told each step as it begins.

    Raises
    ------
    StoreError, EmulatorError, NodeError
        If one of the processes cannot do its part. Every process that was started is ended in any case.
    """
    progress = _Progress(say)
    began = time.perf_counter()
    with ExitStack() as stack:
        with progress.stage("store", "starting the store"):
            store_url = options.store_url or stack.enter_context(_store(options)).url
        with progress.stage("venue", "starting the venue emulator (Binance USD-M on loopback)"):
            emulator = stack.enter_context(_emulator(options))
        observation, absent = _observation(options, progress, stack)
        scene = _Scene(options, progress, store_url, emulator.ready, emulator.control, observation)
        if options.store_url is not None:
            scene.require_empty_store()
        scene.first_life()
        scene.absence()
        report = scene.second_life()
    report.timings["total"] = time.perf_counter() - began
    return replace(report, observed=Observed(absent=absent)) if absent else report


def _observation(options: DemoOptions, progress: _Progress, stack: ExitStack) -> tuple[Observation | None, str]:
    """Start Prometheus and Alertmanager where they are wished; return them, or why they are not there."""
    if not options.observe:
        return None, ""
    if absent := why_not_observed():
        progress.say(absent)
        return None, absent
    with progress.stage("observer", "starting Prometheus and Alertmanager"):
        observation = Observation(options.directory / "observer", options.mode, TRADER_ID)
        return stack.enter_context(observation), ""


def _store(options: DemoOptions) -> EmbeddedValkey:
    return EmbeddedValkey.start(options.directory / "store", ends_with_parent=True)


def _emulator(options: DemoOptions) -> EmulatorProcess:
    return EmulatorProcess(
        state=options.directory / "venue",
        settings={"market": {"seed": options.seed, "step_interval_ms": 100, "step_symbols": SYMBOLS}},
        ends_with_parent=True,
    )


class _Scene:
    """The three acts: a life, an absence, another life."""

    def __init__(
        self,
        options: DemoOptions,
        progress: _Progress,
        store_url: str,
        venue: Ready,
        control: ControlClient,
        observation: Observation | None = None,
    ) -> None:
        self._observation = observation
        self._options = options
        self._progress = progress
        self._store_url = store_url
        self._venue = venue
        self._control = control

    def require_empty_store(self) -> None:
        """Refuse a user's store that already holds this trader: its books would be mixed with the demonstration's."""
        with self._reader() as reader:
            reading = reader.read()
        if reading.orders or reading.positions or reading.accounts:
            raise NodeError(
                f"the store {self._store_url} already holds orders of trader {TRADER_ID}",
                allowed="a store without that trader",
                action="use another server, or delete that trader's keys yourself",
            )

    def first_life(self) -> None:
        """Start the node, let it trade, and kill it in the middle of its burst."""
        with self._life("first", trading=True) as node:
            with self._progress.stage("first start", "starting a live node with the real Binance adapter"):
                self._wait_until_trading(node)
                if self._observation is not None:
                    self._observation.watch()
            with self._progress.stage("trading", "the strategy trades; waiting for its burst"):
                sent = self._wait_for_burst(node)
            node.kill()
            self._progress.tell(
                f"SIGKILL to the node (pid {node.pid}) with at least {sent} orders of the burst at the venue"
            )

    def absence(self) -> None:
        """Let the venue go on without the node."""
        self._control.pause_market()
        with self._progress.stage("absence", "while the node is down, at the venue:"):
            for sentence in happen(self._control, self._venue.account, self._options.seed):
                self._progress.tell(sentence)
        if self._observation is not None:
            with self._progress.stage("alert", "leaving the node dead until the alert says so"):
                if not self._observation.await_death():
                    self._progress.tell("no alert said so in time")

    def second_life(self) -> DemoReport:
        """Start the node again, read both books, and compare them."""
        with self._life("second", trading=False) as node:
            with self._progress.stage("restart", "starting the node again, on the store that it left"):
                self._wait_until_trading(node)
            with self._progress.stage("comparison", "reading venue and node, independently of each other"):
                node_books = self._read_node()
                venue_books = read_truth(self._control, self._venue.account, node_books.account_id)
                comparison = compare(venue_books, node_books)
            observed = None
            if self._observation is not None:
                with self._progress.stage("alerts", "asking which alerts fired"):
                    observed = self._observation.collect()
            self._progress.say("stopping the node")
            node.stop()
            said = tuple(node.events)
        verdict = verdict_of(
            account_id=node_books.account_id,
            time_ns=node_books.ended_ns,
            coverage=venue_books.coverage,
            discrepancies=comparison.discrepancies,
            pending_count=len(comparison.pending),
            node_unknowns=tuple(_node_unknowns(node_books)),
        )
        return DemoReport(
            mode=self._options.mode,
            seed=self._options.seed,
            verdict=verdict,
            discrepancies=comparison.discrepancies,
            rows=side_by_side(venue_books, node_books, comparison.discrepancies),
            engine_says=read_engine_says(sorted((self._options.directory / "logs").glob("second-life*.jsonl"))),
            node_says=said,
            story=tuple(self._progress.story),
            timings=self._progress.timings,
            directory=self._options.directory,
            observed=observed,
        )

    def _life(self, name: str, *, trading: bool) -> NodeLife:
        directory = self._options.directory
        config_path = directory / f"{name}-life.toml"
        file = NodeFile(
            urls=self._venue.urls,
            store_url=self._store_url,
            mode=self._options.mode,
            seed=self._options.seed,
            trading=trading,
            state_directory=directory / "state",
            log_directory=directory / "logs",
            log_name=f"{name}-life",
            ops_port=None if self._observation is None else self._observation.port,
        )
        config_path.write_text(file.render(), encoding="utf-8")
        secrets = {KEY_VARIABLE: self._venue.api_key, SECRET_VARIABLE: self._venue.secret}
        return NodeLife(config_path, directory / "logs" / f"{name}-life.console.log", secrets)

    def _wait_until_trading(self, node: NodeLife) -> None:
        event = node.wait_for(lambda said: said["event"] in {"trading", "failed"}, "a trading node", START_TIMEOUT_SECS)
        if event["event"] == "failed":
            self._progress.tell(f"the node does not trade: {event.get('reason', 'no reason given')}")

    def _wait_for_burst(self, node: NodeLife) -> int:
        """Wait until more requests came than the strategy makes before its burst, and return how many more."""
        deadline = time.monotonic() + BURST_TIMEOUT_SECS
        seen = commands = 0
        while time.monotonic() < deadline:
            if node.exit_code is not None:
                raise NodeError(
                    f"the node ended by itself with exit code {node.exit_code}", action=f"read {node.output_path}"
                )
            fresh = self._control.requests(after=seen, path="/fapi/v1/order")
            seen = max((one.sequence for one in fresh), default=seen)
            commands += sum(one.method != "GET" for one in fresh)
            if commands >= WARM_ACTIONS + BURST_ORDERS_MIN:
                return commands - WARM_ACTIONS
            time.sleep(POLL_SECS)
        raise NodeError(
            f"the strategy sent no burst within {BURST_TIMEOUT_SECS:.0f} s", action=f"read {node.output_path}"
        )

    def _reader(self) -> RedisReader:
        return RedisReader(StoreAddress.from_url(self._store_url), StoreKeys(TRADER_ID))

    def _read_node(self) -> NodeSnapshot:
        with self._reader() as reader:
            return reader.read_settled(deadline_secs=SETTLE_SECS_MAX).snapshot(known_from_ns=0)


def _node_unknowns(node_books: NodeSnapshot) -> Iterator[str]:
    for failure in node_books.coverage.failures:
        yield f"node's store: {failure.query}: {failure.reason}"


def write_json(report: DemoReport, path: Path) -> None:
    """Write the report as JSON, whole or not at all."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps(report.as_dict(), indent=2, default=str) + "\n", encoding="utf-8")
    draft.replace(path)
