"""What may have had its effect is never called refused, and what may not be doubled is never sent again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.venues.binance.outcomes import (
    ABSENT_TIMES_NEEDED,
    Command,
    Failure,
    Finding,
    Inquiry,
    Outcome,
    Verdict,
    classify,
    judge,
    may_send_again,
)

UNKNOWN_503 = "Unknown error, please check your request or try again later."

CODES = [-1000, -1001, -1003, -1006, -1007, -1008, -1021, -2010, -2011, -2013, -2019, -4116]
INTERNAL = "Internal error; unable to process your request. Please try again."

failures = st.builds(
    Failure,
    st.one_of(st.none(), st.integers(200, 599)),
    st.one_of(st.none(), st.sampled_from(CODES)),
    st.sampled_from(["", UNKNOWN_503, "Service Unavailable.", "Unknown order sent."]),
    st.booleans(),
)


@given(failures, st.sampled_from(list(Command)))
def test_only_what_surely_had_no_effect_is_sent_again_unless_it_cancels(failure: Failure, command: Command) -> None:
    outcome = classify(failure, command)
    if may_send_again(outcome, command) and command in (Command.SUBMIT, Command.AMEND):
        assert outcome is Outcome.NOT_EXECUTED
        assert not failure.sent or failure.status is not None


@given(failures, st.sampled_from(list(Command)))
def test_a_missing_answer_is_never_a_refusal(failure: Failure, command: Command) -> None:
    if failure.sent and (failure.status is None or failure.code in (-1006, -1007)):
        assert classify(failure, command) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (Failure(None), Outcome.UNKNOWN),
        (Failure(None, sent=False), Outcome.NOT_EXECUTED),
        (Failure(503, None, UNKNOWN_503), Outcome.UNKNOWN),
        (Failure(503, None, "Service Unavailable."), Outcome.NOT_EXECUTED),
        (Failure(503, -1008, "Request throttled by system-level protection."), Outcome.NOT_EXECUTED),
        (
            Failure(503, -1001, INTERNAL),
            Outcome.NOT_EXECUTED,
        ),
        (Failure(408, -1007, "Timeout waiting for response from backend server."), Outcome.UNKNOWN),
        (Failure(400, -1006, "An unexpected response was received from the message bus."), Outcome.UNKNOWN),
        (Failure(400, -1000, "An unknown error occurred while processing the request."), Outcome.UNKNOWN),
        (Failure(502, None, "<html>Bad Gateway</html>"), Outcome.UNKNOWN),
        (Failure(403, None, "<html>WAF</html>"), Outcome.UNKNOWN),
        (Failure(200, None, "an answer that is not JSON"), Outcome.UNKNOWN),
        (Failure(429, -1003, "Too many requests."), Outcome.NOT_EXECUTED),
        (Failure(418, -1003, "Way too many requests."), Outcome.NOT_EXECUTED),
        (Failure(400, -1021, "Timestamp for this request is outside of the recvWindow."), Outcome.NOT_EXECUTED),
        (Failure(400, -2019, "Margin is insufficient."), Outcome.REFUSED),
        (Failure(400, -5022, "Due to the order could not be executed as maker."), Outcome.REFUSED),
        (Failure(400, -4116, "ClientOrderId is duplicated."), Outcome.DUPLICATE_ID),
        (Failure(400, -2010, "Duplicate order sent."), Outcome.DUPLICATE_ID),
        (Failure(400, -2010, "Account has insufficient balance for requested action."), Outcome.REFUSED),
    ],
)
def test_a_failed_submit_means_what_the_venue_documents(failure: Failure, outcome: Outcome) -> None:
    assert classify(failure, Command.SUBMIT) is outcome


@pytest.mark.parametrize(
    ("failure", "command", "outcome"),
    [
        (Failure(400, -2011, "Unknown order sent."), Command.CANCEL, Outcome.NOT_OPEN),
        (Failure(400, -2013, "Order does not exist."), Command.CANCEL, Outcome.NOT_OPEN),
        (Failure(400, -2013, "Order does not exist."), Command.AMEND, Outcome.NOT_OPEN),
        (Failure(400, -5027, "No need to modify the order."), Command.AMEND, Outcome.NO_CHANGE),
        (Failure(400, -4028, "Invalid leverage."), Command.AMEND, Outcome.REFUSED),
    ],
)
def test_a_failed_cancel_or_amendment_means_what_the_venue_documents(
    failure: Failure, command: Command, outcome: Outcome
) -> None:
    assert classify(failure, command) is outcome


def test_a_cancel_may_be_sent_again_and_a_submit_may_not() -> None:
    assert may_send_again(Outcome.UNKNOWN, Command.CANCEL)
    assert not may_send_again(Outcome.UNKNOWN, Command.SUBMIT)
    assert not may_send_again(Outcome.UNKNOWN, Command.AMEND)


def _inquiry(command: Command = Command.SUBMIT) -> Inquiry:
    return Inquiry(command, sent_ms=0, grace_ms=6_000, deadline_ms=100_000)


@given(st.lists(st.tuples(st.integers(0, 20_000), st.sampled_from(list(Finding))), max_size=30))
def test_an_order_is_rejected_only_after_two_answers_past_its_grace(asked: list[tuple[int, Finding]]) -> None:
    inquiry, now_ms, absences = _inquiry(), 0, 0
    for pause_ms, finding in asked:
        now_ms += pause_ms
        verdict, inquiry = judge(inquiry, finding, now_ms)
        absences += finding in (Finding.ABSENT, Finding.UNCHANGED) and now_ms >= 6_000
        if verdict is Verdict.REJECT:
            assert absences >= ABSENT_TIMES_NEEDED
        if finding is Finding.FOUND:
            assert verdict is Verdict.REPORT
        if verdict is not Verdict.ASK_AGAIN:
            return


def test_a_silent_venue_is_asked_until_the_deadline_and_then_nothing_is_claimed() -> None:
    verdict, inquiry = judge(_inquiry(), Finding.SILENT, 99_999)
    assert verdict is Verdict.ASK_AGAIN
    assert judge(inquiry, Finding.SILENT, 100_000)[0] is Verdict.LEAVE


def test_the_absence_of_an_order_that_was_to_be_cancelled_says_nothing() -> None:
    _, once = judge(_inquiry(Command.CANCEL), Finding.ABSENT, 7_000)
    assert judge(once, Finding.ABSENT, 8_000)[0] is Verdict.LEAVE


def test_a_cancel_that_had_no_effect_twice_after_its_grace_is_rejected() -> None:
    assert judge(_inquiry(Command.CANCEL), Finding.UNCHANGED, 5_000)[0] is Verdict.ASK_AGAIN
    _, once = judge(_inquiry(Command.CANCEL), Finding.UNCHANGED, 7_000)
    assert judge(once, Finding.UNCHANGED, 8_000)[0] is Verdict.REJECT
