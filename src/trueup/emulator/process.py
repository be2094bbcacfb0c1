"""The emulator as a process of its own: started, used, killed and started again on the same ports."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from trueup.emulator.client import ControlClient
from trueup.emulator.server import EmulatorUrls, Ready
from trueup.errors import EmulatorError
from trueup.tied import start_tied

START_SECS_MAX: Final = 30.0
STOP_SECS_MAX: Final = 10.0
ERROR_TEXT_MAX: Final = 4_000


class EmulatorProcess:
    """Run ``serve`` as a subprocess.

    Parameters
    ----------
    state : Path, optional
        Directory of the durable ledger; it outlives `kill` and is picked up by the next `start`.
    settings : Mapping, optional
        Fields of `EmulatorSettings`, nested as in a configuration file.
    port, control_port : int
        0 takes free ports at the first start; later starts of the same handle use them again, so that clients find
        the venue where it was.
    ends_with_parent : bool
        Whether the process gets SIGKILL at the end of this one, whatever ends it; on Linux.

    Examples
    --------
    >>> with EmulatorProcess() as emulator:
    ...     emulator.control.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
    """

    def __init__(
        self,
        *,
        state: Path | None = None,
        settings: Mapping[str, Any] | None = None,
        port: int = 0,
        control_port: int = 0,
        ends_with_parent: bool = False,
    ) -> None:
        self._state = state
        self._settings = dict(settings or {})
        self._port = port
        self._control_port = control_port
        self._launch = start_tied if ends_with_parent else subprocess.Popen
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: Ready | None = None
        self._control: ControlClient | None = None
        self._stderr: IO[bytes] | None = None
        self._said = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> Ready:
        """Start the process and wait until it is ready.

        Raises
        ------
        EmulatorError
            It ended or said nothing in time; the text holds what it wrote to stderr.
        """
        if self.running:
            raise EmulatorError("the emulator is already running", action="stop or kill it first")
        command = [sys.executable, "-m", "trueup.emulator", "serve"]
        command += ["--port", str(self._port), "--control-port", str(self._control_port)]
        if self._state is not None:
            command += ["--state", str(self._state)]
        self._said = ""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this call; `_end` closes it
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as config:
            # The process has read the file by the time it is ready, so the file need not outlive this block.
            json.dump(self._settings, config, default=str)
            config.flush()
            command += ["--config", config.name]
            self._process = self._launch(command, stdout=subprocess.PIPE, stderr=self._stderr)
            self._ready = self._await_ready(self._process)
        self._port = int(self._ready.rest.rpartition(":")[2])
        self._control_port = int(self._ready.control.rpartition(":")[2])
        self._control = ControlClient(self._ready.control)
        return self._ready

    def kill(self) -> None:
        """Kill the process as a power cut would (SIGKILL) and wait until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> int | None:
        """Ask the process to end (SIGTERM), kill it if it does not, and return its exit code."""
        return self._end(signal.SIGTERM)

    def restart(self) -> Ready:
        """Start the process again on the same ports; with a state directory the ledger is the one it had."""
        self.stop()
        return self.start()

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the process id."""
        if self._process is None:
            raise EmulatorError("the emulator was never started", action="start it first")
        return self._process.pid

    @property
    def ready(self) -> Ready:
        """Return addresses and the default account's key."""
        if self._ready is None:
            raise EmulatorError("the emulator was never started", action="start it first")
        return self._ready

    @property
    def urls(self) -> EmulatorUrls:
        """Return the addresses alone."""
        return self.ready.urls

    @property
    def control(self) -> ControlClient:
        """Return a client of the control port."""
        if self._control is None:
            raise EmulatorError("the emulator is not running", action="start it first")
        return self._control

    @property
    def errors(self) -> str:
        """Return what the process wrote to stderr since its last start."""
        self._read_errors()
        return self._said

    # --- details ------------------------------------------------------------------------------------------------------

    def _read_errors(self) -> None:
        if self._stderr is not None:
            # pread: the process shares the descriptor's position, and moving it would make it write over itself.
            descriptor = self._stderr.fileno()
            raw = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
            self._said = raw.decode("utf-8", "replace")

    def _await_ready(self, process: subprocess.Popen[bytes]) -> Ready:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        deadline = time.monotonic() + START_SECS_MAX
        line = b""
        while not line.endswith(b"\n"):
            remaining = deadline - time.monotonic()
            readable = select.select([descriptor], [], [], max(0.0, remaining))[0] if remaining > 0 else []
            chunk = os.read(descriptor, 65_536) if readable else b""
            if not chunk:
                # An end of its output means that it is ending by itself; silence means that it must be killed.
                code = process.wait(STOP_SECS_MAX) if readable else None
                self._end(signal.SIGKILL)
                why = f"ended with exit code {code}" if readable else f"said nothing for {START_SECS_MAX:.0f} s"
                raise EmulatorError(f"the emulator {why}: {self.errors[-ERROR_TEXT_MAX:].strip()}")
            line += chunk
        fields = json.loads(line)
        return Ready(**{name: fields[name] for name in Ready.__dataclass_fields__})

    def _end(self, with_signal: signal.Signals) -> int | None:
        if self._control is not None:
            self._control.close()
            self._control = None
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(with_signal)
            try:
                process.wait(STOP_SECS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
        if self._stderr is not None:
            self._read_errors()
            self._stderr.close()
            self._stderr = None
        return process.returncode
