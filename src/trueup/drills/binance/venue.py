"""The venue's side of a run on the Binance adapter: an account of its own, its orders by name, and its ledger."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from typing import Final

from trueup.drills.binance.steps import SYMBOLS, Break, CutStream, Fill, Heal, Place, SetClock
from trueup.drills.compare import Difference, Finding
from trueup.drills.emulator_faults import ArmedFaults
from trueup.drills.own.books import LedgerBooks
from trueup.drills.stage import DrillError
from trueup.emulator.client import ControlClient
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.values import Order, OrderRequest
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import Ready

PRICES: Final = dict(zip(SYMBOLS, (Decimal(50_000), Decimal(3_000)), strict=True))
SPREAD: Final = Decimal("0.10")
DAY_MS: Final = 86_400_000
CENT: Final = Decimal("0.01")
"""What a result in the settlement currency is rounded to."""


class VenueAccount:
    """One account of the emulator, for one run; the market is set, and nothing moves it.

    Parameters
    ----------
    emulator : EmulatorProcess
        The venue.
    """

    def __init__(self, emulator: EmulatorProcess) -> None:
        self.control: ControlClient = emulator.control
        self.name = f"drill-{random.SystemRandom().randrange(10**9)}"
        keys = AccountSettings(self.name, api_key=f"key-of-{self.name}", secret=f"secret-of-{self.name}")
        self.control.create_account(keys)
        self.ready: Ready = replace(emulator.ready, account=self.name, api_key=keys.api_key, secret=keys.secret)
        self.faults = ArmedFaults(self.control, self.name)
        self._external: dict[str, int] = {}
        for symbol, price in PRICES.items():
            self.control.set_market(symbol, price, price + SPREAD)

    def do(self, step: Fill | Place | SetClock | CutStream | Break | Heal) -> None:
        """Do what happens at the venue.

        Raises
        ------
        DrillError
            If an order is meant that the venue does not have.
        """
        match step:
            case Place():
                self._place(step)
            case Fill():
                self._fill(step)
            case SetClock(days):
                self.control.offset_clock(-days * DAY_MS)
            case CutStream():
                self.control.cut_streams(self.name)
            case Break(subject, effect, times):
                self.faults.arm(subject, effect, times)
            case Heal():
                self.faults.heal()

    def _place(self, step: Place) -> None:
        """Place an order as another client of the account, which lets the venue name it."""
        request = OrderRequest(
            step.symbol,
            Side(step.side.value),
            OrderType.MARKET if step.price is None else OrderType.LIMIT,
            quantity=step.quantity,
            price=step.price,
            time_in_force=None if step.price is None else TimeInForce.GTC,
        )
        self._external[step.name] = self.control.place_order(self.name, request).order_id

    def _fill(self, step: Fill) -> None:
        order = self.find(step.name)
        if order is None:
            raise DrillError(f"the venue has no order {step.name} at this step", action="place it before")
        for _ in range(step.count):
            self.control.fill(order.order_id, step.quantity)

    def find(self, name: str) -> Order | None:
        """Return the order that a scenario calls so, if it has arrived."""
        for order in self.control.orders(self.name):
            if order.order_id == self._external.get(name) or order.client_order_id == name:
                return order
        return None

    def books(self) -> LedgerBooks:
        """Return everything that the ledger holds of the account."""
        return LedgerBooks(self.control, self.name)

    def sequence(self, applied: list[str], realised: Decimal) -> tuple[Finding, ...]:
        """Return what differs in the order in which a node applied fills, and in the result that follows from it.

        Parameters
        ----------
        applied : list of str
            Trade ids on the first symbol, as the node applied them.
        realised : Decimal
            The node's realised result.
        """
        trades = self.control.trades(self.name, SYMBOLS[0])
        held, truth = list(dict.fromkeys(applied)), [str(trade.trade_id) for trade in trades]
        found = []
        if held != truth:
            places = [str(truth.index(name) + 1) if name in truth else "?" for name in held]
            order = ", ".join(places) or "none"
            found.append(Finding(Difference.FILL_SEQUENCE, SYMBOLS[0], f"1 to {len(truth)}", order))
        result = sum((trade.realised_pnl - trade.commission for trade in trades), Decimal(0))
        if abs(realised - result) >= CENT:
            found.append(Finding(Difference.RESULT, SYMBOLS[0], f"{result:.2f}", f"{realised:.2f}"))
        return tuple(found)
