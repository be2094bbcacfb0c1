"""Whatever is sent, the others are served on, nothing is left behind, and no traceback is written."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from trueup.emulator import EmulatorProcess
from trueup.emulator.wire import listening

FEW_CONNECTIONS = 1_000
MANY_CONNECTIONS = 10_000


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    settings = {"symbols": ["BTCUSDT"], "limits": {"enforced": False}}
    with EmulatorProcess(settings=settings) as process:
        process.control.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
        yield process
        health = process.control.health()
        assert health.connections == 0
        assert (health.internal_errors, health.sockets, health.queued_frames) == (0, 0, 0)
        assert "Traceback" not in process.errors, process.errors


def _address(emulator: EmulatorProcess) -> tuple[str, int]:
    host, port = emulator.urls.rest.removeprefix("http://").split(":")
    return host, int(port)


def _send(emulator: EmulatorProcess, data: bytes) -> bytes:
    """Send raw bytes and return everything that comes back until the other side closes."""
    with socket.create_connection(_address(emulator), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65_536):
                answer += chunk
        return answer


def _still_serves(emulator: EmulatorProcess) -> None:
    request = b"GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = _send(emulator, request)
    assert answer.startswith(b"HTTP/1.1 200"), answer


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff\xfe garbage \r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /fapi/v1/ping HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\nX-Long: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: banana\r\n\r\n",
        b"POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\ntoo short",
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99\r\n\r\n",
        b"GET /fapi/v1/depth?symbol=%ff%fe%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /fapi/v1/depth?symbol=BTCUSDT&symbol=ETHUSDT HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)
def test_bytes_that_make_no_request_get_an_error_or_an_end(emulator: EmulatorProcess, data: bytes) -> None:
    answer = _send(emulator, data)

    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:200]
    assert b"Traceback" not in answer
    _still_serves(emulator)


def test_an_oversized_body_is_refused_with_the_venues_form(emulator: EmulatorProcess) -> None:
    body = b"a=" + b"x" * 1_000_000
    head = b"POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = _send(emulator, head + body)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 413"), answer[:200]
    _still_serves(emulator)


async def _hold(emulator: EmulatorProcess, count: int) -> None:
    """Open `count` connections, use each once, hold them all, and let them go."""
    host, port = _address(emulator)
    request = b"GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"
    gate = asyncio.Semaphore(200)
    held: list[asyncio.StreamWriter] = []

    async def one() -> None:
        async with gate:
            reader, writer = await asyncio.open_connection(host, port)
            held.append(writer)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")

    async with asyncio.timeout(300):
        await asyncio.gather(*(one() for _ in range(count)))
        assert (await asyncio.to_thread(emulator.control.health)).connections >= count
        for writer in held:
            writer.transport.abort()
        for _ in range(1_000):
            if (await asyncio.to_thread(emulator.control.health)).connections == 0:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("connections were left behind")


def _resident_mb(emulator: EmulatorProcess) -> float:
    status = Path(f"/proc/{emulator.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1_024


def test_a_thousand_connections_are_served_and_forgotten(emulator: EmulatorProcess) -> None:
    asyncio.run(_hold(emulator, FEW_CONNECTIONS))
    first = _resident_mb(emulator)
    for _ in range(2):
        asyncio.run(_hold(emulator, FEW_CONNECTIONS))

    assert _resident_mb(emulator) - first < 20
    _still_serves(emulator)


@pytest.mark.long
def test_ten_thousand_connections_are_served_and_forgotten(emulator: EmulatorProcess) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= MANY_CONNECTIONS + 500, f"the hard limit of open files is {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        asyncio.run(_hold(emulator, MANY_CONNECTIONS))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    _still_serves(emulator)


def test_connections_beyond_the_bound_are_closed_at_once() -> None:
    with contextlib.ExitStack() as stack:
        emulator = stack.enter_context(EmulatorProcess(settings={"symbols": ["BTCUSDT"], "connections_max": 5}))
        for _ in range(5):
            held = stack.enter_context(socket.create_connection(_address(emulator), timeout=30))
            held.sendall(b"GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert held.recv(1_000).startswith(b"HTTP/1.1 200")
        refused = stack.enter_context(socket.create_connection(_address(emulator), timeout=30))
        with contextlib.suppress(ConnectionResetError):
            assert refused.recv(10) == b""


async def test_a_client_that_never_finishes_its_request_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    from trueup.emulator import Emulator, EmulatorSettings

    monkeypatch.setattr(listening, "HEADER_SECS_MAX", 0.2)
    async with Emulator(EmulatorSettings(symbols=("BTCUSDT",))) as emulator:
        host, port = emulator.urls.rest.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /fapi/v1/ping HTTP/1.1\r\nHost")
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
