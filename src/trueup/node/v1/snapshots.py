"""Let the engine pickle a closed life cycle once instead of twice, and not read it back.

When a NETTING position opens again the engine's cache keeps the life cycle that is over: it pickles the position, reads
that back to have a copy, gives the copy another id, and pickles the copy. At the next close the portfolio reads that
back, too, for its realized profit (1.222 to 1.231; 120 us for the first and the third pair of a position with one
fill). While a long history is replayed the copy is made without pickling, and the portfolio is given what was pickled.
"""

from __future__ import annotations

import copy
import importlib
import pickle
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from nautilus_trader.model.position import Position

from trueup.node.v1.names import PICKLING_MODULES

KEPT_MAX = 64
"""Life cycles kept for the portfolio, which asks for the last one of the instrument that is being replayed."""


class _Unpickled:
    """Stand for the bytes of a position that are made only to be read back."""

    __slots__ = ("position",)

    def __init__(self, position: Any) -> None:
        self.position = position


class _PickledOnce:
    """Offer what the engine uses of `pickle`; whatever is no position goes to `pickle` itself."""

    def __init__(self) -> None:
        self._copy: Any = None
        self._kept: OrderedDict[int, tuple[bytes, Any]] = OrderedDict()

    def dumps(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if type(value) is not Position:
            return pickle.dumps(value, *args, **kwargs)
        if value is not self._copy:
            return _Unpickled(value)
        self._copy = None
        data = pickle.dumps(value, *args, **kwargs)
        self._kept[id(data)] = (data, value)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return data

    def loads(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        if type(data) is _Unpickled:
            self._copy = copy.copy(data.position)
            return self._copy
        held = self._kept.get(id(data))
        if held is not None and held[0] is data:
            return held[1]
        return pickle.loads(data, *args, **kwargs)  # noqa: S301 - what the engine pickled in this process

    def __getattr__(self, name: str) -> Any:
        return getattr(pickle, name)


@contextmanager
def pickled_once() -> Iterator[None]:
    """Let the engine pickle a closed life cycle once. Not to be entered twice at a time.

    An engine whose modules do not use `pickle` by that name is left alone.
    """
    modules: list[ModuleType] = [importlib.import_module(name) for name in PICKLING_MODULES]
    modules = [module for module in modules if getattr(module, "pickle", None) is pickle]
    stand_in = _PickledOnce()
    for module in modules:
        module.pickle = stand_in  # type: ignore[attr-defined]  # the name is the engine's own import
    try:
        yield
    finally:
        for module in modules:
            module.pickle = pickle  # type: ignore[attr-defined]  # as above
