"""In one connection each question is put once; outside of it, every time; and a failure is nobody else's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from trueup.venues.binance.shared_answers import SharedAnswers

ACCOUNT = ("GET", "/account", "")


class Venue:
    """Answer with a running number; fail where told."""

    def __init__(self) -> None:
        self.put = 0
        self.fails = False

    def question(self) -> Callable[[], Awaitable[bytes]]:
        """Return how to put the question."""

        async def put() -> bytes:
            self.put += 1
            number = self.put
            await asyncio.sleep(0.01)
            if self.fails:
                raise ConnectionError(f"{number}")
            return b"%d" % number

        return put


@pytest.fixture
def shared() -> SharedAnswers:
    """Return one that shares the account's question."""
    return SharedAnswers(frozenset({"/account"}))


async def test_those_who_ask_in_one_connection_share_one_answer_early_or_late(shared: SharedAnswers) -> None:
    venue = Venue()
    shared.begin()
    both = await asyncio.gather(*(shared.ask(ACCOUNT, venue.question()) for _ in range(2)))
    assert [*both, await shared.ask(ACCOUNT, venue.question())] == [b"1"] * 3
    assert shared.shared == 2


@pytest.mark.parametrize(
    "question", [("GET", "/account", "symbol=BTCUSDT"), ("POST", "/account", ""), ("GET", "/openOrders", "")]
)
async def test_another_question_has_its_own_answer(shared: SharedAnswers, question: tuple[str, str, str]) -> None:
    venue = Venue()
    shared.begin()
    assert await shared.ask(ACCOUNT, venue.question()) == b"1"
    assert await shared.ask(question, venue.question()) == b"2"


async def test_nothing_is_shared_outside_a_connection_nor_from_one_to_the_next(shared: SharedAnswers) -> None:
    venue = Venue()
    answers = [await shared.ask(ACCOUNT, venue.question()) for _ in range(2)]
    for _ in range(2):
        shared.begin()
        answers.append(await shared.ask(ACCOUNT, venue.question()))
        shared.end()
    assert answers == [b"1", b"2", b"3", b"4"]


async def test_whoever_waits_hears_of_a_failure_and_who_asks_after_it_asks_the_venue(shared: SharedAnswers) -> None:
    venue = Venue()
    shared.begin()
    venue.fails = True
    failed = await asyncio.gather(*(shared.ask(ACCOUNT, venue.question()) for _ in range(2)), return_exceptions=True)
    assert [str(error) for error in failed] == ["1", "1"]
    venue.fails = False
    assert await shared.ask(ACCOUNT, venue.question()) == b"2"


async def test_one_who_gives_up_takes_the_answer_from_nobody(shared: SharedAnswers) -> None:
    venue = Venue()
    shared.begin()
    first = asyncio.ensure_future(shared.ask(ACCOUNT, venue.question()))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(shared.ask(ACCOUNT, venue.question()))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == b"1"
    assert venue.put == 1
