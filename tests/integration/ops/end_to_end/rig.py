"""What the faults are done to: a venue, a store, a node on them, an auditor beside it. Each is a process of its own."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import redis

from tests.integration.ops.end_to_end.setting import SYMBOLS, Setting
from tests.integration.ops.waiting import PATIENCE_SECS, until
from trueup.demo.node_life import NodeLife
from trueup.emulator.client import ControlClient
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.values import Order, OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.ops.alert import WATCH_JOB
from trueup.ops.observer import Observer, Target, free_port
from trueup.store.embedded import EmbeddedValkey

BTC, SOL = "BTCUSDT-PERP.BINANCE", "SOLUSDT-PERP.BINANCE"
CONTROL_KEY = "an operator's key of this suite, of more than 32 characters"
WEIGHT_LIMIT: Final = 2_400
"""Of the venue, each minute and address."""


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Rig:
    """One node with all that it needs.

    Parameters
    ----------
    directory : Path
        For all that is written.
    name : str
        The node's, and what Prometheus calls it.
    setting : Setting
        What is special about its file.
    watched : bool
        Whether an auditor runs beside it.
    phase : str
        How far the node must be before anything is done to it.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        setting: Setting | None = None,
        *,
        watched: bool = False,
        phase: str = "MONITORING",
    ) -> None:
        self.phase = phase
        self.directory, self.name, self.setting = directory, name, setting or Setting()
        self.watched = watched
        self.path = directory / "trueup.toml"
        self.observer: Observer | None = None
        self.others: list[NodeLife] = []
        self.hurt_at = 0.0
        self._ports = (free_port(), free_port())
        self._store_port = free_port()
        self._node: NodeLife | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._lives = 0
        self._client_names = self.setting.client_names
        directory.mkdir(parents=True)
        settings = {"symbols": SYMBOLS, "market": {"seed": 1, "step_interval_ms": 200, "step_symbols": SYMBOLS}}
        self.venue = EmulatorProcess(state=directory / "venue", settings=settings)

    # -- life ----------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self.venue.start()
            self.start_store()
            self.start_node(await_phase=self.phase)
            if self.watched:
                self.start_watch()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all of it."""
        self.kill_watch()
        for other in self.others:
            other.kill()
            other.__exit__()
        if self._node is not None:
            self.kill_node()
        self.venue.kill()
        if hasattr(self, "_store"):
            self._store.stop()

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return what Prometheus scrapes of it."""
        node = Target(address=f"127.0.0.1:{self._ports[0]}", instance=self.name)
        watch = Target(address=f"127.0.0.1:{self._ports[1]}", instance=f"{self.name}-watch", job=WATCH_JOB)
        return (node, watch) if self.watched else (node,)

    @property
    def instances(self) -> frozenset[str]:
        """Return what Prometheus calls its parts."""
        return frozenset({self.name, f"{self.name}-watch"})

    @property
    def environment(self) -> dict[str, str]:
        """Return the secrets."""
        ready = self.venue.ready
        found = {"TRUEUP_GUARD__CONTROL_KEY": CONTROL_KEY}
        for client in self._client_names:
            found[f"TRUEUP_CLIENTS__{client}__API_KEY"] = ready.api_key
            found[f"TRUEUP_CLIENTS__{client}__API_SECRET"] = ready.secret
        return found

    def write(self, setting: Setting) -> None:
        """Write the file that node, auditor and operator read."""
        text = setting.text(
            self.directory, self.name, self.venue.ready.urls, redis_port=self._store_port, ports=self._ports
        )
        self._client_names = setting.client_names
        self.path.write_text(text, encoding="utf-8")

    def start_node(self, setting: Setting | None = None, *, await_phase: str = "MONITORING") -> None:
        """Start a life of the node, and wait until it is so far; an empty phase waits for nothing."""
        self.write(setting or self.setting)
        self._lives += 1
        self._node = NodeLife(self.path, self.directory / f"node-{self._lives}.log", self.environment)
        if await_phase:
            self._node.wait_for(lambda said: said.get("phase") in {await_phase, "ERROR"}, await_phase, PATIENCE_SECS)

    @property
    def node(self) -> NodeLife:
        """Return the node's process."""
        assert self._node is not None, "the node was never started"
        return self._node

    def kill_node(self) -> None:
        """End it as a power cut would."""
        self.node.kill()
        self.node.__exit__()

    def start_watch(self) -> None:
        """Start the auditor."""
        with (self.directory / "watch.log").open("ab") as log:
            self._watch = subprocess.Popen(
                [sys.executable, "-m", "trueup", "watch", str(self.path), "--json"],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        until(lambda: _answers(self._ports[1]), "the auditor does not serve its metrics")

    def kill_watch(self) -> None:
        """End the auditor."""
        if self._watch is not None:
            self._watch.kill()
            self._watch.wait()
            self._watch = None

    def start_store(self) -> None:
        """Start the store, where it was."""
        self._store = EmbeddedValkey.start(self.directory / "store", port=self._store_port, fsync="always")

    def kill_store(self) -> None:
        """End the store as a power cut would."""
        os.kill(self._store.pid, signal.SIGKILL)
        self._store.stop()  # it has ended: this only reaps it

    def start_second_node(self) -> None:
        """Start a second process of the same file, as an operator does who forgot the first one."""
        text = self.path.read_text().replace(f"port = {self._ports[0]}", "port = 0")
        path = self.directory / "second.toml"
        path.write_text(text.replace("/state", "/second-state").replace("monitor.log", "second.log"))
        self.others.append(NodeLife(path, self.directory / "second-node.log", self.environment))

    def kill_second_node(self) -> None:
        """End it."""
        for other in self.others:
            other.kill()
            other.__exit__()
        self.others.clear()

    def stop_node(self, *, wait: bool = True) -> None:
        """Ask the node to stop."""
        os.kill(self.node.pid, signal.SIGTERM)
        if wait:
            until(lambda: self.node.exit_code is not None, "the node did not stop")

    # -- what is done to it --------------------------------------------------------------------------------------------

    @property
    def control(self) -> ControlClient:
        """Return the venue's control port."""
        return self.venue.control

    def tell(self, act: str, **more: Any) -> None:
        """Let the strategy do something."""
        with (self.directory / "orders").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"act": act, **more}) + "\n")

    def server(self, *words: str | int) -> Any:
        """Say something to the store."""
        with redis.Redis(port=self._store_port) as client:
            return client.execute_command(*words)

    def operator(self, *words: str) -> None:
        """Run ``trueup guard``, which must be obeyed."""
        done = self.operator_tries(*words)
        assert done.returncode == 0, done.stdout + done.stderr

    def operator_tries(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``trueup guard``, obeyed or not."""
        return subprocess.run(
            [sys.executable, "-m", "trueup", "guard", words[0], str(self.path), *words[1:]],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECS,
            check=False,
        )

    def arm(self, action: dict[str, Any], **match: Any) -> None:
        """Arm a fault of the venue."""
        self.control.add_fault({"match": match, "action": action})

    def disarm(self) -> None:
        """Disarm all faults of the venue."""
        if self.venue.running:
            self.control.clear_faults()

    def by_hand(self, symbol: str, quantity: str, *, price_share: str = "0.9", side: str = "BUY") -> Order:
        """Place a resting order as another client of the account."""
        price = self.control.book_top(symbol).bid * Decimal(price_share)
        request = OrderRequest(
            symbol,
            Side[side],
            OrderType.LIMIT,
            quantity=Decimal(quantity),
            price=Decimal(round(price)),
            time_in_force=TimeInForce.GTC,
        )
        return self.control.place_order(self.venue.ready.account, request)

    def take(self, symbol: str, quantity: str, side: str = "BUY") -> Order:
        """Trade at once as another client of the account."""
        request = OrderRequest(symbol, Side[side], OrderType.MARKET, quantity=Decimal(quantity))
        return self.control.place_order(self.venue.ready.account, request)

    def spend_weight(self, share: float) -> None:
        """Ask as another program with the node's address does, until so much of the minute's weight is used."""
        rest = self.venue.ready.urls.rest
        for _ in range(400):
            url = f"{rest}/fapi/v1/ticker/24hr"  # of all symbols: a weight of 40
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    if int(answer.headers["X-MBX-USED-WEIGHT-1M"]) > share * WEIGHT_LIMIT:
                        return
            except urllib.error.HTTPError:
                return  # all of it is spent

    def scraped(self, *, now: bool) -> None:
        """Let Prometheus know of this rig, or of nothing."""
        assert self.observer is not None, "nobody observes this rig"
        self.observer.watch(self.targets if now else ())

    def metric(self, expression: str) -> float:
        """Return what Prometheus gives for a query, 0 for nothing."""
        assert self.observer is not None, "nobody observes this rig"
        return max((float(one["value"][1]) for one in self.observer.query(expression)), default=0.0)

    def sweep(self, *symbols: str) -> None:
        """Cancel what works, as another client of the account."""
        for symbol in symbols or SYMBOLS:
            self.control.cancel_all_orders(self.venue.ready.account, symbol)

    def limit_files(self, size_bytes: int | None) -> None:
        """Let every write of the node beyond a size fail, as on a full disk; None for no limit."""
        _, hard = resource.prlimit(self.node.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.node.pid, resource.RLIMIT_FSIZE, (hard if size_bytes is None else size_bytes, hard))

    def signal_node(self, number: signal.Signals) -> None:
        """Send a signal to the node."""
        os.kill(self.node.pid, number)
