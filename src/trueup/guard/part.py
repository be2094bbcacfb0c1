"""The guard as a part of a node: its beat on the event loop, and its thread for the store and the disk."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
import redis

from trueup.guard.book import GuardBook, Source
from trueup.guard.facts import LEVELS, Dimension
from trueup.guard.keys import GuardKeys
from trueup.guard.mailbox import Mailbox
from trueup.guard.message import (
    MESSAGE_BYTES_MAX,
    NAME_CHARS_MAX,
    REASON_CHARS_MAX,
    Act,
    Answer,
    Command,
    MessageRefusedError,
    NodeWord,
    Purpose,
    RefusalReason,
    Reply,
    Request,
    check_form,
    new_nonce,
    unseal,
)
from trueup.guard.node_guard import NodeGuard
from trueup.guard.record import GuardFile, GuardRecord
from trueup.guard.refusals import Refusals
from trueup.guard.replay import admit
from trueup.guard.requests import Requests
from trueup.guard.strangers import Strangers
from trueup.model.phase import Phase
from trueup.monitor.status import GuardStatus
from trueup.store.connection import StoreAddress

_logger = logging.getLogger("trueup.guard")

TICK_SECS = 1.0
VISIT_SECS = 0.5
LOOP_SECS_MAX = 3.0
"""For the event loop to obey a command; after that its sender hears that the loop hangs."""
FAILURES_MAX = 2
"""Unanswered visits that make a loss: one may be a hiccup."""
SKEW_SECS_MAX = 30.0
"""Half of the 60 s by which two readings of history overlap."""
CLOCK_STEP_NS = 1_000_000_000
"""Between two beats. Slewing moves a clock by 0.5 ms a second; Binance refuses what is a second ahead of it."""


class Said(Protocol):
    """An event in the life of the node."""

    @property
    def kind(self) -> str: ...

    @property
    def data(self) -> Mapping[str, Any]: ...


class GuardPart:
    """Bring one node's guard to life, and end it.

    Parameters
    ----------
    make : Callable[[GuardBook, Callable[[GuardBook], None]], NodeGuard]
        Makes the guard, from what an earlier process left behind and what keeps changes.
    loop : asyncio.AbstractEventLoop
        The node's.
    say : Callable
        Tells an event; on the loop's thread only.
    trader_id, instance_id : str
        The node.
    directory : Path
        Its state directory.
    address : StoreAddress, optional
        Its store; without one it takes no commands.
    key : bytes, optional
        The control key; without one it only says how it is.
    window_secs : float
        How far the time in a command may lie from the node's clock.
    verdict : Callable[[], str]
        What the last verdict is worth, for the node's word.
    skew_secs : Callable[[], float | None]
        How far the venue's clock is from ours, None where no client measures it. On the loop's thread.
    watches_store : bool
        Whether the store's loss is noticed by these visits, since nothing else in the process looks after it.
    """

    name = "guard"

    def __init__(
        self,
        make: Callable[[GuardBook, Callable[[GuardBook], None]], NodeGuard],
        *,
        loop: asyncio.AbstractEventLoop,
        say: Callable[..., None],
        trader_id: str,
        instance_id: str,
        directory: Path,
        address: StoreAddress | None = None,
        key: bytes | None = None,
        window_secs: float = 30.0,
        verdict: Callable[[], str] = str,
        skew_secs: Callable[[], float | None] = lambda: None,
        watches_store: bool = False,
    ) -> None:
        self._make = make
        self._loop = loop
        self._say = say
        self._trader_id = trader_id
        self._instance_id = instance_id
        self._file = GuardFile(directory)
        self._key = key
        self._mailbox = None if address is None else Mailbox(address, GuardKeys(trader_id), key)
        self._window_ns = int(window_secs * 1e9)
        self._verdict = verdict
        self._skew_secs = skew_secs
        self._watches_store = watches_store
        self._closing = threading.Event()
        self._dirty = threading.Event()
        self._thread: threading.Thread | None = None
        self._phase = Phase.INITIALIZING
        self._offset_ns = 0
        self._failures = 0
        self._strangers = Strangers(instance_id)
        self._owns_directory = True
        self._keeps = True
        self._unwritten = False
        self._refusals = Refusals()
        record = self._file.read()
        self._seen = record.seen()
        self._book = record.book()
        self.guard = make(self._book, self._keep)
        self.requests = Requests(loop, instance_id, self._dirty.set)

    # -- the part ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Come to life; does not block."""
        self._offset_ns = time.time_ns() - time.monotonic_ns()
        self._loop.call_soon(self._beat)
        self._thread = threading.Thread(target=self._run, name="trueup-guard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, and keep what is not kept yet."""
        self._closing.set()
        self._dirty.set()
        if self._thread is not None:
            self._thread.join()
        self._write()
        if self._mailbox is not None:
            self._mailbox.leave(self._instance_id)
        self._file.let_go()

    def hear(self, event: Said) -> None:
        """Listen to the node's life. On the loop's thread."""
        match event.kind:
            case "phase":
                self._phase = Phase(event.data["phase"])
                self.guard.enter(self._phase)
            case "store" if event.data["state"] in LEVELS[Dimension.STORE]:
                self.guard.rise(Dimension.STORE, LEVELS[Dimension.STORE].index(event.data["state"]))
            case "external" if event.data["act"] == "halt":
                self._halt_for(f"policy {event.data['policy']}", event.data["line"])

    def _halt_for(self, who: str, reason: str) -> None:
        """Halt as an auditor would: until an operator releases it, over restarts too."""
        now_ns = time.time_ns()
        command = Command(
            trader_id=self._trader_id,
            instance_id=self._instance_id,
            sender=who,
            sequence=now_ns,
            nonce=new_nonce(),
            issued_ns=now_ns,
            source=Source.AUDITOR,
            who=who[:NAME_CHARS_MAX],
            act=Act.HALT,
            reason=reason[:REASON_CHARS_MAX],
        )
        self.guard.obey(command)

    def poke(self) -> None:
        """Judge anew soon: somebody may have changed the trading state, and may be in the middle of it."""
        if not self._loop.is_closed():
            self._loop.call_soon(self.guard.tick)

    def status(self) -> GuardStatus:
        """Return how the guard is; on any thread."""
        control = "OFF"
        if self._mailbox is not None and self._key is not None:
            control = "LISTENING" if self._failures < FAILURES_MAX else "LOST"
        return msgspec.structs.replace(self.guard.status, control=control, commands_refused=self._refusals.counts())

    # -- on the event loop -------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        if self._closing.is_set():
            return
        try:
            self._look_at_clocks()
        except Exception:
            _logger.exception("the clocks could not be compared")
        self.guard.tick()
        self._loop.call_later(TICK_SECS, self._beat)

    def _look_at_clocks(self) -> None:
        offset_ns = time.time_ns() - time.monotonic_ns()
        step_ns, self._offset_ns = offset_ns - self._offset_ns, offset_ns
        if abs(step_ns) > CLOCK_STEP_NS:
            _logger.error("the clock jumped by %.1f s, or the machine slept", step_ns / 1e9)
            self.guard.rise(Dimension.CLOCK, LEVELS[Dimension.CLOCK].index("STEPPED"))
        skew_secs = self._skew_secs()
        self.guard.skew(is_large=skew_secs is not None and abs(skew_secs) >= SKEW_SECS_MAX)

    def _keep(self, book: GuardBook) -> None:
        self._book = book
        self._unwritten = True
        self._dirty.set()

    # -- on the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._claim()
                self._write()
                if self._mailbox is not None:
                    self._visit(self._mailbox)
            except Exception:
                _logger.exception("the guard's thread goes on after a failure")
            # Whatever is to be written is written soon; what may lie in the mailbox is looked for now and then.
            self._dirty.wait(VISIT_SECS)

    def _claim(self) -> None:
        try:
            owns = self._file.claim()
        except OSError as error:
            self._complain(f"the state directory {self._file.directory} cannot be used: {error}")
            return
        if owns is not self._owns_directory:
            self._owns_directory = owns
            self._see_writers()

    def _write(self) -> None:
        self._dirty.clear()
        if not (self._unwritten and self._owns_directory):
            return
        self._unwritten = False
        try:
            self._file.write(GuardRecord.of(self._book, self._seen))
        except OSError as error:
            self._unwritten = True
            self._complain(f"the guard's record cannot be written: {error}; a halt would not outlast a restart")
        else:
            self._keeps = True

    def _complain(self, text: str) -> None:
        if self._keeps:
            self._keeps = False
            _logger.critical("%s", text)
            self._on_loop(lambda: self._say("guard_alarm", text=text, can_act=True))

    def _visit(self, mailbox: Mailbox) -> None:
        word = NodeWord(
            trader_id=self._trader_id,
            instance_id=self._instance_id,
            time_ns=time.time_ns(),
            phase=self._phase.value,
            verdict=self._verdict(),
            takes_commands=self._key is not None,
            guard=self.status(),
        )
        try:
            mail = mailbox.visit(word)
            self._reached()
            self._meet(mail.instance_id)
            answers = [] if mail.command is None else [self._receive(mail.command)]
            for answer in (*answers, *self.requests.ready()):
                if answer is not None:
                    mailbox.answer(answer)
        except (redis.RedisError, OSError) as error:
            self._missed(error)

    def _reached(self) -> None:
        if self._failures >= FAILURES_MAX:
            _logger.warning("the store answers again: commands reach the guard")
            self._on_loop(lambda: self._say("guard_control", state="LISTENING"))
            if self._watches_store:
                self._on_loop(lambda: self.guard.rise(Dimension.STORE, 0))
        self._failures = 0

    def _missed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == FAILURES_MAX:
            text = f"the store does not answer ({type(error).__name__}): no command reaches the guard"
            _logger.error("%s", text)
            self._on_loop(lambda: self._say("guard_control", state="LOST", text=text))
            if self._watches_store:
                lost = LEVELS[Dimension.STORE].index("LOST")
                self._on_loop(lambda: self.guard.rise(Dimension.STORE, lost))

    def _meet(self, instance_id: str) -> None:
        """Note who signed in since our last visit: with one node it is always this one."""
        if self._strangers.meet(instance_id):
            if self._strangers.is_present:
                _logger.critical("another node of %s is alive (instance %s)", self._trader_id, instance_id[:80])
            self._see_writers()

    def _see_writers(self) -> None:
        level = int(self._strangers.is_present or not self._owns_directory)
        self._on_loop(lambda: self.guard.rise(Dimension.WRITERS, level))

    def _receive(self, blob: bytes) -> Answer | Reply | None:
        """Return the answer to a command; None for one whose sender does not have the key, or cannot be told.

        A request is answered later, when it is done.
        """
        command: Command | Request | None = None
        try:
            if self._key is None:
                raise MessageRefusedError(RefusalReason.NO_KEY, "this node has no control key")
            command = _unseal(self._key, blob)
            check_form(command)
            self._seen = admit(
                self._seen,
                command,
                trader_id=self._trader_id,
                instance_id=self._instance_id,
                now_ns=time.time_ns(),
                window_ns=self._window_ns,
            )
        except MessageRefusedError as refused:
            self._refuse(refused.code, refused.why)
            if isinstance(command, Request):
                return self.requests.refusal(command, refused.code, refused.why)
            return None if command is None else self._refusal(command, refused.code, refused.why)
        self._unwritten = True
        self._write()  # before it is obeyed: the same message must not count twice, whatever happens now
        if isinstance(command, Request):
            self.requests.take(command)
            return None
        answer = self._obey(command)
        self._write()  # before it is acknowledged: what is acknowledged outlasts a kill
        if not answer.applied:
            self._refuse(answer.code, answer.why)
        return answer

    def _obey(self, command: Command) -> Answer:
        done: concurrent.futures.Future[Answer] = concurrent.futures.Future()

        def obey() -> None:
            try:
                done.set_result(self.guard.obey(command))
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
        status = self.guard.status
        return Answer(
            nonce=command.nonce,
            instance_id=command.instance_id,
            applied=False,
            state=self.guard.book.state,
            effective=status.effective,
            code=code,
            why=why,
        )

    def _refuse(self, code: str, why: str) -> None:
        count = self._refusals.add(code, time.monotonic())
        if count:
            _logger.error("a command to the guard was refused (%s, %d so far): %s", code, count, why)
            self._on_loop(lambda: self._say("guard_refused", code=str(code), text=why, count=count))

    def _on_loop(self, work: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:
            self._closing.set()  # the loop has ended, and the node with it


def _unseal(key: bytes, blob: bytes) -> Command | Request:
    """Return the command or the request in a blob: what it was signed as tells which."""
    try:
        return unseal(key, Purpose.COMMAND, blob, Command, MESSAGE_BYTES_MAX)
    except MessageRefusedError as refused:
        if refused.code is not RefusalReason.FORGED:
            raise
    return unseal(key, Purpose.REQUEST, blob, Request, MESSAGE_BYTES_MAX)
