"""What may be relied on is less than what was once found: it grows old, hangs, or was never whole."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.endpoint import statuses
from tests.unit.monitor.endpoint.statuses import NOW_NS, SECOND_NS, ago
from trueup.monitor.endpoint import FleetStatus, decode_document, encode_document, judge, unhealthy, unready, worst
from trueup.monitor.endpoint.judgement import HEARTBEAT_SECS_MAX, START_SECS_MAX, VERDICT_SECS_MAX
from trueup.monitor.endpoint.words import count, span
from trueup.monitor.status import LoopStatus, NodeStatus


@pytest.mark.parametrize(
    ("name", "verdict", "reason"),
    [
        ("clean", "CLEAN", ""),
        ("discrepant", "DISCREPANT", "node and venue differ: 5 discrepancies"),
        ("unknown", "UNKNOWN", "not everything could be compared"),
        ("starting", "UNKNOWN", "the start-up is not verified yet (phase INITIALIZING)"),
        ("failed", "UNKNOWN", "the node does not trade: the start-up could not be verified within 30 s"),
        ("hung", "UNKNOWN", "the event loop has not answered for 12 s"),
        ("stale", "UNKNOWN", "the last verdict is 10 min old (limit 2 min)"),
    ],
)
def test_each_state_is_judged_by_what_may_be_relied_on_and_says_why(name: str, verdict: str, reason: str) -> None:
    status = statuses.ALL[name]()
    found = judge(status)
    assert (found.verdict, (found.reasons or ("",))[0]) == (verdict, reason)
    assert unready(status) == found.reasons


def test_a_clean_verdict_turns_unknown_by_nothing_but_time() -> None:
    status = statuses.clean()
    assert judge(status, waited_secs=116).verdict == "CLEAN"
    assert judge(status, waited_secs=117).verdict == "UNKNOWN"


def test_a_difference_stays_one_however_old_it_is() -> None:
    found = judge(statuses.discrepant(), waited_secs=1e6)
    assert found.verdict == "DISCREPANT"
    assert any("old" in reason for reason in found.reasons)


def test_a_status_without_a_limit_grows_stale_too() -> None:
    status = statuses.clean(verdict_age_secs_max=None, verdict_ns=ago(VERDICT_SECS_MAX + 1))
    assert judge(status).verdict == "UNKNOWN"


def test_a_loop_is_given_the_time_of_the_heaviest_start_before_it_must_beat() -> None:
    waiting = statuses.starting(started_ns=ago(START_SECS_MAX - 1))
    assert unhealthy(waiting) == ()
    assert unhealthy(statuses.starting(started_ns=ago(START_SECS_MAX + 1))) == (
        "the event loop has not begun 5 min 1 s after the start",
    )


def test_a_loop_that_beats_is_alive_whatever_the_verdict() -> None:
    beat = LoopStatus(heartbeat_ns=ago(HEARTBEAT_SECS_MAX - 0.5))
    assert unhealthy(msgspec.structs.replace(statuses.failed(), loop=beat)) == ()


def test_a_node_that_does_not_call_itself_reconciled_is_not_ready() -> None:
    assert unready(statuses.clean(is_reconciled=False)) == ("the node does not say that it is reconciled",)
    assert unready(statuses.clean(is_reconciled=False, source="watch")) == ()


def test_an_auditor_outside_has_no_start_up_of_its_own_to_verify() -> None:
    assert judge(statuses.clean(source="watch", phase="INITIALIZING")).verdict == "CLEAN"


def test_the_worst_of_several_is_a_known_difference_then_an_open_question() -> None:
    assert worst(["CLEAN", "UNKNOWN", "DISCREPANT"]) == "DISCREPANT"
    assert worst(["CLEAN", "UNKNOWN"]) == "UNKNOWN"
    assert worst(["CLEAN"]) == "CLEAN"
    assert worst([]) == "UNKNOWN"


@given(st.floats(allow_nan=False, min_value=-1e9, max_value=1e9))
def test_a_span_is_written_in_two_units_at_most_and_is_never_longer_than_it_is(secs: float) -> None:
    sizes = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
    words = span(secs).split()
    said = sum(int(number) * sizes[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
    assert len(words) in (2, 4)
    assert said <= max(0.0, secs) < said + max(1, sizes[words[1]] if len(words) == 2 else sizes[words[-1]] * 60 + 1)


def test_numbers_agree_with_their_nouns() -> None:
    assert [count(1, "account"), count(0, "account"), count(2, "discrepancy", "discrepancies")] == [
        "1 account",
        "0 accounts",
        "2 discrepancies",
    ]


@pytest.mark.parametrize("name", statuses.ALL)
def test_a_document_comes_back_as_it_was_alone_and_in_a_fleet(name: str) -> None:
    status = statuses.ALL[name]()
    assert decode_document(encode_document(status)) == (status,)
    assert decode_document(encode_document([status, status])) == (status, status)
    assert decode_document(encode_document([status])) == (status,)
    assert msgspec.json.decode(encode_document([status]), type=FleetStatus).nodes == (status,)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"nodes":[]}', b"<html>", b'{"schema":99,"nodes":[]}', b'{"schema":"1"}', b"\xff"]
)
def test_what_is_no_status_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_document(text)


def test_fields_of_a_later_version_are_left_out() -> None:
    grown = encode_document(NodeStatus(now_ns=NOW_NS, verdict_ns=NOW_NS - SECOND_NS)).replace(b"{", b'{"news":[1],', 1)
    assert decode_document(grown)[0].now_ns == NOW_NS
