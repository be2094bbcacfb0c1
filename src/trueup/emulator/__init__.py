"""A Binance USD-M futures venue on loopback: stateful, signed, with streams, a durable ledger and faults as data.

In the caller's event loop (`Emulator`), as a process of its own (`EmulatorProcess`), or from the shell
(``trueup emulator serve``).
"""

from __future__ import annotations

from trueup.emulator.client import ControlClient, RefusedError
from trueup.emulator.process import EmulatorProcess
from trueup.emulator.server import Emulator, EmulatorUrls, Ready
from trueup.emulator.settings import AccountSettings, EmulatorSettings
from trueup.emulator.wire.fault_values import Fault, Match, parse_fault

__all__ = [
    "AccountSettings",
    "ControlClient",
    "Emulator",
    "EmulatorProcess",
    "EmulatorSettings",
    "EmulatorUrls",
    "Fault",
    "Match",
    "Ready",
    "RefusedError",
    "parse_fault",
]
