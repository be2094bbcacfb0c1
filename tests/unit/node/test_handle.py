"""The handle, its listeners, and the settings that attaching takes."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from trueup.config.reconciliation import ReconciliationConfig
from trueup.errors import ConfigValueError, EngineVersionError, NodeError
from trueup.model import Coverage, VerdictState, verdict_of
from trueup.node.announcer import LISTENERS_MAX, Announcer, LifeCycleEvent
from trueup.node.handle import Handle
from trueup.node.look import TrueUpOutcome
from trueup.node.phase import Phase
from trueup.node.settings import QUESTIONS_PER_LOOK, NodeSettings
from trueup.node.v1.names import ENGINE_NAMES, PUBLIC_NAMES, check_engine_names
from trueup.node.v1.versions import check_engine_version


def test_a_listener_that_raises_harms_neither_the_node_nor_the_other_listeners() -> None:
    announcer = Announcer()
    heard: list[LifeCycleEvent] = []

    def bad(_event: LifeCycleEvent) -> None:
        raise RuntimeError("no")

    announcer.listen(bad)
    announcer.listen(heard.append)
    announcer.say("phase", phase="RECONCILING", kind="any name will do")
    assert [event.kind for event in heard] == ["phase"]
    assert announcer.listener_failures == {"bad": 1}


def test_listeners_are_bounded() -> None:
    announcer = Announcer()
    for _ in range(LISTENERS_MAX):
        announcer.listen(lambda _: None)
    with pytest.raises(ValueError, match="listeners"):
        announcer.listen(lambda _: None)


def test_error_is_never_left_and_keeps_its_first_reason() -> None:
    handle = Handle()
    handle.enter(Phase.RECONCILING)
    handle.fail("first")
    handle.fail("second")
    handle.enter(Phase.MONITORING)
    assert (handle.phase, handle.failure) == (Phase.ERROR, "first")


async def test_a_native_node_cannot_be_trued_up() -> None:
    with pytest.raises(NodeError, match="native"):
        await Handle().true_up()


def test_a_clean_verdict_from_before_a_gap_is_unknown_until_the_account_was_looked_at_again() -> None:
    handle = Handle()
    clean = verdict_of(account_id="A-1", time_ns=1, coverage=Coverage.full(1), discrepancies=())
    handle.keep(TrueUpOutcome(verdicts=(clean,)))
    seen = [handle.last_verdict]
    handle.doubt("A-1")
    handle.confirm("A-1", time.monotonic())  # a look that began before the gap
    seen.append(handle.last_verdict)
    handle.settle("A-1")
    seen.append(handle.last_verdict)
    assert seen == [VerdictState.CLEAN, VerdictState.UNKNOWN, VerdictState.CLEAN]


def test_a_clean_verdict_is_as_old_as_the_beginning_of_the_oldest_look_that_stands_for_it() -> None:
    handle = Handle()
    handle.limit_age(60.0)
    both = [verdict_of(account_id=name, time_ns=1, coverage=Coverage.full(1), discrepancies=()) for name in "AB"]
    outcome = TrueUpOutcome(verdicts=tuple(both))
    now = time.monotonic()
    handle.keep(outcome, {"A": now, "B": now - 61})  # the look at B was paced for a minute
    seen = [handle.last_verdict]
    handle.confirm("A", time.monotonic())  # says nothing of B
    seen.append(handle.last_verdict)
    handle.confirm("B", time.monotonic())
    seen.append(handle.last_verdict)
    assert seen == [VerdictState.UNKNOWN, VerdictState.UNKNOWN, VerdictState.CLEAN]


def engine(**more: Any) -> Any:
    return SimpleNamespace(
        **{
            "open_check_interval_secs": None,
            "position_check_interval_secs": 30.0,
            "purge_closed_orders_buffer_mins": 60,
            "purge_closed_orders_interval_mins": 10,
            "purge_from_database": True,
            "reconciliation_instrument_ids": [],
            "reconciliation_startup_delay_secs": 3.0,
            "reconciliation_lookback_mins": 0,
            "inflight_check_threshold_ms": 500,
            "max_single_order_queries_per_cycle": 7,
            "single_order_query_delay_ms": 50,
            **more,
        }
    )


def test_what_a_mapping_does_not_say_is_taken_from_the_engine() -> None:
    settings = NodeSettings.of({"second_look_secs": 0.2}, engine())
    assert settings.second_look_secs == 0.2
    assert settings.open_check_interval_secs == 30.0
    assert settings.purge_buffer_secs == 3600.0
    assert settings.inflight_threshold_secs == 0.5
    assert settings.questions_per_look == 7
    assert NodeSettings.of(None, engine(max_single_order_queries_per_cycle=10)).questions_per_look == QUESTIONS_PER_LOOK


def test_a_setting_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ConfigValueError, match="secnd_look"):
        NodeSettings.of({"secnd_look": 1}, engine())


def test_the_operators_section_is_the_only_source_when_it_is_given() -> None:
    config = ReconciliationConfig(open_check_interval_secs=7.0, lookback_mins=90, submit_grace_ms=12_000)
    settings = NodeSettings.of(config, engine())
    assert settings.mode == "verified"
    assert settings.history == "current"
    assert settings.open_check_interval_secs == 7.0
    assert settings.lookback_secs == 5400.0
    assert settings.submit_grace_secs == 12.0


@pytest.mark.parametrize("version", ["1.222.0", "1.227.3", "1.231.0"])
def test_a_checked_version_is_taken(version: str) -> None:
    assert ".".join(map(str, check_engine_version(version))) == version


@pytest.mark.parametrize("version", ["1.221.0", "1.231.1", "1.232.0", "2.0.0rc6", "2.0.0", "1.231", "1.231.0.dev1"])
def test_an_unchecked_version_is_refused(version: str) -> None:
    with pytest.raises(EngineVersionError, match="not a version"):
        check_engine_version(version)


def test_an_engine_without_one_of_the_names_is_refused_by_that_name() -> None:
    complete: dict[str, Any] = dict.fromkeys(PUBLIC_NAMES)
    for one in ENGINE_NAMES:
        complete[one.name] = None if one.parameters is None else _function(one.parameters)
    check_engine_names(SimpleNamespace(**complete))
    for name in complete:
        lacking = {other: value for other, value in complete.items() if other != name}
        with pytest.raises(EngineVersionError, match=name):
            check_engine_names(SimpleNamespace(**lacking))


def test_an_engine_whose_function_takes_other_parameters_is_refused() -> None:
    complete: dict[str, Any] = dict.fromkeys(PUBLIC_NAMES)
    for one in ENGINE_NAMES:
        complete[one.name] = None if one.parameters is None else _function((*one.parameters, "more"))
    with pytest.raises(EngineVersionError, match="_resolve_inflight_order takes"):
        check_engine_names(SimpleNamespace(**complete))


def _function(parameters: tuple[str, ...]) -> Any:
    scope: dict[str, Any] = {}
    exec(f"def function({', '.join(parameters)}): ...", scope)
    return scope["function"]
