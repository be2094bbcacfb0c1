"""What ``attach`` and the runner show of a node that reconciles by itself."""

from __future__ import annotations

import signal

import pytest

from tests.integration.node.lines import NodeProcess

pytestmark = pytest.mark.node
MAIN = "tests.integration.node.native_main"


def test_a_healthy_node_says_every_phase_and_stops_cleanly_on_an_interrupt() -> None:
    node = NodeProcess(MAIN, "ok")
    node.await_line("phase", phase="MONITORING")
    node.signal(signal.SIGINT)
    assert node.end() == 0
    assert node.phases == ["RECONCILING", "RECONCILED", "MONITORING"]
    (says,) = [line for line in node.said if line["event"] == "engine_says"]
    assert says["succeeded"] is True


def test_a_node_whose_native_start_up_failed_is_not_left_as_a_zombie() -> None:
    node = NodeProcess(MAIN, "fails")
    assert node.end() == 1
    assert node.phases == ["RECONCILING", "ERROR"]
    assert not [line for line in node.said if line["event"] == "trading"]
    assert "not reconciled" in node.said[-1]["reason"]


def test_a_node_that_hangs_in_its_start_up_still_stops_on_a_termination_signal() -> None:
    node = NodeProcess(MAIN, "hangs")
    node.await_line("phase", phase="RECONCILING")
    node.signal(signal.SIGTERM)
    assert node.end() == 0
    assert "MONITORING" not in node.phases


def test_a_second_interrupt_forces_the_end() -> None:
    node = NodeProcess(MAIN, "hangs")
    node.await_line("phase", phase="RECONCILING")
    node.signal(signal.SIGINT)
    node.await_line("stopping")
    node.signal(signal.SIGINT)
    assert node.end(within_secs=10) == 130
