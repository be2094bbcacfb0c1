"""``trueup status`` against real endpoints: one node, a fleet, a terminal, a token, and whoever does not answer."""

from __future__ import annotations

import fcntl
import http.server
import io
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from tests.unit.monitor.endpoint import statuses
from trueup.cli.app import app
from trueup.config.sight.ops import OpsConfig
from trueup.errors import ConfigValueError
from trueup.monitor.endpoint import OpsEndpoint
from trueup.monitor.endpoint.ask import Answer, read_url
from trueup.monitor.endpoint.terminal import printable, render
from trueup.monitor.status import NodeStatus

TOKEN = "planted-token-0123456789"
VARIABLE = "TRUEUP_OPS__AUTH_TOKEN"


@dataclass(frozen=True)
class Outcome:
    """What one run of the command said."""

    code: int
    out: str
    error: object


def status(*arguments: str, columns: int = 140, token: str | None = None) -> Outcome:
    """Run the command in this process."""
    result = CliRunner().invoke(app, ["status", *arguments], env={"COLUMNS": str(columns), VARIABLE: token})
    return Outcome(result.exit_code, result.output, result.exception)


@pytest.fixture(scope="module")
def served() -> Iterator[Callable[..., str]]:
    """Yield a function that serves statuses and returns where; the same ones are served once."""
    opened: dict[tuple[str, ...], OpsEndpoint] = {}

    def serve(*names: str, token: str | None = None) -> str:
        key = (*names, token or "")
        if key not in opened:

            def source() -> NodeStatus | Sequence[NodeStatus]:
                made = [statuses.ALL[name](time.time_ns()) for name in names]
                return made[0] if len(made) == 1 else made

            opened[key] = OpsEndpoint(OpsConfig.model_validate({"port": 0, "auth_token": token}), source)
            opened[key].start()
        return opened[key].url or ""

    yield serve
    for endpoint in opened.values():
        endpoint.close()


@pytest.fixture(scope="module")
def nobody() -> Iterator[str]:
    """Yield an address at which connections are taken and never answered."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        yield f"127.0.0.1:{silent.getsockname()[1]}"


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("clean", 0, ["True to the venue", "MONITORING", "41 open", "BINANCE_SPOT-SPOT-master", "31.2 ms"]),
        ("discrepant", 1, ["Not true", "5 discrepancies", "Position quantity", "0.002 -> 0.005", "REDUCING"]),
        ("unknown", 3, ["Not known", "open orders failed", "it cannot act", "connection refused", "3 records dropped"]),
        ("stale", 3, ["Not known", "the last verdict is 10 min"]),
        ("hung", 3, ["the event loop has not answered for 12 s"]),
        ("starting", 3, ["the start-up is not verified yet", "no verdict yet"]),
        ("failed", 3, ["the node does not trade"]),
    ],
)
def test_one_node_is_shown_whole_with_the_exit_code_of_what_may_be_relied_on(
    served: Callable[..., str], name: str, code: int, words: list[str]
) -> None:
    outcome = status(served(name))
    assert outcome.code == code
    assert [word for word in words if word not in outcome.out] == []
    assert "\x1b" not in outcome.out, "no colour where there is no terminal"


def test_a_fleet_is_listed_and_who_does_not_answer_hides_nobody(served: Callable[..., str], nobody: str) -> None:
    urls = [served("clean"), served("discrepant"), nobody, "127.0.0.1:1"]
    outcome = status(*urls, "--timeout", "0.5")
    assert outcome.code == 1
    for words in ("CLEAN", "DISCREPANT", "no answer within 0.5 s", "connection refused", "5 discrepancies"):
        assert words in outcome.out
    assert status(served("clean"), nobody, "--timeout", "0.3").code == 3
    assert status(served("clean"), served("clean", "clean")).code == 0


def test_an_endpoint_of_several_nodes_is_a_fleet_too(served: Callable[..., str]) -> None:
    outcome = status(served("clean", "hung", "clean"))
    assert (outcome.code, outcome.out.count("CLEAN")) == (3, 2)


def test_an_auditor_outside_shows_no_zeros_for_what_it_cannot_know() -> None:
    console = Console(width=120, file=io.StringIO())
    console.print(render([Answer("http://a", (statuses.clean(source="watch"),))], 120))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "PRESENT" in text
    assert "in flight" not in text
    assert "loop lag" not in text


def test_json_holds_every_status_with_its_verdict(served: Callable[..., str]) -> None:
    outcome = status("--json", served("clean"), served("discrepant"), "127.0.0.1:1")
    said = json.loads(outcome.out)
    assert (outcome.code, said["verdict"]) == (1, "DISCREPANT")
    assert [node["verdict"] for node in said["nodes"]] == ["CLEAN", "DISCREPANT", "UNKNOWN"]
    assert said["nodes"][1]["status"]["discrepancies"][0]["kind"] == "POSITION_QUANTITY"
    assert said["nodes"][2]["reasons"] == ["connection refused"]


def test_the_token_comes_from_the_variable_a_file_or_an_option_and_is_never_shown(
    served: Callable[..., str], tmp_path: Path
) -> None:
    url = served("clean", token=TOKEN)
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", encoding="utf-8")
    refused = status(url)
    assert (refused.code, "it wants a token" in refused.out) == (3, True)
    assert "it wants a token" in status(url, "--token", "another").out
    for outcome in (
        status(url, token=TOKEN),
        status(url, "--token-file", str(file)),
        status(url, "--token", TOKEN),
    ):
        assert outcome.code == 0
        assert TOKEN not in outcome.out


def test_what_cannot_be_asked_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    for arguments in (
        ("http://user:pass@node1",),
        ("ftp://node1",),
        ("x:y:z",),
        ("--token", "a\nb"),
        ("--token-file", str(tmp_path / "none")),
        ("--token", "a", "--token-file", "b"),
        ("--timeout", "0"),
        tuple(f"node{number}" for number in range(257)),
    ):
        outcome = status(*arguments)
        assert outcome.code == 2 or getattr(outcome.error, "exit_code", None) == 2, arguments
        assert "pass@" not in f"{outcome.out}{outcome.error}"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("9464", "http://127.0.0.1:9464"),
        ("node1:9464", "http://node1:9464"),
        ("https://desk.example/node1/", "https://desk.example/node1"),
        ("http://[::1]:9464/status.json", "http://[::1]:9464"),
    ],
)
def test_an_address_is_read_as_operators_write_it(text: str, url: str) -> None:
    assert read_url(text) == url


def test_an_empty_port_is_refused() -> None:
    with pytest.raises(ConfigValueError, match="not a URL"):
        read_url("node1:0")


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """A server that is no node: one path leads away, the others hold something else."""

    asked_by: list[str]

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization")))  # type: ignore[attr-defined]  # set below
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", "/stolen")
        else:
            self.send_response(500 if self.path.startswith("/broken") else 200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"<html>\x1b[2J it is not here")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_an_answer_that_is_no_status_is_said_and_a_redirect_never_gets_the_token() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as other:
        other.asked = []  # type: ignore[attr-defined]  # what the handler notes
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        base = f"127.0.0.1:{other.server_address[1]}"
        outcome = status(f"{base}/away", f"{base}/broken", f"{base}/other", "--token", TOKEN, columns=200)
        other.shutdown()
        thread.join()
        asked = other.asked  # type: ignore[attr-defined]  # what the handler noted
    assert outcome.code == 3
    assert "it leads elsewhere, which is not followed" in outcome.out
    assert "HTTP 500: <html>" in outcome.out
    assert "not a trueup status" in outcome.out
    assert "\x1b" not in outcome.out
    assert sorted(path for path, _ in asked) == ["/away/status.json", "/broken/status.json", "/other/status.json"]


@pytest.mark.parametrize("columns", [20, 40, 60, 99, 100, 300])
@pytest.mark.parametrize("name", statuses.ALL)
def test_it_fits_every_terminal_and_no_name_steers_one(name: str, columns: int) -> None:
    console = Console(width=columns, force_terminal=False, markup=False, highlight=False, file=io.StringIO())
    node = statuses.ALL[name]()
    console.print(render([Answer("http://a", (node,))], columns))
    console.print(render([Answer("http://a", (node, node)), Answer("http://b", failure="gone \x1b[2J")], columns))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= columns
    assert all(sign not in text for sign in "\x1b\x07\u202e")
    assert "TRADER" in text.replace("\n", "") or name == "hostile" or columns < 40


def test_what_would_steer_a_terminal_is_replaced() -> None:
    assert printable("a\x1b[31mb\u202ec\nd\x9b") == "a\ufffd[31mb\ufffdc\ufffdd\ufffd"
    assert len(printable("x" * 10_000)) < 500


def in_terminal(*arguments: str, until: bytes, columns: int = 120, **environment: str) -> tuple[int, bytes]:
    """Run the command in a terminal of its own, interrupt it when it has written `until`, and return how it ended."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS", "LINES", VARIABLE)}
    process = subprocess.Popen(
        [sys.executable, "-m", "trueup", "status", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**kept, "TERM": "xterm-256color", **environment},
        start_new_session=True,
    )
    os.close(slave)
    written, interrupted = b"", False
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    written += os.read(master, 65_536)
                except OSError:  # the terminal's other end is closed: the process has ended
                    break
            if until in written and not interrupted:
                process.send_signal(signal.SIGINT)
                interrupted = True
        return process.wait(30), written
    finally:
        process.kill()
        os.close(master)


def test_a_live_view_ends_cleanly_by_ctrl_c(served: Callable[..., str]) -> None:
    code, written = in_terminal("--watch", "--every", "0.5", served("discrepant"), until=b"Ctrl-C ends")
    assert code == 130
    assert b"Not true to the venue" in written
    assert b"\x1b[31m" in written or b"\x1b[1;31m" in written
    assert written.count(b"\x1b[?1049h") == written.count(b"\x1b[?1049l") == 1, "the screen is given back"
    assert written.rindex(b"\x1b[?25h") > written.rindex(b"\x1b[?25l"), "the cursor is shown again"
    assert b"Traceback" not in written
    assert b"Aborted" not in written


def test_no_colour_is_used_where_none_is_wanted(served: Callable[..., str]) -> None:
    code, written = in_terminal(served("discrepant"), until=b"never", NO_COLOR="1")
    assert code == 1
    assert b"\x1b[31m" not in written
    assert b"\x1b[1;31m" not in written


def test_a_watch_without_a_terminal_writes_a_line_for_each_reading(served: Callable[..., str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "trueup", "status", "--watch", "--every", "0.5", "--json", served("clean")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert [line["verdict"] for line in lines] == ["CLEAN", "CLEAN"]
    assert (process.returncode, errors) == (130, "")
