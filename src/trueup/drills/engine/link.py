"""The client's connection to the simulated venue: questions with answers, and the push stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from trueup.drills.wire import Message, frame, read_frame


class VenueQueryError(Exception):
    """The venue failed to answer: nothing is known."""


class VenueRefusalError(Exception):
    """The venue answered that it will not do this."""


class VenueLink:
    """Ask the venue and hear what it pushes.

    Parameters
    ----------
    path : str
        The venue's Unix socket.
    on_push : Callable
        Called with each pushed message, in the order of arrival.
    """

    def __init__(self, path: str, on_push: Callable[[Message], None]) -> None:
        self._path = path
        self._on_push = on_push
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._next_id = 1

    async def open(self) -> None:
        """Connect and start to listen."""
        reader, self._writer = await asyncio.open_unix_connection(self._path)
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))

    async def close(self) -> None:
        """Disconnect."""
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()

    async def ask(self, subject: str, **terms: Any) -> Any:
        """Send a command or query and return the venue's answer, however long it takes.

        Raises
        ------
        VenueQueryError
            If the venue failed or the connection is gone.
        VenueRefusalError
            If the venue refused.
        """
        if self._writer is None or self._writer.is_closing():
            raise VenueQueryError("not connected")
        number, self._next_id = self._next_id, self._next_id + 1
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(frame({"id": number, "ask": subject, **terms}))
        try:
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while (message := await read_frame(reader)) is not None:
            if "push" in message:
                self._on_push(message)
            elif "marker" in message:
                assert self._writer is not None
                self._writer.write(frame(message))
            else:
                self._settle(message)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(VenueQueryError("the venue closed the connection"))

    def _settle(self, message: Message) -> None:
        answer = self._waiting.get(message["id"])
        if answer is None or answer.done():
            return
        if "error" in message:
            kind = VenueRefusalError if message.get("refused") else VenueQueryError
            answer.set_exception(kind(message["error"]))
        else:
            answer.set_result(message["answer"])
