"""Start, command and kill node processes from the drill's side; knows nothing of the engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from typing import Any, NoReturn, Self

import msgspec

from trueup.drills.records import NodeSight, NodeSpec, NodeState
from trueup.drills.wire import Message, frame, read_frame
from trueup.errors import NodeError

READY_TIMEOUT_SECS = 60.0  # the engine's import takes 2 s on an idle machine, more on a busy one
ANSWER_TIMEOUT_SECS = 30.0  # longer than any true-up of a drill's handful of orders

SINGLE_THREADED = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Keeps NumPy and Arrow from starting threads when they are imported: a process with threads must not fork."""


class NodeSilentError(NodeError):
    """A node process lives and does not answer: its event loop is blocked."""


def _kill(pid: int) -> None:
    # It may have ended by itself, and the word of its end be under way.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Nursery:
    """The process that forks node processes.

    Use it as an asynchronous context manager; leaving it ends every node process that is still alive.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._forks: deque[asyncio.Future[int]] = deque()
        self._ends: dict[int, asyncio.Future[int]] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "trueup.drills.engine.zygote",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **SINGLE_THREADED},
        )
        self._reading = asyncio.create_task(self._read())
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ready, self._reading}, timeout=READY_TIMEOUT_SECS, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._give_up()
        return self

    async def _give_up(self) -> NoReturn:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
            self._process.kill()
        code = await self._process.wait()
        raise NodeError(
            f"the process that forks nodes ended with code {code} before it was ready"
            if code != -signal.SIGKILL
            else f"the process that forks nodes was not ready within {READY_TIMEOUT_SECS:.0f} s",
            action="read what it said above; on a machine with much else to do, run fewer at a time (--concurrent)",
        )

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        for pid, ended in list(self._ends.items()):
            if not ended.done():
                _kill(pid)
        self._process.stdin.close()
        await self._process.wait()
        if self._reading is not None:
            await self._reading

    async def fork(self, spec: NodeSpec) -> int:
        """Start a node process and return its process id."""
        assert self._process is not None
        assert self._process.stdin is not None
        if self._process.returncode is not None:
            raise NodeError(f"the process that forks nodes ended with code {self._process.returncode}")
        forked: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._forks.append(forked)
        self._process.stdin.write(msgspec.json.encode(spec) + b"\n")
        await self._process.stdin.drain()
        return await forked

    def ended(self, pid: int) -> asyncio.Future[int]:
        """Return the future of a process's exit code."""
        return self._ends[pid]

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            message = json.loads(line)
            if "ready" in message:
                self._ready.set()
            elif "forked" in message:
                self._ends[message["forked"]] = asyncio.get_running_loop().create_future()
                self._forks.popleft().set_result(message["forked"])
            elif (ended := self._ends.get(message["ended"])) is not None and not ended.done():
                ended.set_result(message["code"])
        for forked in self._forks:
            forked.set_exception(NodeError("the process that forks nodes has gone"))


class NodeProcess:
    """One node process and the channel to it.

    Parameters
    ----------
    nursery : Nursery
        Who forks it.
    spec : NodeSpec
        What it shall be.
    """

    def __init__(self, nursery: Nursery, spec: NodeSpec) -> None:
        self.spec = spec
        self.pid = 0
        self._nursery = nursery
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._next_id = 1

    async def start(self) -> None:
        """Fork the process; it connects once its node is built."""
        self._server = await asyncio.start_unix_server(self._serve, path=self.spec.control_path)
        self.pid = await self._nursery.fork(self.spec)

    @property
    def is_alive(self) -> bool:
        """Return whether the process lives."""
        return self.pid != 0 and not self._nursery.ended(self.pid).done()

    @property
    def is_connected(self) -> bool:
        """Return whether the node is built and listens to commands."""
        return self._connected.is_set() and self.is_alive

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, or None while the process lives."""
        ended = self._nursery.ended(self.pid)
        return ended.result() if ended.done() else None

    async def ask(self, do: str, **terms: Any) -> Any:
        """Give a command and return its answer.

        Raises
        ------
        NodeError
            If the process is gone, does not answer in time, or answers with an error.
        """
        if self._writer is None or self._writer.is_closing() or not self.is_alive:
            raise NodeError(f"the node cannot {do}: its process has ended or has not built its node")
        number, self._next_id = self._next_id, self._next_id + 1
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(frame({"id": number, "do": do, "terms": terms}))
        try:
            return await asyncio.wait_for(answer, ANSWER_TIMEOUT_SECS)
        except TimeoutError as error:
            raise NodeSilentError(f"the node did not answer {do!r} within {ANSWER_TIMEOUT_SECS:.0f} s") from error
        finally:
            self._waiting.pop(number, None)

    async def state(self) -> NodeState:
        """Return the node's whole state."""
        return msgspec.convert(await self.ask("state"), NodeState)

    async def sight(self) -> NodeSight:
        """Return the node's whole state and what is said of it."""
        return msgspec.convert(await self.ask("watch"), NodeSight)

    async def kill(self) -> None:
        """End the process with SIGKILL and wait until it is gone."""
        if self.is_alive:
            _kill(self.pid)
        await self._gone()

    async def stop(self) -> None:
        """Let the node stop in good order and wait until its process is gone."""
        await self.ask("stop")
        await self._gone()

    async def _gone(self) -> None:
        if self.pid:
            await asyncio.wait_for(asyncio.shield(self._nursery.ended(self.pid)), ANSWER_TIMEOUT_SECS)
        if self._writer is not None:
            self._writer.close()
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._connected.set()
        while (message := await read_frame(reader)) is not None:
            self._settle(message)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(NodeError("the node process ended before it answered"))
        writer.close()

    def _settle(self, message: Message) -> None:
        answer = self._waiting.get(message["id"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(NodeError(message["error"]))
        else:
            answer.set_result(message["answer"])
