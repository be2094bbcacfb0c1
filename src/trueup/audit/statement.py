"""Read a venue's own export: Binance's USD-M futures trade history as CSV. Pure but for the reading of the file.

Binance publishes no description of the file. The columns that are known here are those of real exports as public
importers quote them (2021 to 2026):

* ``Uid,Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID`` (now), with the fee's
  currency behind the amount (``0.29528919 USDC``) and times of two-digit years;
* ``Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,[Fee Coin,]Realized Profit[,Quote Asset]`` (before), without ids.

A time without a zone in its column's name is in the zone that the export was made in, which only the file's own name
tells (``...(UTC--6).csv``); without one it is taken for UTC, and that is said.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, NamedTuple

from trueup.errors import ConfigFileError, ConfigValueError
from trueup.model.enums import OrderSide

BAD_ROWS_MAX: Final = 1_000
"""Bad rows that are kept one by one; the rest is counted."""
NS_PER_SEC: Final = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_NAMES: Final = {
    "time": ("time", "time(utc)", "date(utc)", "date", "utc_time"),
    "symbol": ("symbol", "pair"),
    "side": ("side",),
    "price": ("price",),
    "quantity": ("quantity", "qty", "executed"),
    "fee": ("fee", "commission"),
    "fee_currency": ("fee coin", "fee asset", "commission asset"),
    "realised": ("realized profit", "realized pnl"),
    "trade_id": ("trade id", "tradeid"),
    "order_id": ("order id", "orderid"),
}
_REQUIRED: Final = ("time", "symbol", "side", "price", "quantity", "fee")
_AMOUNT = re.compile(r"\s*(?P<number>[+-]?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(?P<currency>[A-Z0-9]*)\s*")
_TIME = re.compile(r"(?P<year>\d{2}|\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?")
_ZONE_IN_NAME = re.compile(r"\(UTC(?P<sign>[+-]+)(?P<hours>\d{1,2})(?::(?P<minutes>\d\d))?\)")


class StatementTrade(NamedTuple):
    """One trade of the export. Its time is good to the second."""

    row: int
    time_ns: int
    symbol: str
    side: OrderSide
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    realised: Decimal | None
    trade_id: str
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Hold an export as it was read.

    Parameters
    ----------
    name : str
        The file's name.
    columns : tuple of str
        Its heading.
    rows : int
        Rows below the heading, empty ones left out.
    trades : tuple of StatementTrade
        The rows that could be read.
    bad_rows : tuple of (int, str)
        Line number and what is wrong, of the first that could not.
    bad_rows_total : int
        How many could not.
    notes : tuple of str
        What was assumed.
    """

    name: str
    columns: tuple[str, ...]
    rows: int
    trades: tuple[StatementTrade, ...]
    bad_rows: tuple[tuple[int, str], ...] = ()
    bad_rows_total: int = 0
    notes: tuple[str, ...] = ()

    @property
    def has_trade_ids(self) -> bool:
        """Return whether its trades can be told by their ids."""
        return any(trade.trade_id for trade in self.trades)

    @property
    def span_ns(self) -> tuple[int, int] | None:
        """Return the times of the first and the last trade, the whole last second included; None without a trade."""
        if not self.trades:
            return None
        times = [trade.time_ns for trade in self.trades]
        return min(times), max(times) + NS_PER_SEC - 1


def read_statement(path: Path) -> Statement:
    """Read an export.

    Raises
    ------
    ConfigFileError
        If the file cannot be read or is not UTF-8 text.
    ConfigValueError
        If its heading is not one of a trade history. A row that cannot be read is kept as one, with its line number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return parse_statement(path.name, file)
    except UnicodeDecodeError as error:
        raise ConfigFileError(f"{path} is not UTF-8 text", allowed="a CSV file as Binance exports it") from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigFileError(
            f"{path} cannot be read: {reason}", allowed="a CSV file", action="check the path"
        ) from error


def parse_statement(name: str, lines: Iterable[str]) -> Statement:
    """Parse an export's lines; see `read_statement`."""
    reader = csv.reader(lines)
    heading = next(reader, [])
    places = _places(heading, name)
    zone, notes = _zone_of(name, heading[places["time"]])
    trades: list[StatementTrade] = []
    bad: list[tuple[int, str]] = []
    rows = bad_total = 0
    for row in _rows(reader):
        if isinstance(row, str):
            rows, bad_total = rows + 1, bad_total + 1
            bad.append((reader.line_num, row))
            break  # the reader cannot go on after it
        if not any(cell.strip() for cell in row):
            continue
        rows += 1
        try:
            trades.append(_trade(reader.line_num, row, places, zone))
        except (ValueError, InvalidOperation, IndexError) as error:
            bad_total += 1
            if len(bad) < BAD_ROWS_MAX:
                bad.append((reader.line_num, str(error) or "it has too few columns"))
    if trades and all(trade.fee <= 0 for trade in trades) and any(trade.fee for trade in trades):
        trades = [trade._replace(fee=-trade.fee) for trade in trades]
        notes = (*notes, "every fee of the export is negative: it is taken for what was paid")
    return Statement(
        name=name,
        columns=tuple(heading),
        rows=rows,
        trades=tuple(trades),
        bad_rows=tuple(bad),
        bad_rows_total=bad_total,
        notes=notes,
    )


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str] | str]:
    """Yield rows, and the reason where the CSV itself is broken."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield f"it is no CSV from here on ({error})"
            return


def _places(heading: list[str], name: str) -> dict[str, int]:
    normal = [" ".join(cell.strip().lower().split()) for cell in heading]
    places = {field: normal.index(known) for field, names in _NAMES.items() for known in names[::-1] if known in normal}
    lacking = [field for field in _REQUIRED if field not in places]
    if lacking:
        raise ConfigValueError(
            f"{name} is no trade history of USD-M futures: it has no column for {', '.join(lacking)}",
            allowed="Uid,Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID",
            action="export it at the venue: Orders, Futures Order, Trade History, Export",
        )
    return places


def _zone_of(name: str, column: str) -> tuple[timezone, tuple[str, ...]]:
    if "utc" in column.lower():
        return UTC, ()
    match = _ZONE_IN_NAME.search(name)
    if match is None:
        return UTC, ("the export names no time zone, neither in its heading nor in its name: UTC is assumed",)
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    # West of Greenwich the venue writes two signs (UTC--6): the last one counts.
    return timezone(-offset if match["sign"].endswith("-") else offset), ()


def _trade(line: int, row: list[str], places: dict[str, int], zone: timezone) -> StatementTrade:
    def cell(field: str) -> str:
        place = places.get(field)
        return "" if place is None else row[place].strip()

    fee, currency = _amount(cell("fee"), "fee")
    side = cell("side").upper()
    if side not in ("BUY", "SELL"):
        raise ValueError(f"its side is {side or 'empty'!r:.40}, neither BUY nor SELL")
    if not (symbol := cell("symbol")):
        raise ValueError("it names no symbol")
    price, quantity = _amount(cell("price"), "price")[0], _amount(cell("quantity"), "quantity")[0]
    if price <= 0 or quantity <= 0:
        raise ValueError(f"its {'price' if price <= 0 else 'quantity'} is not above zero")
    realised = cell("realised")
    return StatementTrade(
        row=line,
        time_ns=_time_ns(cell("time"), zone),
        symbol=symbol,
        side=OrderSide(side),
        price=price,
        quantity=quantity,
        fee=fee,
        fee_currency=cell("fee_currency") or currency,
        realised=_amount(realised, "realised profit")[0] if realised else None,
        trade_id=cell("trade_id"),
        order_id=cell("order_id"),
    )


def _amount(text: str, what: str) -> tuple[Decimal, str]:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"its {what} is {text or 'empty'!r:.40}, which is no number")
    return Decimal(match["number"].replace(",", "")), match["currency"]


def _time_ns(text: str, zone: timezone) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"its time is {text or 'empty'!r:.40}, not like 2026-03-17 09:34:12")
    year = match["year"] if len(match["year"]) == 4 else f"20{match['year']}"
    spelt = year + text[len(match["year"]) : 19 - (4 - len(match["year"]))]
    moment = datetime.fromisoformat(spelt)
    told = match["zone"]
    aware = datetime.fromisoformat(f"{spelt}{told}") if told else moment.replace(tzinfo=zone)
    delta = aware - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * NS_PER_SEC
