"""Share the event loop: do long work in slices that nobody notices."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

SLICE_SECS_MAX = 0.005
"""A slice of work between two turns of the event loop; the promise is 50 ms, garbage collection included."""


async def in_slices[T](items: Iterable[T], do: Callable[[T], object]) -> None:
    """Do something with each item, giving the event loop a turn whenever a slice is used up."""
    now = time.perf_counter  # looked up once for some 100,000 items
    ends = now() + SLICE_SECS_MAX
    for item in items:
        do(item)
        if now() >= ends:
            await asyncio.sleep(0)
            ends = now() + SLICE_SECS_MAX


PIECE_MAX = 500
"""Records freed in one go, with the values that only they hold: about 1 ms (2,000 differences took up to 30)."""


type Pile = list[Any] | dict[Any, Any]


async def let_go(piles: Iterable[Pile]) -> None:
    """Free the objects of lists and dicts that nothing else holds, a piece at a time.

    The interpreter frees a tuple of 100,000 records, and all that only they hold, without a pause: 50 to 100 ms, in
    whatever thread; an index of 50,000, whose keys are tuples, takes 5 to 10. So the caller hands over lists of the
    records and the indexes themselves, and lets go of what else holds them first.
    """
    for pile in piles:
        while pile:
            if isinstance(pile, dict):
                for _ in range(min(PIECE_MAX, len(pile))):
                    pile.popitem()
            else:
                del pile[-PIECE_MAX:]
            await asyncio.sleep(0)


THREAD_RECORDS_MIN = 2_000
"""Below this a pure comparison takes less than about 10 ms, and a thread would only add a race."""


async def off_loop[T](records: int, work: Callable[[], T]) -> T:
    """Run pure work on frozen values: at once when it is small, in a thread when it would hold the loop."""
    if records < THREAD_RECORDS_MIN:
        return work()
    return await asyncio.to_thread(work)


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector out of a long replay, and what the replay made out of every later collection.

    Full collections cost 60 to 380 ms at 50,000 orders (measured on 1.231.0); frozen, the same objects cost nothing.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
