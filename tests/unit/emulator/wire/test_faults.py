"""Faults are data: read strictly, matched exactly, and the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.emulator.wire import fault_values as fv
from trueup.emulator.wire.faults import FAULTS_MAX, SNAPSHOTS_MAX, FaultBook, Subject
from trueup.errors import ConfigValueError

ORDER = Subject(
    now_ms=1_000,
    method="POST",
    path="/fapi/v1/order",
    symbol="BTCUSDT",
    account="main",
    client_order_id="O-1",
)
FILL = Subject(
    now_ms=1_000, event="ORDER_TRADE_UPDATE", execution="TRADE", symbol="BTCUSDT", account="main", client_order_id="O-1"
)


def _book(*faults: dict[str, Any]) -> FaultBook:
    book = FaultBook()
    for fault in faults:
        book.add(fv.parse_fault(fault))
    return book


def _hits(book: FaultBook, subject: Subject, times: int) -> list[int]:
    return [number for number in range(1, times + 1) if book.on_request(subject)]


EVERY_ACTION: list[dict[str, Any]] = [
    {"kind": "delay", "delay_ms": 5},
    {"kind": "hang"},
    {"kind": "close_before"},
    {"kind": "close_after"},
    {"kind": "respond", "status": 503, "body": "x", "headers": {"A": "b"}},
    {"kind": "accepted_but"},
    {"kind": "timeout_unknown", "effect": False},
    {"kind": "empty_list"},
    {"kind": "truncated_list", "keep": 2, "end": "last"},
    {"kind": "newest_first"},
    {"kind": "stale_snapshot"},
    {"kind": "clock_skew", "skew_ms": -5},
    {"kind": "drop_event"},
    {"kind": "duplicate_event", "copies": 3},
    {"kind": "delay_event", "delay_ms": 150, "overtaken": True},
    {"kind": "reorder_event", "behind": 2},
    {"kind": "half_open"},
    {"kind": "refuse_listen_key", "socket": "silent"},
]


@pytest.mark.parametrize("action", EVERY_ACTION, ids=lambda action: str(action["kind"]))
def test_every_fault_comes_back_from_json_as_it_went(action: dict[str, Any]) -> None:
    fault = fv.parse_fault({"name": "n", "match": {"symbol": "BTCUSDT", "nth": 2}, "action": action})

    assert fv.parse_fault(fault.model_dump(mode="json")) == fault


def test_every_kind_of_action_is_covered_here() -> None:
    kinds = {a.model_fields["kind"].default for a in (*fv.REQUEST_ACTIONS, *fv.EVENT_ACTIONS, *fv.SOCKET_ACTIONS)}

    assert kinds == {action["kind"] for action in EVERY_ACTION}


@pytest.mark.parametrize(
    "raw",
    [
        {"action": {"kind": "explode"}},
        {"action": {"kind": "delay"}},
        {"action": {"kind": "delay", "delay_ms": -1}},
        {"action": {"kind": "hang"}, "match": {"colour": "red"}},
        {"action": {"kind": "hang"}, "match": {"probability": 0}},
        {"action": {"kind": "hang"}, "match": {"nth": 0}},
        {"action": {"kind": "hang"}, "match": {"event": "ORDER_TRADE_UPDATE"}},
        {"action": {"kind": "drop_event"}, "match": {"path": "/fapi/v1/order"}},
        {"action": {"kind": "hang"}, "match": {"from_ms": 5, "until_ms": 5}},
        {},
        [],
        None,
    ],
)
def test_a_fault_that_cannot_be_used_is_refused_with_the_kinds_that_can(raw: object) -> None:
    with pytest.raises(ConfigValueError, match=r"action\.kind is one of delay, hang"):
        fv.parse_fault(raw)


@pytest.mark.parametrize(
    ("match", "other"),
    [
        ({"method": "POST"}, {"method": "GET"}),
        ({"path": "/fapi/*/order"}, {"path": "/fapi/v1/openOrders"}),
        ({"symbol": "BTCUSDT"}, {"symbol": "ETHUSDT"}),
        ({"account": "main"}, {"account": "second"}),
        ({"client_order_id": "O-*"}, {"client_order_id": "X-1"}),
        ({"from_ms": 1_000}, {"now_ms": 999}),
        ({"until_ms": 1_001}, {"now_ms": 1_001}),
    ],
)
def test_each_field_of_a_match_must_hold(match: dict[str, Any], other: dict[str, Any]) -> None:
    book = _book({"match": match, "action": {"kind": "hang"}})

    assert book.on_request(ORDER)
    assert not book.on_request(replace(ORDER, **other))


def test_an_event_is_matched_by_type_and_execution() -> None:
    book = _book(
        {"match": {"event": "ORDER_TRADE_UPDATE", "execution": "TRADE"}, "action": {"kind": "drop_event"}},
    )

    assert book.on_event(FILL) == [fv.DropEvent()]
    assert not book.on_event(replace(FILL, execution="NEW"))
    assert not book.on_event(replace(FILL, event="ACCOUNT_UPDATE"))
    assert not book.on_request(ORDER)


def test_nth_and_count_pick_occurrences_among_those_that_match() -> None:
    book = _book({"match": {"symbol": "BTCUSDT", "nth": 3, "count": 2}, "action": {"kind": "hang"}})
    book.on_request(replace(ORDER, symbol="ETHUSDT"))

    assert _hits(book, ORDER, 8) == [3, 4]
    ((_, _, seen, hits),) = book.listing()
    assert (seen, hits) == (8, 2)


@given(st.integers(0, 2**32), st.floats(0.1, 0.9))
def test_the_same_seed_hits_the_same_occurrences(seed: int, probability: float) -> None:
    fault = {"match": {"probability": probability, "seed": seed}, "action": {"kind": "hang"}}

    assert _hits(_book(fault), ORDER, 50) == _hits(_book(fault), ORDER, 50)


def test_probability_is_met_over_many_occurrences() -> None:
    book = _book({"match": {"probability": 0.25, "seed": 11}, "action": {"kind": "hang"}})

    assert 200 < len(_hits(book, ORDER, 1_000)) < 300


def test_actions_come_in_the_order_of_arming_and_go_when_removed() -> None:
    book = _book({"action": {"kind": "delay", "delay_ms": 1}}, {"action": {"kind": "close_after"}})

    assert [action.kind for _, action in book.on_request(ORDER)] == ["delay", "close_after"]
    assert book.remove(1)
    assert not book.remove(1)
    assert [action.kind for _, action in book.on_request(ORDER)] == ["close_after"]
    assert book.clear() == 1
    assert not book.watches_requests


def test_a_half_open_socket_may_begin_with_an_event() -> None:
    at_event = _book({"match": {"event": "ACCOUNT_UPDATE"}, "action": {"kind": "half_open"}})
    at_once = _book({"action": {"kind": "half_open"}})

    assert at_event.on_event(replace(FILL, event="ACCOUNT_UPDATE")) == [fv.HalfOpen()]
    assert not at_event.watches_sockets
    assert at_once.on_socket(Subject(now_ms=0, path="/ws")) == [fv.HalfOpen()]
    assert not at_once.watches_events


def test_faults_are_bounded() -> None:
    book = FaultBook()
    fault = fv.parse_fault({"action": {"kind": "hang"}})
    for _ in range(FAULTS_MAX):
        book.add(fault)

    with pytest.raises(ConfigValueError, match="clear some first"):
        book.add(fault)


def test_a_snapshot_keeps_the_first_answer_of_each_question_and_is_bounded() -> None:
    book = FaultBook()

    assert book.snapshot(1, "a", b"old") == b"old"
    assert book.snapshot(1, "a", b"new") == b"old"
    assert book.snapshot(2, "a", b"new") == b"new"
    for number in range(SNAPSHOTS_MAX + 1):
        book.snapshot(3, str(number), b"x")
    assert book.snapshot(1, "a", b"newest") == b"newest"
