"""The third leg: the venue's own export beside what its interface lists and what the node booked. Pure.

Only what both sides of a pair speak for is compared: the export from its first trade to its last, the venue's
interface over the window that it was read, the node from when it is expected to hold everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from trueup.audit.result import StatementLine, StatementResult, SumLine
from trueup.audit.statement import NS_PER_SEC, Statement, StatementTrade
from trueup.core.wording import plain
from trueup.model.coverage import RecordKind
from trueup.model.fills import FillRecord
from trueup.model.snapshots import NodeSnapshot, Snapshot, VenueSnapshot

FINDINGS_MAX: Final = 500
Span = tuple[int, int]
type Realised = Mapping[tuple[str, str, str], Decimal]
"""Instrument, trade id, side to the venue's realised profit."""


def reconcile(
    statement: Statement, venue: VenueSnapshot | None, node: NodeSnapshot | None, realised: Realised | None = None
) -> StatementResult:
    """Reconcile an export with the venue's interface and the node.

    Parameters
    ----------
    statement : Statement
        The export.
    venue, node : snapshots or None
        The readings; None for a side that could not be read.
    realised : mapping, optional
        The venue's realised profit of each trade.

    Returns
    -------
    StatementResult
        DISCREPANT for any difference, UNKNOWN for bad rows, for a side that was not read, and where the windows do not
        overlap.
    """
    span = statement.span_ns
    findings = [
        StatementLine(finding="bad_row", line=f"line {row}: {text}", row=row) for row, text in statement.bad_rows
    ]
    notes = list(statement.notes)
    if statement.bad_rows_total > len(statement.bad_rows):
        notes.append(f"{statement.bad_rows_total - len(statement.bad_rows)} more bad rows")
    differences: list[StatementLine] = []
    sums: list[SumLine] = []
    is_whole = not statement.bad_rows_total and span is not None
    if span is None:
        notes.append("the export holds no trade")
    else:
        shared = _shared_span(span, _venue_span(venue))
        if venue is None or shared is None:
            notes.append(
                "the venue's interface was not read over the export's time: the export is not compared with it"
            )
            is_whole = False
        else:
            differences += _compare(statement, venue, shared, "at venue")
            sums = _sums(statement, venue, node, shared, realised or {})
            differences += [_of_sum(one) for one in sums if not one.agrees]
            if shared != span:
                notes.append("the export reaches further than the audited window: the rest of it is not compared")
        own = _shared_span(span, _node_span(node))
        if node is None or own is None:
            notes.append("the node is not expected to hold the export's time: the export is not compared with it")
        else:
            differences += _compare(statement, node, own, "in node")
    findings += differences
    state = "DISCREPANT" if differences else "CLEAN" if is_whole else "UNKNOWN"
    return StatementResult(
        file=statement.name,
        state=state,
        rows=statement.rows,
        trades=len(statement.trades),
        from_ns=None if span is None else span[0],
        to_ns=None if span is None else span[1],
        columns=statement.columns,
        findings=tuple(findings[:FINDINGS_MAX]),
        findings_hidden=max(0, len(findings) - FINDINGS_MAX),
        sums=tuple(sums),
        notes=tuple(notes),
    )


# -- what is compared --------------------------------------------------------------------------------------------------


def _venue_span(venue: VenueSnapshot | None) -> Span | None:
    got = None if venue is None else venue.coverage.fills.got
    return None if got is None else (got.start_ns, got.end_ns)


def _node_span(node: NodeSnapshot | None) -> Span | None:
    if node is None or node.known_from_ns is None:
        return None
    return (node.known_from_ns, node.ended_ns)


def _shared_span(one: Span, other: Span | None) -> Span | None:
    if other is None or max(one[0], other[0]) > min(one[1], other[1]):
        return None
    return (max(one[0], other[0]), min(one[1], other[1]))


def _inside(trades: Iterable[StatementTrade], span: Span) -> list[StatementTrade]:
    # A trade's time is good to the second, so one that lies on the edge of the window may be outside of it.
    return [trade for trade in trades if span[0] <= trade.time_ns + NS_PER_SEC - 1 and trade.time_ns <= span[1]]


def _is_sure(trade: StatementTrade, span: Span) -> bool:
    return span[0] <= trade.time_ns and trade.time_ns + NS_PER_SEC - 1 <= span[1]


def _compare(statement: Statement, side: Snapshot, span: Span, where: str) -> list[StatementLine]:
    fills = [fill for fill in side.fill_by_key.values() if span[0] <= fill.time_ns <= span[1]]
    trades = [one for one in _inside(statement.trades, span) if _is_readable(side, one)]
    if statement.has_trade_ids:
        return _by_id(trades, side.fill_by_key.values(), fills, span, where)
    return _by_values(trades, fills, span, where)


def _is_readable(side: Snapshot, trade: StatementTrade) -> bool:
    failed = {failure.instrument_id for failure in side.coverage.of(RecordKind.FILLS).failures}
    return None not in failed and not any(one and _symbol_of(one) == trade.symbol for one in failed)


def _symbol_of(instrument_id: str) -> str:
    return instrument_id.rpartition(".")[0].removesuffix("-PERP")


def _by_id(
    trades: list[StatementTrade], every: Iterable[FillRecord], fills: list[FillRecord], span: Span, where: str
) -> list[StatementLine]:
    known = {(_symbol_of(fill.instrument_id), fill.trade_id, fill.side): fill for fill in every}
    found: list[StatementLine] = []
    told = set()
    for trade in trades:
        key = (trade.symbol, trade.trade_id, trade.side)
        told.add(key)
        fill = known.get(key)
        if fill is None:
            if _is_sure(trade, span):
                found.append(_missing(trade, where))
        else:
            found += _values(trade, fill, where)
    for fill in fills:
        if (_symbol_of(fill.instrument_id), fill.trade_id, fill.side) not in told:
            found.append(_untold(fill, where))
    return found


def _by_values(trades: list[StatementTrade], fills: list[FillRecord], span: Span, where: str) -> list[StatementLine]:
    """Compare trades without ids: by symbol, second, side, quantity and price, each as often as it happened."""
    left: dict[tuple[object, ...], list[FillRecord]] = defaultdict(list)
    for fill in fills:
        second = fill.time_ns // NS_PER_SEC
        left[(_symbol_of(fill.instrument_id), second, fill.side, fill.quantity, fill.price)].append(fill)
    found: list[StatementLine] = []
    for trade in trades:
        key = (trade.symbol, trade.time_ns // NS_PER_SEC, trade.side, trade.quantity, trade.price)
        if left.get(key):
            found += _values(trade, left[key].pop(), where)
        elif _is_sure(trade, span):
            found.append(_missing(trade, where))
    found += [_untold(fill, where) for fills_left in left.values() for fill in fills_left]
    return found


def _missing(trade: StatementTrade, where: str) -> StatementLine:
    name = f"trade {trade.trade_id} " if trade.trade_id else ""
    said = f"{trade.side} {plain(trade.quantity)} {trade.symbol} @ {plain(trade.price)}"
    return StatementLine(
        finding=f"missing_{where.replace(' ', '_')}",
        line=f"line {trade.row}: {name}{said} is missing {where}",
        row=trade.row,
    )


def _untold(fill: FillRecord, where: str) -> StatementLine:
    said = f"{fill.side} {plain(fill.quantity)} {_symbol_of(fill.instrument_id)} @ {plain(fill.price)}"
    return StatementLine(
        finding="missing_in_statement", line=f"trade {fill.trade_id} {said} is there {where}, and not in the export"
    )


def _values(trade: StatementTrade, fill: FillRecord, where: str) -> list[StatementLine]:
    pairs: list[tuple[str, object, object]] = [
        ("quantity", trade.quantity, fill.quantity),
        ("price", trade.price, fill.price),
        ("fee", trade.fee, fill.commission),
    ]
    if trade.fee_currency and fill.commission_currency:
        pairs.append(("fee currency", trade.fee_currency, fill.commission_currency))
    if trade.order_id and fill.venue_order_id:
        pairs.append(("order", trade.order_id, fill.venue_order_id))
    name = trade.trade_id or f"of {trade.symbol}"
    return [
        StatementLine(
            finding="differs",
            line=f"line {trade.row}: trade {name} {what}: {_text(held)} {where}, {_text(said)} in the export",
            row=trade.row,
        )
        for what, said, held in pairs
        if said != held
    ]


def _text(value: object) -> str:
    return (plain(value) or "") if isinstance(value, Decimal) else str(value)


# -- sums --------------------------------------------------------------------------------------------------------------


def _sums(
    statement: Statement, venue: VenueSnapshot, node: NodeSnapshot | None, span: Span, realised: Realised
) -> list[SumLine]:
    """Return exact sums over the time that the export and the venue's interface share, symbol by symbol.

    The node's are given where it is expected to hold that time; it keeps no realised profit by trade.
    """
    trades = [trade for trade in _inside(statement.trades, span) if _is_readable(venue, trade)]
    said = _of_trades(trades)
    with_currency = any(trade.fee_currency for trade in trades)
    listed = _of_fills(venue, span, realised, with_currency=with_currency)
    booked = None
    if node is not None and node.known_from_ns is not None and node.known_from_ns <= span[0]:
        booked = _of_fills(node, span, {}, with_currency=with_currency)
    lines = []
    for key in sorted(said.keys() | listed.keys()):
        symbol, what, currency = key
        if what == "realised profit" and not realised:
            continue
        one, other = said.get(key, Decimal(0)), listed.get(key, Decimal(0))
        third = None if booked is None or what == "realised profit" else booked.get(key, Decimal(0))
        lines.append(
            SumLine(
                symbol=symbol,
                what=what,
                currency=currency,
                statement=plain(one) or "0",
                venue=plain(other),
                node=plain(third),
                agrees=one == other and third in (None, one),
            )
        )
    return lines


type _Sums = dict[tuple[str, str, str], Decimal]
"""Symbol, what, currency."""


def _add(sums: _Sums, symbol: str, what: str, currency: str, value: Decimal) -> None:
    key = (symbol, what, currency)
    sums[key] = sums.get(key, Decimal(0)) + value


def _of_trades(trades: Iterable[StatementTrade]) -> _Sums:
    sums: _Sums = {}
    for trade in trades:
        _add(sums, trade.symbol, f"{trade.side.lower()} quantity", "", trade.quantity)
        _add(sums, trade.symbol, "fee", trade.fee_currency, trade.fee)
        if trade.realised is not None:
            _add(sums, trade.symbol, "realised profit", "", trade.realised)
    return sums


def _of_fills(side: Snapshot, span: Span, realised: Realised, *, with_currency: bool) -> _Sums:
    sums: _Sums = {}
    for fill in side.fill_by_key.values():
        if not span[0] <= fill.time_ns <= span[1]:
            continue
        symbol = _symbol_of(fill.instrument_id)
        _add(sums, symbol, f"{fill.side.lower()} quantity", "", fill.quantity)
        _add(sums, symbol, "fee", fill.commission_currency if with_currency else "", fill.commission)
        profit = realised.get((fill.instrument_id, fill.trade_id, fill.side))
        if profit is not None:
            _add(sums, symbol, "realised profit", "", profit)
    return sums


def _of_sum(one: SumLine) -> StatementLine:
    node = "" if one.node is None else f", node {one.node}"
    unit = f" {one.currency}" if one.currency else ""
    return StatementLine(
        finding="sum",
        line=f"{one.symbol} sum of {one.what}: export {one.statement}{unit}, venue {one.venue}{unit}{node}",
    )
