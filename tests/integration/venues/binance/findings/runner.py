"""Live a case: two accounts of one emulator, a node on each, the same steps."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.integration.venues.binance.findings.cases import DAYS_BEFORE, Case, Step
from tests.integration.venues.binance.findings.compare import differences
from tests.integration.venues.binance.findings.lived import Lived
from tests.integration.venues.binance.node_process import KINDS, NodeProcess
from trueup.emulator.process import EmulatorProcess
from trueup.store.embedded import EmbeddedValkey
from trueup.venues.binance.probe.bench import Bench

START_SECS_MAX = 120.0
"""For imports, building, and a start on a machine ten times overbooked; a node that says nothing by then never will."""
WAIT_SECS_MAX = 60.0
POLL_SECS = 0.05
DAY_MS = 86_400_000


class Life:
    """One account, and the node on it.

    Parameters
    ----------
    bench : Bench
        The account.
    kind : str
        One of `KINDS`.
    stack : ExitStack
        Ends what is started.
    directory : Path
        For a store, and for what the node remembers.
    stored : bool
        Whether the node has a store.
    """

    def __init__(self, bench: Bench, kind: str, stack: ExitStack, directory: Path, *, stored: bool) -> None:
        self._bench = bench
        self._control = bench.control
        self._kind = kind
        self._stack = stack
        self._faults: list[int] = []
        self._plan: dict[str, Any] = {"timeout_reconciliation": 20.0}
        if stored:
            store = stack.enter_context(EmbeddedValkey.start(directory / kind / "store"))
            self._plan.update(redis_port=store.port, state_dir=str(directory / kind / "state"))
        self._node: NodeProcess | None = None

    @property
    def node(self) -> NodeProcess:
        """Return the running node."""
        assert self._node is not None, "the case looks at a node before it starts one"
        return self._node

    def do(self, steps: tuple[Step, ...]) -> None:
        """Do steps, one after the other."""
        for name, *arguments in steps:
            getattr(self, name)(*arguments)

    def live(self, case: Case) -> Lived:
        """Do every step, let the node settle, and judge it."""
        self.do(case.steps)
        seen = self.node.look_until(lambda look: self._is_true(case, look), case.settle_secs)
        found = differences(self._bench, seen, in_order=case.in_order)
        self.stop()
        return Lived(seen["trading"], seen["verdict"], tuple(found))

    def _is_true(self, case: Case, look: dict[str, Any]) -> bool:
        if not look["trading"] or look["verdict"] not in (None, "CLEAN"):
            return False
        return not differences(self._bench, look, in_order=case.in_order)

    # -- the node -----------------------------------------------------------------------------------------------------

    def start(self, orders: list[tuple[str, str, str, str | None]]) -> None:
        """Start a node whose strategy submits orders, and wait for it to trade if it will."""
        plan = {**self._plan, "orders": orders}
        self._node = self._stack.enter_context(NodeProcess(self._bench, self._kind, plan))
        if self._faults and not orders:
            self.node.look_until(lambda look: bool(look["trading"]), 1.0)  # it may not trade while the fault lasts
        else:
            self.node.is_trading_within(START_SECS_MAX)

    def stop(self) -> None:
        """Stop the node gracefully."""
        self.node.stop()

    def until(self, what: str, count: int) -> None:
        """Wait until the node holds so many open orders, or fills."""
        seen = self.node.look_until(lambda look: len(look[what]) >= count, WAIT_SECS_MAX)
        assert len(seen[what]) >= count, f"{self._kind}: {len(seen[what])} {what} instead of {count}"

    # -- the venue ----------------------------------------------------------------------------------------------------

    def limit(self, symbol: str, side: str, quantity: str, price: str) -> None:
        """Place a limit order as another client."""
        self._bench.limit(symbol, side, quantity, price)

    def market(self, symbol: str, side: str, quantity: str) -> None:
        """Place a market order as another client."""
        self._bench.market(symbol, side, quantity)

    def fill(self, index: int, quantity: str | None = None) -> None:
        """Fill the account's order of a number, counted from 0, in part or whole."""
        self._control.fill(self._order_id(index), None if quantity is None else Decimal(quantity))

    def fill_in_parts(self, index: int, parts: int) -> None:
        """Fill an order in so many equal parts."""
        order = next(one for one in self._control.orders(self._bench.account) if one.order_id == self._order_id(index))
        for _ in range(parts):
            self._control.fill(order.order_id, order.quantity / parts)

    def venue_has(self, count: int) -> None:
        """Wait until so many orders work at the venue."""
        self._await(lambda: len(self._control.open_orders(self._bench.account)) >= count)

    def fault(self, match: dict[str, Any], action: dict[str, Any]) -> None:
        """Arm a fault for this account."""
        self._faults.append(self._bench.fault(match, action))

    def until_hit(self) -> None:
        """Wait until the last fault has been met."""
        last = self._faults[-1]
        self._await(lambda: any(one.hits for one in self._control.faults() if one.fault_id == last))

    def clear(self) -> None:
        """Disarm this account's faults."""
        while self._faults:
            self._control.remove_fault(self._faults.pop())

    def cut(self) -> None:
        """Cut the user stream."""
        self._control.cut_streams(self._bench.account)

    def wait(self, secs: float) -> None:
        """Let time pass."""
        time.sleep(secs)

    def _order_id(self, index: int) -> int:
        return sorted(one.order_id for one in self._control.orders(self._bench.account))[index]

    def _await(self, holds: Any) -> None:
        deadline = time.monotonic() + WAIT_SECS_MAX
        while not holds():
            assert time.monotonic() < deadline, f"{self._kind}: the step did not come true"
            time.sleep(POLL_SECS)


def live(case: Case, emulator: EmulatorProcess, directory: Path) -> dict[str, Lived]:
    """Live a case on each kind of node, side by side.

    Parameters
    ----------
    case : Case
        The case.
    emulator : EmulatorProcess
        The venue; its market stands still.
    directory : Path
        An empty one.
    """
    with ExitStack() as stack, ThreadPoolExecutor(len(KINDS)) as pool:
        venue = emulator
        if case.before:
            # A venue of its own, whose clock was behind: the nodes' clocks are the machine's.
            settings = {"clock": {"offset_ms": -DAYS_BEFORE * DAY_MS}}
            venue = stack.enter_context(EmulatorProcess(settings=settings))
            venue.control.pause_market()
        lives = {
            kind: Life(Bench(venue, hardened=bool(what["hardened"])), kind, stack, directory, stored=case.stored)
            for kind, what in KINDS.items()
        }
        for life in lives.values():
            life.do(case.before)
        if case.before:
            venue.control.offset_clock(0)
        results = {kind: pool.submit(life.live, case) for kind, life in lives.items()}
        return {kind: result.result() for kind, result in results.items()}
