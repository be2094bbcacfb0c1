"""A TCP proxy on loopback that does to connections what networks do, and keeps TCP's promise: no byte is reordered."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self

from trueup.drills.network.faults import Direction, LinkFault
from trueup.errors import EmulatorError

HOST = "127.0.0.1"
CHUNK_BYTES = 16_384
IN_FLIGHT_CHUNKS_MAX = 256
"""Of one direction of one connection, 4 MiB: a way that is longer than that pushes back, as a real one does."""
SLICES_PER_SEC = 20
"""A narrow way hands bytes on in slices of a twentieth of a second."""
THREAD_SECS_MAX = 10.0
_LINGER_NOT = struct.pack("ii", 1, 0)


class _Connection:
    """One connection of a client, and the one that it stands for."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.is_dead = False
        self.left_bytes: int | None = None
        self.client_left = asyncio.Event()

    def reset(self) -> None:
        """End both sides with RST, as a router that forgot them does."""
        for writer in (self.client, self.server):
            _reset(writer)


class TcpProxy:
    """One way to one server.

    Parameters
    ----------
    port : int
        Of the server, on loopback.
    seed : int
        Of the jitter.

    Attributes
    ----------
    accepted : int
        How many connections came.
    carried_bytes : int
        How much went through, both directions.
    """

    def __init__(self, port: int, *, seed: int = 0) -> None:
        self.port = 0
        self.accepted = 0
        self.carried_bytes = 0
        self._to_port = port
        self._random = random.Random(seed)
        self._fault: LinkFault | None = None
        self._passable = asyncio.Event()
        self._passable.set()
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def fail(self, fault: LinkFault) -> None:
        """Let something be wrong from now on; what was wrong before is over."""
        self.heal()
        self._fault = fault
        match fault.kind:
            case "drop":
                self._passable.clear()
            case "reset" | "refuse":
                for connection in list(self._connections):
                    connection.reset()
            case "half-open":
                for connection in self._connections:
                    connection.is_dead = True
                    _reset(connection.server)
            case "cut":
                for connection in self._connections:
                    connection.left_bytes = fault.after_bytes

    def heal(self) -> None:
        """Let everything through again; a connection that is dead stays dead."""
        self._fault = None
        self._passable.set()
        for connection in self._connections:
            connection.left_bytes = None

    # -- One connection ----------------------------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._fault is not None and self._fault.kind == "refuse":
            _reset(writer)
            return
        await self._passable.wait()  # a lost SYN is sent again
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._to_port)
        except OSError:
            _reset(writer)
            return
        connection = _Connection(writer, far_writer)
        if self._fault is not None and self._fault.kind == "cut":
            connection.left_bytes = self._fault.after_bytes
        self._connections.add(connection)
        try:
            await asyncio.gather(
                self._carry(connection, reader, far_writer, "up"), self._carry(connection, far_reader, writer, "down")
            )
        finally:
            self._connections.discard(connection)
            for one in (writer, far_writer):
                one.close()

    async def _carry(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        """Carry one direction: one task takes the bytes in with their time of arrival, one hands them on."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT_CHUNKS_MAX)
        handing = asyncio.create_task(self._hand_on(connection, waiting, writer, direction))
        due = 0.0
        try:
            while data := await _read(reader):
                if not connection.is_dead:
                    due = max(due, asyncio.get_running_loop().time() + self._delay(direction))  # none overtakes another
                    await waiting.put((due, data))
            if direction == "up":
                connection.client_left.set()
            if connection.is_dead:
                await connection.client_left.wait()  # nobody tells the client that the far side has gone
            else:
                await waiting.put((due, b""))
                await handing
        finally:
            handing.cancel()

    async def _hand_on(
        self,
        connection: _Connection,
        waiting: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
        direction: Direction,
    ) -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            while not self._passable.is_set() and self._goes(direction):
                await self._passable.wait()
            with contextlib.suppress(OSError):
                if not data:
                    writer.write_eof()
                    return
                await self._write(connection, writer, data, direction)

    async def _write(
        self, connection: _Connection, writer: asyncio.StreamWriter, data: bytes, direction: Direction
    ) -> None:
        fault = self._fault
        if fault is not None and fault.kind == "bandwidth" and fault.goes(direction):
            size = max(1, fault.bytes_per_sec // SLICES_PER_SEC)
            for start in range(0, len(data), size):
                piece = data[start : start + size]
                await asyncio.sleep(len(piece) / fault.bytes_per_sec)
                writer.write(piece)
            await writer.drain()
        elif connection.left_bytes is not None and self._goes(direction):
            writer.write(data[: connection.left_bytes])
            connection.left_bytes -= len(data)
            await writer.drain()
            if connection.left_bytes <= 0:
                connection.reset()
        else:
            writer.write(data)
            await writer.drain()
        self.carried_bytes += len(data)

    def _goes(self, direction: Direction) -> bool:
        return self._fault is not None and self._fault.goes(direction)

    def _delay(self, direction: Direction) -> float:
        fault = self._fault
        if fault is None or fault.kind != "delay" or not fault.goes(direction):
            return 0.0
        return fault.delay_secs + self._random.uniform(0.0, fault.jitter_secs)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(CHUNK_BYTES)
    except OSError:
        return b""


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()


class ProxyThread:
    """Proxies on a thread of their own, for a caller that blocks.

    Use it as a context manager.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="drill-proxies", daemon=True)
        self._proxies: list[TcpProxy] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for proxy in self._proxies:
            self._await(proxy.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(THREAD_SECS_MAX)
        self._loop.close()

    def open(self, port: int, *, seed: int = 0) -> TcpProxy:
        """Open a way to a port and return it; `do` is how to speak to it."""

        async def make() -> TcpProxy:
            proxy = TcpProxy(port, seed=seed)
            await proxy.open()
            return proxy

        proxy = self._await(make())
        self._proxies.append(proxy)
        return proxy

    def do(self, act: Callable[[], None]) -> None:
        """Do something to a proxy on its thread, and return when it is done."""

        async def call() -> None:
            act()

        self._await(call())

    def _await[Result](self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(THREAD_SECS_MAX)
        except TimeoutError as error:
            raise EmulatorError(f"the proxies' thread did not answer within {THREAD_SECS_MAX:.0f} s") from error
