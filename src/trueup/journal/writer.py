"""The thread that writes the journal: a bounded queue in, batches in transactions out, and patience with the disk.

Whoever hands something over never waits and never sees an error. What the database does not take stays in hand and is
tried again, ever more rarely, until it does; what comes while the queue is full is dropped, and counted in an entry as
soon as one can be written.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from trueup.journal.anchor import anchor_path
from trueup.journal.aside import may_move, move_aside
from trueup.journal.chain import Head
from trueup.journal.database import BUSY_SECS
from trueup.journal.place import Place
from trueup.journal.settings import JournalSettings
from trueup.journal.storage import Storage, identity_of
from trueup.journal.trouble import Trouble, TroubleKind, trouble_of
from trueup.journal.values import Entry, EntryKind, Settle, Source

_logger = logging.getLogger("trueup.journal")

Made = Callable[[], Iterable[Entry | Settle]]
"""Makes entries in the writer's thread, where nobody waits for it."""

BATCH_MAX = 200
"""Entries in one transaction: 25 to 50 ms of CPU time in a small and in a large journal (measured); others wait."""
TICK_SECS = 1.0
"""How often an idle writer looks after its anchor and its retention."""
LINGER_SECS = 0.02
"""After the first of a burst, for its rest: one transaction instead of many, and who hands over wakes nobody."""
ANCHOR_SECS = 10.0
PRUNE_SECS = 600.0
PRUNE_ROWS = 1_000
"""Pruning is looked at when so much time has passed, or so many entries were written."""
RETRY_SECS = 0.5
RETRY_SECS_MAX = 30.0
RETRY_SECS_AFTER_MOVE = 0.1
HEAD_LOG_SECS = 3_600.0
"""How often the head goes to the log, which is kept elsewhere where somebody means it."""
LOG_SECS = 60.0
"""The same trouble is not logged more often than this."""


@dataclass(slots=True)
class WriterState:
    """What is known of a writer; written by its thread, read by anybody."""

    trouble: Trouble | None = None
    head: Head | None = None
    rows: int = 0
    dropped: int = 0
    last_write_ns: int = 0


class Writer:
    """Write one chain from a thread of its own.

    Parameters
    ----------
    place, source, settings : Place, Source, JournalSettings
        Where, whose chain, and how.
    """

    def __init__(self, place: Place, source: Source, settings: JournalSettings) -> None:
        self._place = place
        self._source = source
        self._settings = settings
        self._queue: queue.SimpleQueue[Entry | Settle | Made | threading.Event] = queue.SimpleQueue()
        self._anchor_path = anchor_path(place, source.chain, settings.state_dir)
        self._storage: Storage | None = None
        self._known: Head | None = None
        self._found: tuple[int, int] | None = None  # the file that was there when it was last opened
        # In hand: taken from the queue and not on the disk. Barriers are told when all before them is.
        self._pending: list[Entry | Settle] = []
        self._barriers: list[threading.Event] = []
        # The head that the last transaction would have made, while it is not known whether it was committed.
        self._attempted: Head | None = None
        self._piece = 0
        self._dropped_since_ns = 0
        self._dropped_told = 0
        self._retry_secs = RETRY_SECS
        self._stop_at: float | None = None
        self._wake = threading.Event()
        self._pruned_at = -math.inf
        self._written_since_prune = 0
        self._head_logged_at = -math.inf
        self._logged = ("", -math.inf)
        self.state = WriterState()
        self._thread = threading.Thread(target=self._run, name=f"trueup-journal-{source.chain}", daemon=True)

    # -- for any thread ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, item: Entry | Settle | Made) -> bool:
        """Hand an entry over, or what makes some; return False if it was dropped, since the queue is full."""
        if self.waiting >= self._settings.queue_max or self._stop_at is not None:
            if self.state.dropped == self._dropped_told:
                self._dropped_since_ns = time.time_ns()
            self.state.dropped += 1
            return False
        self._queue.put(item)
        return True

    @property
    def waiting(self) -> int:
        """Return how much was handed over and is not on the disk."""
        return self._queue.qsize() + len(self._pending)

    def flush(self, secs: float) -> bool:
        """Wait until all that was handed over is on the disk; return whether it is."""
        barrier = threading.Event()
        self._queue.put(barrier)
        return barrier.wait(secs)

    def stop(self, secs: float) -> bool:
        """Write what waits, within the time, and end the thread; return whether everything was written."""
        if self._thread.is_alive():
            self._stop_at = time.monotonic() + secs
            self._queue.put(threading.Event())
            self._wake.set()
            self._thread.join(secs + BUSY_SECS)
        return not self._thread.is_alive() and not self.waiting

    # -- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._take()
            try:
                if self._turn():
                    break
            except Exception as error:  # of the database, the disk, the network; none of them may end the thread
                self._fail(error)
                if self._is_time_up():
                    break
                self._pause()
        if self._storage is not None:
            self._storage.close()

    def _take(self) -> None:
        """Wait for something to do, and take what there is.

        What the database does not take stays in hand, and what comes meanwhile is taken too: most of it is thinned out
        on the way, so that a long trouble fills the memory slowly.
        """
        try:
            if not self._pending and not self._barriers:
                first = self._queue.get(timeout=TICK_SECS)
                if not isinstance(first, threading.Event):
                    time.sleep(LINGER_SECS)
                self._unpack(first)
            while len(self._pending) < self._settings.queue_max:
                self._unpack(self._queue.get_nowait())
        except queue.Empty:
            return

    def _unpack(self, item: Entry | Settle | Made | threading.Event) -> None:
        if isinstance(item, threading.Event):
            self._barriers.append(item)
        elif isinstance(item, Entry | Settle):
            self._pending.append(item)
        else:
            try:
                self._pending.extend(item())
            except Exception:
                _logger.exception("an entry of the journal could not be made")

    def _turn(self) -> bool:
        """Write what is in hand; return whether that was the last, as the thread was told to end."""
        if self._storage is None:
            self._found = identity_of(self._place)
            self._storage = Storage.open(self._place, self._source, self._settings, self._known)
            self._found = self._storage.identity
            self._keep_state(self._storage)
            self._leave_out_committed(self._storage)
            self._log_head(self._storage, every_secs=0.0)
        storage = self._storage
        self._write(storage)
        self._retry_secs = RETRY_SECS
        self.state.trouble = None
        for barrier in self._barriers:
            barrier.set()
        self._barriers.clear()
        storage.anchor(every_secs=ANCHOR_SECS)
        self._log_head(storage, every_secs=HEAD_LOG_SECS)
        self._prune(storage)
        if self._stop_at is None or not self._queue.empty():
            return self._is_time_up()
        storage.anchor(every_secs=0.0)
        self._log_head(storage, every_secs=0.0)
        return True

    def _write(self, storage: Storage) -> None:
        while self._pending:
            self._piece = piece = len(self._pending[:BATCH_MAX])
            try:
                storage.write(self._pending[:piece])
                del self._pending[:piece]
            except Exception as error:
                # What failed in its commit may be on the disk all the same: it is looked up before it is written again.
                if storage.attempted is not None or trouble_of(error).kind is not TroubleKind.UNWRITABLE:
                    raise
                self._write_singly(storage, piece)
            self._wrote(storage, piece)
        dropped = self.state.dropped
        if dropped != self._dropped_told:
            storage.write([self._dropped_entry(dropped - self._dropped_told)])
            self._dropped_told = dropped
            self._wrote(storage, 1)

    def _leave_out_committed(self, storage: Storage) -> None:
        """Leave out what was committed although the answer was lost: no entry may stand in the chain twice."""
        attempted, self._attempted = self._attempted, None
        if attempted is not None and storage.holds(attempted):
            del self._pending[: self._piece]
            self._wrote(storage, self._piece)

    def _wrote(self, storage: Storage, count: int) -> None:
        self._written_since_prune += count
        self.state.last_write_ns = time.time_ns()
        self._keep_state(storage)

    def _write_singly(self, storage: Storage, count: int) -> None:
        """Write some entries one by one, since one of them is one that the database will never take."""
        for _ in range(count):
            try:
                storage.write(self._pending[:1])
            except Exception as error:
                trouble = trouble_of(error)
                if trouble.kind is not TroubleKind.UNWRITABLE:
                    raise
                _logger.error("the journal left out %s: %s", type(self._pending[0]).__name__, trouble)
                self.state.dropped += 1
            del self._pending[0]

    def _prune(self, storage: Storage) -> None:
        due = time.monotonic() - self._pruned_at >= PRUNE_SECS or self._written_since_prune >= PRUNE_ROWS
        if not due:
            return
        if storage.prune(time.time_ns()):
            self._keep_state(storage)
            return  # and on with the next piece after the next turn
        self._pruned_at = time.monotonic()
        self._written_since_prune = 0

    # -- trouble -----------------------------------------------------------------------------------------------------

    def _fail(self, error: Exception) -> None:
        trouble = trouble_of(error)
        storage, self._storage = self._storage, None
        if storage is not None:
            self._attempted = storage.attempted
            storage.close()
        path = self._place.path
        if trouble.kind is TroubleKind.CORRUPT and path is not None and not may_move(path, self._anchor_path):
            text = f"{path} is not a journal and stays as it is; name another place"
            trouble = Trouble(TroubleKind.FOREIGN, text)
        self.state.trouble = trouble
        text, at = self._logged
        if text != str(trouble) or time.monotonic() - at >= LOG_SECS:
            self._logged = (str(trouble), time.monotonic())
            _logger.error("the journal %s cannot be written: %s; %d wait", self._place, trouble, self.waiting)
        if trouble.kind is TroubleKind.CORRUPT and path is not None and self._move_aside(path, trouble):
            self._retry_secs = RETRY_SECS_AFTER_MOVE

    def _move_aside(self, path: Path, trouble: Trouble) -> bool:
        """Move a corrupt file aside and have the next one begin with the fact; return whether the way is free."""
        try:
            aside, anchor = move_aside(path, self._anchor_path, self._found)
        except OSError as error:
            self.state.trouble = Trouble(trouble.kind, f"{trouble}, and it cannot be moved aside ({error.strerror})")
            return False
        if aside == path:
            return True  # another process was faster
        self._known = None  # it is told here
        _logger.error("the corrupt journal was moved to %s, and a new one is begun", aside)
        data: dict[str, object] = {"moved_to": aside.name, "reason": trouble.text}
        if anchor is not None:
            data |= {"known_sequence": anchor.head.sequence, "known_hash": anchor.head.hash}
        entry = Entry(
            kind=EntryKind.DAMAGE,
            time_ns=time.time_ns(),
            severity="CRITICAL",
            line=f"the journal before this one was corrupt and was moved to {aside.name}",
            data=data,
        )
        self._pending.insert(0, entry)
        return True

    def _pause(self) -> None:
        secs = self._retry_secs if self._stop_at is None else min(self._retry_secs, 0.1)
        self._retry_secs = min(2 * self._retry_secs, RETRY_SECS_MAX)
        if self._stop_at is None:
            self._wake.wait(secs)
        else:
            time.sleep(secs)

    def _is_time_up(self) -> bool:
        return self._stop_at is not None and time.monotonic() >= self._stop_at

    def _dropped_entry(self, count: int) -> Entry:
        return Entry(
            kind=EntryKind.DROPPED,
            time_ns=time.time_ns(),
            severity="WARNING",
            line=f"{count} entries were dropped: more came than could be written",
            data={"count": count, "since_ns": self._dropped_since_ns},
        )

    def _keep_state(self, storage: Storage) -> None:
        self._known = self.state.head = storage.head
        self.state.rows = storage.rows

    def _log_head(self, storage: Storage, *, every_secs: float) -> None:
        if time.monotonic() - self._head_logged_at >= every_secs:
            self._head_logged_at = time.monotonic()
            head = storage.head
            _logger.info("journal head %s:%d:%s", head.chain, head.sequence, head.hash)
