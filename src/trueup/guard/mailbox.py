"""The node's end of the way to its guard: one place in Redis, read within bounds. Blocking; for a thread of its own.

A command stands in a string and not in a list, since a string can be read up to a length (``GETRANGE``), an element of
a list cannot: whoever can write to the server must not be able to make a node read half a gigabyte.
"""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass

import redis

from trueup.guard.keys import ANSWER_KEPT_MS, STATUS_KEPT_MS, GuardKeys
from trueup.guard.message import (
    MESSAGE_BYTES_MAX,
    STATUS_BYTES_MAX,
    Answer,
    MessageRefusedError,
    NodeWord,
    Purpose,
    Reply,
    body_of,
    parse,
    seal,
)
from trueup.store.connection import StoreAddress, open_client

ANSWER_SECS_MAX = 1.0
"""Of the server, for each question."""


@dataclass(frozen=True, slots=True)
class Mail:
    """Hold what one visit found: a command as bytes, if there is one, and the instance that signed in last."""

    command: bytes | None
    instance_id: str


class Mailbox:
    """Visit one place in Redis.

    Parameters
    ----------
    address : StoreAddress
        The server.
    keys : GuardKeys
        The place.
    key : bytes or None
        The control key.
    """

    def __init__(self, address: StoreAddress, keys: GuardKeys, key: bytes | None) -> None:
        self._address = dataclasses.replace(address, timeout_secs=ANSWER_SECS_MAX)
        self._keys = keys
        self._key = key
        self._client: redis.Redis | None = None

    def visit(self, word: NodeWord) -> Mail:
        """Take the command that lies there, and leave what the node says of itself.

        Raises
        ------
        redis.RedisError, OSError
            If the server does not answer.
        """
        client = self._open()
        try:
            pipeline = client.pipeline(transaction=False)
            pipeline.getrange(self._keys.command, 0, MESSAGE_BYTES_MAX)
            pipeline.getrange(self._keys.status, 0, STATUS_BYTES_MAX)
            pipeline.set(self._keys.status, seal(self._key, Purpose.STATUS, word), px=STATUS_KEPT_MS)
            command, before, _ = pipeline.execute()
            if command:
                client.delete(self._keys.command)
        except (redis.RedisError, OSError):
            self.close()
            raise
        return Mail(command or None, _instance_of(before))

    def answer(self, answer: Answer | Reply, word: NodeWord) -> None:
        """Leave the answer to a command, or the reply to a request, and before it what the node says of itself since.

        Who asks the node how it is after an answer must not read how it was before.

        Raises
        ------
        redis.RedisError, OSError
            If the server does not answer.
        """
        purpose = Purpose.REPLY if isinstance(answer, Reply) else Purpose.ANSWER
        pipeline = self._open().pipeline(transaction=False)
        pipeline.set(self._keys.status, seal(self._key, Purpose.STATUS, word), px=STATUS_KEPT_MS)
        pipeline.set(self._keys.answer(answer.nonce), seal(self._key, purpose, answer), px=ANSWER_KEPT_MS)
        pipeline.execute()

    def leave(self, instance_id: str) -> None:
        """Take back what the node said of itself, unless another one has signed in since."""
        with contextlib.suppress(redis.RedisError, OSError):
            client = self._open()
            if _instance_of(client.getrange(self._keys.status, 0, STATUS_BYTES_MAX)) == instance_id:
                client.delete(self._keys.status)
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                self._client.close()
            self._client = None

    def _open(self) -> redis.Redis:
        if self._client is None:
            self._client = open_client(self._address)
        return self._client


def _instance_of(blob: object) -> str:
    """Return who signed in, believed without a signature: two writers are worth a false alarm."""
    if not isinstance(blob, bytes) or not blob:
        return ""
    try:
        return parse(body_of(blob), NodeWord, canonical=False).instance_id
    except MessageRefusedError:
        return ""
