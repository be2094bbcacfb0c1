"""The emulator as a process: ended cleanly, started again, and refusing to start with a reason.

How it is killed is in ``test_kill.py``.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trueup.emulator import EmulatorProcess
from trueup.emulator.__main__ import main
from trueup.emulator.client import RefusedError
from trueup.errors import EmulatorError

SETTINGS = {"symbols": ["BTCUSDT"], "limits": {"enforced": False}}


# --- one process, ended and started again -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the ledger is."""
    return tmp_path_factory.mktemp("emulator") / "state"


@pytest.fixture(scope="module")
def emulator(state: Path) -> Iterator[EmulatorProcess]:
    """Run one durable emulator; a test may end it, and starts it again."""
    with EmulatorProcess(state=state, settings=SETTINGS) as process:
        yield process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_with_clients_connected(emulator: EmulatorProcess, number: signal.Signals) -> None:
    host, port = emulator.urls.rest.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as idle:
        idle.sendall(b"GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
        os.kill(emulator.pid, number)
        assert emulator.stop() == 0
    assert emulator.errors == ""
    emulator.start()
    assert emulator.control.health().internal_errors == 0


def test_it_comes_back_on_the_same_ports_with_the_same_key(emulator: EmulatorProcess) -> None:
    first = emulator.ready
    before = _usdt(emulator)
    emulator.control.deposit("main", Decimal(7))
    second = emulator.restart()
    assert (second.rest, second.control, second.api_key) == (first.rest, first.control, first.api_key)
    assert _usdt(emulator) == before + 7
    with pytest.raises(EmulatorError, match="already running"):
        emulator.start()
    with pytest.raises(RefusedError):
        emulator.control.fill(1)


def _usdt(emulator: EmulatorProcess) -> Decimal:
    return next(balance.wallet for balance in emulator.control.balances("main") if balance.asset == "USDT")


def test_a_state_directory_in_use_is_named(emulator: EmulatorProcess, state: Path, refusal: Callable[..., str]) -> None:
    message = refusal("--state", str(state))

    assert "another emulator owns the state directory" in message
    assert emulator.running


# --- refusals to start ------------------------------------------------------------------------------------------------


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs the command to its refusal, in this process, and returns what it said."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["trueup.emulator", "serve", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        assert ended.value.code == 2, said
        assert said.out == ""
        assert "Traceback" not in said.err
        return said.err

    return run


def test_a_taken_port_is_named(refusal: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is taken" in refusal("--port", str(port))
        assert f"port {port} of 127.0.0.1 is taken" in refusal("--control-port", str(port))


def test_a_state_directory_that_is_a_file_is_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    path = tmp_path / "file"
    path.write_text("x")

    assert str(path) in refusal("--state", str(path))


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
    tmp_path: Path, refusal: Callable[..., str], name: str, text: str | None, said: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    assert said in refusal("--config", str(path))


def test_a_process_that_cannot_start_tells_its_handle_why() -> None:
    settings: dict[str, Any] = {"colour": "red"}
    with pytest.raises(EmulatorError, match=r"(?s)exit code 2.*colour"):
        EmulatorProcess(settings=settings).start()
