"""Judgements on a server's own report that no server here can be made to give."""

from __future__ import annotations

from typing import Any

import pytest

from trueup.store.health import judge

FIT: dict[str, Any] = {
    "redis_version": "7.0.15",
    "role": "master",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "aof_last_bgrewrite_status": "ok",
    "rdb_last_bgsave_status": "ok",
    "maxmemory_policy": "noeviction",
    "used_memory": 1_000,
    "maxmemory": 0,
    "loading": 0,
    "cluster_enabled": 0,
}


def problems(**changed: Any) -> tuple[str, ...]:
    """Return what is wrong with a fit server that differs in these."""
    latency_ms = changed.pop("latency_ms", 0.1)
    return judge(FIT | changed, latency_ms=latency_ms, snapshot_rule="").problems


def test_a_plain_redis_is_fit() -> None:
    health = judge(FIT, latency_ms=0.1, snapshot_rule="")
    assert health.is_fit
    assert not health.is_valkey
    assert health.server_version == "7.0.15"


@pytest.mark.parametrize("version", ["6.2.0", "6.2.14", "6.10.0", "7.0.0", "10.0.1"])
def test_a_version_from_6_2_0_on_is_accepted(version: str) -> None:
    assert problems(redis_version=version) == ()


@pytest.mark.parametrize("version", ["6.1.99", "5.0.14", "2.8.0"])
def test_an_older_version_is_refused_with_the_one_that_is_needed(version: str) -> None:
    assert problems(redis_version=version) == (
        f"the server is Redis {version}, and NautilusTrader needs 6.2.0; upgrade it",
    )


def test_a_version_that_cannot_be_read_is_a_problem() -> None:
    assert "cannot be read" in problems(redis_version="unknown")[0]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"aof_last_write_status": "err"}, "append-only file failed"),
        ({"aof_last_bgrewrite_status": "err"}, "append-only file failed"),
        ({"loading": 1}, "still loading"),
        ({"cluster_enabled": 1}, "cluster mode"),
        ({"latency_ms": 50.1}, "took 50 ms"),
        ({"maxmemory": 1_100}, "91 % of 'maxmemory'"),
        ({"maxmemory_policy": "volatile-ttl"}, "'volatile-ttl'"),
    ],
)
def test_each_fault_is_exactly_one_problem(changed: dict[str, Any], text: str) -> None:
    found = problems(**changed)
    assert len(found) == 1
    assert text in found[0]


@pytest.mark.parametrize("changed", [{"latency_ms": 50.0}, {"maxmemory": 1_112}, {"rdb_last_bgsave_status": "err"}])
def test_what_is_within_bounds_or_switched_off_is_no_problem(changed: dict[str, Any]) -> None:
    assert problems(**changed) == ()


def test_a_failed_snapshot_is_a_problem_where_snapshots_are_on() -> None:
    health = judge(FIT | {"rdb_last_bgsave_status": "err"}, latency_ms=0.1, snapshot_rule="3600 1")
    assert "the last snapshot failed" in health.problems[0]
