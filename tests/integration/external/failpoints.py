"""Let a node die, by SIGKILL, in the middle of giving something to another owner; chosen by an environment variable."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from trueup.node.v1.moving import OwnerMover
from trueup.node.v1.repair import Repairs

VARIABLE = "FAILPOINT"
SEPARATOR = " @ "
FLUSH_SECS = 0.5
"""The store's writer is a thread: what was done so far reaches the store, which is the hardest case."""


def _die() -> None:
    time.sleep(FLUSH_SECS)
    os.kill(os.getpid(), signal.SIGKILL)


def _hook(owner: type, name: str, is_there: Callable[..., bool], *, after: bool) -> None:
    do = getattr(owner, name)

    def done(self: Any, *arguments: Any) -> Any:
        is_reached = is_there(*arguments)  # asked before: an order is closed when it is purged
        if is_reached and not after:
            _die()
        result = do(self, *arguments)
        if is_reached:
            _die()
        return result

    setattr(owner, name, done)


def _hooked(point: str, instrument: str) -> None:
    match point:
        case "the position is purged, its orders are not":
            _hook(Repairs, "purge_position", lambda one: one.value.startswith(instrument), after=True)
        case "a working order is purged":
            _hook(Repairs, "purge_order", lambda one: one.is_open and one.instrument_id.value == instrument, after=True)
        case "the orders are made anew, the position is not":
            _hook(OwnerMover, "_open", lambda _, one: one.value == instrument, after=False)
        case "all is made anew":
            _hook(OwnerMover, "_open", lambda _, one: one.value == instrument, after=True)
        case _:
            raise ValueError(point)


def arm() -> None:
    """Set the failpoint that the environment names, if it names one: ``POINT @ INSTRUMENT``."""
    if said := os.environ.get(VARIABLE):
        _hooked(*said.split(SEPARATOR))
