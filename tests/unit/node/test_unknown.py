"""A node about which nothing is known says why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from trueup.config.reconciliation import ReconciliationConfig
from trueup.model import Coverage, VerdictState, verdict_of
from trueup.node.handle import Handle
from trueup.node.look import TrueUpOutcome, together, unfinished
from trueup.node.settings import NodeSettings
from trueup.node.supervisor import Supervisor

NOW_NS = 1_000


def clean(account_id: str) -> TrueUpOutcome:
    verdict = verdict_of(account_id=account_id, time_ns=NOW_NS, coverage=Coverage.full(NOW_NS), discrepancies=())
    return TrueUpOutcome(verdicts=(verdict,))


class AccountMonitor:
    """What the supervisor asks of a monitor; its true-up gives an outcome or raises."""

    verified_ns = NOW_NS
    looked_at = 0.0

    def __init__(self, account_id: str, failure: Exception | None = None) -> None:
        port = SimpleNamespace(take_repairs=tuple, verified_ns=lambda: NOW_NS)
        self.account = SimpleNamespace(account_id=account_id, port=port)
        self._failure = failure

    async def true_up(self, check: str = "demand") -> TrueUpOutcome:
        if self._failure is not None:
            raise self._failure
        return clean(self.account.account_id)


def supervisor(*monitors: AccountMonitor) -> tuple[Supervisor, Handle]:
    handle = Handle()
    binding: Any = SimpleNamespace(now_ns=lambda: NOW_NS)
    made = Supervisor(binding, NodeSettings.of(ReconciliationConfig(), None), handle)
    made._monitors = {one.account.account_id: one for one in monitors}  # type: ignore[misc]  # else it takes a node
    return made, handle


async def test_a_true_up_that_raises_is_unknown_and_says_with_what() -> None:
    made, _ = supervisor(AccountMonitor("A", ConnectionError("the venue hung up")))
    outcome = await made.true_up()
    assert outcome.verdict is VerdictState.UNKNOWN
    assert outcome.lines == ("the true-up failed with ConnectionError: the venue hung up",)


async def test_an_account_whose_true_up_raises_is_not_covered_by_a_clean_one() -> None:
    made, _ = supervisor(AccountMonitor("A"), AccountMonitor("B", ValueError("a record is broken")))
    outcome = await made.true_up()
    assert [verdict.state for verdict in outcome.verdicts] == [VerdictState.CLEAN, VerdictState.UNKNOWN]
    assert outcome.verdict is VerdictState.UNKNOWN
    assert outcome.lines == ("the true-up failed with ValueError: a record is broken",)


async def test_what_an_earlier_look_found_stands_when_a_later_one_raises() -> None:
    made, handle = supervisor(AccountMonitor("A"))
    await made.true_up()
    made._monitors["A"] = AccountMonitor("A", ValueError("no"))  # type: ignore[assignment]  # as above
    await made.true_up()
    assert handle.last_verdict is VerdictState.CLEAN


async def test_before_the_start_up_is_done_nothing_is_known_and_that_is_said() -> None:
    made, handle = supervisor()
    assert (await made.true_up()).lines == ("the start-up true-up is not done",)
    handle.fail("the venue did not answer")
    assert (await made.true_up()).lines == ("the venue did not answer",)


def test_no_outcome_is_unknown_without_a_word() -> None:
    for outcome in (TrueUpOutcome(), together([]), unfinished("A", NOW_NS, "it was cut off")):
        assert outcome.verdict is VerdictState.UNKNOWN
        assert outcome.lines


def test_a_verdict_that_went_stale_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Handle()
    now_secs = 0.0
    monkeypatch.setattr("trueup.node.handle.time", SimpleNamespace(monotonic=lambda: now_secs))
    handle.limit_age(10.0)
    handle.keep(clean("A"))
    assert not handle.lines
    now_secs = 11.0
    assert handle.last_verdict is VerdictState.UNKNOWN
    assert handle.lines == ("no look has confirmed the last verdict, CLEAN, for 11 s",)
