"""The record of a discrepancy: one for all its lives, and always what its latest entry says."""

from __future__ import annotations

from dataclasses import replace

import orjson
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.journal.test_chain import entry_of
from trueup.journal.records import CARRIED, TOTALS, folded, record_of, totals_of
from trueup.journal.values import RESOLVED, DiscrepancyRecord, Entry, EntryKind

STATES = ["NEW", "CONFIRMED", "HEALING", "REFUSED", "GIVEN_UP", RESOLVED]


def transition(state: str, time_ns: int, **data: object) -> Entry:
    return Entry(
        kind=EntryKind.DISCREPANCY,
        time_ns=time_ns,
        line=f"line at {time_ns}",
        topic="FILL_MISSING",
        state=state,
        severity="CRITICAL",
        account_id="A-1",
        fingerprint="f" * 16,
        data=data,
    )


def after(states: list[str]) -> DiscrepancyRecord:
    record = None
    for number, state in enumerate(states, 1):
        record = folded(record, transition(state, number * 10), chain="node/T-1", sequence=number)
    assert record is not None
    return record


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=30))
def test_whatever_happens_to_it_there_is_one_record_with_its_lives_counted(states: list[str]) -> None:
    record = after(states)
    begins = [
        index for index, state in enumerate(states) if index and state != RESOLVED and states[index - 1] == RESOLVED
    ]
    assert record.occurrences == 1 + len(begins)
    assert record.transitions == len(states)
    assert record.first_ns == 10
    assert record.opened_ns == ((begins[-1] if begins else 0) + 1) * 10
    assert record.last_ns == len(states) * 10
    assert record.state == states[-1]
    assert record.sequence == len(states)
    assert record.is_open == (states[-1] != RESOLVED)


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=10))
def test_saying_again_how_it_stands_changes_only_where_its_latest_entry_is(states: list[str]) -> None:
    record = after(states)
    said = {CARRIED: True, "reason": record.reason, "resolved_by": record.resolved_by, "looks": record.looks}
    again = replace(transition(record.state, 9_999), line=record.line, data=said)
    carried = folded(record, again, chain="node/T-1", sequence=77)
    assert carried == replace(record, sequence=77)


def test_an_age_grows_while_it_stands_and_then_stays() -> None:
    standing, gone = after(["NEW", "CONFIRMED"]), after(["NEW", "CONFIRMED", RESOLVED])
    assert (standing.age_ns(1_000), standing.age_ns(2_000)) == (990, 1_990)
    assert gone.age_ns(2_000) == 20
    assert standing.age_ns(0) == 0, "a clock that was set back makes nothing negative"


def test_looks_are_what_the_writer_counted_and_one_for_a_life_where_it_does_not() -> None:
    one = folded(None, transition("NEW", 1, looks=3), chain="c", sequence=1)
    two = folded(one, transition("HEALING", 2), chain="c", sequence=2)
    three = folded(two, transition(RESOLVED, 3, looks=8), chain="c", sequence=3)
    four = folded(three, transition("NEW", 4), chain="c", sequence=4)
    assert [one.looks, two.looks, three.looks, four.looks] == [3, 3, 8, 1]


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=10))
def test_the_record_can_be_read_from_its_latest_entry_alone(states: list[str]) -> None:
    record = after(states)
    data = {TOTALS: totals_of(record), "reason": record.reason, "resolved_by": record.resolved_by}
    stored = replace(
        entry_of(record.subject, record.line),
        chain=record.chain,
        sequence=record.sequence,
        time_ns=record.last_ns,
        kind="DISCREPANCY",
        topic=record.kind,
        state=record.state,
        severity=record.severity,
        account_id=record.account_id,
        fingerprint=record.fingerprint,
        data=orjson.dumps(data).decode(),
    )
    assert record_of(stored) == record
