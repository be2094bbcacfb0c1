"""What watches a node comes to life and to its end without ever being able to hurt the node."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest

from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.node.handle import Handle
from trueup.node.sight import Part, Sight, SightContext, SightSettings


class Watcher:
    """A part that writes down what was asked of it."""

    def __init__(self, name: str, told: list[str], fails: str = "") -> None:
        self.name = name
        self.told = told
        self.fails = fails
        self.stuck = threading.Event()

    def start(self) -> None:
        self.told.append(f"start {self.name}")
        if self.fails == "start":
            raise OSError("the port is taken")

    def close(self) -> None:
        self.told.append(f"close {self.name}")
        if self.fails == "close":
            raise OSError("the disk is full")
        if self.fails == "hang":
            self.stuck.wait(30)


def context(**more: Any) -> SightContext:
    handle = Handle()
    return SightContext(
        node=None,
        handle=handle,
        settings=SightSettings(),
        monitor=None,
        status=handle.status,
        render_metrics=None,
        **more,
    )


def sight(*parts: Part | Exception | None) -> Sight:
    def making(part: Part | Exception | None) -> Any:
        def make(_: SightContext) -> Part | None:
            if isinstance(part, Exception):
                raise part
            return part

        return make

    return Sight(context(), [making(part) for part in parts])


def test_parts_start_in_order_and_end_backwards() -> None:
    told: list[str] = []
    made = sight(Watcher("a", told), None, Watcher("b", told))
    made.start()
    made.close()
    made.close()
    assert told == ["start a", "start b", "close b", "close a"]


def test_a_part_that_cannot_start_is_said_and_the_others_live() -> None:
    told: list[str] = []
    made = sight(ImportError("no such thing"), Watcher("a", told, fails="start"), Watcher("b", told))
    problems: list[str] = []
    made._context.handle.announcer.listen(lambda event: problems.append(event.data["text"]))
    made.start()
    made.close()
    assert told == ["start a", "start b", "close b"]
    assert len(problems) == 2
    assert "ImportError: no such thing" in problems[0]
    assert "the port is taken" in problems[1]


def test_a_part_that_fails_or_hangs_at_its_end_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    stuck = Watcher("stuck", told, fails="hang")
    made = sight(Watcher("a", told), stuck, Watcher("b", told, fails="close"))
    made.start()
    made.close(secs_max=0.2)
    assert set(told) >= {"close b", "close stuck", "close a"}
    assert made.failures == {"b": 1}
    assert any("stuck did not end" in record.message for record in caplog.records)
    stuck.stuck.set()


def test_what_was_never_ended_ends_with_the_interpreter() -> None:
    program = (
        "from tests.unit.node.test_sight import Watcher, sight\n"
        "class Loud(list):\n"
        "    def append(self, text): print(text, flush=True)\n"
        "made = sight(Watcher('a', Loud()), Watcher('b', Loud()))\n"
        "made.start()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["start a", "start b", "close b", "close a", ""]


def test_a_sight_that_nobody_holds_is_let_go_although_it_would_be_ended_at_exit() -> None:
    made = sight(Watcher("a", []))
    made.start()
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None


def test_a_program_with_lines_of_its_own_gets_no_second_log_unless_it_is_asked_for() -> None:
    assert SightSettings().beside_own_lines().monitor.log_format is LogFormat.OFF
    asked = SightSettings(monitor=MonitorConfig(log_format=LogFormat.JSON))
    assert asked.beside_own_lines() is asked
