"""Run a network scenario: an emulator, a store, proxies before both, a node of ``trueup run``, and a comparison."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec

from trueup.demo.node_life import NodeLife
from trueup.drills.network.ledger import differences
from trueup.drills.network.proxy import ProxyThread, TcpProxy
from trueup.drills.network.scenario import WAYS, Network, NetworkScenario, Node, Venue, Wait, Way
from trueup.emulator.client.connection import RefusedError
from trueup.emulator.engine.enums import OrderType, Side
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.errors import NodeError, TrueupError
from trueup.store.connection import StoreAddress
from trueup.store.embedded import EmbeddedValkey
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader

TRADER_ID = "NETWORK-001"
SYMBOLS = ("BTCUSDT", "ETHUSDT")
START_TIMEOUT_SECS = 180.0
COMMANDS_TIMEOUT_SECS = 120.0
CLEAN_TIMEOUT_SECS = 180.0
"""Generous: what counts is that it comes. How long it took is in the result."""
SETTLE_SECS_MAX = 10.0
STORE_TIMEOUT_SECS = 30.0
"""The writer lags by milliseconds, on a machine that is twenty times overbooked by seconds."""
POLL_SECS = 0.2
ANSWER_SECS_MAX = 10.0
ACTION_INTERVAL_SECS = 0.25


class NetworkOutcome(msgspec.Struct, frozen=True):
    """Hold what came of a run.

    Parameters
    ----------
    scenario_id, title : str
        What was run.
    is_clean : bool
        Whether the node that lived through it said CLEAN by itself, after the ways were healed.
    clean_secs : float
        How long after that; 0 if it never did.
    differences : list of str
        What the venue's ledger and the node's store differed in, after one more start; nothing if nothing.
    connections : dict of str to int
        How many connections the node made on each way.
    failure : str
        Why the run could not be completed.
    secs : float
        How long the run took.
    """

    scenario_id: str
    title: str
    is_clean: bool = False
    clean_secs: float = 0.0
    differences: list[str] = []
    connections: dict[str, int] = {}
    failure: str = ""
    secs: float = 0.0

    @property
    def is_good(self) -> bool:
        """Return whether it ended as promised."""
        return self.is_clean and not self.differences and not self.failure


def run_network(
    scenario: NetworkScenario, directory: Path, say: Callable[[str], None] = lambda _: None
) -> NetworkOutcome:
    """Run one scenario; nothing is left running.

    Parameters
    ----------
    scenario : NetworkScenario
        What happens.
    directory : Path
        An empty directory for store, logs and configuration.
    say : Callable[[str], None]
        Is told of each step.
    """
    began = time.monotonic()
    try:
        outcome = _perform(scenario, directory, say)
    except TrueupError as error:
        outcome = NetworkOutcome(scenario.id, scenario.title, failure=str(error))
    return msgspec.structs.replace(outcome, secs=round(time.monotonic() - began, 1))


def _perform(scenario: NetworkScenario, directory: Path, say: Callable[[str], None]) -> NetworkOutcome:
    with ExitStack() as stack:
        store = stack.enter_context(EmbeddedValkey.start(directory / "store", ends_with_parent=True))
        settings = {"symbols": SYMBOLS, "market": {"step_interval_ms": 250}}
        venue = stack.enter_context(EmulatorProcess(settings=settings, ends_with_parent=True))
        proxies = stack.enter_context(ProxyThread())
        return _Run(directory, venue, store.url, proxies, say, stack).perform(scenario)


class _Run:
    """One run and its node of now."""

    def __init__(
        self,
        directory: Path,
        venue: EmulatorProcess,
        store_url: str,
        proxies: ProxyThread,
        say: Callable[[str], None],
        stack: ExitStack,
    ) -> None:
        self._directory = directory
        self._venue = venue
        self._store_url = store_url
        self._proxies = proxies
        self._say = say
        self._stack = stack
        venue_port = urlsplit(venue.urls.rest).port or 0
        store_port = urlsplit(store_url).port or 0
        self._ways: dict[Way, TcpProxy] = {
            way: proxies.open(store_port if way == "store" else venue_port) for way in WAYS
        }
        self._node: NodeLife | None = None
        self._ops_url = ""
        self._lives = 0
        self._healed_ns = 0

    def perform(self, scenario: NetworkScenario) -> NetworkOutcome:
        """Do the steps, heal, and judge."""
        for step in scenario.program:
            self._say(str(step))
            self._do(step)
        for way in WAYS:
            self._do(Network(way, None))
        began = time.monotonic()
        is_clean = self._await_clean()
        clean_secs = time.monotonic() - began
        self._venue.control.pause_market()
        self._living.kill()
        self._start(trading=False)
        return NetworkOutcome(
            scenario.id,
            scenario.title,
            is_clean=is_clean,
            clean_secs=round(clean_secs, 1) if is_clean else 0.0,
            differences=self._differences(),
            connections={way: proxy.accepted for way, proxy in self._ways.items()},
        )

    def _do(self, step: Network | Node | Venue | Wait) -> None:
        match step:
            case Network(way, None):
                self._proxies.do(self._ways[way].heal)
                self._healed_ns = time.time_ns()
            case Network(way, fault):
                assert fault is not None
                self._proxies.do(partial(self._ways[way].fail, fault))
            case Node("start"):
                self._start(trading=True)
            case Node():
                self._living.kill()
                self._node = None
            case Venue(what):
                self._at_venue(what)
            case Wait(secs, commands, clean):
                if clean and not self._await_clean():
                    raise NodeError(f"the node did not become CLEAN within {CLEAN_TIMEOUT_SECS:.0f} s")
                if commands:
                    self._await_commands(commands)
                time.sleep(secs)

    # -- The venue ---------------------------------------------------------------------------------

    def _at_venue(self, what: str) -> None:
        control, account = self._venue.control, self._venue.ready.account
        if what == "trades":
            name = f"hand-{time.monotonic_ns()}"
            quantity = Decimal("0.003")
            request = OrderRequest("BTCUSDT", Side.BUY, OrderType.MARKET, quantity=quantity, client_order_id=name)
            control.place_order(account, request)
            return
        for order in control.open_orders(account):
            try:
                control.fill(order.order_id)
            except RefusedError:
                continue  # the strategy cancelled it, or the market took it, a moment before
            return

    def _await_commands(self, count: int) -> None:
        control = self._venue.control
        seen = max((one.sequence for one in control.requests(limit=20_000)), default=0)
        deadline, came = time.monotonic() + COMMANDS_TIMEOUT_SECS, 0
        while came < count:
            if time.monotonic() > deadline:
                raise NodeError(f"{came} of {count} commands came within {COMMANDS_TIMEOUT_SECS:.0f} s")
            time.sleep(POLL_SECS)
            fresh = control.requests(after=seen, path="/fapi/v1/order")
            seen = max((one.sequence for one in fresh), default=seen)
            came += sum(one.method != "GET" for one in fresh)
            self._require_alive()

    # -- The node ----------------------------------------------------------------------------------

    @property
    def _living(self) -> NodeLife:
        if self._node is None:
            raise NodeError("no node is alive at this step", action="start one before")
        return self._node

    def _require_alive(self) -> None:
        node = self._living
        if node.exit_code is not None:
            raise NodeError(f"the node ended by itself with code {node.exit_code}", action=f"read {node.output_path}")

    def _start(self, *, trading: bool) -> None:
        self._lives += 1
        ready = self._venue.ready
        path = self._directory / f"life-{self._lives}.toml"
        path.write_text(self._node_file(trading=trading), encoding="utf-8")
        secrets = {
            "TRUEUP_CLIENTS__BINANCE__API_KEY": ready.api_key,
            "TRUEUP_CLIENTS__BINANCE__API_SECRET": ready.secret,
        }
        node = NodeLife(path, self._directory / f"life-{self._lives}.log", secrets)
        self._node = self._stack.enter_context(node)
        said = node.wait_for(lambda one: one["event"] in {"trading", "failed"}, "trading", START_TIMEOUT_SECS)
        if said["event"] == "failed":
            raise NodeError(f"the node does not trade: {said.get('reason')}", action=f"read {node.output_path}")
        self._ops_url = next(str(one["url"]).rstrip("/") for one in node.events if one["event"] == "ops")
        self._healed_ns = time.time_ns()

    def _await_clean(self) -> bool:
        """Wait until a check that began after the last healing says CLEAN; return whether one did."""
        deadline = time.monotonic() + CLEAN_TIMEOUT_SECS
        while time.monotonic() < deadline:
            self._require_alive()
            node = self._status()
            if node.get("verdict") == "CLEAN" and int(node.get("last_check_ns", 0)) > self._healed_ns:
                return True
            time.sleep(POLL_SECS)
        return False

    def _status(self) -> dict[str, Any]:
        try:
            with urlopen(f"{self._ops_url}/status.json", timeout=ANSWER_SECS_MAX) as answer:  # noqa: S310 - our loopback
                said = json.loads(answer.read())
        except (OSError, URLError, ValueError):
            return {}
        node: dict[str, Any] = said.get("nodes", [said])[0]
        return node

    def _differences(self) -> list[str]:
        """Return what differs for good: nothing moves any more, but the node writes its store behind."""
        deadline = time.monotonic() + STORE_TIMEOUT_SECS
        while True:
            with RedisReader(StoreAddress.from_url(self._store_url), StoreKeys(TRADER_ID)) as reader:
                held = reader.read_settled(deadline_secs=SETTLE_SECS_MAX).snapshot(known_from_ns=0)
            found = list(differences(held, self._venue.control, self._venue.ready.account))
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(POLL_SECS)

    def _node_file(self, *, trading: bool) -> str:
        ids = ", ".join(f'"{symbol}-PERP.BINANCE"' for symbol in SYMBOLS)
        stream = f"ws://127.0.0.1:{self._ways['stream'].port}"
        return f"""\
trader_id = "{TRADER_ID}"

[reconciliation]
mode = "verified"
history = "full"
state_dir = {json.dumps(str(self._directory / "state"))}

[redis]
host = "127.0.0.1"
port = {self._ways["store"].port}

[logs]
level = "WARNING"
level_file = "OFF"
directory = {json.dumps(str(self._directory / "logs"))}

[ops]
port = 0

[clients.BINANCE]
type = "binance_usdm"
environment = "live"
hardened = true
use_position_ids = false
instrument_ids = [{ids}]
base_url_http = "http://127.0.0.1:{self._ways["venue"].port}"
base_url_ws = "{stream}"
base_url_ws_stream = "{stream}"

[[strategies]]
strategy_path = "trueup.demo.strategy:DemoStrategy"
config_path = "trueup.demo.strategy:DemoStrategyConfig"

[strategies.config]
instrument_ids = [{ids}]
seed = {self._lives}
warm_actions = {2**31 - 1}
action_interval_secs = {ACTION_INTERVAL_SECS}
trading = {str(trading).lower()}

[strategies.claims]
instrument_ids = [{ids}]
"""
