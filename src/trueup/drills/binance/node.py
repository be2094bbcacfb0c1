"""A node process with a Binance client, from the side of the drill: started, looked at, told to stop."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final, Self

import msgspec

from trueup.drills.binance.steps import SYMBOLS
from trueup.drills.described import Mode
from trueup.drills.records import NodeState
from trueup.emulator.server import Ready
from trueup.errors import NodeError

ANSWER_SECS_MAX: Final = 120.0
"""For imports and building on a machine ten times overbooked; an answer of a node that runs takes milliseconds."""
LOOK_SECS: Final = 0.1
LOG_TAIL_BYTES: Final = 4_000
LINES_SHOWN_MAX: Final = 30

Look = dict[str, Any]
"""What a node holds and said, as ``trueup.drills.engine.binance_node`` tells it."""


def state_of(seen: Look) -> NodeState:
    """Return the books of a look."""
    return msgspec.convert(seen["state"], NodeState)


class NodeProcess:
    """Run a node on an account of the emulator: a context manager that ends it.

    Parameters
    ----------
    ready : Ready
        The emulator's addresses, and the account's key.
    mode : {'native', 'verified'}
        The adapter's own client under the engine alone, or the hardened one under a true-up.
    plan : Mapping, optional
        Fields beside these; see ``trueup.drills.engine.binance_node``.
    log_path : Path, optional
        Where the node's log goes; to a file without a name if not given.
    """

    def __init__(
        self, ready: Ready, mode: Mode, plan: Mapping[str, Any] | None = None, *, log_path: Path | None = None
    ) -> None:
        hardened = mode == "verified"
        whole = {"ready": asdict(ready), "symbols": SYMBOLS, "mode": mode, "hardened": hardened, **(plan or {})}
        self._log: IO[bytes] = tempfile.TemporaryFile() if log_path is None else log_path.open("w+b")  # noqa: SIM115 - it outlives this call; `__exit__` closes it
        # Answers have a pipe of their own: on the standard streams, logs of other threads come into their lines.
        answers, theirs = os.pipe()
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "trueup.drills.engine.binance_node", json.dumps(whole), str(theirs)],
                pass_fds=(theirs,),
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the drill, which then ends the node itself
            )
        finally:
            os.close(theirs)
        self._answers: queue.Queue[Look | None] = queue.Queue()
        self._started: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(answers,), name="node-answers", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._reader.join()
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # what it was told last, and no longer heard
            self._child.stdin.close()
        self._log.close()

    def kill(self) -> None:
        """End the process with SIGKILL, and whoever waits for its answers."""
        self._child.kill()
        self._child.wait()

    def is_trading_within(self, secs: float) -> bool:
        """Wait for the start's outcome and return whether the node trades."""
        try:
            return self._started.get(timeout=secs) == "TRADING"
        except queue.Empty:
            return False

    def look(self) -> Look:
        """Return what the node holds.

        Raises
        ------
        NodeError
            If it has ended, or says nothing.
        """
        return self._ask("look")

    def submit(self, symbol: str, side: str, quantity: str, price: str | None, name: str | None = None) -> Look:
        """Let the node's strategy submit an order, and return what the node holds then.

        Raises
        ------
        NodeError
            As `look` does.
        """
        return self._ask(f"submit {json.dumps([symbol, side, quantity, price, name])}")

    def look_until(self, holds: Callable[[Look], bool], secs: float) -> Look:
        """Look until something holds, and return the last look whether it does or not.

        Raises
        ------
        NodeError
            As `look` does.
        """
        deadline = time.monotonic() + secs
        while not holds(seen := self.look()) and time.monotonic() < deadline:
            time.sleep(LOOK_SECS)
        return seen

    def stop(self) -> Look:
        """Stop the node gracefully and return what it held then.

        Raises
        ------
        NodeError
            As `look` does, and if its process does not end.
        """
        ended = self._ask("stop")
        try:
            self._child.wait(ANSWER_SECS_MAX)
        except subprocess.TimeoutExpired:
            raise NodeError(f"the node was stopped and its process lives after {ANSWER_SECS_MAX:.0f} s") from None
        return ended

    def _ask(self, line: str) -> Look:
        assert self._child.stdin is not None
        seen = None
        with contextlib.suppress(queue.Empty, BrokenPipeError):
            self._child.stdin.write(f"{line}\n".encode())
            self._child.stdin.flush()
            seen = self._answers.get(timeout=ANSWER_SECS_MAX)
        if seen is None:
            said = "\n".join(self._log_tail())
            raise NodeError(f"the node {'says nothing' if self._child.poll() is None else 'has ended'}:\n{said}")
        return seen

    def _log_tail(self) -> list[str]:
        end = os.fstat(self._log.fileno()).st_size
        # pread: the process shares the descriptor's position, and moving it would make it write over itself.
        tail = os.pread(self._log.fileno(), LOG_TAIL_BYTES, max(0, end - LOG_TAIL_BYTES))
        return tail.decode("utf-8", "replace").splitlines()[-LINES_SHOWN_MAX:]

    def _read(self, answers: int) -> None:
        with os.fdopen(answers, encoding="utf-8") as lines:
            for line in lines:
                word, _, rest = line.rstrip().partition(" ")
                if word in ("TRADING", "STOPPED"):
                    self._started.put(word)
                elif line.endswith("\n"):  # else it was cut by the end of the process
                    self._answers.put(json.loads(rest))
        self._started.put(None)
        self._answers.put(None)
