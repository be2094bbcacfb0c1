"""Record the life of one node: hear what its machinery says, and hand it to the journal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from trueup.journal.events import EntryMaker, Event
from trueup.journal.journal import CLOSE_SECS, Journal
from trueup.journal.place import Place
from trueup.journal.settings import JournalSettings
from trueup.journal.values import Entry, EntryKind, Settle, Source
from trueup.monitor.status import JournalStatus

HEAD_EVENT = "journal_head"
"""Says the chain's newest number and hash to the node's log, which is kept elsewhere where somebody means it."""
HEAD_SECS = 3_600.0
HEAD_SECS_FIRST = 10.0
PROOFS = frozenset({"startup", "deep", "gap", "demand"})
"""Checks that look at everything: after a CLEAN one nothing that was open before can still be there."""


class Announces(Protocol):
    """What tells of a node's life: `trueup.node.announcer.Announcer`."""

    def observe(self, observer: Callable[[Any], None], /) -> None:
        """Call the observer on every later event, on the node's event loop."""

    def say(self, kind: str, /, **data: Any) -> None:
        """Tell everybody about an event."""


class JournalRecorder:
    """Record one node, without its event loop ever waiting.

    An event is handed over as it is; what is made of it is made in the writer's thread.

    Parameters
    ----------
    announcer : Announces
        Of the node.
    place, source, settings : Place, Source, JournalSettings
        See `Journal.open`.
    about : Mapping[str, Any]
        What to write down of the node when it starts: versions, and a fingerprint of its configuration.
    at_the_end : Callable[[], Mapping[str, Any]], optional
        Returns what to write down when it ends: its phase, and why it failed.
    """

    name = "journal"

    def __init__(
        self,
        announcer: Announces,
        *,
        place: Place,
        source: Source,
        settings: JournalSettings | None = None,
        about: Mapping[str, Any],
        at_the_end: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._announcer = announcer
        self._place = place
        self._source = source
        self._settings = settings or JournalSettings()
        self._about = dict(about)
        self._at_the_end = at_the_end
        self._maker = EntryMaker(self._settings.heartbeat_secs)
        self._journal: Journal | None = None
        self._started_ns = 0
        self._proven: set[str] = set()
        self._head_due = math.inf

    @property
    def journal(self) -> Journal | None:
        """Return the journal, for others of the same process to write into; None before the start."""
        return self._journal

    def start(self) -> None:
        """Begin to record. Nothing is waited for; `status` tells whether the database answers."""
        self._started_ns = time.time_ns()
        self._head_due = time.monotonic() + HEAD_SECS_FIRST
        journal = Journal.open(self._place, source=self._source, settings=self._settings)
        self._journal = journal
        version = self._about.get("trueup_version", "")
        entry = Entry(
            kind=EntryKind.STARTED,
            time_ns=self._started_ns,
            line=f"trueup {version} watches {self._source.trader_id}",
            topic="journal",
            data=self._about,
        )
        journal.append(entry)
        self._announcer.observe(self.hear)

    def hear(self, event: Event) -> None:
        """Take an event in, at once."""
        if self._journal is None or event.kind == HEAD_EVENT:
            return
        self._journal.append_made(partial(self._made, event))
        if time.monotonic() >= self._head_due:
            self._say_head(self._journal)

    def status(self) -> JournalStatus:
        """Return how the journal is, on any thread."""
        return JournalStatus() if self._journal is None else self._journal.status()

    def close(self) -> None:
        """Write what waits, within a bound, and end."""
        if self._journal is None:
            return
        line = f"trueup stops watching {self._source.trader_id}"
        data = self._at_the_end()
        entry = Entry(kind=EntryKind.STOPPED, time_ns=time.time_ns(), line=line, topic="journal", data=data)
        self._journal.append(entry)
        self._journal.close(CLOSE_SECS)

    def _say_head(self, journal: Journal) -> None:
        """Say how far the chain reaches, now and then: what shows later that its end was cut off."""
        head = journal.head
        if head is not None:
            self._head_due = time.monotonic() + HEAD_SECS
            self._announcer.say(HEAD_EVENT, head=f"{head.chain}:{head.sequence}:{head.hash}")

    def _made(self, event: Event) -> list[Entry | Settle]:
        entries: list[Entry | Settle] = [*self._maker.entries(event)]
        account_id = str(event.data.get("account_id") or "")
        is_proof = event.kind == "look" and event.data.get("verdict") == "CLEAN" and event.data.get("check") in PROOFS
        if is_proof and account_id not in self._proven:
            self._proven.add(account_id)
            settle = Settle(account_ids=(account_id,), before_ns=self._started_ns, time_ns=event.time_ns)
            entries.append(settle)
        return entries
