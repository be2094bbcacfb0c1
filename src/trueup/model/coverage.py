"""How far a reading reached: what was asked, what was got, what failed.

A snapshot without its coverage cannot tell "flat" from "not asked" (issues #4617, #4729, #4892). Whatever a reading
does not cover is unknown, and nothing may be concluded from its absence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class RecordKind(StrEnum):
    """The kinds of record that are read apart from each other."""

    ORDERS_OPEN = "ORDERS_OPEN"
    ORDERS_CLOSED = "ORDERS_CLOSED"
    FILLS = "FILLS"
    POSITIONS = "POSITIONS"
    BALANCES = "BALANCES"


@dataclass(frozen=True, slots=True)
class Window:
    """Hold a span of time, both ends included, in nanoseconds; ``start_ns`` 0 means from the beginning."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        assert 0 <= self.start_ns <= self.end_ns, f"a window must not end before it starts: {self}"

    def contains(self, time_ns: int) -> bool:
        """Return whether an instant lies inside."""
        return self.start_ns <= time_ns <= self.end_ns

    def covers(self, other: Window) -> bool:
        """Return whether another window lies wholly inside."""
        return self.start_ns <= other.start_ns and other.end_ns <= self.end_ns


@dataclass(frozen=True, slots=True)
class FailedQuery:
    """Hold one query that gave no answer: what was asked, for which instrument (None for all), and why it failed."""

    query: str
    reason: str
    instrument_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCoverage:
    """Hold how far one kind of record was read.

    Parameters
    ----------
    asked, got : Window or None
        The window asked for, and the one that the answer really spans. None as ``got`` means nothing was got. For open
        orders, positions and balances the window's end is the instant of the reading and its start is 0.
    cut_short : bool
        The answer stopped early: a page limit, a row limit, a deadline.
    failures : tuple of FailedQuery
        A failure that names an instrument spoils that instrument alone, one that names none spoils the kind.
    instruments : frozenset of str or None
        The instruments that were asked for, None for all.
    orders : frozenset of str
        Orders that were asked for one by one and answered (client or venue order ids); for `FILLS`, orders whose fills
        were. They are covered whatever the window.
    """

    asked: Window | None = None
    got: Window | None = None
    cut_short: bool = False
    failures: tuple[FailedQuery, ...] = ()
    instruments: frozenset[str] | None = None
    orders: frozenset[str] = frozenset()

    @property
    def is_complete(self) -> bool:
        """Return whether all that was asked was got (something was asked, nothing failed, nothing was cut short)."""
        if self.asked is None or self.got is None or self.cut_short or self.failures:
            return False
        return self.got.covers(self.asked)

    def is_complete_for(self, instrument_id: str | None = None, time_ns: int | None = None) -> bool:
        """Return whether a record of this instrument at this time would have been seen, had it existed.

        Parameters
        ----------
        instrument_id : str, optional
            None asks for every instrument.
        time_ns : int, optional
            None asks for the whole window that was asked.
        """
        if self.got is None or self.cut_short:
            return False
        if any(
            f.instrument_id is None or instrument_id is None or f.instrument_id == instrument_id for f in self.failures
        ):
            return False
        if self.instruments is not None and (instrument_id is None or instrument_id not in self.instruments):
            return False
        if time_ns is not None:
            return self.got.contains(time_ns)
        return self.asked is not None and self.got.covers(self.asked)


_NOT_READ = KindCoverage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Hold how far one snapshot reached, kind by kind. What is not given was not read."""

    orders_open: KindCoverage = _NOT_READ
    orders_closed: KindCoverage = _NOT_READ
    fills: KindCoverage = _NOT_READ
    positions: KindCoverage = _NOT_READ
    balances: KindCoverage = _NOT_READ

    @classmethod
    def full(cls, end_ns: int, start_ns: int = 0) -> Coverage:
        """Return the coverage of a reading that got everything from ``start_ns`` to ``end_ns``."""
        history = Window(start_ns, end_ns)
        now = Window(0, end_ns)
        return cls(
            orders_open=KindCoverage(asked=now, got=now),
            orders_closed=KindCoverage(asked=history, got=history),
            fills=KindCoverage(asked=history, got=history),
            positions=KindCoverage(asked=now, got=now),
            balances=KindCoverage(asked=now, got=now),
        )

    def of(self, kind: RecordKind) -> KindCoverage:
        """Return the coverage of one kind."""
        match kind:
            case RecordKind.ORDERS_OPEN:
                return self.orders_open
            case RecordKind.ORDERS_CLOSED:
                return self.orders_closed
            case RecordKind.FILLS:
                return self.fills
            case RecordKind.POSITIONS:
                return self.positions
            case RecordKind.BALANCES:
                return self.balances

    def complete_for(self, kind: RecordKind, instrument_id: str | None = None, time_ns: int | None = None) -> bool:
        """Return whether a record of this kind, instrument and time would have been seen, had it existed."""
        return self.of(kind).is_complete_for(instrument_id, time_ns)

    def incomplete(self, kinds: Iterable[RecordKind]) -> tuple[RecordKind, ...]:
        """Return those of ``kinds`` that were not got whole, in the order of the enumeration."""
        wanted = frozenset(kinds)
        return tuple(kind for kind in RecordKind if kind in wanted and not self.of(kind).is_complete)

    @property
    def failures(self) -> tuple[FailedQuery, ...]:
        """Return every failed query, kind by kind."""
        return tuple(failure for kind in RecordKind for failure in self.of(kind).failures)
