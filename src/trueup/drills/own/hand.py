"""What a scenario does at the venue: to the oldest working order, to the market, to streams and answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from trueup.drills.emulator_faults import ArmedFaults
from trueup.drills.stage import DrillError
from trueup.emulator.client import ControlClient
from trueup.emulator.engine.enums import OrderType, Side
from trueup.emulator.engine.symbols import symbol_table
from trueup.emulator.engine.values import Order, OrderRequest
from trueup.errors import VenueRefusedError

ORDERS_SECS_MAX = 60.0
"""A strategy that keeps no order at work for a minute in a moving market has nothing that these steps could try."""
CHOICES_MAX = 5
"""A strategy may cancel the very order that a step has chosen; one that does so five times running has none to give."""


class VenueHand:
    """Whoever acts at the venue in a scenario.

    Parameters
    ----------
    control : ControlClient
        Of the emulator.
    account : str
        Whose orders and streams are meant.
    symbols : tuple[str, ...]
        What the strategy trades.
    """

    def __init__(self, control: ControlClient, account: str, symbols: tuple[str, ...]) -> None:
        self._control = control
        self._account = account
        self._symbols = symbols
        self._faults = ArmedFaults(control, account)

    def do(self, words: list[str]) -> None:
        """Do the step of these words."""
        match words:
            case ["venue", "fill", how]:
                self._to_the_oldest(lambda order: self._fill(order, how))
            case ["venue", "cancel"]:
                self._to_the_oldest(
                    lambda order: self._control.cancel_order(self._account, order.symbol, order_id=order.order_id)
                )
            case ["venue", "external", side]:
                self._external(Side[side])
            case ["market", "move", share]:
                self._move(Decimal(share.removesuffix("%")) / 100)
            case ["stream", "cut"]:
                self._control.cut_streams(self._account)
            case ["fault", subject, effect, *times]:
                self._faults.arm(subject, effect, int(times[1]) if times else None)
            case ["heal"]:
                self.heal()

    def heal(self) -> None:
        """Take every fault back."""
        self._faults.heal()

    @contextmanager
    def market_standing(self, lives: Callable[[], bool]) -> Iterator[None]:
        """Let the market stand still at a moment at which an order works.

        Prices that walk on would fill or pass the order between its choice and what is to happen to it.

        Parameters
        ----------
        lives : Callable
            Whether a node lives that may still place one.

        Raises
        ------
        DrillError
            If none works within the bound.
        """
        deadline = time.monotonic() + ORDERS_SECS_MAX
        self._control.pause_market()
        try:
            while not self._control.open_orders(self._account):
                if not lives() or time.monotonic() > deadline:
                    raise _none_works()
                self._control.pause_market(paused=False)
                time.sleep(0.05)
                self._control.pause_market()
            yield
        finally:
            self._control.pause_market(paused=False)

    def _to_the_oldest(self, act: Callable[[Order], object]) -> None:
        for choices_left in reversed(range(CHOICES_MAX)):
            working = self._control.open_orders(self._account)
            if not working:
                raise _none_works()
            try:
                act(min(working, key=lambda order: order.order_id))
            except VenueRefusedError:
                if not choices_left:
                    raise
            else:
                return

    def _fill(self, order: Order, how: str) -> None:
        step = symbol_table()[order.symbol].step
        share = {"all": Decimal(1), "half": Decimal("0.5"), "part": Decimal("0.1")}[how]
        quantity = max(step, (order.remaining * share // step) * step)
        self._control.fill(order.order_id, min(quantity, order.remaining))

    def _external(self, side: Side) -> None:
        symbol = self._symbols[0]
        rules = symbol_table()[symbol]
        quantity = rules.step * int(Decimal(1_000) / self._control.book_top(symbol).ask / rules.step + 1)
        self._control.place_order(self._account, OrderRequest(symbol, side, OrderType.MARKET, quantity=quantity))

    def _move(self, share: Decimal) -> None:
        for symbol in self._symbols:
            price = self._control.book_top(symbol).bid * (1 + share)
            self._control.move_to(symbol, symbol_table()[symbol].round_price(price))


def _none_works() -> DrillError:
    return DrillError(
        "no order works at the venue at this step, so nothing can happen to one",
        allowed=f"a strategy that keeps one at work within {ORDERS_SECS_MAX:.0f} s",
        action="let its orders rest near the market",
    )
