"""A typed client of the control port, for tests, drills and demonstrations."""

from __future__ import annotations

from trueup.emulator.client.accounts import Accounts
from trueup.emulator.client.clock import Clock, ClockReading
from trueup.emulator.client.connection import RefusedError
from trueup.emulator.client.faults import ArmedFault, Faults
from trueup.emulator.client.market import Market
from trueup.emulator.client.orders import Orders
from trueup.emulator.client.truth import Truth
from trueup.emulator.client.wire import Health, Wire

__all__ = ["ArmedFault", "ClockReading", "ControlClient", "Health", "RefusedError"]


class ControlClient(Accounts, Orders, Market, Truth, Clock, Faults, Wire):
    """Talk to the control port. One connection, kept alive; safe to share between threads.

    Parameters
    ----------
    url : str
        The control base URL that ``serve`` printed.
    timeout_secs : float
        Time-out of each call.

    Raises
    ------
    VenueUnavailableError
        No answer.
    RefusedError
        The venue refused a command, with its code.
    EmulatorError, ConfigValueError
        The emulator cannot do it, or what was sent cannot be used.
    """
