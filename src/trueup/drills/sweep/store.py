"""The way to the store, with every command an event at which the node can be killed: a proxy that reads RESP."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from trueup.drills.store import DrillStore
from trueup.drills.sweep.switch import KillSwitch

WRITES = frozenset(
    [
        "SET",
        "SETEX",
        "GETSET",
        "MSET",
        "RPUSH",
        "LPUSH",
        "LSET",
        "LTRIM",
        "LREM",
        "HSET",
        "HDEL",
        "SADD",
        "SREM",
        "ZADD",
        "ZREM",
        "DEL",
        "UNLINK",
        "EXPIRE",
        "XADD",
        "XTRIM",
    ]
)
READS = frozenset(
    ["GET", "MGET", "KEYS", "SCAN", "LRANGE", "LINDEX", "HGETALL", "HGET", "SMEMBERS", "SSCAN", "EXISTS", "TYPE"]
)
"""Everything else (HELLO, PING, INFO, LLEN of whoever waits for the writer) changes nothing and depends on time."""
COMMAND_BYTES_MAX = 64 * 1024 * 1024
KEY_CHARS_MAX = 60


class CommandReader:
    """Cut a client's bytes into whole RESP commands (arrays of bulk strings, as every client sends them)."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[tuple[bytes, list[bytes]]]:
        """Return the commands that are whole now: their bytes as they came, and their words."""
        self._pending += data
        if len(self._pending) > COMMAND_BYTES_MAX:
            raise ValueError(f"a command of more than {COMMAND_BYTES_MAX} bytes")
        commands: list[tuple[bytes, list[bytes]]] = []
        while (found := _command(self._pending)) is not None:
            end, words = found
            commands.append((self._pending[:end], words))
            self._pending = self._pending[end:]
        return commands


def _command(data: bytes) -> tuple[int, list[bytes]] | None:
    """Return where the first command ends and its words, or None while it is not whole."""
    line_end = data.find(b"\r\n")
    if line_end < 0:
        return None
    if data[:1] != b"*":
        return line_end + 2, data[:line_end].split()  # an inline command
    words: list[bytes] = []
    at = line_end + 2
    for _ in range(int(data[1:line_end])):
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return None
        length = int(data[at + 1 : line_end])
        begin, end = line_end + 2, line_end + 2 + length
        if len(data) < end + 2:
            return None
        words.append(data[begin:end])
        at = end + 2
    return at, words


class WatchedStore(DrillStore):
    """Stand before a store for one run: another port, the same server.

    Parameters
    ----------
    store : DrillStore
        The server that runs share.
    switch : KillSwitch
        Who is told of each command.
    """

    def __init__(self, store: DrillStore, switch: KillSwitch) -> None:
        super().__init__(Path(), durable=False)
        self._behind = store
        self._switch = switch
        self._server_before: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen."""
        self._server_before = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server_before.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut every connection."""
        if self._server_before is not None:
            self._server_before.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def holds(self, trader_id: str, what: str) -> bool:
        """Return whether the server holds any key of one trader that begins so, past the proxy."""
        return await self._behind.holds(trader_id, what)

    async def forget(self, trader_id: str, what: str = "") -> None:
        """Delete what the server holds of one trader, past the proxy: nobody's death is counted by it."""
        await self._behind.forget(trader_id, what)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._behind.port)
        except OSError:
            writer.close()
            return
        answers = asyncio.create_task(_copy(server_reader, writer))
        commands = CommandReader()
        try:
            while data := await reader.read(65536):
                for raw, words in commands.feed(data):
                    lane, label = _named(words)
                    if lane and self._switch.happens(lane, f"{label} arrives"):
                        return  # what the node sent behind it is lost with it, as if it had died one command earlier
                    server_writer.write(raw)
                    if lane == "write":
                        self._switch.happens(lane, f"{label} is done")
                await server_writer.drain()
        except OSError:
            return
        finally:
            with contextlib.suppress(OSError):
                await server_writer.drain()
            server_writer.close()
            writer.close()
            answers.cancel()


def _named(words: list[bytes]) -> tuple[str, str]:
    """Return the lane of a command, empty for one that is not counted, and what to call it."""
    command = words[0].decode(errors="replace").upper()
    key = words[1].decode(errors="replace") if len(words) > 1 else ""
    label = f"{command} {key.split(':', maxsplit=1)[-1][:KEY_CHARS_MAX]}".strip()
    if command in WRITES:
        return "write", label
    return ("read", label) if command in READS else ("", label)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
