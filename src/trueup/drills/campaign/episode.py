"""Draw an episode: from a seed, a whole scenario as data. The same seed gives the same steps, on every machine.

What the node makes of them in which millisecond is not drawn: a run of the same steps can end otherwise.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from trueup.drills.campaign.options import QUERY_SUBJECTS, EpisodeOptions, draw_options
from trueup.drills.described import NativeFact, VerifiedSpec
from trueup.drills.scenario import Scenario

PRICE_TICKS = 1000  # the market begins at 100.0, in ticks of 0.1
HALF = Decimal("0.5")
RECONCILIATION_TIMEOUT_SECS = 4.0
"""Above two rounds of hung queries (1 s each, twice); an operator's 30 s would be spent waiting for nothing."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode.

    Parameters
    ----------
    seed, index : int
        The campaign's seed, and the number in it.
    options : EpisodeOptions
        What was drawn before.
    scenario : Scenario
        What happens.
    """

    seed: int
    index: int
    options: EpisodeOptions
    scenario: Scenario

    @property
    def name(self) -> str:
        """Return its name, which finds it again."""
        return f"{self.seed}-{self.index}"


@dataclass(slots=True)
class _Order:
    """An order as the drawing knows it: what really became of it depends on the faults."""

    name: str
    side: str
    symbol: str
    left: Decimal
    quantity: Decimal
    own: bool


class _Drawing:
    """The steps drawn so far, and what they probably led to."""

    def __init__(self, rng: random.Random, options: EpisodeOptions) -> None:
        self.lines: list[str] = []
        self._rng = rng
        self._options = options
        self._orders: list[_Order] = []
        self._number = 0
        self._ticks = dict.fromkeys(options.symbols, PRICE_TICKS)
        self._broken: list[str] = []

    # -- what may happen ------------------------------------------------------------------------------

    def act(self) -> None:
        """Draw one thing that happens, and the faults about it."""
        self._faults()
        weights = self._options.weights
        action = self._rng.choices(list(weights), list(weights.values()))[0] if any(weights.values()) else "wait"
        if action in ("fill", "cancel", "modify", "finish", "amend") and not self._orders:
            action = "submit"
        getattr(self, f"_{action}")()

    def go_down(self) -> None:
        """Draw a kill, what happens meanwhile, and the start after it."""
        rng, options = self._rng, self._options
        if rng.random() < options.graceful:
            self._say("node stop")
        else:
            self._say(rng.choice(("node kill now", "node kill now", "node kill")))
        for _ in range(rng.randint(0, 4)):
            action = rng.choice(("fill", "fill", "external", "finish", "amend"))
            if action == "external" or self._orders:
                getattr(self, f"_{action}")()
        self._faults()
        if rng.random() < options.interrupted:
            self._say("node start pending", f"wait {rng.uniform(0.02, 0.6):.2f}s", "node kill now")
            if self._orders and rng.random() < 0.5:
                self._fill()
        self._say("node start cold" if rng.random() < options.cold else "node start")

    def _submit(self) -> None:
        self._command_fault("submit")
        order = self._order(own=True)
        self._say(f"node submit {self._terms(order)}{self._rng.choice(('', ' routed'))}")

    def _burst(self) -> None:
        order = self._order(own=True)
        count = self._rng.randint(3, 12)
        name = order.name
        _, _, rest = self._terms(order).partition(" ")
        self._say(f"node burst {name} {count} {rest}")
        self._orders.remove(order)
        self._orders += [replace(order, name=f"{name}-{number}") for number in range(1, count + 1)]

    def _fill(self) -> None:
        order = self._pick()
        part = order.left if self._rng.random() < 0.5 else max(HALF, (order.left / 2).quantize(HALF, ROUND_HALF_EVEN))
        part = min(part, order.left)
        price = f" @ {self._price(order.symbol)}" if self._rng.random() < 0.3 else ""
        self._say(f"venue fill {order.name} {part}{price}{self._push()}")
        order.left -= part
        if not order.left:
            self._orders.remove(order)

    def _external(self) -> None:
        order = self._order(own=False)
        filled = self._rng.random() < 0.5
        nameless = " nameless" if self._rng.random() < 0.3 else ""
        self._say(f"venue external {self._terms(order)}{nameless}{' filled' if filled else ''}{self._push()}")
        if filled:
            self._orders.remove(order)

    def _cancel(self) -> None:
        order = self._pick(own=True)
        if order is not None:
            self._command_fault("cancel")
            self._say(f"node cancel {order.name}")
            self._orders.remove(order)

    def _modify(self) -> None:
        order = self._pick(own=True)
        if order is not None:
            self._command_fault("modify")
            self._say(f"node modify {self._change(order)}")

    def _finish(self) -> None:
        order = self._pick()
        self._say(f"venue {self._rng.choice(('cancel', 'cancel', 'expire'))} {order.name}{self._push()}")
        self._orders.remove(order)

    def _amend(self) -> None:
        self._say(f"venue amend {self._change(self._pick())}{self._push()}")

    def _wait(self) -> None:
        self._say(f"wait {self._rng.choice((0.05, 0.1, 0.3, 0.6, 1.2))}s")

    # -- faults ---------------------------------------------------------------------------------------

    def _faults(self) -> None:
        rng = self._rng
        if self._broken and rng.random() < 0.3:
            self._say(f"heal {self._broken.pop()}")
        for kind, rate in self._options.query.items():
            if rng.random() >= rate:
                continue
            subject = rng.choice(QUERY_SUBJECTS)
            if kind == "no_average_price":
                subject = "positions"
            if kind not in ("empty", "truncated") and rng.random() < 0.2:
                self._say(f"fault {subject} {kind}")
                self._broken.append(subject)
            else:
                self._say(f"fault {subject} {kind} times {rng.randint(1, 3)}")

    def _command_fault(self, command: str) -> None:
        for kind, rate in self._options.command.items():
            if self._rng.random() < rate:
                self._say(f"fault {command} {kind} times 1")
                return

    def _push(self) -> str:
        for kind, rate in self._options.push.items():
            if self._rng.random() >= rate:
                continue
            if kind == "reorder":
                self._say("fault push reorder times 1")
                return ""
            words = {"lose": "silently", "duplicate": "twice", "delay": f"delayed {self._rng.uniform(0.05, 1.0):.2f}s"}
            return f" {words[kind]}"
        return ""

    # -- details --------------------------------------------------------------------------------------

    def _say(self, *lines: str) -> None:
        self.lines.extend(lines)

    def _order(self, *, own: bool) -> _Order:
        self._number += 1
        quantity = HALF * self._rng.randint(1, 10)
        order = _Order(
            name=f"{'V' if own else 'X'}-{self._number}",
            side=self._rng.choice(("BUY", "SELL")),
            symbol=self._rng.choice(self._options.symbols),
            left=quantity,
            quantity=quantity,
            own=own,
        )
        self._orders.append(order)
        return order

    def _terms(self, order: _Order) -> str:
        leg = f" leg {self._rng.choice(('LONG', 'SHORT'))}" if self._options.hedging else ""
        return f"{order.name} {order.side} {order.quantity} @ {self._price(order.symbol)} on {order.symbol}{leg}"

    def _price(self, symbol: str) -> Decimal:
        self._ticks[symbol] += self._rng.randint(-15, 15)
        return Decimal(self._ticks[symbol]) / 10

    def _pick(self, *, own: bool = False) -> _Order:
        eligible = [order for order in self._orders if order.own] if own else self._orders
        return self._rng.choice(eligible) if eligible else self._order_for_nobody(own=own)

    def _order_for_nobody(self, *, own: bool) -> _Order:
        order = self._order(own=own)
        self._say(f"{'node submit' if own else 'venue external'} {self._terms(order)}")
        return order

    def _change(self, order: _Order) -> str:
        price = f" @ {self._price(order.symbol)}" if self._rng.random() < 0.7 else ""
        more = order.quantity + HALF * self._rng.randint(0, 4)
        order.left += more - order.quantity
        order.quantity = more
        return f"{order.name} to {more}{price}"


def draw_episode(seed: int, index: int) -> Episode:
    """Return an episode of a campaign.

    Parameters
    ----------
    seed : int
        The campaign's.
    index : int
        Its number, from 0.
    """
    rng = random.Random(f"trueup campaign {seed} {index}")
    options = draw_options(rng)
    drawing = _Drawing(rng, options)
    drawing.lines.append("node start")
    downs = sorted(rng.sample(range(2, options.actions), options.kills))
    for number in range(options.actions):
        if number in downs:
            drawing.go_down()
        drawing.act()
    name = f"{seed}-{index}"
    scenario = Scenario(
        id=name,
        group="campaign",
        title=f"Episode {index} of the campaign with seed {seed}",
        story=options.line,
        preset="fast",
        conduct="episode",
        reconciliation_timeout_secs=RECONCILIATION_TIMEOUT_SECS,
        hedging=options.hedging,
        lists_flat=options.lists_flat,
        claims=options.symbols if options.claims else (),
        steps="\n".join(drawing.lines) + "\n",
        native=NativeFact(stable=False),
        verified=VerifiedSpec(settings={"history": options.history}),
    )
    return Episode(seed, index, options, scenario)
