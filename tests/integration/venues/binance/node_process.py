"""A node process beside the test: started, looked at, told to stop."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from trueup.venues.binance.probe.bench import Bench

ROOT = Path(__file__).parents[4]
ANSWER_SECS_MAX = 120.0
LINES_KEPT = 60
KINDS: dict[str, dict[str, Any]] = {
    "native": {"hardened": False, "mode": "native"},
    "verified": {"hardened": True, "mode": "verified"},
}
"""The adapter's own client under the engine alone, and ours under a true-up."""


class NodeProcess:
    """Run `node_main` on a bench's account.

    Parameters
    ----------
    bench : Bench
        The account.
    kind : str
        One of `KINDS`.
    plan : mapping
        See `node_main`.
    """

    def __init__(self, bench: Bench, kind: str, plan: dict[str, Any] | None = None) -> None:
        whole = {"ready": asdict(bench.ready), "symbols": ["BTCUSDT", "ETHUSDT"], **KINDS[kind], **(plan or {})}
        # Answers have a pipe of their own: on the standard streams, logs of other threads come into their lines.
        answers, theirs = os.pipe()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.venues.binance.node_main", json.dumps(whole), str(theirs)],
            cwd=ROOT,
            pass_fds=(theirs,),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self._answers: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self._started: queue.Queue[str] = queue.Queue()
        self._log: list[str] = []
        os.close(theirs)
        self._readers = [
            threading.Thread(target=self._read_answers, args=(answers,), daemon=True),
            threading.Thread(target=self._read_log, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            pipe.close()

    def is_trading_within(self, secs: float) -> bool:
        """Wait for the start's outcome and return whether the node trades."""
        try:
            return self._started.get(timeout=secs) == "TRADING"
        except queue.Empty:
            return False

    def look(self) -> dict[str, Any]:
        """Return what the node holds."""
        return self._ask("look")

    def submit(self, symbol: str, side: str, quantity: str, price: str | None) -> dict[str, Any]:
        """Let the node's strategy submit an order, and return what the node holds then."""
        return self._ask(f"submit {json.dumps([symbol, side, quantity, price])}")

    def look_until(self, holds: Callable[[dict[str, Any]], bool], secs: float) -> dict[str, Any]:
        """Look until something holds, and return the last look whether it does or not."""
        deadline = time.monotonic() + secs
        while not holds(seen := self.look()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return seen

    def stop(self) -> dict[str, Any]:
        """Stop the node gracefully and return what it held then."""
        ended = self._ask("stop")
        self._child.wait(ANSWER_SECS_MAX)
        return ended

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(f"{line}\n")
            self._child.stdin.flush()
            return self._answers.get(timeout=ANSWER_SECS_MAX)[1]
        except (queue.Empty, BrokenPipeError) as error:
            raise AssertionError("the node told nothing:\n" + "\n".join(self._log[-LINES_KEPT:])) from error

    def _read_answers(self, answers: int) -> None:
        with os.fdopen(answers, encoding="utf-8") as lines:
            for line in lines:
                word, _, rest = line.rstrip().partition(" ")
                if word in ("TRADING", "STOPPED"):
                    self._started.put(word)
                elif line.endswith("\n"):  # else it was cut by the end of the process
                    self._answers.put((word, json.loads(rest)))

    def _read_log(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._log.append(line.rstrip())
            del self._log[:-LINES_KEPT]
