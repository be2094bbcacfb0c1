"""The answers of one connection, shared: parts of the adapter that know nothing of each other ask each question once.

While a client connects, the adapter's instrument provider, its account state and its data client each put their own
questions, some of them the same. An answer is shared only between those that ask during one connection, and only for
the paths of a connection: nothing that is read later ever gets an answer from before it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Question = tuple[str, str, str]


class SharedAnswers:
    """Ask each question once while a connection is made.

    Parameters
    ----------
    paths : frozenset of str
        The questions of a connection; others are put as they come.
    """

    def __init__(self, paths: frozenset[str]) -> None:
        self._paths = paths
        self._answers: dict[Question, asyncio.Future[bytes]] | None = None
        self.shared = 0

    def begin(self) -> None:
        """Share answers from now on, with none from before."""
        self._answers = {}

    def end(self) -> None:
        """Share no more."""
        self._answers = None

    async def ask(self, question: Question, put: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return the answer to a question, and put it unless that was done; a failure is shared with nobody later.

        Parameters
        ----------
        question : tuple of str
            Method, path and query.
        put : Callable
            Put it.
        """
        held = self._answers
        if held is None or question[0] != "GET" or question[1] not in self._paths:
            return await put()
        answer = held.get(question)
        if answer is not None:
            self.shared += 1
            return await asyncio.shield(answer)
        answer = held[question] = asyncio.ensure_future(put())
        answer.add_done_callback(_seen)
        try:
            return await asyncio.shield(answer)
        except BaseException:
            if answer.done():
                held.pop(question, None)
            raise


def _seen(answer: asyncio.Future[bytes]) -> None:
    if not answer.cancelled():
        answer.exception()  # whoever still waits for it is told; asyncio would complain at exit if nobody did
