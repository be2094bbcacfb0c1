"""Replay of Binance's public aggTrades files: one line, one trade of the tape."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from trueup.errors import EmulatorError

COLUMNS = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker")
MICROSECONDS_FROM = 10**14
"""Times above this are microseconds: Binance changed some of its files in 2025."""


class Print(msgspec.Struct, frozen=True, gc=False):
    """One line of a tape; give it to `Venue.print_trade`."""

    time_ms: int
    price: Decimal
    quantity: Decimal
    buyer_maker: bool


def read_agg_trades(path: Path) -> Iterator[Print]:
    """Yield the lines of an aggTrades CSV file, with or without its header.

    Raises
    ------
    EmulatorError
        If the file cannot be read, or a line is not one of an aggTrades file (named with its number).
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if number == 1 and row and row[0] in ("agg_trade_id", "a"):
                    continue
                yield _print(path, number, row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EmulatorError(
            f"the tape {path} cannot be read: {error}",
            allowed="an aggTrades CSV file of data.binance.vision",
        ) from error


def _print(path: Path, number: int, row: list[str]) -> Print:
    try:
        _, price, quantity, _, _, time, buyer_maker = row[:7]
        found = Print(
            time_ms=int(time) // (1000 if int(time) > MICROSECONDS_FROM else 1),
            price=Decimal(price),
            quantity=Decimal(quantity),
            buyer_maker={"true": True, "false": False}[buyer_maker.lower()],
        )
    except (ValueError, KeyError, InvalidOperation) as error:
        raise EmulatorError(
            f"line {number} of the tape {path} was {','.join(row)[:120]!r}",
            allowed=",".join(COLUMNS),
            action="use an unpacked aggTrades CSV file of data.binance.vision",
        ) from error
    if not (found.price.is_finite() and found.quantity.is_finite()) or found.price <= 0 or found.quantity <= 0:
        raise EmulatorError(f"line {number} of the tape {path} has price {price} and quantity {quantity}")
    return found
