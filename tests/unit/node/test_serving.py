"""A node is served when its port is free, says where, and lives without it until then."""

from __future__ import annotations

import socket
import time
from types import SimpleNamespace

import pytest

from tests.unit.monitor.endpoint import statuses
from trueup.config.sight.ops import OpsConfig
from trueup.monitor.endpoint import OpsEndpoint
from trueup.node import serving
from trueup.node.announcer import Announcer, LifeCycleEvent
from trueup.node.serving import ServedNode


def heard_by(announcer: Announcer) -> list[LifeCycleEvent]:
    """Return a list that grows with what is said."""
    heard: list[LifeCycleEvent] = []
    announcer.listen(heard.append)
    return heard


def served(port: int) -> tuple[ServedNode, Announcer]:
    """Return a node's service and its announcer."""
    announcer = Announcer()
    return ServedNode(
        OpsEndpoint(OpsConfig(port=port), statuses.clean), SimpleNamespace(announcer=announcer)
    ), announcer


def test_where_it_is_served_is_said_once_to_whoever_listens_later() -> None:
    node, announcer = served(0)
    node.start()
    heard = heard_by(announcer)
    try:
        for kind in ("built", "phase", "phase"):
            announcer.say(kind)
        assert sorted(event.kind for event in heard) == ["built", "ops", "phase", "phase"]
        assert heard[0].kind == "built"
        assert [event.data["url"] for event in heard if event.kind == "ops"] == [node.url]
    finally:
        node.close()
    assert node.url is None


def test_a_port_that_is_taken_is_said_and_taken_when_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "RETRY_SECS", 0.02)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        node, announcer = served(other.getsockname()[1])
        node.start()
        heard = heard_by(announcer)
        announcer.say("phase")
        assert "address already in use" in next(event.data["text"] for event in heard if event.kind == "ops_failed")
        assert node.url is None
    try:
        deadline = time.monotonic() + 20
        while node.url is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        while not any(event.kind == "ops" for event in heard):
            assert time.monotonic() < deadline
            announcer.say("verdict")
    finally:
        node.close()
