"""What an episode draws before anything happens: how busy, how faulty, how often killed. All of it is printed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

ACTIONS = ("submit", "burst", "fill", "external", "cancel", "modify", "finish", "amend", "wait")
PUSH_FAULTS = ("lose", "delay", "duplicate", "reorder")
COMMAND_FAULTS = ("lost_before", "lost_after", "reject")
QUERY_FAULTS = ("fail", "hang", "empty", "truncated", "newest_first", "no_average_price")
QUERY_SUBJECTS = ("orders", "order", "fills", "positions")

SURE = {"submit": 2, "fill": 4}
"""Added to what is drawn: without orders and fills nothing can go wrong."""
ACTIONS_MIN, ACTIONS_MAX = 16, 48
KILLS_MIN, KILLS_MAX = 2, 4  # a start costs half a second of a core, most of what an episode costs
ABSENT = 0.5
"""The chance of each fault kind to be absent from an episode: faults that always come together hide each other."""
PUSH_RATE_MAX, COMMAND_RATE_MAX, QUERY_RATE_MAX = 0.4, 0.3, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeOptions:
    """The options of one episode.

    Parameters
    ----------
    actions : int
        How many things happen, kills and faults apart.
    kills : int
        How often the node goes down and comes back before the end.
    symbols : tuple[str, ...]
        What is traded.
    hedging, lists_flat : bool
        How the venue works.
    claims : bool
        Whether the strategy claims what others trade on these symbols.
    history : str
        What a cold start rebuilds: ``current`` or ``full``.
    graceful, cold, interrupted : float
        Chances that a kill is a stop in good order, that the store is lost with the node, that the start after it is
        killed, too.
    weights : Mapping[str, int]
        How often each of `ACTIONS` is drawn, in relation to the others.
    push, command, query : Mapping[str, float]
        The rate of each fault kind: per event, per command, per action.
    """

    actions: int
    kills: int
    symbols: tuple[str, ...]
    hedging: bool
    lists_flat: bool
    claims: bool
    history: str
    graceful: float
    cold: float
    interrupted: float
    weights: Mapping[str, int]
    push: Mapping[str, float]
    command: Mapping[str, float]
    query: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a record."""
        return asdict(self)

    @property
    def fault_kinds(self) -> tuple[str, ...]:
        """Return the kinds of fault that this episode has, as ``push lose`` or ``query hang``."""
        groups = (("push", self.push), ("command", self.command), ("query", self.query))
        return tuple(f"{group} {kind}" for group, rates in groups for kind, rate in rates.items() if rate)

    @property
    def line(self) -> str:
        """Return everything in one line."""
        faults = [
            f"{kind} {rate:g}"
            for rates in (self.push, self.command, self.query)
            for kind, rate in rates.items()
            if rate
        ]
        words = [f"{self.actions} actions", f"{self.kills} kills", "+".join(self.symbols)]
        words.append(f"history {self.history}")
        words += [word for word in ("hedging", "lists_flat", "claims") if getattr(self, word)]
        words += [f"{word} {getattr(self, word):g}" for word in ("graceful", "cold", "interrupted")]
        weights = " ".join(f"{action} {weight}" for action, weight in self.weights.items())
        return f"{', '.join(words)}; {weights}; faults: {', '.join(faults) or 'none'}"


def draw_options(rng: random.Random) -> EpisodeOptions:
    """Draw the options of an episode."""
    return EpisodeOptions(
        actions=rng.randint(ACTIONS_MIN, ACTIONS_MAX),
        kills=rng.randint(KILLS_MIN, KILLS_MAX),
        symbols=rng.choice((("BTC",), ("BTC", "ETH"))),
        hedging=rng.random() < 0.15,
        lists_flat=rng.random() < 0.3,
        claims=rng.random() < 0.5,
        history=rng.choice(("current", "full")),
        graceful=rng.choice((0.0, 0.2)),
        cold=rng.choice((0.0, 0.0, 0.3)),
        interrupted=rng.choice((0.0, 0.3)),
        weights={action: rng.randint(0, 4) + SURE.get(action, 0) for action in ACTIONS},
        push=_rates(rng, PUSH_FAULTS, PUSH_RATE_MAX),
        command=_rates(rng, COMMAND_FAULTS, COMMAND_RATE_MAX),
        query=_rates(rng, QUERY_FAULTS, QUERY_RATE_MAX),
    )


def _rates(rng: random.Random, kinds: tuple[str, ...], highest: float) -> dict[str, float]:
    return {kind: 0.0 if rng.random() < ABSENT else round(rng.uniform(0.02, highest), 2) for kind in kinds}
