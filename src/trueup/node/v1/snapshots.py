"""Let the engine pickle a closed life cycle once instead of twice, and not read it back.

When a NETTING position opens again the engine's cache keeps the life cycle that is over: it pickles the position, reads
that back to have a copy, gives the copy another id, and pickles the copy. At the next close the portfolio reads that
back, too, for its realized profit (1.222 to 1.231; 120 us for the first and the third pair of a position with one
fill). While a long history is replayed the copy is made without pickling, and the portfolio is given what was pickled.

More than half of what pickling one takes is the look-up of some twenty classes by their names, and what all positions
of an instrument have in common. Both are pickled once for each instrument, and what was made of them begins the bytes
of every position: each is whole, and the engine's own ``pickle.loads`` reads it.
"""

from __future__ import annotations

import copy
import copyreg
import importlib
import io
import pickle
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.model.position import Position

from trueup.node.v1.names import PICKLING_MODULES

KEPT_MAX = 64
"""Life cycles kept for the portfolio, which asks for the last one of the instrument that is being replayed."""


IDENTIFIERS = (AccountId, ClientOrderId, InstrumentId, PositionId, StrategyId, TradeId, TraderId, VenueOrderId, UUID4)
KINDS = (Position, OrderFilled, *IDENTIFIERS, Price, Quantity, Money, Currency, copyreg.__newobj__)  # type: ignore[attr-defined]  # what the engine's values are pickled by
"""What a closed position consists of. Another kind costs its look-up, and no more."""
SHARED = ("trader_id", "instrument_id", "account_id", "quote_currency", "base_currency", "settlement_currency")
"""What the positions of an instrument have in common: the very objects. Others of equal value are pickled anew."""
ENUMS = ("entry", "side", "instrument_class")
EVENT_ENUMS = ("order_side", "order_type", "liquidity_side")


class ShortPickler:
    """Pickle positions, of one instrument after the other."""

    def __init__(self) -> None:
        self._instrument_id: Any = None
        self._common = b""
        self._memo: Any = None
        self._data = io.BytesIO()
        self._protocol = pickle.DEFAULT_PROTOCOL
        self._pickler = pickle.Pickler(self._data, self._protocol)

    def dumps(self, position: Any) -> bytes:
        """Return the pickled position."""
        if position.instrument_id is not self._instrument_id:
            self._begin(position)
        self._pickler.memo = self._memo
        return self._common + self._written(position)

    def _begin(self, position: Any) -> None:
        """Pickle what an instrument's positions have in common, and leave nothing of it on the reader's stack."""
        shared = [getattr(position, name) for name in (*SHARED, "multiplier", *ENUMS)]
        for event in position.events[-1:]:
            shared += [getattr(event, name) for name in EVENT_ENUMS]
        shared += [one.__reduce_ex__(self._protocol)[0] for one in (position, *position.events[-1:])]  # what reads them
        self._pickler.clear_memo()
        common = self._written((*KINDS, *shared))
        assert common.endswith(pickle.STOP)
        self._common = common.removesuffix(pickle.STOP) + pickle.POP
        self._memo = self._pickler.memo.copy()  # it holds the objects, so that no other gets the number of one
        self._instrument_id = position.instrument_id

    def _written(self, value: Any) -> bytes:
        self._data.seek(0)
        self._data.truncate()
        self._pickler.dump(value)
        return self._data.getvalue()


class _Unpickled:
    """Stand for the bytes of a position that are made only to be read back."""

    __slots__ = ("position",)

    def __init__(self, position: Any) -> None:
        self.position = position


class _PickledOnce:
    """Offer what the engine uses of `pickle`; whatever is no position goes to `pickle` itself."""

    def __init__(self) -> None:
        self._copy: Any = None
        self._short = ShortPickler()
        self._kept: OrderedDict[int, tuple[bytes, Any]] = OrderedDict()

    def dumps(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if type(value) is not Position:
            return pickle.dumps(value, *args, **kwargs)
        if value is not self._copy:
            return _Unpickled(value)
        self._copy = None
        data = self._short.dumps(value)
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
