"""Secrets stay out of events, logs and tracebacks, wherever in them they are."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.monitor.redaction import HIDDEN, LOGGERS, RedactingFilter, Redactor
from trueup.node.announcer import Announcer, LifeCycleEvent

SECRET = "s3cr3t-k3y-of-the-venue"


@given(before=st.text(), after=st.text(), secret=st.text(min_size=6, max_size=40))
def test_a_secret_never_survives_its_surroundings(before: str, after: str, secret: str) -> None:
    # What is left may hold the secret anew only where the blank itself completes it.
    found = Redactor([secret]).text(before + secret + after)
    assert secret not in found or HIDDEN[0] in secret


def test_no_listener_hears_a_secret_wherever_in_an_event_it_is() -> None:
    announcer = Announcer()
    announcer.redact_with(Redactor([SECRET]))
    heard: list[LifeCycleEvent] = []
    announcer.listen(heard.append)
    data: dict[str, Any] = {
        "text": f"GET /x?apiKey={SECRET} refused",
        "lines": [f"a {SECRET}", ["deeper", SECRET]],
        "more": {"key": SECRET},
        "signed": "timestamp=1&signature=0123456789abcdef0123456789abcdef",
        "number": 7,
    }
    announcer.say("problem", **data)
    (event,) = heard
    assert SECRET not in repr(event)
    assert "0123456789abcdef" not in repr(event)
    assert event.data["text"] == f"GET /x?apiKey={HIDDEN} refused"
    assert event.data["number"] == 7


def test_ordinary_words_stay_as_they_are() -> None:
    line = "order O-7 missing at venue: ACCEPTED BUY 0 of 2 -> nothing; the venue answered: unknown order"
    assert Redactor(["of", ""]).text(line) == line  # shorter than any secret


@pytest.mark.parametrize("name", LOGGERS)
def test_a_log_record_and_its_traceback_hold_no_secret(name: str, caplog: pytest.LogCaptureFixture) -> None:
    made = RedactingFilter(Redactor([SECRET]))
    made.start()
    try:
        try:
            raise ConnectionError(f"403 for key {SECRET}")
        except ConnectionError:
            logging.getLogger(name).exception("asked with %s", SECRET)
    finally:
        made.close()
    assert SECRET not in caplog.text
    assert f"asked with {HIDDEN}" in caplog.text
    assert f"ConnectionError: 403 for key {HIDDEN}" in caplog.text
    assert made not in logging.getLogger(name).filters
