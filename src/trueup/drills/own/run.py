"""Run a scenario with an operator's own strategy: node, emulator and store as processes, and a judge outside of all.

What must hold at the end, whatever the strategy does: it trades; in verified mode it was not started before a CLEAN
verdict, and CLEAN stands; and no difference between the venue's ledger and the node's store lasts. A difference lasts
if every look shows it until the bound has passed: a strategy that goes on trading always has something under way.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from trueup.config.trading_node.environment import PREFIX
from trueup.demo.node_life import NodeLife
from trueup.drills.compare import Finding, compare
from trueup.drills.own.books import LedgerBooks, state_of
from trueup.drills.own.config import OwnConfig
from trueup.drills.own.scenario import OwnScenario
from trueup.drills.scenario import Mode
from trueup.drills.stage import DrillError
from trueup.emulator.engine.enums import OrderType, Side
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.symbols import symbol_table
from trueup.emulator.engine.values import Order, OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import Ready
from trueup.errors import NodeError, TrueupError
from trueup.store.connection import StoreAddress
from trueup.store.embedded import EmbeddedValkey
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader

START_SECS_MAX = 120.0
"""A cold interpreter needs 3 to 8 s to a trading node, ten times that on a machine with ten times the work."""
ORDERS_SECS_MAX = 60.0
"""A strategy that sends nothing for a minute in a moving market has nothing that these drills could try."""
HOLD_SECS_MAX = 60.0
"""Beyond the operator's own start-up delay: four looks at the plan's interval, a second look and a paced reading."""
LOOK_SECS = 1.0
LOOKS_MIN = 3
SETTLE_SECS_MAX = 5.0
DELAY_MS = 700

REFUSED = {"kind": "respond", "status": 503, "body": {"code": -1001, "msg": "Internal error"}}
EVENT_ACTIONS: dict[str, dict[str, Any]] = {
    "lost": {"kind": "drop_event"},
    "late": {"kind": "delay_event", "delay_ms": DELAY_MS},
    "twice": {"kind": "duplicate_event", "copies": 1},
}
REST_ACTIONS: dict[str, dict[str, Any]] = {
    "unanswered": {"kind": "hang", "effect": True},
    "accepted_503": {"kind": "accepted_but"},
    "refused_503": REFUSED,
    "refused": REFUSED,
    "empty": {"kind": "empty_list"},
    "hanging": {"kind": "hang"},
    "slow": {"kind": "delay", "delay_ms": DELAY_MS},
}
MATCHES: dict[str, tuple[dict[str, Any], ...]] = {
    "fills": ({"event": "ORDER_TRADE_UPDATE", "execution": "TRADE"},),
    "events": ({"event": "ORDER_TRADE_UPDATE"}, {"event": "ACCOUNT_UPDATE"}, {"event": "TRADE_LITE"}),
    "submits": ({"method": "POST", "path": "/fapi/v1/order"},),
    "history": ({"path": "/fapi/v1/allOrders"}, {"path": "/fapi/v1/userTrades"}),
    "lists": ({"path": "/fapi/v1/openOrders"}, {"path": "/fapi/*/positionRisk"}),
}


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
        self._faults: list[int] = []
        self._wrong: list[str] = []

    def run(self) -> OwnOutcome:
        """Do the steps, judge, and end everything that was started."""
        began = time.monotonic()
        outcome = OwnOutcome(self._scenario.id, self._mode, holds=False)
        try:
            with EmbeddedValkey.start(self._directory / "store") as self._store:
                try:
                    for line in self._scenario.lines:
                        self._do(line)
                    outcome = self._judge()
                finally:
                    if self._node is not None:
                        self._node.kill()
                        self._node.__exit__()
                    self._heal()
        except TrueupError as error:
            outcome = replace(outcome, lines=(*self._wrong, str(error)))
        return replace(outcome, starts=self._lives, wall_secs=time.monotonic() - began)

    # -- steps ----------------------------------------------------------------------------------------

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
            case ["heal"]:
                self._heal()
            case ["fault", subject, effect, *times]:
                self._fault(subject, effect, int(times[1]) if times else None)
            case words:
                self._happen(words)

    def _end(self, how: str) -> None:
        if how == "kill":
            self._living.kill()
        else:
            self._living.stop()

    def _happen(self, words: list[str]) -> None:
        match words:
            case ["venue", "fill", how]:
                self._fill(how)
            case ["venue", "cancel"]:
                order = self._oldest()
                self._control.cancel_order(self._account, order.symbol, order_id=order.order_id)
            case ["venue", "external", side]:
                self._external(Side[side])
            case ["market", "move", share]:
                self._move(Decimal(share.removesuffix("%")) / 100)
            case ["stream", "cut"]:
                self._control.cut_streams(self._account)

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

    def _oldest(self) -> Order:
        working = self._control.open_orders(self._account)
        if not working:
            raise DrillError("no order works at the venue at this step, so nothing can happen to one")
        return min(working, key=lambda order: order.order_id)

    def _fill(self, how: str) -> None:
        order = self._oldest()
        step = symbol_table()[order.symbol].step
        share = {"all": Decimal(1), "half": Decimal("0.5"), "part": Decimal("0.1")}[how]
        quantity = max(step, (order.remaining * share // step) * step)
        self._control.fill(order.order_id, min(quantity, order.remaining))

    def _external(self, side: Side) -> None:
        symbol = self._own.symbols[0]
        rules = symbol_table()[symbol]
        quantity = rules.step * int(Decimal(1_000) / self._control.book_top(symbol).ask / rules.step + 1)
        self._control.place_order(self._account, OrderRequest(symbol, side, OrderType.MARKET, quantity=quantity))

    def _move(self, share: Decimal) -> None:
        for symbol in self._own.symbols:
            price = self._control.book_top(symbol).bid * (1 + share)
            self._control.move_to(symbol, symbol_table()[symbol].round_price(price))

    def _fault(self, subject: str, effect: str, times: int | None) -> None:
        action = (EVENT_ACTIONS if subject in ("fills", "events") else REST_ACTIONS)[effect]
        for match in MATCHES[subject]:
            limited = match if times is None else {**match, "count": times}
            self._faults.append(
                self._control.add_fault({"match": {**limited, "account": self._account}, "action": action})
            )

    def _heal(self) -> None:
        while self._faults:
            self._control.remove_fault(self._faults.pop())

    # -- judgement ------------------------------------------------------------------------------------

    def _judge(self) -> OwnOutcome:
        self._heal()
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
    with EmulatorProcess(settings={"market": market}) as emulator:
        for scenario in scenarios:
            for mode in modes:
                place = directory / f"{scenario.id}-{mode}"
                place.mkdir(parents=True, exist_ok=True)
                found.append(OwnRun(own, scenario, mode, emulator, place).run())
                on_outcome(found[-1])
    return found
