"""Run a scenario with an operator's own strategy: node, emulator and store as processes, and a judge outside of all.

What must hold at the end, whatever the strategy does: it trades; in verified mode it was not started before a CLEAN
verdict, and CLEAN stands; and no difference between the venue's ledger and the node's store lasts. A difference lasts
if every look shows it until the bound has passed: a strategy that goes on trading always has something under way.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trueup.config.trading_node.environment import PREFIX
from trueup.demo.node_life import NodeLife
from trueup.drills.compare import Finding, compare
from trueup.drills.own.books import LedgerBooks, state_of
from trueup.drills.own.config import OwnConfig
from trueup.drills.own.hand import ORDERS_SECS_MAX, VenueHand
from trueup.drills.own.scenario import OwnScenario, needs_an_order
from trueup.drills.scenario import Mode
from trueup.drills.stage import DrillError
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import Ready
from trueup.errors import NodeError, TrueupError
from trueup.store.connection import StoreAddress
from trueup.store.embedded import EmbeddedValkey
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader

START_SECS_MAX = 120.0
"""A cold interpreter needs 3 to 8 s to a trading node, ten times that on a machine with ten times the work."""
HOLD_SECS_MAX = 60.0
"""Beyond the operator's own start-up delay: four looks at the plan's interval, a second look and a paced reading."""
LOOK_SECS = 1.0
LOOKS_MIN = 3
SETTLE_SECS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class OwnOutcome:
    """What came of a scenario.

    Parameters
    ----------
    scenario_id, mode : str
        What was run.
    holds : bool
        Whether what must hold held.
    lines : tuple[str, ...]
        What did not, or why the scenario could not be tried.
    verdict : str
        The last verdict of verified mode.
    orders, fills, starts : int
        At the venue at the end; and how often the node was started.
    clean_secs : float
        How long after the last step it took.
    wall_secs : float
        How long all of it took.
    """

    scenario_id: str
    mode: str
    holds: bool
    lines: tuple[str, ...] = ()
    verdict: str = ""
    orders: int = 0
    fills: int = 0
    starts: int = 0
    clean_secs: float = 0.0
    wall_secs: float = 0.0


class OwnRun:
    """One run of one scenario.

    Parameters
    ----------
    own : OwnConfig
        The operator's configuration.
    scenario : OwnScenario
        What happens.
    mode : {'native', 'verified'}
        Who reconciles.
    emulator : EmulatorProcess
        The venue; the run opens an account of its own there.
    directory : Path
        An empty directory.
    """

    def __init__(
        self, own: OwnConfig, scenario: OwnScenario, mode: Mode, emulator: EmulatorProcess, directory: Path
    ) -> None:
        self._own = own
        self._scenario = scenario
        self._mode: Mode = mode
        self._control = emulator.control
        account = f"{scenario.id}-{mode}-{random.SystemRandom().randrange(10**6)}"
        keys = AccountSettings(account, api_key=f"key-of-{account}", secret=f"secret-of-{account}")
        self._control.create_account(keys)
        self._ready: Ready = replace(emulator.ready, account=account, api_key=keys.api_key, secret=keys.secret)
        self._account = account
        self._directory = directory
        self._store: EmbeddedValkey | None = None
        self._node: NodeLife | None = None
        self._heard: list[dict[str, Any]] = []
        self._lives = 0
        self._orders_before = 0
        self._hand = VenueHand(emulator.control, account, own.symbols)
        self._wrong: list[str] = []

    def run(self) -> OwnOutcome:
        """Do the steps, judge, and end everything that was started."""
        began = time.monotonic()
        outcome = OwnOutcome(self._scenario.id, self._mode, holds=False)
        try:
            with EmbeddedValkey.start(self._directory / "store", ends_with_parent=True) as self._store:
                try:
                    for moment in self._scenario.moments:
                        self._do_all(moment)
                    outcome = self._judge()
                finally:
                    if self._node is not None:
                        self._node.kill()
                        self._node.__exit__()
                    self._hand.heal()
        except TrueupError as error:
            outcome = replace(outcome, lines=(*self._wrong, str(error)))
        return replace(outcome, starts=self._lives, wall_secs=time.monotonic() - began)

    # -- steps ----------------------------------------------------------------------------------------

    def _do_all(self, moment: tuple[str, ...]) -> None:
        with self._hand.market_standing(self._lives_on) if needs_an_order(moment) else nullcontext():
            for line in moment:
                self._do(line)

    def _do(self, line: str) -> None:
        match line.split():
            case ["node", "start", *pending]:
                self._start(waits=not pending)
            case ["node", how]:
                self._end(how)
            case ["wait", "for", count, "orders"]:
                self._await_orders(int(count))
            case ["wait", secs]:
                time.sleep(float(secs.removesuffix("s")))
            case words:
                self._hand.do(words)

    def _end(self, how: str) -> None:
        if how == "kill":
            self._living.kill()
        else:
            self._living.stop()

    def _lives_on(self) -> bool:
        return self._node is not None and self._node.exit_code is None

    @property
    def _living(self) -> NodeLife:
        if self._node is None or self._node.exit_code is not None:
            raise DrillError("no node is alive at this step", action="start one before")
        return self._node

    def _start(self, *, waits: bool) -> None:
        assert self._store is not None
        if self._node is not None:
            self._node.__exit__()
        self._lives += 1
        self._heard = []
        self._orders_before = len(self._control.orders(self._account))
        path = self._directory / f"life-{self._lives}.toml"
        port = StoreAddress.from_url(self._store.url).port
        path.write_text(self._own.derive(self._ready, port, self._mode, self._directory, self._lives), encoding="utf-8")
        # No variable may lead back to the operator's own venue or store, or put another key in.
        console = self._directory / f"life-{self._lives}.console.log"
        self._node = NodeLife(path, console, self._own.secrets(self._ready), without=PREFIX)
        if waits:
            self._await_trading()

    def _said(self) -> list[dict[str, Any]]:
        """Return everything that the node has said in this life."""
        if self._node is None:
            return []
        self._heard += self._node.heard()
        return [*self._node.events, *self._heard]

    def _await_trading(self) -> None:
        said = self._living.wait_for(
            lambda event: event["event"] in {"trading", "failed"}, "a trading node", START_SECS_MAX
        )
        if said["event"] == "failed":
            raise NodeError(f"the node does not trade: {said.get('reason', 'no reason given')}")
        proven = any(one["event"] == "verdict" and one["verdict"] == "CLEAN" for one in self._living.events)
        if self._mode == "verified" and not proven:
            self._wrong.append("the strategy was started before a CLEAN verdict")

    def _await_orders(self, count: int) -> None:
        deadline = time.monotonic() + ORDERS_SECS_MAX
        while (placed := len(self._control.orders(self._account)) - self._orders_before) < count:
            if self._living.exit_code is not None or time.monotonic() > deadline:
                raise DrillError(
                    f"the strategy placed {placed} orders within {ORDERS_SECS_MAX:.0f} s, the scenario needs {count}",
                    allowed="a strategy that trades by itself in a market that walks",
                    action=f"read {self._living.output_path}; let its orders rest near the market",
                )
            time.sleep(0.05)

    # -- judgement ------------------------------------------------------------------------------------

    def _judge(self) -> OwnOutcome:
        self._hand.heal()
        began = time.monotonic()
        if not any(event["event"] in {"trading", "failed"} for event in self._said()):
            self._await_trading()
        self._control.pause_market()
        try:
            lasting, looks, verdict = self._watch(began)
        finally:
            self._control.pause_market(paused=False)
        books = self._books()
        lines = [*self._wrong, *map(str, lasting)]
        if self._living.exit_code is not None:
            lines.append(f"the node ended by itself with exit code {self._living.exit_code}")
        if self._mode == "verified" and verdict != "CLEAN":
            lines.append(f"the node says {verdict or 'nothing'}")
        return OwnOutcome(
            self._scenario.id,
            self._mode,
            holds=not lines and looks >= LOOKS_MIN,
            lines=tuple(lines),
            verdict=verdict,
            orders=books.size[0],
            fills=books.size[1],
            clean_secs=round(time.monotonic() - began, 1),
        )

    def _watch(self, began: float) -> tuple[tuple[Finding, ...], int, str]:
        """Look until nothing lasts and CLEAN stands, or the bound has passed."""
        limit = HOLD_SECS_MAX + self._own.config.reconciliation.startup_delay_secs
        lasting: dict[tuple[str, str], Finding] | None = None
        looks, verdict = 0, ""
        while time.monotonic() - began < limit and self._living.exit_code is None:
            found = {(one.what.value, one.subject): one for one in self._differences()}
            lasting = found if lasting is None else {key: one for key, one in found.items() if key in lasting}
            looks += 1
            verdict = self._standing()
            settled = self._mode == "native" or verdict == "CLEAN"
            if looks >= LOOKS_MIN and not lasting and settled:
                break
            time.sleep(LOOK_SECS)
        return tuple((lasting or {}).values()), looks, verdict

    def _standing(self) -> str:
        said = [event["verdict"] for event in self._said() if event["event"] == "verdict"]
        return str(said[-1]) if said else ""

    def _books(self) -> LedgerBooks:
        client = self._own.config.clients[self._own.client]
        return LedgerBooks(
            self._control, self._account, expired_is_canceled=getattr(client, "treat_expired_as_canceled", False)
        )

    def _differences(self) -> tuple[Finding, ...]:
        assert self._store is not None
        keys = StoreKeys(self._own.config.trader_id)
        with RedisReader(StoreAddress.from_url(self._store.url), keys) as reader:
            snapshot = reader.read_settled(deadline_secs=SETTLE_SECS_MAX).snapshot(known_from_ns=0)
        books = self._books()
        return compare(books, state_of(snapshot, books)).findings


def run_own(
    own: OwnConfig,
    scenarios: tuple[OwnScenario, ...],
    modes: tuple[Mode, ...],
    directory: Path,
    on_outcome: Callable[[OwnOutcome], None],
    *,
    seed: int = 1,
) -> list[OwnOutcome]:
    """Run scenarios one after the other on one emulator, and return what came of them.

    Parameters
    ----------
    own : OwnConfig
        The operator's configuration.
    scenarios, modes
        What to run.
    directory : Path
        Gets a directory for each run: configuration, logs and console of every life.
    on_outcome : Callable
        Called with each outcome as it comes.
    seed : int
        Of the market.
    """
    market = {"seed": seed, "step_interval_ms": 100, "step_symbols": own.symbols}
    found: list[OwnOutcome] = []
    with EmulatorProcess(settings={"market": market}, ends_with_parent=True) as emulator:
        for scenario in scenarios:
            for mode in modes:
                place = directory / f"{scenario.id}-{mode}"
                place.mkdir(parents=True, exist_ok=True)
                found.append(OwnRun(own, scenario, mode, emulator, place).run())
                on_outcome(found[-1])
    return found
