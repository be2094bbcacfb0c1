"""The words of a scenario."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from trueup.drills.grammar import GRAMMAR, parse_step, parse_steps
from trueup.drills.scenario import find_scenario, natural_key, read_scenario, scenarios
from trueup.drills.steps import (
    Break,
    Fill,
    KillNode,
    SetClock,
    StartNode,
    Submit,
    Wait,
    WaitFor,
)
from trueup.drills.venue import Fault, Leg, Side
from trueup.errors import ConfigFileError, ConfigValueError


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("node start", StartNode()),
        ("node start cold refused", StartNode(cold=True, outcome="refused")),
        ("node kill now", KillNode(now=True)),
        ("node submit V-1 BUY 3 @ 100", Submit("V-1", Side.BUY, Decimal(3), Decimal(100))),
        (
            "node submit V-1 SELL 0.5 @ 99.5 on ETH leg SHORT routed",
            Submit("V-1", Side.SELL, Decimal("0.5"), Decimal("99.5"), "ETH", Leg.SHORT, routed=True),
        ),
        ("node burst V 150 BUY 1 @ 100", Submit("V", Side.BUY, Decimal(1), Decimal(100), count=150)),
        ("venue fill V-1 1", Fill("V-1", Decimal(1))),
        (
            "venue fill V-1 1 @ 101 as T-7 delayed 0.8s times 2",
            Fill(
                "V-1",
                Decimal(1),
                Decimal(101),
                "T-7",
                Fault("push", "delay", delay_secs=0.8),
                2,
            ),
        ),
        ("venue clock -3h", SetClock(-10_800)),
        ("venue clock now", SetClock(0)),
        ("fault orders fail times 2", Break(Fault("orders", "fail", times=2))),
        ("fault push delay of filled by 0.5s", Break(Fault("push", "delay", "filled", 0.5))),
        ("wait 2s", Wait(2)),
        ("wait for V-1 FILLED", WaitFor("V-1", "FILLED")),
    ],
)
def test_a_line_becomes_the_step_that_it_says(line: str, step: object) -> None:
    assert parse_step(line) == step


def test_every_line_of_the_printed_grammar_is_understood_with_and_without_what_may_be_left_out() -> None:
    for line in GRAMMAR.splitlines():
        words, _, others = line.partition("also:")
        bare = re.sub(r"\[[^\]]*\]", "", words)
        full = re.sub(r"\[([^\]|]*)[^\]]*\]", r"\1", words)
        if "of KIND" in full:
            full = "fault push delay of filled by 0.8s times 2"
        for said in (bare, full, *(_instead(bare, other) for other in others.split(","))):
            parse_step(said)


def _instead(line: str, word: str) -> str:
    """Return a line with another verb in place of its own."""
    if not word.strip():
        return line
    actor, verb, *rest = line.split()
    return " ".join([actor, verb, word] if verb == "clock" else [actor, word, *rest])


def test_remarks_and_empty_lines_are_no_steps() -> None:
    assert parse_steps("# a remark\n\nwait 1s  # and another\n") == (Wait(1),)


def test_a_line_that_is_not_understood_is_refused_with_the_whole_vocabulary() -> None:
    with pytest.raises(ConfigValueError, match="'venue explodes' is not understood") as refused:
        parse_step("venue explodes")
    assert "venue fill V-1 1" in refused.value.allowed


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigValueError, match="'orders' 'explode' does not exist"):
        parse_step("fault orders explode")


def test_a_push_of_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigValueError, match="kind 'weather'"):
        parse_step("fault push lose of weather")


def test_every_scenario_file_is_named_after_its_number_and_holds_a_program_that_starts_a_node() -> None:
    for scenario in scenarios():
        assert any(isinstance(step, StartNode) for step in scenario.program), scenario.id


def test_scenarios_come_in_the_order_of_their_numbers() -> None:
    identifiers = [scenario.id for scenario in scenarios()]
    assert identifiers == sorted(identifiers, key=natural_key)
    assert identifiers.index("2") < identifiers.index("10") < identifiers.index("10b")


def test_scaling_shortens_every_duration_and_nothing_else() -> None:
    scenario = find_scenario("36d")
    scaled = scenario.engine_fields(0.1)
    assert scaled["open_check_interval_secs"] == 0.5
    assert scaled["inflight_check_threshold_ms"] == 500
    assert scaled["reconciliation_startup_delay_secs"] == 1.0
    assert scenario.engine_fields(1.0)["position_check_interval_secs"] == 30.0


def test_a_scenario_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigValueError, match="no scenario '999'"):
        find_scenario("999")


def test_a_file_that_is_not_toml_is_refused() -> None:
    with pytest.raises(ConfigFileError, match=r"x\.toml cannot be read"):
        read_scenario("id = ", "x.toml")


def test_a_scenario_with_an_unknown_field_is_refused() -> None:
    text = 'id = "1"\ngroup = "g"\ntitle = "t"\nsteps = "wait 1s"\ncolour = "red"\n[native]\n'
    with pytest.raises(ConfigValueError, match="colour"):
        read_scenario(text, "x.toml")
