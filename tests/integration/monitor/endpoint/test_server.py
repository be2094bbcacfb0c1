"""The endpoint on real sockets: it answers while the loop hangs, and no client keeps another one out."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from tests.unit.monitor.endpoint import statuses
from trueup.config.sight.ops import OpsConfig
from trueup.errors import ConfigValueError, EndpointError
from trueup.monitor.endpoint import OpsEndpoint, decode_document, judgement, ops_endpoint, server
from trueup.monitor.status import LoopStatus, NodeStatus

TOKEN = "planted-token-0123456789"


def sound() -> NodeStatus:
    """Return a sound node as of now."""
    return statuses.clean(time.time_ns())


@pytest.fixture(scope="module")
def endpoint() -> Iterator[OpsEndpoint]:
    """Yield an endpoint over a sound node on a port of the system's choice."""
    made = OpsEndpoint(OpsConfig(port=0), sound, lambda: b"up 1\n")
    made.start()
    yield made
    made.close()


def get(endpoint: OpsEndpoint, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask one thing with the standard library's client."""
    assert endpoint.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def connect(endpoint: OpsEndpoint) -> socket.socket:
    """Open a connection and say nothing."""
    assert endpoint.port is not None
    return socket.create_connection(("127.0.0.1", endpoint.port), timeout=20)


def say(endpoint: OpsEndpoint, *parts: bytes) -> bytes:
    """Send raw bytes and return all that comes back."""
    with connect(endpoint) as connection:
        for part in parts:
            connection.sendall(part)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def own_threads() -> int:
    """Return how many threads there are."""
    return threading.active_count()


def test_what_is_served_is_what_a_reader_understands(endpoint: OpsEndpoint) -> None:
    code, headers, body = get(endpoint, "/status.json")
    assert (code, headers["Content-Type"], headers["Cache-Control"]) == (200, "application/json", "no-store")
    assert decode_document(body)[0].trader_id == "TRADER-001"
    assert get(endpoint, "/metrics")[2] == b"up 1\n"
    assert get(endpoint, "/healthz")[::2] == (200, b"alive\n")
    assert get(endpoint, "/readyz")[::2] == (200, b"ready\n")
    page = get(endpoint, "/")
    assert b'<main id="main"' in page[2]
    assert "unsafe" not in page[1]["Content-Security-Policy"]


def test_head_gives_the_length_and_no_body(endpoint: OpsEndpoint) -> None:
    code, headers, body = get(endpoint, "/page.js", "HEAD")
    assert (code, body) == (200, b"")
    assert int(headers["Content-Length"]) == len(get(endpoint, "/page.js")[2])


def test_a_refusal_reaches_a_client_that_still_sends(endpoint: OpsEndpoint) -> None:
    code, headers, body = get(endpoint, "/metrics", "POST", **{"Content-Length": "0"})
    assert (code, headers["Allow"], body) == (405, "GET, HEAD", b"only GET and HEAD\n")
    sent = b"POST /metrics HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000
    assert say(endpoint, sent).startswith(b"HTTP/1.1 405 ")
    assert say(endpoint, b"GET / HTTP/1.1\r\nX: " + b"y" * 60_000).startswith(b"HTTP/1.1 431 ")
    assert say(endpoint, b"\x16\x03\x01 not http\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert say(endpoint, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").startswith(b"HTTP/1.1 421 ")


def test_a_request_may_come_in_pieces(endpoint: OpsEndpoint) -> None:
    assert say(endpoint, b"GET /healthz HT", b"TP/1.1\r\nHo", b"st: localhost\r\n\r", b"\n").endswith(b"alive\n")


def test_a_client_that_drips_is_ended_by_the_clock_and_not_by_its_next_byte(
    endpoint: OpsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECS_MAX", 0.3)
    with connect(endpoint) as connection:
        ended = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not ended.wait(0.05):
                    connection.send(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        answer = connection.recv(4_096)
        ended.set()
        thread.join()
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("number", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_idle_connections_by_the_thousand_keep_no_probe_out(endpoint: OpsEndpoint, number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, number + 2_000)), hard))
    before = own_threads()
    crowd: list[socket.socket] = []
    try:
        crowd.extend(connect(endpoint) for _ in range(number))
        assert own_threads() <= before + server.CONNECTIONS_MAX + 1
        for _ in range(5):
            assert get(endpoint, "/healthz")[0] == 200
            assert get(endpoint, "/metrics")[0] == 200
    finally:
        for connection in crowd:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert get(endpoint, "/readyz")[0] == 200


def test_clients_that_do_not_read_keep_no_probe_out() -> None:
    wide = statuses.discrepant(time.time_ns(), 20_000)  # more than the kernel buffers for a reader that does not read
    made = OpsEndpoint(OpsConfig(port=0), lambda: wide)
    made.start()
    crowd = [connect(made) for _ in range(server.CONNECTIONS_MAX + 8)]
    try:
        for connection in crowd:
            connection.sendall(b"GET /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert get(made, "/healthz")[0] in (200, 503)
    finally:
        for connection in crowd:
            connection.close()
        made.close()


def test_a_crowd_of_scrapes_is_answered_from_one() -> None:
    calls: list[int] = []

    def render() -> bytes:
        calls.append(1)
        return b"up 1\n" * 10_000

    made = OpsEndpoint(OpsConfig(port=0), sound, render)
    made.start()
    try:
        with ThreadPoolExecutor(16) as pool:
            started = time.monotonic()
            answers = list(pool.map(lambda _: get(made, "/metrics")[0], range(200)))
            took = time.monotonic() - started
    finally:
        made.close()
    assert answers == [200] * 200
    assert len(calls) <= 1 + took / 0.25


def test_it_answers_while_the_event_loop_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgement, "HEARTBEAT_SECS_MAX", 0.3)
    beats = [time.time_ns()]
    hang, over = threading.Event(), threading.Event()

    async def live() -> None:
        while not over.is_set():
            beats[0] = time.time_ns()
            if hang.is_set():
                over.wait(20)  # what a strategy does that waits for the network in its handler
            await asyncio.sleep(0.01)

    def status() -> NodeStatus:
        return msgspec.structs.replace(sound(), loop=LoopStatus(heartbeat_ns=beats[0]))

    made = OpsEndpoint(OpsConfig(port=0), status, lambda: b"up 1\n")
    made.start()
    loop = threading.Thread(target=lambda: asyncio.run(live()))
    loop.start()
    try:
        assert get(made, "/healthz")[0] == 200
        hang.set()
        deadline = time.monotonic() + 60
        while (found := get(made, "/healthz"))[0] == 200:
            assert time.monotonic() < deadline
        assert b"the event loop has not answered" in found[2]
        assert get(made, "/metrics")[0] == 200
        assert get(made, "/status.json")[0] == 200
        assert get(made, "/readyz")[0] == 503
    finally:
        over.set()
        loop.join()
        made.close()


def test_the_token_guards_the_data_over_the_wire() -> None:
    made = OpsEndpoint(OpsConfig.model_validate({"port": 0, "auth_token": TOKEN}), sound, lambda: b"up 1\n")
    made.start()
    try:
        for path in ("/status.json", "/metrics"):
            assert get(made, path)[0] == 401
            assert get(made, path, Authorization="Bearer wrong")[0] == 401
            code, headers, body = get(made, path, Authorization=f"Bearer {TOKEN}")
            assert code == 200
            assert TOKEN not in body.decode() + str(headers)
        assert get(made, "/")[0] == get(made, "/healthz")[0] == 200
    finally:
        made.close()


def test_a_port_in_use_is_said_with_what_to_do_and_nothing_else_happens(endpoint: OpsEndpoint) -> None:
    second = OpsEndpoint(OpsConfig(port=endpoint.port or 0), sound)
    with pytest.raises(EndpointError, match=rf"127\.0\.0\.1 port {endpoint.port}: address already in use"):
        second.start()
    assert second.url is None
    second.close()
    assert get(endpoint, "/healthz")[0] == 200


def test_an_address_of_another_machine_is_said_too() -> None:
    elsewhere = OpsEndpoint(OpsConfig.model_validate({"host": "192.0.2.1", "port": 0, "auth_token": TOKEN}), sound)
    with pytest.raises(EndpointError, match=r"192\.0\.2\.1"):
        elsewhere.start()


def test_an_open_address_without_a_token_is_refused_at_the_start_too() -> None:
    open_to_all = OpsConfig().model_copy(update={"host": "0.0.0.0"})
    with pytest.raises(ConfigValueError, match="other machines can reach"):
        OpsEndpoint(open_to_all, sound)


def test_it_listens_on_ipv6_and_announces_where() -> None:
    said: list[str] = []
    made = OpsEndpoint(OpsConfig(host="::1", port=0), sound, announce=said.append)
    made.start()
    made.start()  # the second time does nothing
    try:
        assert said == [f"http://[::1]:{made.port}/"] == [made.url]
        connection = http.client.HTTPConnection("::1", made.port or 0, timeout=20)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        made.close()


def test_one_that_is_off_does_not_listen() -> None:
    made = OpsEndpoint(OpsConfig(enabled=False), sound)
    made.start()
    assert (made.port, made.url) == (None, None)
    made.close()


def test_closing_ends_every_connection_and_thread_and_frees_the_port() -> None:
    before = own_threads()
    made = OpsEndpoint(OpsConfig(port=0), sound)
    made.start()
    port = made.port
    idle = connect(made)
    get(made, "/healthz")
    made.close()
    made.close()
    with idle:
        assert idle.recv(100) == b""
    deadline = time.monotonic() + 60
    while own_threads() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    again = OpsEndpoint(OpsConfig(port=port or 0), sound)
    again.start()
    again.close()


def test_a_source_that_never_answers_holds_no_more_than_its_own_place(monkeypatch: pytest.MonkeyPatch) -> None:
    from trueup.monitor.endpoint import shared

    monkeypatch.setattr(shared, "WAIT_SECS_MAX", 0.05)
    asked, release = threading.Event(), threading.Event()

    def hangs() -> NodeStatus:
        asked.set()
        release.wait(30)
        return sound()

    made = ops_endpoint.OpsEndpoint(OpsConfig(port=0), hangs, lambda: b"up 1\n")
    made.start()
    try:
        with connect(made) as first:
            first.sendall(b"GET /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert asked.wait(60), "it must be this question that hangs, and none of those that follow"
            deadline = time.monotonic() + 60
            while (found := get(made, "/healthz", "HEAD" if not release.is_set() else "GET"))[0] != 503:
                assert time.monotonic() < deadline
            assert found[0] == 503
            assert get(made, "/metrics")[0] == 200
            release.set()
            assert first.recv(100).startswith(b"HTTP/1.1 200")
    finally:
        release.set()
        made.close()
