"""Command the guard of a live node from outside, and learn what came of it."""

from __future__ import annotations

import dataclasses
import getpass
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import redis

from trueup.errors import ConfigValueError
from trueup.guard.book import Source
from trueup.guard.keys import COMMAND_KEPT_MS, GuardKeys
from trueup.guard.message import (
    MESSAGE_BYTES_MAX,
    NAME_CHARS_MAX,
    REASON_CHARS_MAX,
    STATUS_BYTES_MAX,
    Act,
    Answer,
    Command,
    MessageRefusedError,
    NodeWord,
    Purpose,
    RefusalReason,
    body_of,
    new_nonce,
    parse,
    seal,
    unseal,
)
from trueup.guard.sender import Sender, default_sender_dir
from trueup.model.guard import GuardState
from trueup.model.verdicts import VerdictState
from trueup.store.connection import StoreAddress, open_client, store_errors

ACK_SECS_MAX = 6.0
"""A node visits twice a second and gives its event loop three seconds."""
POLL_SECS = 0.05
KEY_CHARS_MIN = 32

_ACT_OF = {GuardState.HALTED: Act.HALT, GuardState.REDUCING: Act.REDUCE, GuardState.ACTIVE: Act.RELEASE}


class AckOutcome(StrEnum):
    """What came of a command."""

    APPLIED = "applied"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Hold what came of a command.

    Parameters
    ----------
    outcome : AckOutcome
        ``NO_ANSWER`` means that nobody knows: the node may be dead, hung, or cut off.
    state : GuardState or None
        What the node may do now, by its own word.
    effective : str
        The engine's trading state, read back.
    code, why : str
        Why it was refused, or not answered.
    instance_id : str
        The process that was addressed.
    """

    outcome: AckOutcome
    state: GuardState | None = None
    effective: str = ""
    code: str = ""
    why: str = ""
    instance_id: str = ""

    @property
    def is_applied(self) -> bool:
        """Return whether the node did it."""
        return self.outcome is AckOutcome.APPLIED

    def __str__(self) -> str:
        match self.outcome:
            case AckOutcome.APPLIED:
                return f"done: the node is {self.state} (the engine says {self.effective})"
            case AckOutcome.REFUSED:
                return f"REFUSED by the node, which is {self.state}: {self.why}"
            case AckOutcome.NO_ANSWER:
                return f"NO ANSWER: {self.why}"


@dataclass(frozen=True, slots=True)
class Heard:
    """Hold what a node says of itself, and whether it is signed with our key (None where we have none)."""

    word: NodeWord
    is_authentic: bool | None

    @property
    def age_secs(self) -> float:
        """Return how old it is by our clock, in seconds."""
        return (time.time_ns() - self.word.time_ns) / 1e9


class GuardControl:
    """Command one trader's guard. Blocking; safe to use from any one thread.

    Parameters
    ----------
    address : StoreAddress
        The node's store.
    key : str or None
        The control key. Without it only `status` works.
    trader_id : str
        The node.
    source : Source
        ``AUDITOR`` or ``OPERATOR``.
    who : str
        The person or program; the user of this process by default. Auditors are told apart by it: who watches one
        account of a node must not take back what another demanded for another account.
    sender_dir : Path, optional
        Where this machine's sequence is kept.
    timeout_secs : float
        How long to wait for an answer.
    clock_ns : Callable[[], int]
        The clock.

    Examples
    --------
    ::

        control = GuardControl(address, key, "TRADER-001")
        ack = control.demand(GuardState.HALTED, "the venue holds 2 BTC more than the node")
    """

    def __init__(
        self,
        address: StoreAddress,
        key: str | None,
        trader_id: str,
        *,
        source: Source = Source.AUDITOR,
        who: str = "",
        sender_dir: Path | None = None,
        timeout_secs: float = ACK_SECS_MAX,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        if key is not None and len(key) < KEY_CHARS_MIN:
            raise ConfigValueError("the control key is too short", allowed=f"{KEY_CHARS_MIN} characters or more")
        self._address = dataclasses.replace(address, timeout_secs=min(address.timeout_secs, timeout_secs))
        self._key = None if key is None else key.encode()
        self._keys = GuardKeys(trader_id)
        self._trader_id = trader_id
        self._source = source
        self._who = (who or user_name())[:NAME_CHARS_MAX]
        self._sender = Sender(sender_dir or default_sender_dir())
        self._timeout_secs = timeout_secs
        self._clock_ns = clock_ns

    def status(self) -> Heard | None:
        """Return what the node last said of itself; None if no node has, for fifteen seconds.

        Raises
        ------
        StoreUnavailableError
            If the store does not answer.
        """
        with store_errors(self._address.url), open_client(self._address) as client:
            return self._hear(client)

    def demand(
        self, state: GuardState, reason: str, *, verdict: VerdictState | None = None, force: bool = False
    ) -> Ack:
        """Ask the node to halt or to reduce; with ``ACTIVE``, to release what was asked before.

        Parameters
        ----------
        state : GuardState
            What is wanted.
        reason : str
            Why; kept with the change. Cut off after 500 characters.
        verdict : VerdictState, optional
            What was found of the account. An auditor's release needs CLEAN.
        force : bool
            Release although nothing is proven; an operator's word only.

        Returns
        -------
        Ack
            Never raises for what the node or the store does: no answer is an answer, too.

        Raises
        ------
        ConfigValueError
            If there is no key, or no reason.
        """
        if self._key is None:
            raise ConfigValueError(
                "there is no control key",
                allowed="guard.control_key, the same for the node and for who commands it",
                action="give TRUEUP_GUARD__CONTROL_KEY to both",
            )
        if not reason.strip():
            raise ConfigValueError("there is no reason", allowed="a sentence that a colleague understands next week")
        try:
            with open_client(self._address) as client:
                return self._demand(client, self._key, _ACT_OF[state], reason.strip(), verdict, force=force)
        except (redis.RedisError, OSError) as error:
            return _no_answer(f"the store at {self._address.url} does not answer: {error}")

    def _demand(
        self, client: redis.Redis, key: bytes, act: Act, reason: str, verdict: VerdictState | None, *, force: bool
    ) -> Ack:
        deadline = time.monotonic() + self._timeout_secs
        heard = self._hear(client)
        if heard is None:
            return _no_answer(f"no node of {self._trader_id} has said that it lives for the last 15 s", code="no_node")
        if not heard.word.takes_commands:
            return _no_answer("the node has no guard.control_key and takes no commands", code=RefusalReason.NO_KEY)
        if heard.is_authentic is False:
            return _no_answer("the node's control key is not ours", code=RefusalReason.FORGED)
        sender, sequence = self._sender.next(self._clock_ns())
        command = Command(
            trader_id=self._trader_id,
            instance_id=heard.word.instance_id,
            sender=sender,
            sequence=sequence,
            nonce=new_nonce(),
            issued_ns=self._clock_ns(),
            source=self._source,
            who=self._who,
            act=act,
            reason=reason[:REASON_CHARS_MAX],
            verdict=verdict,
            force=force,
        )
        blob = seal(key, Purpose.COMMAND, command)
        while not client.set(self._keys.command, blob, px=COMMAND_KEPT_MS, nx=True):
            if time.monotonic() > deadline:
                return _no_answer("another command lies there and nobody takes it", heard.word.instance_id)
            time.sleep(POLL_SECS)
        while time.monotonic() < deadline:
            if (answer := self._answer_to(client, key, command)) is not None:
                return _ack_of(answer)
            time.sleep(POLL_SECS)
        if client.getrange(self._keys.command, 0, MESSAGE_BYTES_MAX) == blob:
            client.delete(self._keys.command)  # nobody shall obey what nobody waits for any more
        return _no_answer(f"the node has not answered for {self._timeout_secs:g} s", heard.word.instance_id)

    def _hear(self, client: redis.Redis) -> Heard | None:
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

    def _answer_to(self, client: redis.Redis, key: bytes, command: Command) -> Answer | None:
        blob = client.getrange(self._keys.answer(command.nonce), 0, MESSAGE_BYTES_MAX)
        if not isinstance(blob, bytes) or not blob:
            return None
        try:
            answer = unseal(key, Purpose.ANSWER, blob, Answer, MESSAGE_BYTES_MAX)
        except MessageRefusedError:
            return None  # somebody without the key wrote it
        return answer if answer.nonce == command.nonce and answer.instance_id == command.instance_id else None


def user_name() -> str:
    """Return the operator's name as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a container without an entry for its user


def _ack_of(answer: Answer) -> Ack:
    return Ack(
        outcome=AckOutcome.APPLIED if answer.applied else AckOutcome.REFUSED,
        state=answer.state,
        effective=answer.effective,
        code=answer.code,
        why=answer.why,
        instance_id=answer.instance_id,
    )


def _no_answer(why: str, instance_id: str = "", *, code: str = "no_answer") -> Ack:
    return Ack(outcome=AckOutcome.NO_ANSWER, code=code, why=why, instance_id=instance_id)
