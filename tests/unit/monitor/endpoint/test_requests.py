"""A request is answered by values alone, whatever bytes it is made of and whatever the sources do."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.endpoint import statuses
from trueup.monitor.endpoint import shared
from trueup.monitor.endpoint.assets import load_assets
from trueup.monitor.endpoint.head import HEAD_BYTES_MAX, parse_request
from trueup.monitor.endpoint.hosts import is_host_allowed
from trueup.monitor.endpoint.messages import SECURITY_HEADERS, Request, Response, say
from trueup.monitor.endpoint.routes import Router, StatusSource
from trueup.monitor.status import NodeStatus

TOKEN = "planted-token-0123456789"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


def router(source: StatusSource | None = None, *, token: str | None = None) -> Router:
    """Return a router over a sound node."""
    return Router(source or statuses.clean, lambda: b"up 1\n", load_assets(), token=token)


def ask(target: str, method: str = "GET", *, of: Router | None = None, **fields: str) -> Response:
    """Return the answer to one request."""
    return (of or router()).answer(Request(method, target, **fields))


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:9464", "127.0.0.1:1", "[::1]:9464", "10.1.2.3", "node1.example.com:443", "a.localhost."],
)
def test_addresses_localhost_and_named_hosts_are_answered(host: str) -> None:
    assert is_host_allowed(host, frozenset({"node1.example.com"}))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "",
        "[::1",
        "::1",
        "localhost:x",
        "a@localhost",
        "localhost/",
        "evil.example:9464",
        "node1.example.com.evil.example",
    ],
)
def test_a_name_that_a_foreign_page_may_have_made_point_here_is_refused(host: str) -> None:
    assert not is_host_allowed(host, frozenset({"node1.example.com"}))
    assert ask("/status.json", host=host).status is HTTPStatus.MISDIRECTED_REQUEST


@given(st.binary(max_size=400))
def test_whatever_bytes_come_there_is_a_request_or_a_refusal(noise: bytes) -> None:
    for head in (
        noise,
        noise + b"\r\n\r\n",
        GET + noise + b"\r\n\r\n",
        b"GET /" + noise + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        found = parse_request(head)
        answered = router().answer(found) if isinstance(found, Request) else found
        assert answered.status in HTTPStatus
        assert b"\r\n\r\n" in answered.encode()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", HTTPStatus.BAD_REQUEST),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", HTTPStatus.BAD_REQUEST),
        (b"GET /\r\n\r\n", HTTPStatus.BAD_REQUEST),
        (b"GET / HTTP/2\r\nHost: a\r\n\r\n", HTTPStatus.BAD_REQUEST),
        (GET + b"X: 1\r\n" * 101 + b"\r\n", HTTPStatus.BAD_REQUEST),
        (GET + b"X: " + b"a" * HEAD_BYTES_MAX + b"\r\n\r\n", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
        (GET + b"X: " + b"a" * HEAD_BYTES_MAX, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
        (GET, HTTPStatus.REQUEST_TIMEOUT),
    ],
)
def test_a_head_that_is_not_one_is_refused_by_its_fault(head: bytes, status: HTTPStatus) -> None:
    found = parse_request(head)
    assert isinstance(found, Response)
    assert found.status is status


def test_an_old_probe_needs_no_host() -> None:
    assert parse_request(b"GET /healthz HTTP/1.0\r\n\r\n") == Request("GET", "/healthz")


@pytest.mark.parametrize(
    "target", ["/", "/page.css", "/page.js", "/metrics", "/healthz", "/readyz", "/status.json?x=1"]
)
def test_every_path_answers_get_and_head_and_nothing_else(target: str) -> None:
    assert ask(target).status is HTTPStatus.OK
    assert ask(target, "HEAD").status is HTTPStatus.OK
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"):
        refused = ask(target, method)
        assert (refused.status, refused.headers["Allow"]) == (HTTPStatus.METHOD_NOT_ALLOWED, "GET, HEAD")


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/../routes.py",
        "/%2e%2e/routes.py",
        "/page/page.js",
        "/__init__.py",
        "",
        "*",
        "//[",
        "http://a/",
        "/\x00",
    ],
)
def test_no_path_leads_outside_of_the_table(target: str) -> None:
    assert ask(target).status is HTTPStatus.NOT_FOUND


def test_every_answer_carries_the_security_headers_and_allows_no_other_origin() -> None:
    wire = say(HTTPStatus.OK, "alive").encode().decode()
    head = wire.partition("\r\n\r\n")[0]
    assert all(f"{name}: {value}" in head for name, value in SECURITY_HEADERS.items())
    assert "Access-Control" not in head
    assert "unsafe" not in head
    assert say(HTTPStatus.OK, "alive").encode(with_body=False).endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", f"bearer {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer \xff"],
)
def test_data_is_given_to_nobody_without_the_token(authorization: str) -> None:
    for target in ("/metrics", "/status.json"):
        refused = ask(target, of=router(token=TOKEN), authorization=authorization)
        assert refused.status is HTTPStatus.UNAUTHORIZED
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert b"TRADER" not in refused.body


def test_the_token_opens_what_it_guards_and_stands_in_no_answer() -> None:
    guarded = router(token=TOKEN)
    for target in ("/", "/page.js", "/metrics", "/status.json", "/healthz", "/readyz", "/nothing"):
        answered = ask(target, of=guarded, authorization=f"Bearer {TOKEN}")
        assert answered.status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
        assert TOKEN.encode() not in answered.encode()


def test_a_probe_without_the_token_learns_yes_or_no_and_no_reason() -> None:
    guarded = router(statuses.discrepant, token=TOKEN)
    assert ask("/readyz", of=guarded).body == b"not ready\n"
    assert ask("/readyz", of=guarded).status is HTTPStatus.SERVICE_UNAVAILABLE
    assert b"5 discrepancies" in ask("/readyz", of=guarded, authorization=f"Bearer {TOKEN}").body
    assert ask("/", of=guarded).status is HTTPStatus.OK


@pytest.mark.parametrize(
    ("make", "health", "readiness"),
    [
        (statuses.clean, b"alive\n", b"ready\n"),
        (statuses.discrepant, b"alive\n", b"not ready\nnode and venue differ: 5 discrepancies\n"),
        (statuses.hung, b"not alive\nthe event loop has not answered for 12 s\n", None),
        (statuses.starting, b"alive\n", None),
        (statuses.stale, b"alive\n", b"not ready\nthe last verdict is 10 min old (limit 2 min)\n"),
    ],
)
def test_the_probes_say_what_they_are_named_after(
    make: Callable[[], NodeStatus], health: bytes, readiness: bytes | None
) -> None:
    healthz, readyz = (ask(target, of=router(make)) for target in ("/healthz", "/readyz"))
    assert (healthz.status is HTTPStatus.OK, healthz.body) == (health.startswith(b"alive"), health)
    assert (readyz.status is HTTPStatus.OK) == (readiness == b"ready\n")
    assert readiness is None or readyz.body == readiness


def test_one_node_of_a_fleet_that_is_not_ready_is_named() -> None:
    fleet = router(lambda: [statuses.clean(), statuses.hung(), statuses.stale()])
    assert b"TRADER-001: the event loop has not answered for 12 s\n" in ask("/healthz", of=fleet).body
    assert len(json.loads(ask("/status.json", of=fleet).body)["nodes"]) == 3
    nobody = ask("/readyz", of=router(list))
    assert (nobody.status, b"no node" in nobody.body) == (HTTPStatus.SERVICE_UNAVAILABLE, True)


def test_a_source_that_fails_is_a_503_that_does_not_quote_it(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> NodeStatus:
        raise RuntimeError(f"password={TOKEN}")

    for target in ("/status.json", "/healthz", "/readyz"):
        answered = ask(target, of=router(fails))
        assert (answered.status, answered.body) == (
            HTTPStatus.SERVICE_UNAVAILABLE,
            b"the node does not say how it is: RuntimeError\n",
        )
    caplog.clear()
    failing = router(fails)
    for _ in range(5):
        ask("/readyz", of=failing)
    assert len(caplog.records) == 1


def test_a_source_that_is_asked_by_many_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count(1)
    one = shared.Shared(lambda: next(numbers), reuse_secs=60)
    assert [one.get() for _ in range(100)] == [1] * 100
    monkeypatch.setattr(shared, "WAIT_SECS_MAX", 0.01)
    one._lock.acquire()  # somebody else's question that never ends
    with pytest.raises(TimeoutError, match="still waits"):
        one.get()


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    for path, asset in load_assets().items():
        text = asset.body.decode()
        # The one address in the files is the name of the SVG namespace, which nobody fetches.
        assert "//" not in text.replace("http://www.w3.org/2000/svg", "").replace("// ", "").replace("//\n", ""), path
        assert "innerHTML" not in text, path
        assert "eval(" not in text, path
