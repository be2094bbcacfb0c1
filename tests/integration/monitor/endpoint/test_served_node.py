"""A real node tells how it is, also while its event loop hangs, and shows its token nowhere."""

from __future__ import annotations

import http.client
import signal
import time
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from tests.integration.monitor.endpoint.served_main import HEARTBEAT_SECS_MAX
from tests.integration.node.lines import NodeProcess
from trueup.cli.app import app
from trueup.monitor.endpoint import decode_document, judgement

TOKEN = "planted-token-0123456789"
PATIENCE_SECS = 60.0


class Reader:
    """Asks one endpoint with its token and keeps every byte that it answered."""

    def __init__(self, url: str) -> None:
        self._port = urlsplit(url).port
        self.heard = b""

    def get(self, path: str) -> tuple[int, bytes]:
        """Return the code and the body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECS)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            answer = connection.getresponse()
            body = answer.read()
            self.heard += str(answer.getheaders()).encode() + body
            return answer.status, body
        finally:
            connection.close()

    def await_code(self, path: str, code: int) -> bytes:
        """Ask until the answer has a code."""
        deadline = time.monotonic() + PATIENCE_SECS
        while (answer := self.get(path))[0] != code:
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
        return answer[1]


@pytest.mark.node
def test_a_node_answers_before_while_and_after_its_event_loop_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgement, "HEARTBEAT_SECS_MAX", HEARTBEAT_SECS_MAX)
    node = NodeProcess("tests.integration.monitor.endpoint.served_main", TOKEN)
    try:
        url = node.await_line("ops")["url"]
        reader = Reader(url)
        reader.await_code("/readyz", 200)
        assert reader.get("/healthz") == (200, b"alive\n")
        (status,) = decode_document(reader.get("/status.json")[1])
        assert (status.verdict, status.trader_id, status.is_reconciled) == ("CLEAN", "TESTER-001", True)
        assert status.accounts[0].coverage
        assert b"# TYPE" in reader.get("/metrics")[1]
        shown = CliRunner().invoke(app, ["status", url, "--token", TOKEN], env={"COLUMNS": "120"})
        assert (shown.exit_code, "True to the venue" in shown.output) == (0, True), shown.output

        node.signal(signal.SIGUSR1)
        assert b"the event loop has not answered for" in reader.await_code("/healthz", 503)
        assert reader.get("/status.json")[0] == 200
        assert reader.get("/metrics")[0] == 200
        assert reader.get("/readyz")[0] == 503
        shown = CliRunner().invoke(app, ["status", url, "--token", TOKEN], env={"COLUMNS": "120"})
        assert (shown.exit_code, "the event loop has not answered" in shown.output) == (3, True), shown.output

        reader.await_code("/readyz", 200)
        node.signal(signal.SIGTERM)
        assert node.end() == 0
        with pytest.raises(OSError, match="refused"):
            reader.get("/healthz")
        assert TOKEN.encode() not in reader.heard
        assert TOKEN not in node.tell()
    except BaseException:
        node.close()
        raise
