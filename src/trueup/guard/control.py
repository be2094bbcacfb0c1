"""Command the guard of a live node from outside, and learn what came of it."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import redis

from trueup.errors import ConfigValueError, StoreUnavailableError
from trueup.guard.book import Source
from trueup.guard.courier import Courier, Heard, Unanswered
from trueup.guard.message import NAME_CHARS_MAX, REASON_CHARS_MAX, REPLY_BYTES_MAX, Act, Answer, Reply
from trueup.guard.sender import Sender, default_sender_dir
from trueup.model.guard import GuardState, strictest
from trueup.model.verdicts import VerdictState
from trueup.store.connection import StoreAddress, open_client, store_errors

ACK_SECS_MAX = 6.0
"""A node visits twice a second and gives its event loop three seconds."""
KEY_CHARS_MIN = 32

__all__ = ["Ack", "AckOutcome", "GuardControl", "Heard", "Unanswered", "user_name"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Hold what one hand holds a node to (``ACTIVE``: nothing), and the process that said so."""

    state: GuardState
    instance_id: str


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
        self._has_key = key is not None
        self._source = source
        self._who = (who or user_name())[:NAME_CHARS_MAX]
        self._courier = Courier(
            address,
            None if key is None else key.encode(),
            trader_id,
            source=source,
            who=self._who,
            sender=Sender(sender_dir or default_sender_dir()),
            timeout_secs=timeout_secs,
            clock_ns=clock_ns,
        )

    def status(self) -> Heard | None:
        """Return what the node last said of itself; None if no node has, for fifteen seconds.

        Raises
        ------
        StoreUnavailableError
            If the store does not answer.
        """
        with store_errors(self._courier.address.url), open_client(self._courier.address) as client:
            return self._courier.hear(client)

    def held(self) -> Held | None:
        """Return what this very hand, by source and name, holds the live node to, by the node's own signed word.

        Returns
        -------
        Held or None
            None where no node answers for itself, or its word is not signed with our key. Never raises for what the
            store does: not knowing is an answer.
        """
        try:
            heard = self.status()
        except StoreUnavailableError:
            return None
        if heard is None or not heard.is_authentic:
            return None
        mine = (self._source.value, self._who)
        states = [GuardState(hold.state) for hold in heard.word.guard.holds if (hold.source, hold.who) == mine]
        return Held(state=strictest(states), instance_id=heard.word.instance_id)

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
        self._require_key()
        if not reason.strip():
            raise ConfigValueError("there is no reason", allowed="a sentence that a colleague understands next week")
        try:
            with open_client(self._courier.address) as client:
                got = self._courier.command(
                    client,
                    act=_ACT_OF[state],
                    reason=reason.strip()[:REASON_CHARS_MAX],
                    verdict=verdict,
                    force=force,
                )
        except (redis.RedisError, OSError) as error:
            return _no_answer(f"the store at {self._courier.address.url} does not answer: {error}")
        if isinstance(got, Unanswered):
            return _no_answer(got.why, got.instance_id, code=got.code)
        return _ack_of(got)

    def ask(self, topic: str, act: str, arguments: dict[str, str]) -> Reply | Unanswered:
        """Ask another part of the node for something.

        Raises
        ------
        ConfigValueError
            If there is no key.
        """
        self._require_key()
        try:
            with open_client(self._courier.address) as client:
                return self._courier.request(client, REPLY_BYTES_MAX, topic=topic, act=act, arguments=arguments)
        except (redis.RedisError, OSError) as error:
            return Unanswered(why=f"the store at {self._courier.address.url} does not answer: {error}")

    def _require_key(self) -> None:
        if not self._has_key:
            raise ConfigValueError(
                "there is no control key",
                allowed="guard.control_key, the same for the node and for who commands it",
                action="give TRUEUP_GUARD__CONTROL_KEY to both",
            )


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
