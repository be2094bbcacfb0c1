"""What a failed command means: refused, not sent, already so, or unknown. Pure.

The venue documents three kinds of 5xx: an error of a message that says the request failed may be sent again, one that
says "execution status unknown" may not, because it may have succeeded. What is not known here to be a refusal is
UNKNOWN, and an unknown outcome is never turned into a rejection: the venue is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Command(StrEnum):
    """What was asked of the venue."""

    SUBMIT = "SUBMIT"
    AMEND = "AMEND"
    CANCEL = "CANCEL"
    CANCEL_ALL = "CANCEL_ALL"
    CANCEL_BATCH = "CANCEL_BATCH"


class Outcome(StrEnum):
    """What became of a command."""

    DONE = "DONE"
    REFUSED = "REFUSED"  # the venue's word: it had no effect, and would have none again
    NOT_EXECUTED = "NOT_EXECUTED"  # it had no effect, and may be sent again
    UNKNOWN = "UNKNOWN"  # it may have had its effect
    DUPLICATE_ID = "DUPLICATE_ID"  # an order of this client order id is open: perhaps this very one
    NOT_OPEN = "NOT_OPEN"  # the order is not open (any more, or yet): what became of it must be asked
    NO_CHANGE = "NO_CHANGE"  # the order already is as it was to become

    @property
    def must_ask(self) -> bool:
        """Return whether only asking for the order can tell what is true."""
        return self in {Outcome.UNKNOWN, Outcome.DUPLICATE_ID, Outcome.NOT_OPEN, Outcome.NO_CHANGE}


@dataclass(frozen=True, slots=True)
class Failure:
    """A command's failure as it was met.

    Parameters
    ----------
    status : int or None
        HTTP status; None when no answer came (time-out, closed connection, cancelled while under way).
    code : int or None
        The venue's error code.
    message : str
        Its text.
    sent : bool
        Whether the request left; a request that never left has no effect.
    """

    status: int | None
    code: int | None = None
    message: str = ""
    sent: bool = True


CODE_DISCONNECTED: Final = -1001
CODE_TOO_MANY_REQUESTS: Final = -1003
CODE_UNEXPECTED_RESPONSE: Final = -1006
CODE_TIMEOUT: Final = -1007
CODE_SERVER_BUSY: Final = -1008
CODE_TOO_MANY_ORDERS: Final = -1015
CODE_INVALID_TIMESTAMP: Final = -1021
CODE_CANCEL_REJECTED: Final = -2011
CODE_NO_SUCH_ORDER: Final = -2013
CODE_NO_NEED_TO_MODIFY: Final = -5027
CODE_RECV_WINDOW: Final = -5028
CODE_DUPLICATE_CLIENT_ID: Final = -4116
CODE_DUPLICATE_ON_SPOT: Final = -2010

_UNKNOWN_CODES: Final = frozenset({-1000, CODE_UNEXPECTED_RESPONSE, CODE_TIMEOUT})
_NOT_EXECUTED_CODES: Final = frozenset(
    {CODE_TOO_MANY_REQUESTS, CODE_SERVER_BUSY, CODE_TOO_MANY_ORDERS, CODE_INVALID_TIMESTAMP, CODE_RECV_WINDOW}
)
_FAILED_TEXTS: Final = (
    "service unavailable",  # "a failure of the API operation"
    "internal error; unable to process your request",  # "100% failed", may be sent again
    "request throttled",
)
_DUPLICATE_TEXT: Final = "duplicate order sent"  # spot has no code of its own for it


def classify(failure: Failure, command: Command) -> Outcome:
    """Return what a failure means for a command.

    Parameters
    ----------
    failure : Failure
        How it failed.
    command : Command
        What was asked.

    Returns
    -------
    Outcome
        Never DONE.
    """
    if not failure.sent:
        return Outcome.NOT_EXECUTED
    if failure.status is None:
        return Outcome.UNKNOWN
    code = failure.code
    text = failure.message.lower()
    if code in _UNKNOWN_CODES:
        return Outcome.UNKNOWN
    if code in _NOT_EXECUTED_CODES or failure.status in (418, 429):
        return Outcome.NOT_EXECUTED
    if failure.status >= 500 or code == CODE_DISCONNECTED:
        return Outcome.NOT_EXECUTED if any(known in text for known in _FAILED_TEXTS) else Outcome.UNKNOWN
    if failure.status < 400 or code is None:
        # 2xx that could not be read, or a 4xx without the venue's code: a proxy's page, not the venue's word.
        return Outcome.UNKNOWN
    return _by_code(code, text, command)


def _by_code(code: int, text: str, command: Command) -> Outcome:
    if command is Command.SUBMIT:
        duplicate = code == CODE_DUPLICATE_CLIENT_ID or (code == CODE_DUPLICATE_ON_SPOT and _DUPLICATE_TEXT in text)
        return Outcome.DUPLICATE_ID if duplicate else Outcome.REFUSED
    if code in (CODE_CANCEL_REJECTED, CODE_NO_SUCH_ORDER):
        return Outcome.NOT_OPEN
    if command is Command.AMEND and code == CODE_NO_NEED_TO_MODIFY:
        return Outcome.NO_CHANGE
    return Outcome.REFUSED


def may_send_again(outcome: Outcome, command: Command) -> bool:
    """Return whether a command may be sent again without doubling an order.

    Only what surely had no effect may: a client order id protects among *open* orders alone, so an order that filled
    at once would be placed a second time. A cancel has no such danger: cancelling what is cancelled changes nothing.
    """
    if outcome is Outcome.NOT_EXECUTED:
        return True
    return outcome is Outcome.UNKNOWN and command in {Command.CANCEL, Command.CANCEL_ALL, Command.CANCEL_BATCH}


class Finding(StrEnum):
    """What asking found."""

    FOUND = "FOUND"  # the venue has the order, and the command had its effect on it (or the order is closed)
    UNCHANGED = "UNCHANGED"  # the venue has the order as it was before the command
    ABSENT = "ABSENT"  # the venue answered that it knows no such order
    SILENT = "SILENT"  # no answer, or none that can be believed


class Verdict(StrEnum):
    """What to do about an unknown outcome."""

    REPORT = "REPORT"  # tell the engine what the venue has
    REJECT = "REJECT"  # the command surely had no effect: say so
    ASK_AGAIN = "ASK_AGAIN"
    LEAVE = "LEAVE"  # stay unknown; a true-up settles it


@dataclass(frozen=True, slots=True)
class Inquiry:
    """How an unknown outcome stands.

    Parameters
    ----------
    command : Command
        What was asked.
    sent_ms : int
        When it was sent, by our clock.
    grace_ms : int
        How long it may still arrive: the receive window and a margin.
    deadline_ms : int
        How long to go on asking.
    absent_times : int
        Answers so far, after the grace, that knew no such order or no effect of the command.
    """

    command: Command
    sent_ms: int
    grace_ms: int
    deadline_ms: int
    absent_times: int = 0


ABSENT_TIMES_NEEDED: Final = 2
"""A read may lag a write at the venue; one "unknown order" can be that lag, two apart in time are the venue's word."""


def judge(inquiry: Inquiry, finding: Finding, now_ms: int) -> tuple[Verdict, Inquiry]:
    """Return what to do after asking, and how the inquiry then stands."""
    if finding is Finding.FOUND:
        return Verdict.REPORT, inquiry
    if now_ms - inquiry.sent_ms >= inquiry.deadline_ms:
        return Verdict.LEAVE, inquiry
    if finding is Finding.SILENT or now_ms - inquiry.sent_ms < inquiry.grace_ms:
        return Verdict.ASK_AGAIN, inquiry
    counted = replace(inquiry, absent_times=inquiry.absent_times + 1)
    if counted.absent_times < ABSENT_TIMES_NEEDED:
        return Verdict.ASK_AGAIN, counted
    if finding is Finding.ABSENT and inquiry.command is not Command.SUBMIT:
        # An order that exists nowhere was never accepted; of one to be amended or cancelled, that says nothing.
        return Verdict.LEAVE, counted
    return Verdict.REJECT, counted
