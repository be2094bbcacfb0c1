"""What the guard sees of lives, refusals and floods."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from trueup.core.lifecycle import Ledger, Life, LifeState
from trueup.guard.eyes import HandleEyes, troubles_of
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Severity, Subject
from trueup.model.steps import GuardAdvice, Refusal, RefusalCode
from trueup.model.verdicts import VerdictState


def position(instrument_id: str, node: str = "0") -> Discrepancy:
    return Discrepancy(
        kind=DiscrepancyKind.POSITION_QUANTITY,
        subject=Subject(instrument_id=instrument_id),
        venue="2",
        node=node,
        severity=Severity.CRITICAL,
    )


def life(one: Discrepancy, first_ns: int = 5) -> Life:
    return Life(
        fingerprint=one.fingerprint,
        kind=one.kind,
        instrument_id=one.subject.instrument_id,
        severity=one.severity,
        line=one.explain(),
        state=LifeState.REFUSED,
        first_seen_ns=first_ns,
        last_seen_ns=9,
        state_since_ns=9,
    )


def refusal(one: Discrepancy, advice: GuardAdvice) -> Refusal:
    return Refusal(
        code=RefusalCode.MOVED_WITHOUT_FILL,
        instrument_id="",
        fingerprints=(one.fingerprint,),
        reason="",
        action="",
        advice=advice,
    )


def test_a_life_carries_the_strictest_advice_and_whether_the_node_is_flat() -> None:
    flat, held = position("BTC.X"), position("ETH.X", node="1")
    lives = {one.fingerprint: life(one) for one in (flat, held)}
    refused = (refusal(flat, GuardAdvice.REDUCING), refusal(flat, GuardAdvice.HALTED))
    first, second = sorted(troubles_of(lives, refused, (flat, held), 0), key=lambda one: one.node_is_flat)
    assert (first.node_is_flat, first.advice) == (False, GuardAdvice.NONE)
    assert (second.node_is_flat, second.advice) == (True, GuardAdvice.HALTED)


def test_a_flood_beyond_what_is_followed_is_as_old_as_the_first_look_that_found_it() -> None:
    flood = tuple(position(f"I{number}.X", node="1") for number in range(2_000))
    now = [100]
    handle: Any = SimpleNamespace(
        last_verdict=VerdictState.DISCREPANT,
        verdicts=(),
        ledgers={"A": Ledger()},
        last_outcome=SimpleNamespace(refused=(), discrepancies=flood),
    )
    eyes = HandleEyes(handle, lambda: now[0])
    (trouble,) = eyes.troubles()
    assert (trouble.first_ns, len(trouble.fingerprints)) == (100, 2_000)
    now[0] = 200
    assert eyes.troubles() is eyes.troubles()  # nothing new to see
    handle.last_outcome = SimpleNamespace(refused=(), discrepancies=flood[:1_500])
    assert eyes.troubles()[0].first_ns == 100


def test_a_process_that_verifies_and_has_no_verdict_yet_knows_nothing() -> None:
    handle: Any = SimpleNamespace(last_verdict=None)
    assert HandleEyes(handle, int).verdict() is VerdictState.UNKNOWN
    assert HandleEyes(handle, int, verifies=False).verdict() is None
