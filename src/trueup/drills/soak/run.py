"""Run a soak: venue, store and node as processes, trouble, samples, and a second life that shows what was left true."""

from __future__ import annotations

import os
import platform
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version

import msgspec

from trueup._version import __version__
from trueup.demo.node_life import NodeLife
from trueup.drills.network.ledger import positions
from trueup.drills.soak.plan import CONTROL_VARIABLE, KEY_VARIABLE, SECRET_VARIABLE, TRADER_ID, SoakPlan
from trueup.drills.soak.report import SoakReport
from trueup.drills.soak.samples import Sample, Sampler
from trueup.drills.soak.trouble import Trouble
from trueup.emulator.client import ControlClient
from trueup.emulator.process import EmulatorProcess
from trueup.errors import NodeError, TrueupError
from trueup.model import NodeSnapshot
from trueup.store.connection import StoreAddress
from trueup.store.embedded import EmbeddedValkey
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader

START_TIMEOUT_SECS = 180.0
TICK_SECS = 0.5
CLEAN_TIMEOUT_SECS = 120.0
SETTLE_SECS_MAX = 10.0
"""The node writes its store behind; two equal readings within this limit are taken for its state."""

Say = Callable[[str], None]


def run_soak(plan: SoakPlan, say: Say) -> SoakReport:
    """Let a node trade for hours, and return what was seen; Ctrl-C ends it early and returns what there is.

    Parameters
    ----------
    plan : SoakPlan
        What it is to be.
    say : Callable[[str], None]
        Is told of each stage, and of each tenth of the run.

    Raises
    ------
    StoreError, EmulatorError, NodeError
        If a process cannot be started. Every process that was started is ended in any case.
    """
    plan.directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        say("starting store and venue")
        store = stack.enter_context(EmbeddedValkey.start(plan.directory / "store", ends_with_parent=True))
        venue = stack.enter_context(
            EmulatorProcess(state=plan.directory / "venue", settings=plan.emulator_settings(), ends_with_parent=True)
        )
        return _Soak(plan, say, store.url, venue).run()


class _Soak:
    """One run and what it has seen so far."""

    def __init__(self, plan: SoakPlan, say: Say, store_url: str, venue: EmulatorProcess) -> None:
        self._plan = plan
        self._say = say
        self._store_url = store_url
        self._venue = venue
        self._began = datetime.now(UTC)
        self._samples: list[Sample] = []
        self._trouble = Trouble(
            venue.control, venue.ready.account, seed=plan.seed, interval_secs=plan.trouble_interval_secs
        )
        self._control_key = secrets.token_urlsafe(32)
        self._said: Counter[str] = Counter()
        self._verdict_secs: dict[str, float] = defaultdict(float)
        self._families: dict[str, list[int]] = {}
        self._sample_failures: Counter[str] = Counter()
        self._loads: list[float] = []
        self._traded_secs = 0.0
        self._failure = ""

    def run(self) -> SoakReport:
        """Run it to its end, to Ctrl-C, or to the node's death."""
        complete = False
        ending, ending_secs = ["not compared"], None
        try:
            with self._life("first", trading=True) as node:
                complete = self._trade(node)
                self._trouble.end()
                self._venue.control.pause_market()
                self._say("stopping the node, and starting it again on what it left")
                self._stop(node)
            ending, ending_secs = self._second_life()
        except KeyboardInterrupt:
            self._failure = self._failure or "stopped by the user"
        except TrueupError as error:
            self._failure = self._failure or str(error)
        return self._report(complete, ending, ending_secs)

    # -- The first life ----------------------------------------------------------------------------

    def _trade(self, node: NodeLife) -> bool:
        """Sample and make trouble until the time is over; return whether it came to that."""
        url = self._ops_url(node)
        began = time.monotonic()
        sampler = Sampler(
            node_pid=node.pid,
            venue_pid=self._venue.pid,
            ops_url=url,
            store_url=self._store_url,
            store_directory=self._plan.directory / "store",
            log_directory=self._plan.log_directory,
            state_directory=self._plan.state_directory,
            control=self._venue.control,
        )
        lines = (self._plan.directory / "samples.jsonl").open("ab")
        try:
            return self._watch(node, sampler, began, lines.write)
        except KeyboardInterrupt:
            self._failure = "stopped by the user"
            return False
        except NodeError as error:
            self._failure = str(error)
            return False
        finally:
            self._traded_secs = time.monotonic() - began
            self._note_families(sampler, at_end=True)
            self._sample_failures = sampler.failures
            sampler.close()
            lines.close()

    def _watch(self, node: NodeLife, sampler: Sampler, began: float, keep: Callable[[bytes], object]) -> bool:
        every_secs, tenths = self._plan.sample_every_secs, 0
        due_secs = 0.0
        while (now_secs := time.monotonic() - began) < self._plan.run_secs:
            self._trouble.at(now_secs)
            self._hear(node)
            if now_secs >= due_secs:
                due_secs += every_secs * (1 + int((now_secs - due_secs) / every_secs))
                sample = sampler.take()
                self._verdict_secs[sample.verdict or "not read"] += every_secs
                self._samples.append(sample)
                keep(msgspec.json.encode(sample) + b"\n")
                self._loads.append(os.getloadavg()[0])
                if not self._families and now_secs >= self._plan.warmup_secs:
                    self._note_families(sampler, at_end=False)
            if now_secs >= (tenths + 1) * self._plan.run_secs / 10:
                tenths += 1
                self._say(f"{tenths * 10} % done, {_short(self._samples)}")
            time.sleep(TICK_SECS)
        return True

    def _note_families(self, sampler: Sampler, *, at_end: bool) -> None:
        for family, count in sampler.families.items():
            self._families.setdefault(family, [0, 0] if at_end else [count, 0])[1 if at_end else 0] = count

    def _hear(self, node: NodeLife) -> None:
        for event in node.heard():
            self._said[str(event["event"])] += 1
        if node.exit_code is not None:
            raise NodeError(
                f"the node ended by itself with exit code {node.exit_code}", action=f"read {node.output_path}"
            )

    def _ops_url(self, node: NodeLife) -> str:
        for event in (*node.events, *node.heard()):
            self._said[str(event["event"])] += 1
            if event["event"] == "ops":
                return str(event["url"]).rstrip("/")
        raise NodeError("the node did not say where its ops endpoint is", action=f"read {node.output_path}")

    def _stop(self, node: NodeLife) -> None:
        code = node.stop()
        self._said.update(str(event["event"]) for event in node.heard())
        if code != 0 and not self._failure:
            self._failure = f"the node stopped with exit code {code}"

    # -- The second life ---------------------------------------------------------------------------

    def _second_life(self) -> tuple[list[str], float | None]:
        """Start the node again without trading, and return what then differs from the venue, and after how long."""
        began = time.monotonic()
        with self._life("second", trading=False) as node:
            secs = time.monotonic() - began
            with RedisReader(StoreAddress.from_url(self._store_url), StoreKeys(TRADER_ID)) as reader:
                held = reader.read_settled(deadline_secs=SETTLE_SECS_MAX).snapshot(known_from_ns=0)
            differences = list(differing(held, self._venue.control, self._venue.ready.account))
            node.stop()
        return differences, secs

    @contextmanager
    def _life(self, name: str, *, trading: bool) -> Iterator[NodeLife]:
        directory, ready = self._plan.directory, self._venue.ready
        self._plan.log_directory.mkdir(exist_ok=True)
        path = directory / f"{name}-life.toml"
        path.write_text(self._plan.node_file(ready.urls, self._store_url, trading=trading), encoding="utf-8")
        keys = {KEY_VARIABLE: ready.api_key, SECRET_VARIABLE: ready.secret, CONTROL_VARIABLE: self._control_key}
        with NodeLife(path, self._plan.log_directory / f"{name}-life.console.log", keys) as node:
            event = node.wait_for(lambda said: said["event"] in {"trading", "failed"}, "trading", START_TIMEOUT_SECS)
            if event["event"] == "failed":
                raise NodeError(f"the node does not trade: {event.get('reason')}", action=f"read {node.output_path}")
            yield node

    # -- The report --------------------------------------------------------------------------------

    def _report(self, complete: bool, ending: list[str], ending_secs: float | None) -> SoakReport:
        load = f"{min(self._loads):.1f} to {max(self._loads):.1f}" if self._loads else "not read"
        return SoakReport(
            began=self._began.isoformat(timespec="seconds"),
            version=f"trueup {__version__}, nautilus_trader {version('nautilus_trader')}",
            hours_wanted=self._plan.hours,
            hours=self._traded_secs / 3_600,
            complete=complete and not self._failure,
            plan={
                "seed": self._plan.seed,
                "sample_secs": self._plan.sample_every_secs,
                "action_interval_secs": self._plan.action_interval_secs,
                "trouble_interval_secs": self._plan.trouble_interval_secs,
                "warmup_share": self._plan.warmup_share,
                "warmup_secs": self._plan.warmup_secs,
            },
            machine=f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {load}",
            samples=self._samples,
            troubles=dict(self._trouble.made),
            trouble_failures=dict(self._trouble.failures),
            sample_failures=dict(self._sample_failures),
            said=dict(self._said),
            verdict_seconds=dict(self._verdict_secs),
            ending=ending,
            ending_secs=ending_secs,
            failure=self._failure,
            families={name: pair for name, pair in self._families.items() if pair[0] != pair[1]},
        )


def _short(samples: list[Sample]) -> str:
    if not samples:
        return "no sample yet"
    values = samples[-1].values
    return (
        f"{values.get('node_rss_bytes', 0) / 1024 / 1024:.0f} MiB, {values.get('node_descriptors', 0):.0f} descriptors,"
        f" {values.get('metric_series', 0):.0f} series, {values.get('store_keys', 0):.0f} keys,"
        f" {values.get('journal_rows', 0):.0f} journal entries, {samples[-1].verdict}"
    )


def differing(held: NodeSnapshot, control: ControlClient, account: str) -> Iterator[str]:
    """Yield what of open orders and positions differs between a node's store and the venue's ledger.

    Closed orders are left out: the node has purged them.
    """
    ours = {order.venue_order_id or order.client_order_id or "": order for order in held.orders if order.is_open}
    theirs = {str(order.order_id): order for order in control.open_orders(account)}
    for identifier in sorted({*ours, *theirs}):
        mine, real = ours.get(identifier), theirs.get(identifier)
        if mine is None or real is None:
            yield f"order {identifier} is open {'at the venue alone' if mine is None else 'in the node alone'}"
        elif (mine.quantity, mine.filled_quantity) != (real.quantity, real.executed_quantity):
            yield f"order {identifier}: venue {real.executed_quantity} of {real.quantity}, node {mine.filled_quantity}"
    yield from positions(held, control, account)
