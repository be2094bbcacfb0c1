"""The look at a server's health, against real servers with real faults."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from trueup.store.connection import StoreAddress, open_client
from trueup.store.embedded import EmbeddedValkey
from trueup.store.health import probe_redis

pytestmark = pytest.mark.server


def test_the_embedded_server_is_fit(valkey: EmbeddedValkey) -> None:
    health = probe_redis(valkey.address)
    assert health.problems == ()
    assert health.is_fit
    assert health.is_valkey
    assert health.server_version == "9.1.2"
    assert health.version == "7.2.4"
    assert (health.role, health.aof_on, health.aof_ok, health.rdb_on) == ("master", True, True, False)
    assert health.eviction_policy == "noeviction"
    assert health.memory_bytes > 0
    assert 0 < health.latency_ms < 50


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("appendonly", "no", "persistence is off"),
        ("maxmemory-policy", "allkeys-lru", "the eviction policy is 'allkeys-lru'"),
        ("maxmemory", "1", "of 'maxmemory' is used"),
    ],
)
def test_an_unsafe_setting_is_one_problem_that_says_what_to_do(
    data_dir: Path, setting: str, value: str, problem: str
) -> None:
    with EmbeddedValkey.start(data_dir) as server, open_client(server.address) as client:
        client.config_set(setting, value)
        health = probe_redis(server.address)
        assert len(health.problems) == 1
        assert problem in health.problems[0]
        assert not health.is_fit


def test_snapshots_alone_are_a_problem(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server, open_client(server.address) as client:
        client.config_set("save", "3600 1")
        client.config_set("appendonly", "no")
        health = probe_redis(server.address)
        assert health.rdb_on
        assert "only snapshots are on" in health.problems[0]


def test_a_replica_is_a_problem(data_dir: Path, valkey: EmbeddedValkey) -> None:
    with EmbeddedValkey.start(data_dir) as server, open_client(server.address) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", str(valkey.port))
        health = probe_redis(server.address)
        assert health.role == "slave"
        assert any("is a replica" in problem for problem in health.problems)


def test_no_server_is_not_reachable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        health = probe_redis(StoreAddress(port=probe.getsockname()[1]))
    assert not health.reachable
    assert "cannot be reached" in health.problems[0]


def test_a_silent_server_is_given_up_within_the_time_out(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            health = probe_redis(StoreAddress(port=server.port, timeout_secs=0.2))
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert not health.reachable
        assert "did not answer in time" in health.problems[0]


def test_something_that_is_no_redis_is_not_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        health = probe_redis(StoreAddress(port=other.getsockname()[1], timeout_secs=1.0))
        thread.join()
    assert not health.reachable


def test_a_wrong_password_is_named_and_not_shown(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir, password="right") as server:
        assert probe_redis(server.address).is_fit
        for password in (None, "wrong-one"):
            health = probe_redis(StoreAddress(port=server.port, password=password))
            assert not health.reachable
            assert "refuses access" in health.problems[0]
            assert "wrong-one" not in health.problems[0]


def test_a_user_who_may_not_read_settings_gets_a_health_all_the_same(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server, open_client(server.address) as client:
        client.execute_command("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read", "+@connection", "+info")
        health = probe_redis(StoreAddress(port=server.port, username="reader", password="secret"))
        assert health.is_fit
        client.config_set("appendonly", "no")
        health = probe_redis(StoreAddress(port=server.port, username="reader", password="secret"))
        assert "the user may not ask for snapshots" in health.problems[0]
