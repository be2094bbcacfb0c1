"""A reading of the venue while it is being made: reports collected, de-duplicated, and their coverage."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from trueup.model.balances import BalanceRecord
from trueup.model.coverage import Coverage, FailedQuery, KindCoverage, RecordKind, Window
from trueup.model.fills import FillKey, FillRecord
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionKey, PositionRecord
from trueup.model.snapshots import VenueSnapshot
from trueup.venues.questions import About, Question
from trueup.venues.records import fill_record, order_record, position_record
from trueup.venues.values import instrument_name

FAILURES_MAX = 100
"""Failed queries kept for each kind; the hundredth says nothing that the first did not."""


@dataclass(frozen=True, slots=True)
class VenueReading:
    """Hold one reading: the frozen snapshot, the adapter's own reports behind it, and what was out of scope.

    Parameters
    ----------
    snapshot : VenueSnapshot
        Venue truth with its coverage.
    order_reports : dict
        (instrument id, venue order id) to the report that was kept.
    fill_reports : dict
        Fill key to the report that was kept.
    out_of_scope : frozenset of str
        Instruments that the venue names and the node does not trade or is told to leave alone.
    """

    snapshot: VenueSnapshot
    order_reports: dict[tuple[str, str], Any]
    fill_reports: dict[FillKey, Any]
    out_of_scope: frozenset[str]


@dataclass
class ReadingDraft:
    """Collect answers of one reading. Everything is keyed by its name, so an answer given twice counts once."""

    account_id: str
    started_ns: int
    in_scope: Any
    orders: dict[tuple[str, str], tuple[OrderRecord, Any]] = field(default_factory=dict)
    fills: dict[FillKey, tuple[FillRecord, Any]] = field(default_factory=dict)
    clashing_fills: dict[tuple[FillKey, str], tuple[FillRecord, Any]] = field(default_factory=dict)
    positions: dict[PositionKey, PositionRecord] = field(default_factory=dict)
    balances: list[BalanceRecord] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    out_of_scope: set[str] = field(default_factory=set)
    within: set[str] = field(default_factory=set)
    kinds: dict[RecordKind, KindCoverage] = field(default_factory=dict)

    def add_order(self, report: Any) -> None:
        """Keep an order's report; of two readings of one order the later, fuller, closed one stays."""
        if not self._wanted(report):
            return
        record = order_record(report)
        key = (record.instrument_id, record.venue_order_id or f"?{record.client_order_id}")
        held = self.orders.get(key)
        if held is None or _rank(record) >= _rank(held[0]):
            self.orders[key] = (record, report)

    def add_fill(self, report: Any) -> None:
        """Keep a fill's report, once; two different fills of one name are both kept, to be reported as a clash."""
        if not self._wanted(report):
            return
        record = fill_record(report)
        held = self.fills.setdefault(record.key, (record, report))
        if held[0] is not record and not _is_same_fill(held[0], record):
            self.clashing_fills.setdefault((record.key, f"{record.quantity}|{record.price}"), (record, report))

    def add_position(self, report: Any) -> None:
        """Keep a position's report; flat ones are kept too, since they are an answer."""
        if not self._wanted(report):
            return
        record = position_record(report)
        self.positions[record.key] = record

    def adopt(self, earlier: ReadingDraft) -> None:
        """Take over what cannot change any more from an earlier reading of the same account: fills and closed orders.

        The window of this reading must overlap the earlier one's. What was open then is not taken over: only this
        reading says what is open now.
        """
        assert earlier.account_id == self.account_id, "a reading must not adopt another account's"
        for key, held in earlier.orders.items():
            mine = self.orders.get(key)
            if held[0].is_closed and (mine is None or _rank(held[0]) > _rank(mine[0])):
                self.orders[key] = held
        for name, fill in earlier.fills.items():
            mine_of_it = self.fills.setdefault(name, fill)
            if mine_of_it is not fill and not _is_same_fill(mine_of_it[0], fill[0]):
                self.clashing_fills.setdefault((name, f"{fill[0].quantity}|{fill[0].price}"), fill)
        self.clashing_fills = earlier.clashing_fills | self.clashing_fills
        for kind in (RecordKind.ORDERS_CLOSED, RecordKind.FILLS):
            before, now = earlier.kinds.get(kind), self.kinds.get(kind)
            if before is None or now is None or before.got is None or now.got is None or now.asked is None:
                continue
            if before.got.end_ns < now.got.start_ns:
                continue
            start_ns = min(before.got.start_ns, now.got.start_ns)
            asked = Window(min(before.asked.start_ns if before.asked else start_ns, start_ns), now.asked.end_ns)
            self.kinds[kind] = replace(
                now, asked=asked, got=Window(start_ns, now.got.end_ns), orders=now.orders | before.orders
            )

    def asked(self, kind: RecordKind, window: Window, instrument_id: str | None = None) -> None:
        """Note that a kind was asked for over a window (for one instrument, or for all)."""
        held = self.kinds.get(kind)
        if held is None or held.asked is None:
            wanted = None if instrument_id is None else frozenset({instrument_id})
            self.kinds[kind] = replace(held or KindCoverage(), asked=window, instruments=wanted)

    def got(self, kind: RecordKind, window: Window) -> None:
        """Note that the answer came, whole."""
        held = self.kinds[kind]
        if held.got is None or not held.got.covers(window):
            self.kinds[kind] = replace(held, got=window)

    def failed(self, kind: RecordKind, query: str, reason: str, instrument_id: str | None = None) -> None:
        """Note that no answer came."""
        held = self.kinds.get(kind, KindCoverage())
        if len(held.failures) < FAILURES_MAX:
            self.kinds[kind] = replace(held, failures=(*held.failures, FailedQuery(query, reason, instrument_id)))

    def answered(self, question: Question, *, unknown: bool = False) -> None:
        """Note that the venue answered a question about one order, be it with "unknown order"."""
        if unknown:
            self.unknown.update(question.names)
        kinds = (RecordKind.ORDERS_OPEN, RecordKind.ORDERS_CLOSED)
        for kind in kinds if question.about is About.ORDER else (RecordKind.FILLS,):
            held = self.kinds.get(kind, KindCoverage())
            self.kinds[kind] = replace(held, orders=held.orders | set(question.names))

    def history_from_ns(self) -> int:
        """Return since when orders or fills were asked for; 0 where the whole history, or none, was."""
        held = [self.kinds.get(kind) for kind in (RecordKind.ORDERS_CLOSED, RecordKind.FILLS)]
        windows = [window for one in held if one is not None for window in (one.asked, one.got) if window is not None]
        return min((window.start_ns for window in windows), default=0)

    def order_names(self) -> frozenset[str]:
        """Return every name of an order that the reading mentions."""
        names: set[str | None] = set()
        for order, _ in self.orders.values():
            names.update((order.venue_order_id, order.client_order_id))
        for fill, _ in self.fills.values():
            names.update((fill.venue_order_id, fill.client_order_id))
        return frozenset(name for name in names if name)

    def history_instruments(self, since_ns: int) -> frozenset[str]:
        """Return the instruments on which anything moved since an instant, and those of every fill that was listed."""
        moved = {order.instrument_id for order, _ in self.orders.values() if order.updated_ns >= since_ns}
        return frozenset(moved | {fill.instrument_id for fill, _ in self.fills.values()})

    def cut_short(self, kind: RecordKind) -> None:
        """Note that asking stopped before everything was asked."""
        self.kinds[kind] = replace(self.kinds.get(kind, KindCoverage()), cut_short=True)

    def freeze(self, ended_ns: int) -> VenueReading:
        """Return the reading as values, fills in venue time order."""
        fills = sorted((*self.fills.values(), *self.clashing_fills.values()), key=lambda held: held[0].order_time_key)
        kinds = {kind.lower(): coverage for kind, coverage in self.kinds.items()}
        snapshot = VenueSnapshot(
            account_id=self.account_id,
            started_ns=self.started_ns,
            ended_ns=max(ended_ns, self.started_ns),
            orders=tuple(record for record, _ in self.orders.values()),
            fills=tuple(record for record, _ in fills),
            positions=tuple(self.positions.values()),
            balances=tuple(self.balances),
            coverage=Coverage(**kinds),
            unknown_orders=frozenset(self.unknown),
        )
        return VenueReading(
            snapshot=snapshot,
            order_reports={key: report for key, (_, report) in self.orders.items()},
            fill_reports={record.key: report for record, report in fills},
            out_of_scope=frozenset(self.out_of_scope),
        )

    def _wanted(self, report: Any) -> bool:
        instrument_id = instrument_name(report.instrument_id)
        if instrument_id in self.within:
            return True
        if self.in_scope(instrument_id):
            self.within.add(instrument_id)
            return True
        self.out_of_scope.add(instrument_id)
        return False


def _is_same_fill(one: FillRecord, other: FillRecord) -> bool:
    return (one.quantity, one.price, one.venue_order_id) == (other.quantity, other.price, other.venue_order_id)


def _rank(order: OrderRecord) -> tuple[int, object, bool]:
    return (order.updated_ns, order.filled_quantity, order.is_closed)
