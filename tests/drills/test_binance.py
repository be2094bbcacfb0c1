"""F1 to F12, on the Binance adapter: verified is equal to the venue and says so; native does what is on record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trueup.cli.drill import app
from trueup.drills.binance.run import live
from trueup.drills.binance.scenario import BinanceScenario, binance_scenarios, read_binance_scenario
from trueup.drills.binance.steps import GRAMMAR, Break, Fill, Place, SetClock, WaitForOrder, parse_step, parse_steps
from trueup.drills.catalogue import every_scenario, named_scenario
from trueup.drills.emulator_faults import EVENT_EFFECTS, EVENT_SUBJECTS, REQUEST_EFFECTS, REQUEST_SUBJECTS
from trueup.drills.judge import complaints
from trueup.drills.measured import measured_of, read_measured
from trueup.drills.scenario import scenarios
from trueup.emulator.process import EmulatorProcess
from trueup.errors import ConfigFileError, ConfigValueError

SLICE = {"F5", "F8", "F11"}
"""Lived in every run: an outcome left unknown, a lost event, an old order. 12 to 20 s each; the others are long."""
HEAD = 'id = "F99"\nvenue = "binance"\ntitle = "t"\n'


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    """Run an emulator whose market stands still."""
    with EmulatorProcess() as process:
        process.control.pause_market()
        yield process


@pytest.mark.node
@pytest.mark.server
@pytest.mark.parametrize(
    "scenario",
    [pytest.param(one, id=one.id, marks=() if one.id in SLICE else pytest.mark.long) for one in binance_scenarios()],
)
def test_verified_ends_clean_and_equal_and_native_as_on_record(
    scenario: BinanceScenario, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    native, verified = live(scenario, emulator, tmp_path)
    assert not complaints(scenario, verified)
    assert verified.trading
    assert verified.converged
    assert not native.failure
    assert not scenario.native.stable or measured_of(native).agrees(read_measured("native")[scenario.id]), native.lines


def test_on_record_no_verified_node_is_different_and_no_native_one_equal_but_by_chance() -> None:
    native, verified = read_measured("native"), read_measured("verified")
    assert [one.id for one in binance_scenarios()] == [f"F{number}" for number in range(1, 13)]
    for scenario in binance_scenarios():
        assert (verified[scenario.id].converged, verified[scenario.id].verdict) == (True, "CLEAN"), scenario.id
        if scenario.native.stable:
            assert native[scenario.id].converged == scenario.native.converged, scenario.id
            assert not native[scenario.id].converged, scenario.id


def test_they_are_listed_shown_and_named_beside_all_others() -> None:
    assert [one.id for one in every_scenario()] == [one.id for one in (*scenarios(), *binance_scenarios())]
    assert len({one.id for one in every_scenario()}) == len(every_scenario())
    listed = CliRunner().invoke(app, ["list"]).output.splitlines()
    for number in ("4b", "F1", "F12"):
        assert sum(line.startswith(f"{number} ") for line in listed) == 1
    for number, command in (("O2", "trueup drill run --config trueup.toml O2"), ("N16", "trueup drill network N16")):
        assert any(line.startswith(number) for line in listed)
        shown = CliRunner().invoke(app, ["show", number]).output
        assert command in shown
        assert "node start" in shown
    shown = CliRunner().invoke(app, ["show", "F7"]).output
    assert "fault submits unanswered" in shown
    assert "Binance USD-M at the emulator, store own, 6 s to settle" in shown
    assert "native: the order is REJECTED" in shown


def test_every_line_of_the_grammar_and_every_fault_is_understood() -> None:
    assert parse_steps("node submit V-1 BUY 0.010 @ 40000 on ETHUSDT # a remark\n\nnode kill")[0] == parse_step(
        "node submit  V-1 BUY 0.010 @ 40000 on ETHUSDT"
    )
    examples = [line.split("  ")[0].split(" [")[0] for line in GRAMMAR.splitlines() if not line.startswith("SUBJECT")]
    for line in examples:
        if line and "SUBJECT" not in line and not line.startswith("EFFECT"):
            parse_step(line)
    for subjects, effects in ((EVENT_SUBJECTS, EVENT_EFFECTS), (REQUEST_SUBJECTS, REQUEST_EFFECTS)):
        for subject in subjects:
            for effect in effects:
                assert parse_step(f"fault {subject} {effect} times 2") == Break(subject, effect, 2)
    assert parse_step("venue fill X-1 0.001 times 1200").__class__ is Fill
    external = parse_step("venue external X-1 SELL 0.5 on ETHUSDT")
    assert isinstance(external, Place)
    assert (external.by, external.price, external.symbol) == ("external", None, "ETHUSDT")
    assert parse_step("venue clock now") == SetClock(0)
    assert parse_step("wait for V-1 at the venue") == WaitForOrder("V-1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + 'steps = "node dance"', r"x\.toml is wrong: the step 'node dance' is not understood"),
        (HEAD + 'steps = "fault fills refused"', r"'fault fills refused' is not understood"),
        (
            HEAD + 'steps = "node start\\nvenue clock -8d"',
            r"x\.toml is wrong: steps: .*the venue's clock never goes back",
        ),
        (HEAD + 'steps = "venue clock now\\nvenue clock -1d"', "the venue's clock never goes back"),
        (HEAD + 'settle = 3\nsteps = "node start"', "settle: Extra inputs are not permitted"),
        (HEAD.replace("F99", "99") + 'steps = "node start"', "id: String should match"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_what_is_wrong_and_what_is_right(text: str, message: str) -> None:
    with pytest.raises(ConfigValueError, match=message) as found:
        read_binance_scenario(text, "x.toml")
    assert found.value.allowed
    assert "pydantic" not in str(found.value)


def test_a_file_or_a_number_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigValueError, match="there is no scenario 'F13'"):
        CliRunner().invoke(app, ["run", "F13"], catch_exceptions=False)
    with pytest.raises(ConfigValueError, match=r"O2 is run by another command[\s\S]*run --config trueup\.toml O2"):
        CliRunner().invoke(app, ["run", "O2"], catch_exceptions=False)
    with pytest.raises(ConfigFileError, match="cannot be read"):
        named_scenario(str(tmp_path / "none.toml"))
    (tmp_path / "broken.toml").write_text('id = "F1')
    with pytest.raises(ConfigFileError, match=r"broken\.toml cannot be read"):
        named_scenario(str(tmp_path / "broken.toml"))


def started_by(mark: str, scratch: Path) -> list[str]:
    """Return the living processes of a run: those that inherited its mark, and the store, which works in its files."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            marked = f"DRILL_TEST={mark}".encode() in (entry / "environ").read_bytes().split(b"\0")
            stands = str((entry / "cwd").readlink()).startswith(str(scratch))
            said = (entry / "cmdline").read_text().replace("\0", " ")[:120]
        except OSError:
            continue
        if said and (marked or stands):  # one that has ended, and waits to be reaped, has no command line
            found.append(said)
    return found


@pytest.mark.node
@pytest.mark.server
def test_ctrl_c_in_the_middle_ends_all_that_was_started_and_says_what_had_ended(tmp_path: Path) -> None:
    scenario, scratch, mark = tmp_path / "endless.toml", tmp_path / "scratch", f"{os.getpid()}-{time.time_ns()}"
    scenario.write_text(HEAD + 'redis = "own"\nsteps = "node start\\nwait 600s"\n')
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "trueup", "drill", "run", str(scenario), "--mode", "verified"],
        env={**os.environ, "DRILL_TEST": mark, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while len(running := started_by(mark, scratch)) < 4:  # the drill, an emulator, a store, a node
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, running
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 130, said
    assert said[1] == "trueup: interrupted; 0 of 1 runs had ended, and nothing is left running\n"
    assert started_by(mark, scratch) == []
    assert not list(scratch.glob("drill-*"))
