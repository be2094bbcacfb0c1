"""The emulator as a process: killed and back exact, ended cleanly, and refusing to start with a reason."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trueup.emulator import EmulatorProcess
from trueup.emulator.client import RefusedError
from trueup.errors import EmulatorError

SETTINGS = {"symbols": ["BTCUSDT"], "limits": {"enforced": False}}


def _serve(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trueup.emulator", "serve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, check=False)


# --- clean ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_with_clients_connected(tmp_path: Path, number: signal.Signals) -> None:
    with EmulatorProcess(state=tmp_path / "state", settings=SETTINGS) as emulator:
        host, port = emulator.urls.rest.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as idle:
            idle.sendall(b"GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(100).startswith(b"HTTP/1.1 200")
            os.kill(emulator.pid, number)
            assert emulator.stop() == 0
        assert emulator.errors == ""
        emulator.start()
        assert emulator.control.health().internal_errors == 0


def test_it_comes_back_on_the_same_ports_with_the_same_key(tmp_path: Path) -> None:
    with EmulatorProcess(state=tmp_path / "state", settings=SETTINGS) as emulator:
        first = emulator.ready
        emulator.control.deposit("main", Decimal(7))
        second = emulator.restart()
        assert (second.rest, second.control, second.api_key) == (first.rest, first.control, first.api_key)
        usdt = next(balance for balance in emulator.control.balances("main") if balance.asset == "USDT")
        assert usdt.wallet == Decimal(100_007)
        with pytest.raises(EmulatorError, match="already running"):
            emulator.start()
        with pytest.raises(RefusedError):
            emulator.control.fill(1)


# --- refusals to start ------------------------------------------------------------------------------------------------


def _refusal(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is taken" in _refusal(_serve("--port", str(port)))
        assert f"port {port} of 127.0.0.1 is taken" in _refusal(_serve("--control-port", str(port)))


def test_a_state_directory_in_use_is_named(tmp_path: Path) -> None:
    with EmulatorProcess(state=tmp_path / "state", settings=SETTINGS) as emulator:
        message = _refusal(_serve("--state", str(tmp_path / "state")))
        assert "another emulator owns the state directory" in message
        assert emulator.running


def test_a_state_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")

    assert str(path) in _refusal(_serve("--state", str(path)))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("missing.toml", None, "cannot be read"),
        ("broken.toml", "port = = 1", "cannot be parsed"),
        ("broken.json", "{", "cannot be parsed"),
        ("list.json", "[]", "holds no table"),
        ("unknown.toml", "colour = 'red'", "colour"),
        ("range.toml", "port = 70000", "port"),
        ("control.toml", "control_host = '0.0.0.0'", "control_beyond_loopback"),
        ("twice.json", json.dumps({"accounts": [{"account_id": "a"}, {"account_id": "a"}]}), "account_id"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_explained(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    assert said in _refusal(_serve("--config", str(path)))


def test_a_process_that_cannot_start_tells_its_handle_why() -> None:
    settings: dict[str, Any] = {"colour": "red"}
    with pytest.raises(EmulatorError, match=r"(?s)exit code 2.*colour"):
        EmulatorProcess(settings=settings).start()
