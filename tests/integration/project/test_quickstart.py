"""What the quickstart tells a newcomer to type, typed: store, emulator, check, run, status, audit, journal, claims."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
QUICKSTART = ROOT / "docs" / "quickstart.md"
FILE = "examples/emulator.toml"
PATIENCE_SECS = 120.0  # a start takes 3 s; a machine with much else to do may take twenty times that

pytestmark = [pytest.mark.node, pytest.mark.server]


class Terminal:
    """A command that goes on running, and what it printed so far."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trueup", *words],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as printed:
            self.lines.extend(iter(printed.readline, ""))

    def until(self, wanted: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + PATIENCE_SECS
        while time.monotonic() < deadline:
            found = next((line for line in list(self.lines) if wanted(line)), None)
            if found is not None:
                return found
            assert self.process.poll() is None, "".join(self.lines)
            time.sleep(0.05)
        raise AssertionError("".join(self.lines))

    def end(self, sent: signal.Signals) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sent)
        try:
            code = self.process.wait(PATIENCE_SECS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(PATIENCE_SECS)
        return code


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in reversed(opened):
        terminal.end(signal.SIGTERM)


def asked(environment: dict[str, str], *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "trueup", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECS,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def told(command: str) -> tuple[str, ...]:
    """Return a command's words if the document tells to type it."""
    assert f".venv/bin/trueup {command}\n" in QUICKSTART.read_text(encoding="utf-8"), command
    return tuple(command.split())


def test_what_the_quickstart_says_can_be_typed_and_ends_as_it_says(tmp_path: Path, terminals: list[Terminal]) -> None:
    store = Terminal({**os.environ}, *told("store serve ./try/store --port 6390")[:2], str(tmp_path / "store"))
    terminals.append(store)
    told("emulator serve --port 9001 --control-port 9002")
    venue = Terminal({**os.environ}, "emulator", "serve", "--port", "0", "--control-port", "0")
    terminals.append(venue)
    ready = json.loads(venue.until(lambda line: line.startswith("{")))
    address = re.match(r"redis://127\.0\.0\.1:(\d+)/0 pid \d+, data in ", store.until(lambda line: "redis://" in line))
    assert address is not None
    environment = {
        **os.environ,
        "TRUEUP_CLIENTS__BINANCE__API_KEY": ready["api_key"],
        "TRUEUP_CLIENTS__BINANCE__API_SECRET": ready["secret"],
        "TRUEUP_GUARD__CONTROL_KEY": secrets.token_hex(32),
        # Only what must not meet another run of this test differs from what a newcomer types.
        "TRUEUP_REDIS__PORT": address[1],
        "TRUEUP_CLIENTS__BINANCE__BASE_URL_HTTP": ready["rest"],
        "TRUEUP_CLIENTS__BINANCE__BASE_URL_WS": ready["stream"],
        "TRUEUP_CLIENTS__BINANCE__BASE_URL_WS_STREAM": ready["stream"],
        "TRUEUP_RECONCILIATION__STATE_DIR": str(tmp_path / "state"),
        "TRUEUP_LOGS__DIRECTORY": str(tmp_path / "logs"),
        "TRUEUP_OPS__PORT": "0",
    }
    environment.pop("PYTHONPATH", None)
    code, text = asked(environment, *told(f"check {FILE}"))
    assert code == 0, text
    node = Terminal(environment, *told(f"run {FILE}"))
    terminals.append(node)
    node.until(lambda line: "trading has started" in line)
    said = QUICKSTART.read_text(encoding="utf-8")
    for line in node.lines:
        if line.startswith("trueup: ") and "status page" not in line:
            assert line in said, line
    page = node.until(lambda line: "status page at" in line).split()[-1]
    told("status")
    assert asked(environment, "status", page)[0] == 0
    code, text = asked(environment, *told(f"audit {FILE}"))
    assert (code, "CLEAN" in text) == (0, True), text
    assert asked(environment, *told(f"journal list {FILE}"))[0] == 0
    code, text = asked(environment, *told(f"claims explain {FILE} BTCUSDT-PERP.BINANCE"))
    assert (code, "RestingBid-000 claims BTCUSDT-PERP.BINANCE" in text) == (0, True), text
    assert node.end(signal.SIGINT) == 0, "".join(node.lines)
    assert (venue.end(signal.SIGINT), store.end(signal.SIGINT)) == (0, 0)
