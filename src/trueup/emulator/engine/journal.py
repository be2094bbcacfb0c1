"""The durable log of accepted commands.

A directory holds one generation::

    lock            held by the emulator that owns the directory
    history.log     what will never change again: closed orders, trades, incomes; appended at each checkpoint
    state-<g>.bin   the live image at checkpoint g, and how long history.log was
    journal-<g>.log commands since checkpoint g

`append` only collects; `sync` writes everything collected as one frame and makes it durable. Whoever answers a client
must have seen `sync` return first.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from trueup.emulator.engine.commands import AnyCommand
from trueup.emulator.engine.framing import frame, read_frames
from trueup.emulator.engine.state import Archive, Image
from trueup.errors import EmulatorError

PENDING_BYTES_MAX = 64 * 1024 * 1024
"""Bound of what is collected and not yet durable; beyond it commands are refused."""

CHECKPOINT_BYTES = 16 * 1024 * 1024
"""Journal size at which a checkpoint is due: about 100,000 orders, a few seconds of replay."""


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One accepted command: its time, and the event sequence after it, which replay must reach again."""

    now_ms: int
    sequence: int
    command: AnyCommand


class Checkpoint(msgspec.Struct):
    """The content of a state file."""

    history_length: int
    image: Image


class NoJournal:
    """The journal of a venue that lives in memory only."""

    appended = 0
    durable = 0
    checkpoint_due = False

    def append(self, record: Record) -> None:
        """Forget the record."""

    def sync(self) -> None:
        """Do nothing."""

    def check(self) -> None:
        """Refuse nothing."""

    def close(self) -> None:
        """Do nothing."""


class Journal:
    """The durable log in one directory. Use `Journal.open`.

    `append` belongs to the venue's thread; `sync` may run in another.
    """

    def __init__(self, directory: Path, lock_fd: int, generation: int, history_length: int) -> None:
        self._directory = directory
        self._lock_fd = lock_fd
        self._generation = generation
        self._history_length = history_length
        self._encoder = msgspec.msgpack.Encoder()
        self._pending = bytearray()
        self._pending_lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._failure: OSError | None = None
        self._lost: OSError | None = None
        self.appended = 0
        self.durable = 0
        self._fd = self._open_log(generation)
        self._length = os.fstat(self._fd).st_size

    # --- opening ------------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, directory: Path) -> tuple[Journal, Image | None, Archive, list[Record]]:
        """Take a directory, making it when there is none, and read what is in it.

        Returns
        -------
        tuple
            The journal, the image of the last checkpoint (None for a new directory), the closed past up to it, and the
            records since.

        Raises
        ------
        EmulatorError
            If another emulator owns the directory, it cannot be used, or it is damaged.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock_fd = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmulatorError(
                f"the state directory {directory} cannot be used: {error.strerror}",
                allowed="a directory that can be written",
            ) from error
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock_fd)
            raise EmulatorError(
                f"another emulator owns the state directory {directory}",
                allowed="one emulator per directory",
                action="stop the other one, or choose another directory",
            ) from error
        try:
            return cls._read(directory, lock_fd)
        except (OSError, msgspec.MsgspecError) as error:
            os.close(lock_fd)
            raise EmulatorError(
                f"the state directory {directory} cannot be read: {error}",
                allowed="a directory that this version of the emulator wrote",
                action="use the version that wrote it, or begin with an empty directory",
            ) from error
        except BaseException:
            os.close(lock_fd)
            raise

    @classmethod
    def _read(cls, directory: Path, lock_fd: int) -> tuple[Journal, Image | None, Archive, list[Record]]:
        generations = [int(path.stem.partition("-")[2]) for path in directory.glob("state-*.bin")]
        generation = max(generations, default=0)
        checkpoint = _read_checkpoint(directory / f"state-{generation}.bin") if generations else None
        archive = Archive()
        history = directory / "history.log"
        if checkpoint is not None and checkpoint.history_length:
            archive = _read_history(history, checkpoint.history_length)
        length = 0 if checkpoint is None else checkpoint.history_length
        _cut(history, length)
        records = _read_records(directory / f"journal-{generation}.log")
        journal = cls(directory, lock_fd, generation, length)
        journal._drop_other_generations()
        return journal, None if checkpoint is None else checkpoint.image, archive, records

    def _open_log(self, generation: int) -> int:
        path = self._directory / f"journal-{generation}.log"
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        _sync_directory(self._directory)
        return descriptor

    # --- writing ------------------------------------------------------------------------------------------------------

    @property
    def checkpoint_due(self) -> bool:
        """Return whether the journal has grown so long that a checkpoint should be made."""
        return self._length >= CHECKPOINT_BYTES

    def append(self, record: Record) -> None:
        """Collect a record for the next `sync`."""
        encoded = self._encoder.encode(record)
        with self._pending_lock:
            self._pending += len(encoded).to_bytes(4, "little") + encoded
            self.appended += 1

    def sync(self) -> None:
        """Make everything collected durable; one call serves all commands before it.

        Raises
        ------
        EmulatorError
            If the disk refuses. Nothing is lost of what was durable, what was collected is kept, and the next call
            tries again; until one succeeds, commands are refused.
        """
        with self._sync_lock:
            with self._pending_lock:
                taken, upto = bytes(self._pending), self.appended
            if not taken:
                self.durable = upto
                return
            framed = frame(taken)
            try:
                _write_all(self._fd, framed)
                os.fdatasync(self._fd)
            except OSError as error:
                self._failure = error
                self._undo()
                raise self._refusal(error) from error
            self._length += len(framed)
            self._failure = None
            self.durable = upto
            with self._pending_lock:
                del self._pending[: len(taken)]

    def check(self) -> None:
        """Refuse commands while the disk does: try once more, and raise `EmulatorError` when it still does."""
        if self._lost is not None:
            raise self._refusal(self._lost)
        if self._failure is not None:
            self.sync()
        if len(self._pending) > PENDING_BYTES_MAX:
            raise EmulatorError(
                f"{len(self._pending)} bytes of commands wait to be made durable",
                allowed=f"{PENDING_BYTES_MAX}",
                action="call journal.sync() more often",
            )

    def _undo(self) -> None:
        """Cut off what a failed write left, so that the next frame begins where the last good one ended."""
        with suppress(OSError):  # recovery cuts a torn tail off as well
            os.ftruncate(self._fd, self._length)

    def _refusal(self, error: OSError) -> EmulatorError:
        return EmulatorError(
            f"the journal in {self._directory} cannot be written: {error.strerror}",
            allowed="commands again as soon as the disk takes them; nothing durable is lost",
            action="free space on the disk",
        )

    # --- checkpoints --------------------------------------------------------------------------------------------------

    def checkpoint(self, image: Image, fresh: Archive) -> None:
        """Begin a new generation: write `fresh` to the history and `image` beside it, and start an empty journal.

        Raises
        ------
        EmulatorError
            If the disk refuses; then the old generation goes on.
        """
        self.sync()
        generation = self._generation + 1
        state_file = self._directory / f"state-{generation}.bin"
        try:
            length = self._append_history(fresh)
            _write_whole(state_file, frame(self._encoder.encode(Checkpoint(length, image))))
            descriptor = self._open_log(generation)
        except OSError as error:
            self._take_back(state_file)
            raise self._refusal(error) from error
        with self._sync_lock:
            os.close(self._fd)
            self._fd, self._length = descriptor, 0
            self._generation, self._history_length = generation, length
        self._drop_other_generations()

    def _take_back(self, state_file: Path) -> None:
        """Remove a state file whose generation did not begin: recovery would take it for the newest."""
        try:
            state_file.unlink(missing_ok=True)
            _sync_directory(self._directory)
        except OSError as error:
            self._lost = error

    def _append_history(self, fresh: Archive) -> int:
        path = self._directory / "history.log"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            # What an earlier, failed checkpoint left there belongs to no generation.
            os.ftruncate(descriptor, self._history_length)
            framed = frame(self._encoder.encode(fresh))
            _write_all(descriptor, framed)
            os.fdatasync(descriptor)
            return self._history_length + len(framed)
        finally:
            os.close(descriptor)

    def _drop_other_generations(self) -> None:
        keep = {f"state-{self._generation}.bin", f"journal-{self._generation}.log"}
        for pattern in ("state-*", "journal-*.log"):
            for path in self._directory.glob(pattern):
                if path.name not in keep:
                    with suppress(OSError):  # an older generation does no harm: the newest is read
                        path.unlink()

    def close(self) -> None:
        """Make everything durable and let the directory go."""
        try:
            self.sync()
        finally:
            os.close(self._fd)
            os.close(self._lock_fd)


def _read_checkpoint(path: Path) -> Checkpoint:
    for _, payload in read_frames(path, until=path.stat().st_size):
        return msgspec.msgpack.decode(payload, type=Checkpoint)
    raise EmulatorError(f"the state file {path} is empty", action="restore the directory from a copy")


def _read_history(path: Path, length: int) -> Archive:
    whole = Archive()
    decoder = msgspec.msgpack.Decoder(Archive)
    for _, payload in read_frames(path, until=length):
        part = decoder.decode(payload)
        for name in Archive.__struct_fields__:
            getattr(whole, name).extend(getattr(part, name))
    return whole


def _read_records(path: Path) -> list[Record]:
    """Return the records of a journal and cut off its torn tail."""
    if not path.exists():
        return []
    records: list[Record] = []
    decoder = msgspec.msgpack.Decoder(Record)
    end = 0
    for after, payload in read_frames(path):
        at = 0
        while at < len(payload):
            size = int.from_bytes(payload[at : at + 4], "little")
            records.append(decoder.decode(payload[at + 4 : at + 4 + size]))
            at += 4 + size
        end = after
    _cut(path, end)
    return records


def _cut(path: Path, length: int) -> None:
    if path.exists() and path.stat().st_size > length:
        with path.open("r+b") as file:
            file.truncate(length)
            os.fsync(file.fileno())


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
