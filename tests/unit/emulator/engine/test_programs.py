"""Whatever clients, market and time do, in whatever order: no invariant of the venue breaks."""

from __future__ import annotations

import pytest

from tests.unit.emulator import campaign
from tests.unit.emulator.engine.machine import run
from trueup.emulator.engine.enums import AlgoStatus, ExecutionType, OrderStatus

PROGRAMS = 500
PROGRAMS_LONG = 20_000
PROGRAMS_PER_SLICE = 1_000
CODE = campaign.digest(
    "src/trueup/emulator/engine", *(f"tests/unit/emulator/engine/{n}.py" for n in ("machine", "crowd", "oracle"))
)
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


@pytest.mark.timeout(900)
def test_no_program_breaks_an_invariant_and_every_recovery_finds_the_state_left() -> None:
    reached = run(PROGRAMS, seed=PROGRAMS, steps=STEPS)

    assert reached["program"] >= PROGRAMS
    assert {happening for happening in MUST_REACH if not reached[happening]} == set()


@pytest.mark.long
@pytest.mark.timeout(1_800)  # a slice takes 45 seconds of a core
@pytest.mark.parametrize("seed", range(PROGRAMS_LONG // PROGRAMS_PER_SLICE))
def test_no_program_of_a_long_campaign_breaks_an_invariant(seed: int) -> None:
    counts = campaign.run(
        f"{PROGRAMS_LONG:,} programs", CODE, seed, lambda: run(PROGRAMS_PER_SLICE, seed=seed, steps=STEPS)
    )

    assert counts["program"] >= PROGRAMS_PER_SLICE
