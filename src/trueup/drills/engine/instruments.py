"""The instruments of the simulated venue, and how its symbols map to the engine's identifiers."""

# mypy: disallow-subclassing-any=False
# The engine ships no usable type information: subclassing an untyped base is the only way to use it.

from __future__ import annotations

from decimal import Decimal

from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.model.currencies import BTC, ETH, USDT
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Currency, Price, Quantity

VENUE = Venue("DRILL")
SETTLEMENT = USDT
_BASES = {"BTC": BTC, "ETH": ETH}


def instrument_id_of(symbol: str) -> InstrumentId:
    """Return the engine's identifier of a venue symbol."""
    return InstrumentId(Symbol(f"{symbol}USDT-PERP"), VENUE)


def symbol_of(instrument_id: InstrumentId) -> str:
    """Return the venue symbol of an engine's identifier."""
    return str(instrument_id.symbol.value).removesuffix("USDT-PERP")


def _perpetual(symbol: str, base: Currency) -> CryptoPerpetual:
    return CryptoPerpetual(
        instrument_id=instrument_id_of(symbol),
        raw_symbol=Symbol(symbol),
        base_currency=base,
        quote_currency=USDT,
        settlement_currency=SETTLEMENT,
        is_inverse=False,
        price_precision=1,
        size_precision=3,
        price_increment=Price.from_str("0.1"),
        size_increment=Quantity.from_str("0.001"),
        margin_init=Decimal("0.05"),
        margin_maint=Decimal("0.025"),
        maker_fee=Decimal("0.0004"),
        taker_fee=Decimal("0.0004"),
        ts_event=0,
        ts_init=0,
    )


class DrillInstrumentProvider(InstrumentProvider):
    """Provide the venue's instruments without asking anybody."""

    async def load_all_async(self, filters: dict[str, object] | None = None) -> None:
        """Load every instrument of the venue."""
        for symbol, base in _BASES.items():
            self.add(_perpetual(symbol, base))
