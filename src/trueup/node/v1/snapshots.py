"""Keep the closed life cycles of a long replay for the engine, and pickle each after the node trades.

When a NETTING position opens again the engine's cache keeps the life cycle that is over: it pickles the position, reads
that back to have a copy, gives the copy another id, and pickles the copy. At the next close the portfolio reads that
back, too, for its realized profit (1.222 to 1.231; 120 us for the first and the third pair of a position with one
fill). While a long history is replayed the copy is made without pickling, the portfolio is given what was copied, and
the cache is given a promise: bytes that ``pickle.loads`` reads in this process as it reads any, from the copy. Once the
node trades the promises are kept, a millisecond of them at a time: the cache's own lists then hold the pickled
positions, as if the engine had done it.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import pickle
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.position import Position

from trueup.node.v1.names import PICKLING_MODULES
from trueup.node.v1.short_pickler import ShortPickler

SLICE_SECS_MAX: Final = 0.001
PAUSE_SECS: Final = 0.05
"""Between two slices: 2 % of the loop, so that 25,000 life cycles (65 to 140 us each) take two or three minutes."""
TRADING_POLL_SECS: Final = 1.0
FILLS_MAX: Final = 100
"""A life cycle with more fills is pickled at once, while nothing trades: one of 100 takes about a millisecond."""
PROTOCOL: Final = pickle.DEFAULT_PROTOCOL
MUTABLE: Final = (list, dict, set)

_PROMISED: dict[int, Position] = {}
_numbers = itertools.count()


def promised_life(number: int) -> Position:
    """Return a position that was promised, anew for each reader; the bytes of a promise are a call of this.

    Raises
    ------
    UnpicklingError
        If it is asked for in another process, or after it was pickled: the cache has the position itself by then.
    """
    held = _PROMISED.get(number)
    if held is None:
        raise pickle.UnpicklingError(
            "this closed life cycle was kept for a moment in the memory of the node that replayed it; "
            "read it again from the node's cache, which has it whole"
        )
    return copied(held)


_BEFORE: Final = f"c{__name__}\n{promised_life.__name__}\nI".encode()
_AFTER: Final = b"\n\x85R."
"""Around a number: the global of that name, called with the number (the opcodes GLOBAL, INT, TUPLE1, REDUCE, STOP)."""


def _promise(position: Any) -> bytes:
    number = next(_numbers)
    _PROMISED[number] = position
    return b"%b%d%b" % (_BEFORE, number, _AFTER)


def _number_of(data: Any) -> int | None:
    """Return the number of a promise, None for bytes that are none."""
    if type(data) is bytes and data.startswith(_BEFORE):
        return int(data[len(_BEFORE) : -len(_AFTER)])
    return None


class _Unpickled:
    """Stand for the bytes of a position that are made only to be read back."""

    __slots__ = ("position",)

    def __init__(self, position: Any) -> None:
        self.position = position


class _PickledLater:
    """Offer what the engine uses of `pickle`; whatever is no position goes to `pickle` itself."""

    def __init__(self) -> None:
        self._copy: Any = None
        self._pickler = ShortPickler()

    def dumps(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if type(value) is not Position:
            return pickle.dumps(value, *args, **kwargs)
        if value is not self._copy:
            return _Unpickled(value)
        self._copy = None
        return _promise(value) if value.event_count <= FILLS_MAX else self._pickler.dumps(value)

    def loads(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        if type(data) is _Unpickled:
            self._copy = copied(data.position)
            return self._copy
        number = _number_of(data)
        if number is not None and (held := _PROMISED.get(number)) is not None:
            return held  # the portfolio reads its profit, and lets it go
        return pickle.loads(data, *args, **kwargs)  # noqa: S301 - what the engine pickled in this process

    def __getattr__(self, name: str) -> Any:
        return getattr(pickle, name)


def copied(position: Any) -> Any:
    """Return a copy of a position that shares nothing with it that either could change."""
    make, arguments, *rest = position.__reduce_ex__(PROTOCOL)
    if len(rest) != 1 or type(rest[0]) is not tuple:
        return pickle.loads(pickle.dumps(position))  # noqa: S301 - pickled in this line
    copy = make(*arguments)
    copy.__setstate__(tuple(part.copy() if type(part) in MUTABLE else part for part in rest[0]))
    return copy


class _QuickUuids:
    """Offer what the engine uses of `uuid`: each life cycle gets a random id, and `uuid` asks the kernel for each."""

    uuid4 = UUID4

    def __getattr__(self, name: str) -> Any:
        return getattr(uuid, name)


@contextmanager
def pickled_later() -> Iterator[None]:
    """Let the engine keep promises in the place of pickled life cycles. Not to be entered twice at a time.

    An engine whose modules do not use `pickle` and `uuid` by these names is left alone.
    """
    with ExitStack() as back:
        for own, stand_in in ((pickle, _PickledLater()), (uuid, _QuickUuids())):
            for module in map(importlib.import_module, PICKLING_MODULES):
                if getattr(module, own.__name__, None) is own:
                    setattr(module, own.__name__, stand_in)
                    back.callback(setattr, module, own.__name__, own)
        yield


class PromisedLives:
    """Keep what was promised to one node's cache, once the node trades.

    Parameters
    ----------
    cache : Cache
        The node's.
    is_trading : Callable[[], bool]
        Whether it trades by now.
    """

    def __init__(self, cache: Any, is_trading: Callable[[], bool]) -> None:
        self._cache = cache
        self._is_trading = is_trading
        self._work: Iterator[None] | None = None

    def keep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to keep the promises: by timers of the loop, so that a node that ends before has no task to end."""
        if self._work is None and _PROMISED:
            self._work = self._keeping()
            loop.call_later(TRADING_POLL_SECS, self._go_on, loop)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_trading():
            loop.call_later(TRADING_POLL_SECS, self._go_on, loop)
            return
        assert self._work is not None, "begun by keep"
        ends = time.perf_counter() + SLICE_SECS_MAX
        for _ in self._work:
            if time.perf_counter() >= ends:
                loop.call_later(PAUSE_SECS, self._go_on, loop)
                return
        self._work = None

    def _keeping(self) -> Iterator[None]:
        """Put each position's bytes in the place of its promise, in the very list that the cache has."""
        pickler = ShortPickler()
        for position_id in tuple(self._cache.position_snapshot_ids()):
            lives = self._cache.position_snapshot_bytes(position_id)
            for index in range(len(lives)):  # what is added meanwhile is no promise; nothing is taken out but the list
                number = _number_of(lives[index])
                held = None if number is None else _PROMISED.get(number)
                if number is not None and held is not None:
                    lives[index] = pickler.dumps(held)
                    del _PROMISED[number]
                    yield
        _PROMISED.clear()  # what was purged meanwhile; a process has one node
