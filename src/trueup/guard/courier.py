"""The sender's way to a live node and back, through its store: for the guard's commands and for requests alike."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis

from trueup.guard.book import Source
from trueup.guard.keys import COMMAND_KEPT_MS, GuardKeys
from trueup.guard.message import (
    MESSAGE_BYTES_MAX,
    STATUS_BYTES_MAX,
    Answer,
    Command,
    MessageRefusedError,
    NodeWord,
    Purpose,
    RefusalReason,
    Reply,
    Request,
    body_of,
    new_nonce,
    parse,
    seal,
    unseal,
)
from trueup.guard.sender import Sender
from trueup.store.connection import StoreAddress

POLL_SECS = 0.05


@dataclass(frozen=True, slots=True)
class Heard:
    """Hold what a node says of itself, and whether it is signed with our key (None where we have none)."""

    word: NodeWord
    is_authentic: bool | None

    @property
    def age_secs(self) -> float:
        """Return how old it is by our clock, in seconds."""
        return (time.time_ns() - self.word.time_ns) / 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Hold why nobody answered, or why nobody was asked."""

    why: str
    code: str = "no_answer"
    instance_id: str = ""


class Courier:
    """Carry messages to one trader's live node. Blocking; safe to use from any one thread.

    Parameters
    ----------
    address : StoreAddress
        The node's store.
    key : bytes or None
        The control key; without it only `hear` works.
    trader_id : str
        The node.
    source : Source
        ``AUDITOR`` or ``OPERATOR``.
    who : str
        The person or program.
    sender : Sender
        Gives each message its number.
    timeout_secs : float
        How long to wait, for everything together.
    clock_ns : Callable[[], int]
        The sender's clock.
    """

    def __init__(
        self,
        address: StoreAddress,
        key: bytes | None,
        trader_id: str,
        *,
        source: Source,
        who: str,
        sender: Sender,
        timeout_secs: float,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.address = dataclasses.replace(address, timeout_secs=min(address.timeout_secs, timeout_secs))
        self._key = key
        self._keys = GuardKeys(trader_id)
        self._trader_id = trader_id
        self._source = source
        self._who = who
        self._sender = sender
        self._timeout_secs = timeout_secs
        self._clock_ns = clock_ns

    def hear(self, client: redis.Redis) -> Heard | None:
        """Return what the node last said of itself; None if no node has, for fifteen seconds."""
        blob = client.getrange(self._keys.status, 0, STATUS_BYTES_MAX)
        if not isinstance(blob, bytes) or not blob:
            return None
        is_authentic: bool | None = None
        try:
            if self._key is not None:
                unseal(self._key, Purpose.STATUS, blob, NodeWord, STATUS_BYTES_MAX)
                is_authentic = True
        except MessageRefusedError:
            is_authentic = False
        try:
            return Heard(parse(body_of(blob), NodeWord, canonical=False), is_authentic)
        except MessageRefusedError:
            return None

    def command(self, client: redis.Redis, **fields: Any) -> Answer | Unanswered:
        """Bring a command to the guard and wait for its answer."""
        return self._exchange(client, Purpose.COMMAND, Command, fields, Purpose.ANSWER, Answer, MESSAGE_BYTES_MAX)

    def request(self, client: redis.Redis, reply_bytes_max: int, **fields: Any) -> Reply | Unanswered:
        """Bring a request to another part of the node and wait for its reply."""
        return self._exchange(client, Purpose.REQUEST, Request, fields, Purpose.REPLY, Reply, reply_bytes_max)

    def _exchange[S: (Command, Request), M: (Answer, Reply)](
        self,
        client: redis.Redis,
        purpose: Purpose,
        form: type[S],
        fields: dict[str, Any],
        back: Purpose,
        answer_form: type[M],
        bytes_max: int,
    ) -> M | Unanswered:
        deadline = time.monotonic() + self._timeout_secs
        heard = self.hear(client)
        if heard is None:
            why = f"no node of {self._trader_id} has said that it lives for the last 15 s"
            return Unanswered(why=why, code="no_node")
        if not heard.word.takes_commands or self._key is None:
            why = "the node has no guard.control_key and takes no commands"
            return Unanswered(why=why, code=RefusalReason.NO_KEY)
        if heard.is_authentic is False:
            return Unanswered(why="the node's control key is not ours", code=RefusalReason.FORGED)
        instance_id = heard.word.instance_id
        sender, sequence = self._sender.next(self._clock_ns())
        message = form(
            trader_id=self._trader_id,
            instance_id=instance_id,
            sender=sender,
            sequence=sequence,
            nonce=new_nonce(),
            issued_ns=self._clock_ns(),
            source=self._source,
            who=self._who,
            **fields,
        )
        blob = seal(self._key, purpose, message)
        while not client.set(self._keys.command, blob, px=COMMAND_KEPT_MS, nx=True):
            if time.monotonic() > deadline:
                return Unanswered(why="another command lies there and nobody takes it", instance_id=instance_id)
            time.sleep(POLL_SECS)
        while time.monotonic() < deadline:
            answer = self._answer_to(client, self._key, message, back, answer_form, bytes_max)
            if answer is not None:
                return answer
            time.sleep(POLL_SECS)
        if client.getrange(self._keys.command, 0, MESSAGE_BYTES_MAX) == blob:
            client.delete(self._keys.command)  # nobody shall obey what nobody waits for any more
        why = f"the node has not answered for {self._timeout_secs:g} s"
        return Unanswered(why=why, instance_id=instance_id)

    def _answer_to[M: (Answer, Reply)](
        self,
        client: redis.Redis,
        key: bytes,
        message: Command | Request,
        purpose: Purpose,
        form: type[M],
        bytes_max: int,
    ) -> M | None:
        blob = client.getrange(self._keys.answer(message.nonce), 0, bytes_max)
        if not isinstance(blob, bytes) or not blob:
            return None
        try:
            answer = unseal(key, purpose, blob, form, bytes_max)
        except MessageRefusedError:
            return None  # somebody without the key wrote it
        return answer if (answer.nonce, answer.instance_id) == (message.nonce, message.instance_id) else None
