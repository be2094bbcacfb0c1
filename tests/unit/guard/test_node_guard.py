"""The guard of a node whose trading state anybody may set: it applies, reads back, obeys, and is never silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.guard.worlds import NOW_NS, SECOND_NS
from trueup.core.lifecycle import LifeState
from trueup.guard.book import GuardBook, Hold, Source
from trueup.guard.defaults import DEFAULT_POLICY
from trueup.guard.facts import Dimension, Trouble
from trueup.guard.message import Act, Answer, Command
from trueup.guard.node_guard import NodeGuard
from trueup.model.discrepancies import DiscrepancyKind, Severity
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.verdicts import VerdictState

A, R, H = GuardState.ACTIVE, GuardState.REDUCING, GuardState.HALTED


@dataclass
class World:
    """A node: its trading state, its truth, its clock, and what was said."""

    state: GuardState = A
    is_broken: bool = False
    is_deaf: bool = False
    verdict_now: VerdictState | None = VerdictState.UNKNOWN
    open: tuple[Trouble, ...] = ()
    now_ns: int = NOW_NS
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    kept: list[GuardBook] = field(default_factory=list)

    def set_state(self, state: GuardState) -> None:
        if self.is_broken:
            raise RuntimeError("gone")
        if not self.is_deaf:
            self.state = state

    def read_state(self) -> GuardState:
        return self.state

    def obstacle(self) -> str:
        return ""

    def loophole(self) -> str:
        return ""

    def verdict(self) -> VerdictState | None:
        return self.verdict_now

    def troubles(self) -> tuple[Trouble, ...]:
        return self.open

    def is_covered(self) -> bool:
        return True

    def guard(self, book: GuardBook | None = None, *, verifies: bool = True) -> NodeGuard:
        return NodeGuard(
            DEFAULT_POLICY,
            self,
            self,
            say=lambda kind, **data: self.said.append((kind, data)),
            now_ns=lambda: self.now_ns,
            book=book,
            verifies=verifies,
            keep=self.kept.append,
        )

    def started(self, book: GuardBook | None = None) -> NodeGuard:
        """Return the guard of a node that was proven and trades."""
        guard = self.guard(book)
        guard.enter(Phase.RECONCILING)
        self.verdict_now = VerdictState.CLEAN
        guard.enter(Phase.RECONCILED)
        guard.enter(Phase.MONITORING)
        return guard

    def differ(
        self,
        kind: DiscrepancyKind = DiscrepancyKind.POSITION_QUANTITY,
        age_secs: int = 20,
        severity: Severity = Severity.CRITICAL,
    ) -> None:
        self.verdict_now = VerdictState.DISCREPANT
        self.open = (
            Trouble(
                kind=kind,
                severity=severity,
                life=LifeState.CONFIRMED,
                first_ns=self.now_ns - age_secs * SECOND_NS,
                fingerprints=frozenset({"a"}),
                line="it differs",
            ),
        )

    def heal(self) -> None:
        self.verdict_now, self.open = VerdictState.CLEAN, ()

    def events(self, kind: str = "guard") -> list[dict[str, Any]]:
        return [data for name, data in self.said if name == kind]


def ask(guard: NodeGuard, act: Act, *, source: Source = Source.OPERATOR, **more: Any) -> Answer:
    fields: dict[str, Any] = {"who": "olivia", "reason": "because", "verdict": None, "force": False, **more}
    return guard.obey(
        Command(
            trader_id="T",
            instance_id="i",
            sender="s",
            sequence=1,
            nonce="0" * 32,
            issued_ns=1,
            source=source,
            act=act,
            **fields,
        )
    )


def test_a_node_is_halted_until_it_is_proven_and_no_word_is_made_of_it() -> None:
    world = World()
    guard = world.guard()
    guard.enter(Phase.RECONCILING)
    assert world.state is H
    world.verdict_now = VerdictState.CLEAN
    guard.enter(Phase.RECONCILED)
    assert world.state is A  # at once: strategies submit when they start
    assert not world.events()


def test_a_start_up_that_failed_leaves_the_node_halted_and_says_so() -> None:
    world = World()
    guard = world.guard()
    guard.enter(Phase.RECONCILING)
    guard.enter(Phase.ERROR)
    assert world.state is H
    assert world.events()[-1]["rules"] == ["startup-unverified"]


def test_in_native_mode_nothing_waits_for_a_proof_that_nobody_gives() -> None:
    world = World(verdict_now=None)
    guard = world.guard(verifies=False)
    guard.enter(Phase.RECONCILING)
    assert world.state is A
    guard.rise(Dimension.WRITERS, 1)
    assert world.state is H
    guard.rise(Dimension.WRITERS, 0)
    assert world.state is A
    guard.enter(Phase.ERROR)
    assert world.state is H


def test_trouble_tightens_when_it_is_old_enough_and_two_clean_looks_let_go() -> None:
    world = World()
    guard = world.started()
    world.differ(age_secs=14)
    guard.looked()
    assert world.state is A
    world.now_ns += SECOND_NS
    guard.tick()  # no look was needed: it only had to grow older
    assert world.state is R
    world.heal()
    guard.looked()
    assert world.state is R
    guard.tick()
    assert world.state is R
    guard.looked()
    assert world.state is A
    assert [event["state"] for event in world.events()] == ["REDUCING", "ACTIVE"]
    assert [event["previous"] for event in world.events()] == ["ACTIVE", "REDUCING"]
    assert len(world.kept) == 2


def test_a_node_that_was_held_goes_on_when_nothing_but_a_record_is_left_wrong() -> None:
    world = World()
    guard = world.started()
    world.differ(DiscrepancyKind.POSITION_SIDE)
    guard.looked()
    assert world.state is H
    world.differ(DiscrepancyKind.POSITION_AVERAGE_PRICE, severity=Severity.WARNING)
    guard.looked()
    assert world.state is H
    guard.tick()  # time proves nothing
    assert world.state is H
    guard.looked()
    assert world.state is A
    assert world.events()[-1]["reason"] == "orders and positions are right again, look after look; records still differ"
    world.heal()
    guard.looked()
    assert [event["state"] for event in world.events()] == ["HALTED", "ACTIVE"]


def test_a_record_that_is_all_that_differs_needs_no_force_of_an_operator() -> None:
    world = World()
    guard = world.started()
    assert ask(guard, Act.HALT).applied
    world.differ(DiscrepancyKind.FILL_COMMISSION, severity=Severity.WARNING)
    guard.looked()
    assert ask(guard, Act.RELEASE, source=Source.AUDITOR, verdict=VerdictState.CLEAN).applied
    assert ask(guard, Act.RELEASE).applied
    assert world.state is A
    assert "(forced)" not in world.events()[-1]["reason"]


def test_an_operators_halt_comes_first_and_holds_over_clean_looks_and_restarts() -> None:
    world = World()
    guard = world.started()
    assert ask(guard, Act.HALT).applied
    for _ in range(5):
        guard.looked()
    assert (world.state, guard.status.source, guard.status.who) == (H, "operator", "olivia")
    held = world.kept[-1]
    again = World()
    guard = again.started(GuardBook(operator=held.operator))
    assert again.state is H
    assert again.events()[0]["reason"] == "because"  # said anew, and so journalled anew


def test_a_release_needs_a_clean_verdict_or_an_operator_who_insists() -> None:
    world = World()
    guard = world.started()
    world.differ()
    guard.looked()
    assert world.state is R
    answer = ask(guard, Act.RELEASE)
    assert (answer.applied, answer.code, answer.state) == (False, "not_allowed", R)
    assert "DISCREPANT" in answer.why
    assert ask(guard, Act.RELEASE, force=True).applied
    assert world.state is A
    assert "(forced)" in world.events()[-1]["reason"]
    guard.looked()
    assert world.state is A  # waived
    world.differ(DiscrepancyKind.POSITION_SIDE)
    guard.looked()
    assert world.state is H  # something new


def test_an_operator_on_a_clean_verdict_lets_go_of_everything_at_once() -> None:
    world = World()
    guard = world.started()
    world.differ()
    guard.looked()
    ask(guard, Act.HALT)
    world.heal()
    guard.looked()
    answer = ask(guard, Act.RELEASE)
    assert (answer.applied, answer.state, answer.effective) == (True, A, "ACTIVE")


def test_a_milder_wish_of_an_operator_is_a_release_and_needs_what_one_needs() -> None:
    world = World()
    guard = world.started()
    ask(guard, Act.HALT)
    world.verdict_now = VerdictState.UNKNOWN
    assert not ask(guard, Act.REDUCE).applied
    assert ask(guard, Act.REDUCE, force=True).state is R


@pytest.mark.parametrize("force", [False, True])
def test_an_auditor_only_tightens_and_withdraws_on_clean_verdicts_of_both(force: bool) -> None:
    world = World()
    guard = world.started()
    auditor: dict[str, Any] = {"source": Source.AUDITOR, "force": force}
    assert ask(guard, Act.HALT, **auditor).state is H
    assert not ask(guard, Act.REDUCE, **auditor).applied
    assert not ask(guard, Act.RELEASE, **auditor).applied
    world.verdict_now = VerdictState.UNKNOWN
    assert not ask(guard, Act.RELEASE, verdict=VerdictState.CLEAN, **auditor).applied
    world.verdict_now = VerdictState.CLEAN
    ask(guard, Act.REDUCE)
    assert ask(guard, Act.RELEASE, verdict=VerdictState.CLEAN, **auditor).applied
    assert world.state is R  # the operator's


def test_what_somebody_else_forbids_stays_forbidden_and_what_they_allow_is_put_back() -> None:
    world = World()
    guard = world.started()
    world.state = H
    guard.looked()
    guard.looked()
    assert (world.state, guard.status.source) == (H, "elsewhere")
    world.differ()
    guard.looked()
    assert world.state is H
    world.state = A  # their reason has gone, ours has not
    guard.tick()
    assert world.state is R
    assert "put back to REDUCING" in world.events()[-1]["reason"]
    world.heal()
    guard.looked()
    guard.looked()
    assert world.state is A


@pytest.mark.parametrize("fault", ["is_broken", "is_deaf"])
def test_a_guard_that_cannot_act_says_so_at_once_and_again_every_minute(fault: str) -> None:
    world = World()
    guard = world.started()
    setattr(world, fault, True)
    answer = ask(guard, Act.HALT)
    assert (answer.applied, answer.code, answer.effective) == (False, "cannot_act", "ACTIVE")
    assert (guard.status.can_act, guard.status.state, guard.status.effective) == (False, "HALTED", "ACTIVE")
    for _ in range(61):
        world.now_ns += SECOND_NS
        guard.tick()
    assert [event["can_act"] for event in world.events("guard_alarm")] == [False, False]
    setattr(world, fault, False)
    guard.tick()
    assert world.state is H  # it tried all the time
    assert world.events("guard_alarm")[-1]["can_act"] is True


def test_eyes_that_fail_are_an_alarm_and_no_release() -> None:
    world = World()
    guard = world.started(GuardBook(operator=Hold(state=R, reason="because", who="olivia", time_ns=1)))
    world.troubles = lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]  # the failpoint
    guard.looked()
    assert world.state is R
    assert "ZeroDivisionError" in guard.status.alarm


def test_a_clock_that_stepped_reduces_until_everything_was_proven_anew() -> None:
    world = World()
    guard = world.started()
    guard.rise(Dimension.CLOCK, 2)
    assert world.state is R
    guard.looked()
    guard.looked()
    assert world.state is A


def test_a_clock_that_is_not_the_venues_reduces_for_as_long_as_it_is_not() -> None:
    world = World()
    guard = world.started()
    for _ in range(61):
        guard.skew(is_large=True)
        guard.looked()  # CLEAN, and no younger for it
        world.now_ns += SECOND_NS
    assert (world.state, guard.book.rules) == (R, ("clock-skewed",))
    guard.skew(is_large=False)
    guard.looked()
    guard.looked()
    assert world.state is A
