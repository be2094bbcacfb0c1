"""A real PostgreSQL server of the tests' own, as another user than root, on a free port of 127.0.0.1."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

DEBIAN_PROGRAMS = "/usr/lib/postgresql/15/bin"
USER = "trueup"
PASSWORD = "pg-pass-0123456789"
START_SECS_MAX = 60.0


class PostgresServer:
    """One server with password authentication, in a directory that goes with it."""

    def __init__(self) -> None:
        search = f"{os.environ['PATH']}:{DEBIAN_PROGRAMS}"
        found = {name: shutil.which(name, path=search) for name in ("initdb", "postgres")}
        assert all(found.values()), "PostgreSQL is not installed: apt-get install postgresql"
        self._programs = {name: str(path) for name, path in found.items()}
        self._directory = Path(tempfile.mkdtemp(prefix="trueup-pg-"))
        self._data = self._directory / "data"
        self._as_other: list[str] = []
        if os.geteuid() == 0:
            other = pwd.getpwnam("nobody")
            os.chown(self._directory, other.pw_uid, other.pw_gid)
            self._as_other = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups", "--"]
        password_file = self._directory / "password"
        password_file.write_text(PASSWORD, encoding="utf-8")
        password_file.chmod(0o644)
        wanted = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "-U", USER]
        command = [self._programs["initdb"], "-D", str(self._data), *wanted, f"--pwfile={password_file}"]
        subprocess.run([*self._as_other, *command], check=True, capture_output=True, cwd="/", timeout=120)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self._directory / "log"
        self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = [
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-k",
            str(self._directory),
            "-F",
            "-c",
            "max_connections=30",
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_other, self._programs["postgres"], "-D", str(self._data), *options],
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECS_MAX
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
            if b"ready to accept connections" in self._log.read_bytes().rpartition(b"starting PostgreSQL")[2]:
                return
            time.sleep(0.05)
        raise AssertionError(f"the server did not start: {self._log.read_text(encoding='utf-8')}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT fast, SIGQUIT as if the machine had lost power."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(30)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self._directory, ignore_errors=True)
