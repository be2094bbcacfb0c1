"""The guard's thread beside an event loop that hangs, a disk that fails, and a directory that is taken."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.guard.test_message import KEY, command
from tests.unit.guard.test_node_guard import World
from trueup.guard import receiver as module
from trueup.guard.message import Act, Answer, Command, Purpose, seal
from trueup.guard.part import GuardPart
from trueup.guard.record import GuardFile
from trueup.guard.refusals import Refusals
from trueup.guard.strangers import GONE_VISITS, Strangers
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.verdicts import VerdictState


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def part_of(world: World, loop: asyncio.AbstractEventLoop, directory: Path) -> GuardPart:
    def say(kind: str, /, **data: Any) -> None:
        world.said.append((kind, data))

    part = GuardPart(
        lambda book, keep: _kept(world, book, keep),
        loop=loop,
        say=say,
        trader_id="TRADER-001",
        instance_id="i-1",
        directory=directory,
        key=KEY,
    )
    part._claim()
    part.guard.enter(Phase.RECONCILING)
    world.verdict_now = VerdictState.CLEAN
    part.guard.enter(Phase.RECONCILED)
    return part


def _kept(world: World, book: Any, keep: Any) -> Any:
    world.kept = _Keeper(keep)  # type: ignore[assignment]  # the part's own keeper in place of the list
    return world.guard(book)


class _Keeper:
    def __init__(self, keep: Any) -> None:
        self.append = keep


def receive(part: GuardPart, loop: asyncio.AbstractEventLoop, one: Command) -> Any:
    """Hand a command to the part on a thread, as the store would, while the loop runs."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(part._receiver.receive(seal(KEY, Purpose.COMMAND, one))))
    thread.start()
    while thread.is_alive():
        loop.run_until_complete(asyncio.sleep(0.005))
    return found[0]


def fresh(**more: Any) -> Command:
    return command(issued_ns=time.time_ns(), **more)


def test_a_command_is_on_the_disk_when_it_is_acknowledged(tmp_path: Path, loop: asyncio.AbstractEventLoop) -> None:
    world = World()
    part = part_of(world, loop, tmp_path)
    answer = receive(part, loop, fresh())
    assert (answer.applied, answer.state, world.state) == (True, GuardState.HALTED, GuardState.HALTED)
    record = GuardFile(tmp_path).read()
    assert record.operator is not None
    assert record.operator.reason == "the desk is closed"
    assert record.sequences == {"desk": 7}
    part.close()


def test_a_loop_that_hangs_is_told_to_the_sender(
    tmp_path: Path, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOP_SECS_MAX", 0.05)
    world = World()
    part = part_of(world, loop, tmp_path)
    answer = part._receiver.receive(seal(KEY, Purpose.COMMAND, fresh()))  # nobody runs the loop
    assert isinstance(answer, Answer)
    assert (answer.applied, answer.code) == (False, "cannot_act")
    assert "event loop has not answered" in answer.why
    assert part.status().commands_refused == {"cannot_act": 1}
    loop.run_until_complete(asyncio.sleep(0))
    assert world.state is GuardState.HALTED  # it obeyed when it went on
    part.close()


def test_a_disk_that_fails_is_said_and_the_halt_holds_all_the_same(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    world = World()
    part = part_of(world, loop, tmp_path)
    (tmp_path / "guard.new").mkdir()  # where the new record would be written
    answer = receive(part, loop, fresh())
    assert answer.applied
    loop.run_until_complete(asyncio.sleep(0))
    assert "cannot be written" in world.events("guard_alarm")[0]["text"]
    (tmp_path / "guard.new").rmdir()
    part.close()
    assert GuardFile(tmp_path).read().operator is not None  # written as soon as it could be


def test_a_directory_that_another_node_holds_means_two_writers(tmp_path: Path, loop: asyncio.AbstractEventLoop) -> None:
    other = GuardFile(tmp_path)
    assert other.claim()
    world = World()
    part = part_of(world, loop, tmp_path)
    loop.run_until_complete(asyncio.sleep(0))
    assert world.state is GuardState.HALTED
    assert "two-writers" in part.status().rules
    other.let_go()
    part._claim()
    loop.run_until_complete(asyncio.sleep(0))
    part.guard.looked()
    part.guard.looked()
    assert world.state.value == "ACTIVE"
    part.close()


def test_a_clock_that_jumps_between_two_beats_is_noticed(tmp_path: Path, loop: asyncio.AbstractEventLoop) -> None:
    world = World()
    part = part_of(world, loop, tmp_path)
    part.start()
    loop.run_until_complete(asyncio.sleep(0))
    assert world.state is GuardState.ACTIVE
    part._offset_ns -= 2_000_000_000  # as if it had been two seconds behind a moment ago
    part._beat()
    assert world.state.value == "REDUCING"
    assert part.guard.book.rules == ("clock-stepped",)
    part.close()


def test_a_command_of_a_release_waits_for_nobody_but_the_verdict(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    world = World()
    part = part_of(world, loop, tmp_path)
    receive(part, loop, fresh())
    world.verdict_now = VerdictState.UNKNOWN
    refused = receive(part, loop, fresh(act=Act.RELEASE, sequence=8, nonce="1" * 32))
    assert (refused.applied, refused.code) == (False, "not_allowed")
    world.verdict_now = VerdictState.CLEAN
    assert receive(part, loop, fresh(act=Act.RELEASE, sequence=9, nonce="2" * 32)).applied
    assert GuardFile(tmp_path).read().operator is None
    part.close()


def test_what_an_earlier_life_left_behind_is_no_stranger_and_one_that_signs_in_is() -> None:
    one = Strangers("me")
    assert not one.meet("the one before")
    assert not one.meet("me")
    assert not one.is_present
    one.meet("another")
    assert one.meet("another")
    assert one.is_present
    assert [one.meet("me") for _ in range(GONE_VISITS)] == [False] * (GONE_VISITS - 1) + [True]
    assert not one.is_present


def test_a_flood_of_refused_messages_is_counted_each_and_said_now_and_then() -> None:
    refusals = Refusals()
    said = [refusals.add("forged", 0.01 * number) for number in range(1_500)]
    assert [count for count in said if count] == [1, 1_001]
    assert refusals.counts() == {"forged": 1_500}
