"""The kill-point sweep: its points, its proxy's reading of RESP, and a slice of the real thing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.drills.sweep.campaign import list_events, run_targets, targets_of
from trueup.drills.sweep.points import Point, Target, read_target
from trueup.drills.sweep.report import render
from trueup.drills.sweep.result import Kill, Sweep, place_of, read_sweep, write_sweep, wrong
from trueup.drills.sweep.session import session
from trueup.drills.sweep.store import CommandReader
from trueup.drills.sweep.switch import KillSwitch
from trueup.errors import ConfigValueError

SLICE = (
    "1:venue:24",  # the venue has accepted, the answer has not left
    "1:write:60",  # an order's events are half in the store
    "1:engine:90+2:read:9",  # in a running true-up, and again while the store is read
    "2:told:9",  # the start-up's plan is being applied
    "2:venue:11",  # in the middle of the start-up's reading
    "3:write:20",  # the native engine rewrites what it finds
    "4:file:4",  # a repair is about to be written down
    "4:write:12",  # what a repair purges is half gone from the store
)
"""Each kind of place once; the whole sweep is `long`."""
CONCURRENT = 6
"""As many as a campaign's episodes: a kill takes seconds, and most of it is waiting."""


def test_a_point_is_read_as_it_is_written() -> None:
    for word in ("1:venue:7", "12:write:1+13:read:3"):
        assert str(read_target(word)) == word
    assert read_target("2:file:4") == Target(Point(2, "file", 4))


@pytest.mark.parametrize(
    "word", ["", "venue:7", "1:venue:0", "1:nothing:1", "1:venue:1+1:venue:2", "1:venue:1+2:read:1+3:read:1"]
)
def test_a_word_that_is_no_point_is_refused_with_what_is(word: str) -> None:
    with pytest.raises(ConfigValueError, match="LIFE:LANE:NUMBER"):
        read_target(word)


@given(st.lists(st.lists(st.binary(max_size=30), min_size=1, max_size=4), max_size=8), st.integers(1, 40))
def test_commands_come_out_of_the_stream_whole_however_it_is_cut(commands: list[list[bytes]], size: int) -> None:
    stream = b"".join(
        b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words) for words in commands
    )
    reader = CommandReader()
    found = [one for start in range(0, len(stream), size) for one in reader.feed(stream[start : start + size])]
    assert [words for _, words in found] == commands
    assert b"".join(raw for raw, _ in found) == stream


def test_every_event_is_a_point_and_a_small_lane_is_not_crowded_out() -> None:
    events = {(1, "write"): ["w"] * 900, (1, "file"): ["f"] * 5, (2, "venue"): ["v"] * 50}
    assert len(targets_of(events)) == 955
    some = targets_of(events, 60)
    lanes = [target.first.lane for target in some]
    assert len(some) == 60
    assert lanes.count("file") == 5
    assert min(lanes.count("venue"), lanes.count("write")) >= 27
    assert sum(target.again is not None for target in some) == 7
    assert targets_of(events, 60) == some


def test_a_switch_kills_at_its_event_in_its_life_and_nowhere_else() -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(7)
    os.close(reader)
    switch = KillSwitch(read_target("2:venue:2"), lambda: pid)
    switch.begin_life(1)
    assert not any(switch.happens("venue", "one") for _ in range(5))
    switch.begin_life(2)
    assert not switch.happens("venue", "first")
    assert not switch.happens("write", "another lane")
    assert switch.happens("venue", "second")
    _, status = os.waitpid(pid, 0)
    os.close(writer)
    assert os.waitstatus_to_exitcode(status) == -9
    assert (switch.struck, switch.struck_life) == (["second"], 2)


def test_a_sweep_is_kept_a_line_a_kill_and_read_again(tmp_path: Path) -> None:
    kills = [Kill("1:venue:1", "verified", "submit arrives", 1), Kill("1:file:1", "verified", "", 1, ["order V-1"])]
    sweep = Sweep("2026-01-01T00:00:00+00:00", "1.231.0", "2 cores", {"venue": 1, "file": 1}, kills)
    write_sweep(sweep, tmp_path / "sweep.json")
    assert read_sweep(tmp_path / "sweep.json") == sweep
    assert [kill.target for kill in wrong(kills)] == ["1:file:1"]


def test_the_sweep_on_record_has_three_hundred_points_and_every_node_came_back_equal() -> None:
    kept = read_sweep(place_of("verified"))
    reached = [kill for kill in kept.kills if kill.deaths]
    assert len(reached) >= 300
    assert wrong(kept.kills) == []
    assert sum(kill.deaths > 1 for kill in reached) >= 20
    assert "| write |" in render()


@pytest.mark.node
def test_a_node_killed_at_any_kind_of_event_comes_back_clean_and_goes_on() -> None:
    targets = [read_target(word) for word in SLICE]
    kills = asyncio.run(run_targets(targets, "verified", lambda _: None, concurrent=CONCURRENT))
    assert [kill.target for kill in kills if not kill.is_good] == [], kills
    assert sum(kill.deaths > 0 for kill in kills) >= len(SLICE) - 1, kills  # an index may pass the end of its lane


@pytest.mark.long
@pytest.mark.node
def test_a_node_killed_at_every_event_of_the_session_comes_back_clean_and_goes_on() -> None:
    events = asyncio.run(list_events("verified"))
    assert len(session().acts) == 4
    kills = asyncio.run(run_targets(targets_of(events), "verified", lambda _: None, events=events))
    assert wrong(kills) == []
