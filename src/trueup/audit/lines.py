"""Put what an audit found into the lines of its report. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from trueup.audit.node_side import NodeReading
from trueup.audit.result import (
    AccountResult,
    CoverageLine,
    DiscrepancyLine,
    PositionLine,
    QueryLine,
    WriterLine,
)
from trueup.core.diff import Comparison
from trueup.core.view import View
from trueup.core.wording import plain
from trueup.model.coverage import KindCoverage, RecordKind
from trueup.model.discrepancies import Discrepancy
from trueup.model.snapshots import NodeSnapshot, Snapshot, VenueSnapshot
from trueup.model.verdicts import Verdict
from trueup.venues.outside import QueryTally

PENDING_SHOWN_MAX: Final = 50
FAILURES_SHOWN_MAX: Final = 5


def account_result(
    *,
    name: str,
    exchange: str,
    trader_id: str,
    verdict: Verdict,
    venue: VenueSnapshot,
    node: NodeReading,
    comparison: Comparison,
    confirmed: tuple[Discrepancy, ...],
    unsettled: tuple[Discrepancy, ...],
    writers: tuple[WriterLine, ...],
    queries: Mapping[str, QueryTally],
    notes: tuple[str, ...],
    looks: int,
    secs: float,
    shown_max: int,
) -> AccountResult:
    """Return the report of one account."""
    window = venue.coverage.fills.asked
    pending = [f"order {one.client_order_id}: {one.status}, {one.reason}" for one in comparison.pending]
    pending += [f"{one.explain()} (not yet seen twice, or too young to tell)" for one in unsettled]
    state = node.snapshot
    return AccountResult(
        name=name,
        exchange=exchange,
        state=str(verdict.state),
        trader_id=trader_id,
        account_id=state.account_id,
        time_ns=verdict.time_ns,
        window_from_ns=None if window is None else window.start_ns,
        window_to_ns=None if window is None else window.end_ns,
        expected_from_ns=state.known_from_ns,
        node_last_event_ns=node.last_event_ns,
        looks=looks,
        secs=secs,
        orders_venue=len(venue.orders),
        orders_node=len(state.orders),
        orders_open_venue=sum(order.is_open for order in venue.orders),
        fills_venue=len(venue.fills),
        fills_node=len(state.fills),
        coverage=(*_coverage("venue", venue), *_coverage("node", state)),
        discrepancies=tuple(discrepancy_line(one) for one in confirmed[:shown_max]),
        discrepancies_total=len(confirmed),
        discrepancies_by_kind=dict(sorted(Counter(str(one.kind) for one in confirmed).items())),
        pending=tuple(pending[:PENDING_SHOWN_MAX]),
        pending_total=len(pending),
        unknowns=verdict.unknowns,
        unchecked=verdict.unchecked,
        notes=notes,
        writers=writers,
        positions=tuple(_positions(venue, state)),
        queries=tuple(query_lines(queries)),
    )


def discrepancy_line(one: Discrepancy) -> DiscrepancyLine:
    """Return one difference."""
    return DiscrepancyLine(
        fingerprint=one.fingerprint,
        kind=str(one.kind),
        severity=str(one.severity),
        subject=str(one.subject),
        line=one.explain(),
        instrument_id=one.subject.instrument_id,
        venue=one.venue,
        node=one.node,
        change=one.change,
        time_ns=one.time_ns,
    )


def query_lines(queries: Mapping[str, QueryTally]) -> Iterator[QueryLine]:
    """Yield the questions that were asked, by kind."""
    for name, tally in sorted(queries.items()):
        yield QueryLine(
            query=name,
            count=tally.count,
            failures=tally.failures,
            timeouts=tally.timeouts,
            p50_ms=tally.percentile_ms(0.5),
            p99_ms=tally.percentile_ms(0.99),
            max_ms=tally.percentile_ms(1.0),
            last_ns=tally.last_ns,
            last_error=tally.last_error,
        )


def _coverage(side: str, snapshot: Snapshot) -> Iterator[CoverageLine]:
    for kind in RecordKind:
        yield _coverage_line(side, kind, snapshot.coverage.of(kind))


def _coverage_line(side: str, kind: RecordKind, part: KindCoverage) -> CoverageLine:
    failures = [
        f"{one.query}{f' for {one.instrument_id}' if one.instrument_id else ''}: {one.reason}"
        for one in part.failures[:FAILURES_SHOWN_MAX]
    ]
    if len(part.failures) > FAILURES_SHOWN_MAX:
        failures.append(f"and {len(part.failures) - FAILURES_SHOWN_MAX} more")
    return CoverageLine(
        side=side,
        kind=str(kind),
        state=coverage_state(part),
        asked_from_ns=part.asked.start_ns if part.asked else None,
        asked_to_ns=part.asked.end_ns if part.asked else None,
        got_from_ns=part.got.start_ns if part.got else None,
        got_to_ns=part.got.end_ns if part.got else None,
        failures=tuple(failures),
    )


def coverage_state(part: KindCoverage) -> str:
    """Return one word for how far a kind was read."""
    if part.asked is None:
        return "not_asked"
    if part.failures or part.got is None:
        return "failed"
    if part.cut_short:
        return "cut"
    return "complete" if part.is_complete else "partial"


def _positions(venue: VenueSnapshot, node: NodeSnapshot) -> Iterable[PositionLine]:
    view = View(venue, node)
    for key in sorted({*venue.positions_by_key, *node.positions_by_key}):
        said, held = view.venue_quantity(key), view.node_quantity(key)
        if said or held:
            yield PositionLine(
                instrument_id=key[0],
                leg=str(key[1]),
                venue=None if said is None else plain(said),
                node=plain(held),
                agrees=said == held,
            )
