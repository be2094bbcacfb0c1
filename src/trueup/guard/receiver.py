"""Take what lay in the mailbox: prove it, keep that it was seen, obey it, answer. On the guard's thread."""

from __future__ import annotations

import concurrent.futures
import logging
import time
from collections.abc import Callable

from trueup.guard.message import (
    MESSAGE_BYTES_MAX,
    Answer,
    Command,
    MessageRefusedError,
    Purpose,
    RefusalReason,
    Reply,
    Request,
    check_form,
    unseal,
)
from trueup.guard.node_guard import NodeGuard
from trueup.guard.refusals import Refusals
from trueup.guard.replay import Seen, admit
from trueup.guard.requests import Requests

_logger = logging.getLogger("trueup.guard")

LOOP_SECS_MAX = 3.0
"""For the event loop to obey a command; after that its sender hears that the loop hangs."""


class Receiver:
    """Receive for one node's guard.

    Parameters
    ----------
    guard : NodeGuard
        Obeys commands, on the event loop.
    requests : Requests
        Does what other parts of the node are asked.
    key : bytes, optional
        The control key; without one nothing is taken.
    trader_id, instance_id : str
        The node.
    window_secs : float
        How far the time in a command may lie from the node's clock.
    seen : Seen
        What was admitted by an earlier process.
    keep : Callable[[], None]
        Writes down what was admitted, and how the guard stands.
    say : Callable
        Tells an event; on the loop's thread only.
    on_loop : Callable
        Has something done on the event loop.
    """

    def __init__(
        self,
        guard: NodeGuard,
        requests: Requests,
        *,
        key: bytes | None,
        trader_id: str,
        instance_id: str,
        window_secs: float,
        seen: Seen,
        keep: Callable[[], None],
        say: Callable[..., None],
        on_loop: Callable[[Callable[[], None]], None],
    ) -> None:
        self._guard = guard
        self._requests = requests
        self._key = key
        self._trader_id = trader_id
        self._instance_id = instance_id
        self._window_ns = int(window_secs * 1e9)
        self._keep = keep
        self._say = say
        self._on_loop = on_loop
        self._refusals = Refusals()
        self.seen = seen

    def refused(self) -> dict[str, int]:
        """Return how many messages were refused, by reason; on any thread."""
        return self._refusals.counts()

    def receive(self, blob: bytes) -> Answer | Reply | None:
        """Return the answer to a command; None for one whose sender does not have the key, or cannot be told.

        A request is answered later, when it is done.
        """
        command: Command | Request | None = None
        try:
            if self._key is None:
                raise MessageRefusedError(RefusalReason.NO_KEY, "this node has no control key")
            command = _unseal(self._key, blob)
            check_form(command)
            self.seen = admit(
                self.seen,
                command,
                trader_id=self._trader_id,
                instance_id=self._instance_id,
                now_ns=time.time_ns(),
                window_ns=self._window_ns,
            )
        except MessageRefusedError as refused:
            self._refuse(refused.code, refused.why)
            if isinstance(command, Request):
                return self._requests.refusal(command, refused.code, refused.why)
            return None if command is None else self._refusal(command, refused.code, refused.why)
        self._keep()  # before it is obeyed: the same message must not count twice, whatever happens now
        if isinstance(command, Request):
            self._requests.take(command)
            return None
        answer = self._obey(command)
        self._keep()  # before it is acknowledged: what is acknowledged outlasts a kill
        if not answer.applied:
            self._refuse(answer.code, answer.why)
        return answer

    def _obey(self, command: Command) -> Answer:
        done: concurrent.futures.Future[Answer] = concurrent.futures.Future()

        def obey() -> None:
            try:
                done.set_result(self._guard.obey(command))
            except Exception as error:
                done.set_exception(error)

        self._on_loop(obey)
        try:
            return done.result(LOOP_SECS_MAX)
        except concurrent.futures.TimeoutError:
            why = f"the node's event loop has not answered for {LOOP_SECS_MAX:g} s; it will obey when it goes on"
            return self._refusal(command, RefusalReason.CANNOT_ACT, why)
        except Exception as error:
            _logger.exception("a command failed")
            return self._refusal(command, RefusalReason.CANNOT_ACT, f"{type(error).__name__}: {error}")

    def _refusal(self, command: Command, code: str, why: str) -> Answer:
        status = self._guard.status
        return Answer(
            nonce=command.nonce,
            instance_id=command.instance_id,
            applied=False,
            state=self._guard.book.state,
            effective=status.effective,
            code=code,
            why=why,
        )

    def _refuse(self, code: str, why: str) -> None:
        count = self._refusals.add(code, time.monotonic())
        if count:
            _logger.error("a command to the guard was refused (%s, %d so far): %s", code, count, why)
            self._on_loop(lambda: self._say("guard_refused", code=str(code), text=why, count=count))


def _unseal(key: bytes, blob: bytes) -> Command | Request:
    """Return the command or the request in a blob: what it was signed as tells which."""
    try:
        return unseal(key, Purpose.COMMAND, blob, Command, MESSAGE_BYTES_MAX)
    except MessageRefusedError as refused:
        if refused.code is not RefusalReason.FORGED:
            raise
    return unseal(key, Purpose.REQUEST, blob, Request, MESSAGE_BYTES_MAX)
