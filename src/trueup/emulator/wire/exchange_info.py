"""exchangeInfo, rendered once: only its time changes from call to call."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from trueup.emulator.engine.symbols import SymbolRules
from trueup.emulator.wire.forms.market import exchange_info_form
from trueup.emulator.wire.limits import Limits


class ExchangeInfo:
    """Two hundred symbols are about 300 kB of JSON; rendering them per call would cost milliseconds."""

    def __init__(self, symbols: Iterable[SymbolRules], limits: Limits) -> None:
        body = orjson.dumps(exchange_info_form(symbols, limits))
        assert body.startswith(b"{")
        self._tail = body[1:]

    def render(self, now_ms: int) -> bytes:
        """Return the document with the venue's time."""
        return b'{"serverTime":%d,%b' % (now_ms, self._tail)
