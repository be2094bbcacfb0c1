"""The proxy on the way: each fault against a real echo server, the grammar, and a slice of the scenarios."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from trueup.drills.network.faults import LinkFault
from trueup.drills.network.proxy import TcpProxy
from trueup.drills.network.record import read, render
from trueup.drills.network.run import run_network
from trueup.drills.network.scenario import Network, find_network_scenario, network_scenarios, parse_step
from trueup.errors import ConfigValueError

PATIENCE_SECS = 30.0


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1024):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def way() -> AsyncIterator[TcpProxy]:
    """Open a proxy before an echo server."""
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    proxy = TcpProxy(server.sockets[0].getsockname()[1])
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
        server.close()


class Client:
    """One connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, proxy: TcpProxy) -> Client:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    async def say(self, text: bytes) -> bytes:
        """Return what comes back."""
        self.writer.write(text)
        return await asyncio.wait_for(self.reader.readexactly(len(text)), PATIENCE_SECS)

    async def is_reset(self) -> bool:
        """Return whether the connection ends without a farewell."""
        try:
            return await asyncio.wait_for(self.reader.read(1024), PATIENCE_SECS) == b""
        except ConnectionResetError:
            return True


async def test_without_a_fault_all_comes_back_and_a_delay_only_makes_it_late() -> None:
    async with way() as proxy:
        client = await Client.connect(proxy)
        assert await client.say(b"x" * 200_000) == b"x" * 200_000
        proxy.fail(LinkFault(kind="delay", delay_secs=0.2, jitter_secs=0.1))
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await client.say(b"late") == b"late"
        assert loop.time() - began >= 0.4
        client.writer.close()


async def test_what_is_dropped_arrives_in_order_once_the_way_is_healed_and_new_connections_hang_until_then() -> None:
    async with way() as proxy:
        client = await Client.connect(proxy)
        assert await client.say(b"before") == b"before"
        proxy.fail(LinkFault(kind="drop"))
        client.writer.write(b"one")
        client.writer.write(b"two")
        other = await Client.connect(proxy)
        other.writer.write(b"new")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.3)
        proxy.heal()
        assert await asyncio.wait_for(client.reader.readexactly(6), PATIENCE_SECS) == b"onetwo"
        assert await asyncio.wait_for(other.reader.readexactly(3), PATIENCE_SECS) == b"new"
        for one in (client, other):
            one.writer.close()


async def test_a_drop_of_answers_lets_requests_through() -> None:
    async with way() as proxy:
        client = await Client.connect(proxy)
        await client.say(b"x")
        proxy.fail(LinkFault(kind="drop", direction="down"))
        before = proxy.carried_bytes
        client.writer.write(b"asked")
        while proxy.carried_bytes < before + 5:  # noqa: ASYNC110 - the proxy counts, it does not tell
            await asyncio.sleep(0.01)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.3)
        proxy.heal()
        assert await asyncio.wait_for(client.reader.readexactly(5), PATIENCE_SECS) == b"asked"
        client.writer.close()


async def test_a_reset_ends_what_is_open_and_a_refusal_what_comes_too() -> None:
    async with way() as proxy:
        client = await Client.connect(proxy)
        await client.say(b"x")
        proxy.fail(LinkFault(kind="reset"))
        assert await client.is_reset()
        again = await Client.connect(proxy)
        assert await again.say(b"new") == b"new"
        proxy.fail(LinkFault(kind="refuse"))
        assert await again.is_reset()
        assert await (await Client.connect(proxy)).is_reset()
        proxy.heal()
        healed = await Client.connect(proxy)
        assert await healed.say(b"back") == b"back"
        healed.writer.close()


async def test_a_half_open_connection_takes_all_and_says_nothing_for_good_while_new_ones_work() -> None:
    async with way() as proxy:
        client = await Client.connect(proxy)
        await client.say(b"x")
        proxy.fail(LinkFault(kind="half-open"))
        client.writer.write(b"anybody")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.3)
        proxy.heal()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.3)
        other = await Client.connect(proxy)
        assert await other.say(b"new") == b"new"
        for one in (client, other):
            one.writer.close()


async def test_a_narrow_way_takes_its_time_and_a_cut_comes_at_its_byte() -> None:
    async with way() as proxy:
        client = await Client.connect(proxy)
        await client.say(b"x")
        proxy.fail(LinkFault(kind="bandwidth", direction="up", bytes_per_sec=10_000))
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await client.say(b"y" * 4_000) == b"y" * 4_000
        assert loop.time() - began >= 0.4
        proxy.fail(LinkFault(kind="cut", direction="down", after_bytes=10))
        client.writer.write(b"0123456789abcdef")
        got = b""
        try:
            while data := await asyncio.wait_for(client.reader.read(64), PATIENCE_SECS):
                got += data
        except ConnectionResetError:
            assert len(got) <= 10
        assert got in (b"0123456789", b"")  # a reset may overtake what was sent just before it


@pytest.mark.parametrize(
    "line",
    [
        "network venue explode",
        "network moon reset",
        "network store delay",
        "network venue reset up",
        "wait for 3 moons",
    ],
)
def test_a_step_that_does_not_exist_is_refused_with_those_that_do(line: str) -> None:
    with pytest.raises(ConfigValueError, match="network WAY"):
        parse_step(line)


def test_a_fault_without_its_figure_is_refused() -> None:
    with pytest.raises(ConfigValueError, match="bandwidth of 0"):
        parse_step("network venue bandwidth 0")
    assert parse_step("network store delay 50ms jitter 100ms up") == Network(
        "store", LinkFault(kind="delay", direction="up", delay_secs=0.05, jitter_secs=0.1)
    )


def test_the_scenarios_cover_every_fault_and_every_way_and_each_on_record_ended_as_promised() -> None:
    steps = [step for scenario in network_scenarios() for step in scenario.program if isinstance(step, Network)]
    assert {step.fault.kind for step in steps if step.fault} >= {"delay", "drop", "half-open", "reset", "refuse", "cut"}
    assert {step.way for step in steps} == {"venue", "stream", "store"}
    assert len(network_scenarios()) >= 12
    kept = read()
    assert [one.id for one in network_scenarios() if one.id not in kept or not kept[one.id].is_good] == []
    assert "| N9 |" in render()


@pytest.mark.node
def test_a_node_whose_every_way_is_reset_twice_becomes_clean_and_equal(tmp_path: Path) -> None:
    outcome = run_network(find_network_scenario("N16"), tmp_path)
    assert outcome.is_good, outcome
    assert outcome.connections["store"] > 2


@pytest.mark.long
@pytest.mark.node
@pytest.mark.timeout(600)
@pytest.mark.parametrize("identifier", [scenario.id for scenario in network_scenarios()])
def test_a_node_on_a_bad_way_becomes_clean_and_equal(identifier: str, tmp_path: Path) -> None:
    outcome = run_network(find_network_scenario(identifier), tmp_path)
    assert outcome.is_good, outcome
