"""Nothing leaves before it is durable, and many share one sync."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from trueup.emulator.engine.events import AccountConfigEvent, MarketEvent, VenueEvent
from trueup.emulator.engine.journal import NoJournal
from trueup.emulator.wire.durability import GroupCommit, Journal
from trueup.errors import EmulatorError


class GatedJournal:
    """A journal whose sync blocks in its thread until the test lets it go on."""

    def __init__(self) -> None:
        self.appended = 0
        self.durable = 0
        self.syncs = 0
        self.gate = threading.Semaphore(0)
        self.entered = threading.Semaphore(0)
        self.failure: EmulatorError | None = None

    def sync(self) -> None:
        covered = self.appended
        self.syncs += 1
        self.entered.release()
        assert self.gate.acquire(timeout=10)
        if self.failure is not None:
            raise self.failure
        self.durable = covered

    async def wait_until_syncing(self) -> None:
        assert await asyncio.to_thread(self.entered.acquire, True, 10)


def _event(sequence: int) -> AccountConfigEvent:
    return AccountConfigEvent(sequence, 0, "main", "BTCUSDT", 20)


@pytest.fixture
def published() -> list[int]:
    return []


def _commit(journal: Journal, published: list[int]) -> GroupCommit:
    def publish(events: list[VenueEvent | MarketEvent]) -> None:
        published.extend(event.sequence for event in events if isinstance(event, AccountConfigEvent))

    return GroupCommit(journal, publish)


async def test_without_a_journal_events_leave_at_once(published: list[int]) -> None:
    commit = _commit(NoJournal(), published)
    commit.collect(_event(1))

    assert commit.settled() is None
    assert published == [1]


async def test_an_answer_and_its_events_wait_for_the_sync(published: list[int]) -> None:
    journal = GatedJournal()
    commit = _commit(journal, published)
    journal.appended = 1
    commit.collect(_event(1))
    waiter = commit.settled()
    assert waiter is not None
    await journal.wait_until_syncing()
    assert published == []
    assert not waiter.done()

    journal.gate.release()
    await waiter
    assert published == [1]


async def test_what_comes_during_a_sync_shares_the_next_one(published: list[int]) -> None:
    journal = GatedJournal()
    commit = _commit(journal, published)
    journal.appended = 1
    commit.collect(_event(1))
    first = commit.settled()
    await journal.wait_until_syncing()
    later: list[Any] = []
    for sequence in (2, 3, 4):
        journal.appended += 1
        commit.collect(_event(sequence))
        later.append(commit.settled())

    journal.gate.release()
    await journal.wait_until_syncing()
    assert first is not None
    assert first.done()
    assert published == [1]
    assert not any(waiter.done() for waiter in later)
    journal.gate.release()
    await asyncio.gather(*later)
    assert published == [1, 2, 3, 4]
    assert journal.syncs == 2


async def test_a_read_waits_for_what_it_may_have_seen(published: list[int]) -> None:
    journal = GatedJournal()
    commit = _commit(journal, published)
    journal.appended = 1
    commit.flush()
    await journal.wait_until_syncing()

    read = commit.settled()
    assert read is not None
    journal.gate.release()
    await read
    assert journal.durable == journal.appended
    assert commit.settled() is None


async def test_a_failed_sync_fails_the_answers_and_keeps_the_events_until_the_disk_takes_them(
    published: list[int],
) -> None:
    journal = GatedJournal()
    journal.failure = EmulatorError("the journal cannot be written: No space left on device")
    commit = _commit(journal, published)
    journal.appended = 1
    commit.collect(_event(1))
    waiter = commit.settled()
    assert waiter is not None
    journal.gate.release()
    with pytest.raises(EmulatorError, match="No space left"):
        await waiter
    assert published == []
    assert commit.failures == 1

    journal.failure = None
    journal.appended = 2
    commit.collect(_event(2))
    again = commit.settled()
    assert again is not None
    journal.gate.release()
    await again
    assert published == [1, 2]


async def test_closing_with_a_disk_that_refuses_ends(published: list[int]) -> None:
    journal = GatedJournal()
    journal.failure = EmulatorError("the journal cannot be written: Input/output error")
    commit = _commit(journal, published)
    journal.appended = 1
    commit.collect(_event(1))
    journal.gate.release()

    await commit.close()
    assert published == []
