"""Hold back what the venue says of orders, while the node's books are made anew in slices."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def events_held(engine: Any) -> Iterator[None]:
    """Let no event change the books until the end; then they are handled, in their order.

    Whatever comes through the engine's queue waits, as it does behind any work on the event loop, and so does what the
    engine makes of single reports. The loop itself goes on: streams are read, strategies hear the market and may send
    orders.

    Parameters
    ----------
    engine : LiveExecutionEngine
        Of the node. Its queue must be empty, and nothing else may apply events directly meanwhile.
    """
    handle = engine._handle_event_with_tracking  # noqa: SLF001 - listed in names.py
    held: deque[Any] = deque()  # no bound: a dropped event is a lost fill, and the caller ends in seconds
    engine._handle_event_with_tracking = held.append  # noqa: SLF001 - listed in names.py
    try:
        yield
    finally:
        engine._handle_event_with_tracking = handle  # noqa: SLF001 - listed in names.py
        while held:
            handle_safely(engine, held.popleft())


def handle_safely(engine: Any, event: Any) -> None:
    """Handle one event as the engine's own loop does, whatever it raises."""
    try:
        engine._handle_event_with_tracking(event)  # noqa: SLF001 - listed in names.py
    except asyncio.CancelledError:
        raise
    except Exception as error:
        engine._handle_queue_exception(error, "event")  # noqa: SLF001 - listed in names.py
