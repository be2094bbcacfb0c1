"""Whatever clients, market and time do, in whatever order: no invariant of the venue breaks."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.unit.emulator.engine.machine import REACHED, VenueMachine
from trueup.emulator.engine.enums import AlgoStatus, ExecutionType, OrderStatus

PROGRAMS = 500
PROGRAMS_LONG = 20_000
STEPS = 25
MUST_REACH = (
    *(f"order {execution}" for execution in ExecutionType),
    *(f"order {status}" for status in OrderStatus),
    *(f"conditional {status}" for status in AlgoStatus),
    *(f"account {reason}" for reason in ("ORDER", "FUNDING_FEE", "DEPOSIT", "WITHDRAW", "MARGIN_TRANSFER")),
    "account INSURANCE_CLEAR",
    "maker fill",
    "taker fill",
    "refusal",
    "recovery",
)


def profile(programs: int) -> settings:
    return settings(
        max_examples=programs,
        stateful_step_count=STEPS,
        deadline=None,  # a program is not timed
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


@pytest.mark.timeout(900)
def test_no_program_breaks_an_invariant_and_every_recovery_finds_the_state_left() -> None:
    REACHED.clear()
    run_state_machine_as_test(VenueMachine, settings=profile(PROGRAMS))
    assert {happening for happening in MUST_REACH if not REACHED[happening]} == set()


@pytest.mark.long
@pytest.mark.timeout(0)
def test_no_program_of_a_long_campaign_breaks_an_invariant() -> None:
    run_state_machine_as_test(VenueMachine, settings=profile(PROGRAMS_LONG))
