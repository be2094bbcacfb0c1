"""What the supervisor makes of a gap in an account's event stream."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from trueup.config.reconciliation import ReconciliationConfig
from trueup.model import Coverage, VerdictState, verdict_of
from trueup.node import supervisor as module
from trueup.node.handle import Handle
from trueup.node.look import TrueUpOutcome
from trueup.node.settings import NodeSettings
from trueup.node.supervisor import Supervisor

ACCOUNT = "BINANCE-1"


def outcome(coverage: Coverage) -> TrueUpOutcome:
    verdict = verdict_of(account_id=ACCOUNT, time_ns=1, coverage=coverage, discrepancies=())
    return TrueUpOutcome(verdicts=(verdict,))


class Monitor:
    """What the supervisor asks of a monitor: it gives what it is told to, one look after the other, or hangs."""

    verified_ns = 1
    looked_at = 0.0

    def __init__(self, *looks: TrueUpOutcome | Exception | None) -> None:
        port = SimpleNamespace(take_repairs=tuple, verified_ns=lambda: 1)
        self.account = SimpleNamespace(account_id=ACCOUNT, port=port)
        self.suspects: set[str] = set()
        self.looks = list(looks)

    async def true_up(self, check: str = "demand") -> TrueUpOutcome:
        look = self.looks.pop(0)
        if isinstance(look, Exception):
            raise look
        if look is None:
            await asyncio.Event().wait()
        assert look is not None
        return look


def supervise(monitor: Monitor | None) -> tuple[Supervisor, Handle]:
    handle = Handle()
    binding: Any = SimpleNamespace(now_ns=lambda: 1)
    made = Supervisor(binding, NodeSettings.of(ReconciliationConfig(), None), handle)
    if monitor is not None:
        made._monitors = {ACCOUNT: monitor}  # type: ignore[dict-item]  # a real one takes a node
    handle.keep(outcome(Coverage.full(1)))
    return made, handle


async def test_it_looks_until_the_venue_has_answered_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GAP_RETRY_SECS", 0.0)
    monitor = Monitor(outcome(Coverage()), ConnectionError("cut"), outcome(Coverage.full(2)))
    made, handle = supervise(monitor)
    await made.after_gap(ACCOUNT, "CLOSED")
    assert monitor.looks == []
    assert handle.last_verdict is VerdictState.CLEAN


async def test_a_look_that_never_ends_is_given_up_and_leaves_the_verdict_unknown_and_the_next_look_deep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GAP_SECS_MAX", 0.05)
    monitor = Monitor(None)
    made, handle = supervise(monitor)
    await made.after_gap(ACCOUNT, "CLOSED")
    seen = [handle.last_verdict]
    assert monitor.suspects
    monitor.looks = [outcome(Coverage.full(2))]
    await made.true_up()
    assert [*seen, handle.last_verdict] == [VerdictState.UNKNOWN, VerdictState.CLEAN]


async def test_a_gap_before_the_start_up_is_done_leaves_its_verdict_unknown() -> None:
    made, handle = supervise(None)
    await made.after_gap(ACCOUNT, "CLOSED")
    assert handle.last_verdict is VerdictState.UNKNOWN
