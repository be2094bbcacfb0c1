"""The guard as a part of a node: its beat on the event loop, and its thread for the store and the disk."""

from __future__ import annotations

import asyncio
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
from trueup.guard.message import NAME_CHARS_MAX, REASON_CHARS_MAX, Act, Command, NodeWord, new_nonce
from trueup.guard.node_guard import NodeGuard
from trueup.guard.receiver import Receiver
from trueup.guard.record import GuardFile, GuardRecord
from trueup.guard.requests import Requests
from trueup.guard.strangers import Strangers
from trueup.model.phase import Phase
from trueup.monitor.status import GuardStatus
from trueup.store.connection import StoreAddress

_logger = logging.getLogger("trueup.guard")

TICK_SECS = 1.0
VISIT_SECS = 0.5
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
        self._takes_commands = key is not None
        self._mailbox = None if address is None else Mailbox(address, GuardKeys(trader_id), key)
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
        record = self._file.read()
        self._book = record.book()
        self.guard = make(self._book, self._keep)
        self.requests = Requests(loop, instance_id, self._dirty.set)
        self._receiver = Receiver(
            self.guard,
            self.requests,
            key=key,
            trader_id=trader_id,
            instance_id=instance_id,
            window_secs=window_secs,
            seen=record.seen(),
            keep=self._keep_seen,
            say=say,
            on_loop=self._on_loop,
        )

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
        if self._mailbox is not None and self._takes_commands:
            control = "LISTENING" if self._failures < FAILURES_MAX else "LOST"
        return msgspec.structs.replace(self.guard.status, control=control, commands_refused=self._receiver.refused())

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
            self._file.write(GuardRecord.of(self._book, self._receiver.seen))
        except OSError as error:
            self._unwritten = True
            self._complain(f"the guard's record cannot be written: {error}; a halt would not outlast a restart")
        else:
            self._keeps = True

    def _keep_seen(self) -> None:
        self._unwritten = True
        self._write()

    def _complain(self, text: str) -> None:
        if self._keeps:
            self._keeps = False
            _logger.critical("%s", text)
            self._on_loop(lambda: self._say("guard_alarm", text=text, can_act=True))

    def _visit(self, mailbox: Mailbox) -> None:
        try:
            mail = mailbox.visit(self._word())
            self._reached()
            self._meet(mail.instance_id)
            answers = [] if mail.command is None else [self._receiver.receive(mail.command)]
            for answer in (*answers, *self.requests.ready()):
                if answer is not None:
                    mailbox.answer(answer, self._word())
        except (redis.RedisError, OSError) as error:
            self._missed(error)

    def _word(self) -> NodeWord:
        return NodeWord(
            trader_id=self._trader_id,
            instance_id=self._instance_id,
            time_ns=time.time_ns(),
            phase=self._phase.value,
            verdict=self._verdict(),
            takes_commands=self._takes_commands,
            guard=self.status(),
        )

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

    def _on_loop(self, work: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:
            self._closing.set()  # the loop has ended, and the node with it
