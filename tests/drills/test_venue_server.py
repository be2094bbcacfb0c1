"""The simulated venue on its socket: what it answers and pushes, and what each fault does to that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trueup.drills.venue import Fault, FaultBook, Side, Truth, VenueServer
from trueup.drills.wire import FRAME_BYTES_MAX, frame, read_frame
from trueup.errors import NodeError

SILENCE_SECS = 0.1


class Caller:
    """A bare client of the venue."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def ask(self, subject: str, **terms: Any) -> dict[str, Any]:
        """Ask, and return the next message."""
        self.writer.write(frame({"id": 1, "ask": subject, **terms}))
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        """Return the next message."""
        message = await asyncio.wait_for(read_frame(self._reader), 5)
        assert message is not None
        return message

    async def hears_nothing(self) -> bool:
        """Return whether the venue keeps silent for a while."""
        try:
            await asyncio.wait_for(read_frame(self._reader), SILENCE_SECS)
        except TimeoutError:
            return True
        return False


@pytest.fixture
def venue(tmp_path: Path) -> VenueServer:
    """Return a venue with one order of three fills, not yet listening."""
    server = VenueServer(Truth(), FaultBook(), tmp_path / "venue.sock")
    server.truth.place(
        symbol="BTC", side=Side.BUY, quantity=Decimal(5), price=Decimal(100), client_order_id="V-1", now_ns=1
    )
    for time_ns in (2, 3, 4):
        server.truth.fill("V-1", Decimal(1), None, time_ns)
    return server


@pytest.fixture
async def caller(venue: VenueServer) -> AsyncIterator[Caller]:
    """Connect to the venue."""
    await venue.start()
    caller = Caller(*await asyncio.open_unix_connection(venue.path))
    await caller.ask("account")
    yield caller
    caller.writer.close()
    await venue.stop()


def trade_ids(answer: dict[str, Any]) -> list[str]:
    """Return the trade ids of an answer."""
    return [fill["trade_id"] for fill in answer["answer"]]


async def test_fills_are_listed_oldest_first_and_from_a_time_on(caller: Caller) -> None:
    assert trade_ids(await caller.ask("fills")) == ["T-1", "T-2", "T-3"]
    assert trade_ids(await caller.ask("fills", start_ns=3)) == ["T-2", "T-3"]


async def test_an_open_order_is_listed_however_old_it_is(caller: Caller) -> None:
    answer = await caller.ask("orders", start_ns=10**20)
    assert [order["client_order_id"] for order in answer["answer"]] == ["V-1"]


async def test_an_unknown_order_is_answered_with_nothing_and_not_with_an_error(caller: Caller) -> None:
    assert (await caller.ask("order", client_order_id="V-9"))["answer"] is None


async def test_cancelling_an_unknown_order_is_refused(caller: Caller) -> None:
    answer = await caller.ask("cancel", name="V-9")
    assert answer["refused"]
    assert "V-9 is not at the venue" in answer["error"]


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ("newest_first", ["T-3", "T-2", "T-1"]),
        ("truncated", ["T-3"]),
        ("empty", []),
    ],
)
async def test_a_spoilt_list_is_spoilt_as_the_fault_says(
    venue: VenueServer, caller: Caller, effect: str, expected: list[str]
) -> None:
    venue.faults.add(Fault("fills", effect))
    assert trade_ids(await caller.ask("fills")) == expected


async def test_positions_come_without_average_price_where_the_fault_says(venue: VenueServer, caller: Caller) -> None:
    venue.faults.add(Fault("positions", "no_average_price", times=1))
    assert (await caller.ask("positions"))["answer"][0]["average_price"] is None
    assert Decimal((await caller.ask("positions"))["answer"][0]["average_price"]) == 100


async def test_a_failing_query_fails_as_often_as_the_fault_says(venue: VenueServer, caller: Caller) -> None:
    venue.faults.add(Fault("orders", "fail", times=1))
    assert "503" in (await caller.ask("orders"))["error"]
    assert "answer" in await caller.ask("orders")


async def test_a_hanging_query_is_never_answered_and_the_next_is(venue: VenueServer, caller: Caller) -> None:
    venue.faults.add(Fault("orders", "hang", times=1))
    caller.writer.write(frame({"id": 7, "ask": "orders"}))
    assert await caller.hears_nothing()
    assert "answer" in await caller.ask("orders")


@pytest.mark.parametrize(("effect", "arrives"), [("lost_before", False), ("lost_after", True)])
async def test_a_lost_command_takes_effect_or_not(
    venue: VenueServer, caller: Caller, effect: str, *, arrives: bool
) -> None:
    venue.faults.add(Fault("submit", effect))
    venue.faults.add(Fault("push", "lose"))
    order = {"symbol": "BTC", "side": "BUY", "quantity": "1", "price": "99", "leg": "BOTH", "client_order_id": "V-2"}
    caller.writer.write(frame({"id": 7, "ask": "submit", **order}))
    assert await caller.hears_nothing()
    assert (venue.truth.find("V-2") is not None) is arrives


async def test_pushes_arrive_in_the_order_in_which_things_happened(venue: VenueServer, caller: Caller) -> None:
    venue.push("filled")
    venue.push("canceled")
    assert [(await caller.hear())["push"], (await caller.hear())["push"]] == ["filled", "canceled"]


async def test_a_reordered_push_comes_after_the_next_event_of_an_order(venue: VenueServer, caller: Caller) -> None:
    venue.faults.add(Fault("push", "reorder", "filled", times=1))
    venue.push("filled")
    venue.push("account")
    venue.push("canceled")
    heard = [(await caller.hear())["push"] for _ in range(3)]
    assert heard == ["account", "canceled", "filled"]


async def test_a_duplicated_push_comes_twice_and_a_lost_one_never(venue: VenueServer, caller: Caller) -> None:
    venue.faults.add(Fault("push", "duplicate", "filled"))
    venue.faults.add(Fault("push", "lose", "canceled"))
    venue.push("filled")
    venue.push("canceled")
    assert [(await caller.hear())["push"], (await caller.hear())["push"]] == ["filled", "filled"]
    assert await caller.hears_nothing()


async def test_a_delayed_push_comes_after_later_ones(venue: VenueServer, caller: Caller) -> None:
    venue.faults.add(Fault("push", "delay", "filled", delay_secs=0.05))
    venue.push("filled")
    venue.push("canceled")
    assert [(await caller.hear())["push"], (await caller.hear())["push"]] == ["canceled", "filled"]


async def test_a_frame_beyond_all_bounds_is_refused() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
    with pytest.raises(NodeError, match="a frame of"):
        await read_frame(reader)
