"""Leave the portfolio out of a long replay: the kernel counts it anew right after the start-up.

At every fill the engine lets the portfolio sum up the instrument's position and its profit: 10 to 20 % of a long
replay (1.231.0), for figures that nobody reads before the kernel computes them from the cache
(``initialize_orders``, ``initialize_positions``). Only closes are passed on: they feed the statistics, and what the
portfolio keeps of closed life cycles it would otherwise read in one piece afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from nautilus_trader.model.events import PositionClosed
from nautilus_trader.model.instruments import BettingInstrument

from trueup.node.v1.analyzer import closes_collected
from trueup.node.v1.snapshots import pickled_later

UPDATE_ORDER = "Portfolio.update_order"
UPDATE_POSITION = "Portfolio.update_position"


class QuietPortfolio:
    """Hold one node's portfolio back while long histories are replayed.

    Parameters
    ----------
    portfolio : Portfolio
        The node's.
    cache : Cache
        The node's.
    msgbus : MessageBus
        Where the engine calls the portfolio.
    """

    def __init__(self, portfolio: Any, cache: Any, msgbus: Any) -> None:
        self._portfolio = portfolio
        self._cache = cache
        self._msgbus = msgbus
        self._held = 0
        self._release = ExitStack()

    @property
    def is_replaying(self) -> bool:
        """Return whether a long history is being replayed."""
        return self._held > 0

    @contextmanager
    def during_replay(self) -> Iterator[None]:
        """Hold the portfolio back; of several replays at once (accounts) the last one to end lets it go."""
        self._held += 1
        if self._held == 1:
            self._release.enter_context(closes_collected(self._portfolio.analyzer))
            self._release.enter_context(pickled_later())
            if self._may_rest():
                self._release.enter_context(self._instead(UPDATE_ORDER, self._portfolio.update_order, _nothing))
                position = self._portfolio.update_position
                self._release.enter_context(self._instead(UPDATE_POSITION, position, _closes_only(position)))
        try:
            yield
        finally:
            self._held -= 1
            if not self._held:
                self._release.close()

    def _may_rest(self) -> bool:
        """Return whether the portfolio only sums up: a simulated account's balances and bets exist nowhere else."""
        if {UPDATE_ORDER, UPDATE_POSITION} - set(self._msgbus.endpoints()):
            return False
        if any(account.calculate_account_state for account in self._cache.accounts()):
            return False
        return not any(isinstance(one, BettingInstrument) for one in self._cache.instruments())

    @contextmanager
    def _instead(self, endpoint: str, handler: Callable[[Any], None], other: Callable[[Any], None]) -> Iterator[None]:
        try:
            self._msgbus.deregister(endpoint, handler)
        except ValueError:
            yield  # somebody put a handler of their own there
            return
        self._msgbus.register(endpoint, other)
        try:
            yield
        finally:
            self._msgbus.deregister(endpoint, other)
            self._msgbus.register(endpoint, handler)


def _nothing(_: Any) -> None:
    return


def _closes_only(update: Callable[[Any], None]) -> Callable[[Any], None]:
    def closes_only(event: Any) -> None:
        if type(event) is PositionClosed:
            update(event)

    return closes_only
