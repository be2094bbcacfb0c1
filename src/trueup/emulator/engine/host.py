"""The frame of the venue: state, clock, journal and listeners, and the one way in for commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from trueup.emulator.engine.clock import Clock
from trueup.emulator.engine.commands import AnyCommand
from trueup.emulator.engine.events import MarketEvent, VenueEvent
from trueup.emulator.engine.settings import VenueSettings
from trueup.emulator.engine.statements import SymbolConfig
from trueup.emulator.engine.values import AlgoOrder, Order, OrderRequest


class Host:
    """Hold the state and run commands. Use `Venue`.

    Parameters
    ----------
    settings : VenueSettings, optional
        The defaults when absent.
    clock : Clock
        The only source of time. Engine time never goes back, whatever the clock does.
    """

    def __init__(self, settings: VenueSettings | None = None, *, clock: Clock) -> None:
        raise NotImplementedError

    @property
    def now_ms(self) -> int:
        """Return the venue's time: the clock's, and never less than the last command's."""
        raise NotImplementedError

    @property
    def sequence(self) -> int:
        """Return the sequence of the last private event."""
        raise NotImplementedError

    def subscribe(self, listener: Callable[[VenueEvent], None]) -> Callable[[], None]:
        """Call `listener` with each private event, in the venue's order, inside the command that caused it.

        The listener must not call back into the venue. Returns a function that ends the subscription.
        """
        raise NotImplementedError

    def subscribe_market(self, listener: Callable[[MarketEvent], None]) -> Callable[[], None]:
        """Call `listener` with each public event; while nobody listens none is made."""
        raise NotImplementedError

    def advance(self, now_ms: int | None = None) -> None:
        """Let everything happen that is due: good-till dates, countdowns, fundings, each at its own time.

        Every command does this first by itself.
        """
        raise NotImplementedError

    def next_due_ms(self) -> int | None:
        """Return when something is due next, or None."""
        raise NotImplementedError

    def _execute(self, command: AnyCommand) -> object:
        raise NotImplementedError

    def _validate(self, account_id: str, request: OrderRequest) -> None:
        raise NotImplementedError

    def _symbol_config(self, account_id: str, symbol: str) -> SymbolConfig:
        raise NotImplementedError

    def _order(self, command: AnyCommand) -> Order:
        return cast("Order", self._execute(command))

    def _orders(self, command: AnyCommand) -> list[Order]:
        return cast("list[Order]", self._execute(command))

    def _algo(self, command: AnyCommand) -> AlgoOrder:
        return cast("AlgoOrder", self._execute(command))

    def _algos(self, command: AnyCommand) -> list[AlgoOrder]:
        return cast("list[AlgoOrder]", self._execute(command))
