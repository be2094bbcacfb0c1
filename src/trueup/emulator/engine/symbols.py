"""The listed symbols: tick, step, notional and quantity rules, from a compact table of ours.

The table (``symbols.csv``) holds facts of real USD-M perpetuals as publicly known, not read from the live venue; what
depends on them is only that they are consistent. Rows after the majors have round maximum quantities of ours.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import chain
from types import MappingProxyType

import msgspec

ONBOARD_DATE_MS = 1_569_398_400_000
"""25 September 2019, when the venue listed its first USD-M symbol; the table does not hold each symbol's own date."""

MARGIN_ASSETS = ("USDT", "USDC")
"""The assets that the listed symbols are margined in."""

MAX_PRICE_PER_START = 1_000
"""A symbol's highest price is this many times its start price: far outside every test's market."""

SYNTHETIC_ROW = {
    "quote": "USDT",
    "tick": "0.0001",
    "step": "1",
    "max_quantity": "10000000",
    "market_max_quantity": "2000000",
    "min_notional": "5",
    "leverage_max": "50",
    "maint_margin_rate": "0.01",
    "start_price": "1",
}
"""What a synthetic symbol is like: round figures of the kind that the venue gives its smaller perpetuals."""


class SymbolRules(msgspec.Struct, frozen=True, gc=False):
    """One USD-M perpetual.

    ``price_precision`` and ``quantity_precision`` are decimals; ticks and steps are never finer. ``multiplier_up`` and
    ``multiplier_down`` bound limit prices around the mark price. ``market_take_bound`` bounds market orders and
    ``trigger_protect`` protected triggers, as fractions. ``start_price`` is where the synthetic market begins: a
    plausible price and no fact.
    """

    symbol: str
    base: str
    quote: str
    price_precision: int
    quantity_precision: int
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal
    min_price: Decimal
    max_price: Decimal
    multiplier_up: Decimal
    multiplier_down: Decimal
    max_orders: int
    max_algo_orders: int
    leverage_max: int
    maint_margin_rate: Decimal
    liquidation_fee: Decimal
    market_take_bound: Decimal
    trigger_protect: Decimal
    start_price: Decimal
    onboard_date_ms: int

    def to_ticks(self, price: Decimal) -> int:
        """Return `price` as a whole number of ticks; it must be on a tick."""
        return int(price / self.tick)

    def from_ticks(self, ticks: int) -> Decimal:
        """Return the price of `ticks`."""
        return self.tick * ticks

    def round_price(self, price: Decimal) -> Decimal:
        """Return the tick at or just below `price`, and never below the first."""
        return max(self.tick * int(price / self.tick), self.tick)

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """Return the step at or just below `quantity`."""
        return self.step * int(quantity / self.step)


@cache
def symbol_table(synthetic: int = 0) -> Mapping[str, SymbolRules]:
    """Return the rules of every symbol of the table, by name, in the table's order.

    Parameters
    ----------
    synthetic : int
        How many perpetuals that no venue lists follow them, as ``SYNTHETIC0001USDT``: for loads beyond the table.
    """
    text = resources.files("trueup.emulator.engine").joinpath("symbols.csv").read_text("utf-8")
    rules = (_rules(row) for row in csv.DictReader(text.splitlines()))
    invented = (_rules(SYNTHETIC_ROW | {"base": f"SYNTHETIC{number:04}"}) for number in range(1, synthetic + 1))
    return MappingProxyType({rule.symbol: rule for rule in chain(rules, invented)})


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def _rules(row: dict[str, str]) -> SymbolRules:
    tick, step, start = Decimal(row["tick"]), Decimal(row["step"]), Decimal(row["start_price"])
    wide = row["base"] not in ("BTC", "ETH")
    written = tick.as_tuple().exponent
    assert isinstance(written, int)
    tick = tick.quantize(Decimal(1).scaleb(-_decimals(tick)))  # what is rounded to it is then written as it is shown
    return SymbolRules(
        symbol=row["base"] + row["quote"],
        base=row["base"],
        quote=row["quote"],
        # The venue writes some ticks with zeros to the right ("0.0100"), and its price precision counts them.
        price_precision=max(0, -written),
        quantity_precision=_decimals(step),
        tick=tick,
        step=step,
        min_quantity=step,
        max_quantity=Decimal(row["max_quantity"]),
        market_max_quantity=Decimal(row["market_max_quantity"]),
        min_notional=Decimal(row["min_notional"]),
        min_price=tick,
        max_price=tick * int(start * MAX_PRICE_PER_START / tick),
        # Spreads of the venue's PERCENT_PRICE filter: 5 per cent for the two largest, 15 for the others.
        multiplier_up=Decimal("1.1500") if wide else Decimal("1.0500"),
        multiplier_down=Decimal("0.8500") if wide else Decimal("0.9500"),
        max_orders=200,
        max_algo_orders=100,
        leverage_max=int(row["leverage_max"]),
        maint_margin_rate=Decimal(row["maint_margin_rate"]),
        liquidation_fee=Decimal("0.015") if wide else Decimal("0.0125"),
        market_take_bound=Decimal("0.10") if wide else Decimal("0.05"),
        trigger_protect=Decimal("0.10") if wide else Decimal("0.05"),
        start_price=tick * int(start / tick),
        onboard_date_ms=ONBOARD_DATE_MS,
    )
