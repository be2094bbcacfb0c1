"""Instrument identifiers, judged by NautilusTrader's own parser.

The parser is imported when the first identifier is judged, so that reading settings without one never loads the engine.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from trueup.config.base import fault


def _check_instrument_id(value: str) -> str:
    from nautilus_trader.model.identifiers import InstrumentId

    try:
        InstrumentId.from_str(value)
    except ValueError as error:
        raise fault(
            f"'{value}' is not an instrument id: {error}",
            allowed="SYMBOL.VENUE as NautilusTrader reads it, such as BTCUSDT-PERP.BINANCE or EUR/USD.IDEALPRO",
        ) from None
    return value


InstrumentIdText = Annotated[str, AfterValidator(_check_instrument_id)]
"""The text of an instrument id that NautilusTrader's own parser accepts."""


def venue_of(instrument_id: str) -> str:
    """Return the venue of an instrument id: what follows its last dot."""
    return instrument_id.rpartition(".")[2]
