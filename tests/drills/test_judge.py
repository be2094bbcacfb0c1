"""The judge of verified runs: what it lets pass, and what not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trueup.drills.compare import Comparison, Difference, Finding
from trueup.drills.judge import complaints
from trueup.drills.outcome import Outcome
from trueup.drills.records import NodeVerdict
from trueup.drills.scenario import Scenario, read_scenario

EQUAL = Comparison((), (), ())
DIFFERENT = Comparison((Finding(Difference.ORDER_STATUS, "V-1", "FILLED", "ACCEPTED"),), (), ())
SPLIT = Comparison((), (Finding(Difference.OWNER_SPLIT, "BTC", "one owner", "EXTERNAL, S-001"),), ())
CLEAN = NodeVerdict(verdict="CLEAN", standing="CLEAN", phase="MONITORING")
RUN = Outcome("1", "verified", trading=True, comparison=EQUAL, unaided=True, starts=("trading",), verdict=CLEAN)


def scenario(honest: str = "[]") -> Scenario:
    """Return a scenario that allows these outcomes beside CLEAN."""
    return read_scenario(
        f'id = "1"\ngroup = "g"\ntitle = "t"\nsteps = "wait 1s"\n[native]\n[verified]\nhonest = {honest}\n', "x.toml"
    )


def test_an_equal_node_under_clean_is_as_promised() -> None:
    assert not complaints(scenario(), RUN)


@pytest.mark.parametrize("comparison", [DIFFERENT, SPLIT])
def test_clean_over_a_difference_or_a_split_is_never_allowed(comparison: Comparison) -> None:
    (line,) = complaints(scenario('["REFUSED", "UNKNOWN", "ORDER_STATUS"]'), replace(RUN, comparison=comparison))
    assert line.startswith("CLEAN, but ")


def test_a_verdict_that_stood_at_clean_over_a_difference_is_not_allowed_even_if_mended_on_demand() -> None:
    (line,) = complaints(scenario(), replace(RUN, unaided=False))
    assert "stood at CLEAN" in line


def test_a_discrepancy_of_an_allowed_kind_is_honest_and_of_another_is_not() -> None:
    verdict = NodeVerdict(
        verdict="DISCREPANT",
        standing="DISCREPANT",
        phase="MONITORING",
        discrepancies=("position BTC: 2 -> 0",),
        kinds=("POSITION_QUANTITY",),
    )
    run = replace(RUN, comparison=DIFFERENT, unaided=False, verdict=verdict)
    assert not complaints(scenario('["POSITION_QUANTITY"]'), run)
    assert complaints(scenario('["UNKNOWN"]'), run) == ("DISCREPANT: position BTC: 2 -> 0",)


def test_unknown_is_honest_only_where_it_is_allowed() -> None:
    run = replace(RUN, verdict=replace(CLEAN, verdict="UNKNOWN", standing="UNKNOWN"))
    assert not complaints(scenario('["UNKNOWN"]'), run)
    assert complaints(scenario(), run) == ("UNKNOWN: without a reason",)


def test_refusing_to_trade_is_honest_only_where_it_is_allowed() -> None:
    run = replace(RUN, trading=False, starts=("trading", "refused: no venue"))
    assert not complaints(scenario('["REFUSED"]'), run)
    assert complaints(scenario(), run) == ("the node does not trade: refused: no venue",)


def test_a_run_that_was_not_completed_is_a_complaint() -> None:
    assert complaints(scenario('["REFUSED"]'), Outcome("1", "verified", failure="no node")) == (
        "the run was not completed: no node",
    )


def test_a_run_without_a_verdict_is_a_complaint() -> None:
    assert complaints(scenario(), replace(RUN, verdict=None)) == ("there is no verdict",)
