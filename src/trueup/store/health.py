"""Whether a Redis or Valkey server is fit to hold a node's state: one bounded look, problems in plain sentences."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Any

import redis

from trueup.errors import StoreUnavailableError
from trueup.store.connection import StoreAddress, open_client, store_errors

VERSION_MIN = (6, 2, 0)
"""What NautilusTrader's Redis client asks for (1.231.0); an older server makes it log one error and go on."""

SAFE_EVICTION_POLICY = "noeviction"

MEMORY_SHARE_MAX = 0.9
"""Above this share of `maxmemory` a server is about to refuse writes, which the node drops without a word."""

LATENCY_MS_MAX = 50.0
"""A server on the same machine answers in well under a millisecond, one in the same region in a few."""

PINGS = 3
"""Round trips measured; the fastest counts, so that one scheduling delay is no finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisHealth:
    """What one look at a server found.

    Parameters
    ----------
    reachable : bool
        Whether it answered; if not, the other fields are empty and the one problem says why.
    version : str
        The version of Redis that it is compatible with.
    is_valkey : bool
        Whether it is a Valkey server.
    server_version : str
        Its own version: Valkey's, or `version`.
    role : str
        ``master``, or ``slave`` for a replica.
    aof_on, rdb_on : bool
        Whether it writes an append-only file, and snapshots.
    aof_ok, rdb_ok : bool
        Whether the last write and rewrite of each succeeded.
    eviction_policy : str
        Its `maxmemory-policy`.
    memory_bytes, memory_bytes_max : int
        Memory in use, and the limit (0 for none).
    latency_ms : float
        The fastest of a few round trips.
    problems : tuple of str
        What is wrong, each with what to do. Empty if the server is fit.
    """

    reachable: bool
    version: str = ""
    is_valkey: bool = False
    server_version: str = ""
    role: str = ""
    aof_on: bool = False
    rdb_on: bool = False
    aof_ok: bool = False
    rdb_ok: bool = False
    eviction_policy: str = ""
    memory_bytes: int = 0
    memory_bytes_max: int = 0
    latency_ms: float = 0.0
    problems: tuple[str, ...] = ()

    @property
    def is_fit(self) -> bool:
        """Whether nothing is wrong."""
        return self.reachable and not self.problems


def probe_redis(address: StoreAddress) -> RedisHealth:
    """Look at a server once. Never raises for what is wrong with it, and never waits longer than the address allows.

    At most two commands beside the pings are sent, each with the address's time-out. Nothing is written.
    """
    try:
        with store_errors(address.url), open_client(address) as client:
            latency_ms = min(_ping_ms(client) for _ in range(PINGS))
            info: dict[str, Any] = client.info()
            snapshots = _snapshot_rule(client)
    except StoreUnavailableError as error:
        return RedisHealth(reachable=False, problems=(f"{error.found}; {error.action}",))
    return judge(info, latency_ms=latency_ms, snapshot_rule=snapshots)


def judge(info: dict[str, Any], *, latency_ms: float, snapshot_rule: str | None) -> RedisHealth:
    """Return what a server's own report amounts to. Pure.

    Parameters
    ----------
    info : dict
        The answer to INFO, values as redis-py parses them.
    latency_ms : float
        The measured round trip.
    snapshot_rule : str or None
        The setting `save`, empty for no snapshots; None where the user may not ask (many managed servers).
    """
    is_valkey = "valkey_version" in info
    version = str(info.get("redis_version", ""))
    health = RedisHealth(
        reachable=True,
        version=version,
        is_valkey=is_valkey,
        server_version=str(info.get("valkey_version", version)),
        role=str(info.get("role", "")),
        aof_on=bool(info.get("aof_enabled")),
        rdb_on=bool(snapshot_rule),
        aof_ok=info.get("aof_last_write_status") == "ok" and info.get("aof_last_bgrewrite_status") == "ok",
        rdb_ok=info.get("rdb_last_bgsave_status") == "ok",
        eviction_policy=str(info.get("maxmemory_policy", "")),
        memory_bytes=int(info.get("used_memory", 0)),
        memory_bytes_max=int(info.get("maxmemory", 0)),
        latency_ms=latency_ms,
    )
    problems = [
        *_version_problems(health),
        *_persistence_problems(health, snapshots_known=snapshot_rule is not None),
        *_capacity_problems(health),
        *_service_problems(health, info),
    ]
    return replace(health, problems=tuple(problems))


def _version_problems(health: RedisHealth) -> list[str]:
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", health.version)
    if match is None:
        return [f"the server's version '{health.version}' cannot be read; use Redis 6.2 or later, or Valkey"]
    if tuple(int(part) for part in match.groups()) < VERSION_MIN:
        needed = ".".join(str(part) for part in VERSION_MIN)
        return [f"the server is Redis {health.version}, and NautilusTrader needs {needed}; upgrade it"]
    return []


def _persistence_problems(health: RedisHealth, *, snapshots_known: bool) -> list[str]:
    problems = []
    if not health.aof_on and not health.rdb_on:
        if snapshots_known:
            problems.append("persistence is off: a restart of the server loses the node's state; set 'appendonly yes'")
        else:
            problems.append(
                "the append-only file is off, and the user may not ask for snapshots; "
                "set 'appendonly yes' or confirm that the server persists"
            )
    elif not health.aof_on:
        problems.append("only snapshots are on: a crash loses everything since the last one; set 'appendonly yes'")
    if health.aof_on and not health.aof_ok:
        problems.append("the last write or rewrite of the append-only file failed; look at the server's disk and log")
    if health.rdb_on and not health.rdb_ok:
        problems.append("the last snapshot failed and the server may refuse writes; look at its disk and log")
    return problems


def _capacity_problems(health: RedisHealth) -> list[str]:
    problems = []
    if health.eviction_policy != SAFE_EVICTION_POLICY:
        problems.append(
            f"the eviction policy is '{health.eviction_policy}': a full server throws orders and positions away; "
            f"set 'maxmemory-policy {SAFE_EVICTION_POLICY}'"
        )
    if health.memory_bytes_max and health.memory_bytes > MEMORY_SHARE_MAX * health.memory_bytes_max:
        share = 100 * health.memory_bytes / health.memory_bytes_max
        problems.append(
            f"{share:.0f} % of 'maxmemory' is used: a full server refuses writes, and the node loses them without "
            "a word; raise the limit or purge the store"
        )
    return problems


def _service_problems(health: RedisHealth, info: dict[str, Any]) -> list[str]:
    problems = []
    if health.role not in ("master", ""):
        problems.append("the server is a replica and takes no writes; give the address of its primary")
    if info.get("loading"):
        problems.append("the server is still loading its data; wait until it has loaded")
    if info.get("cluster_enabled"):
        problems.append("the server runs in cluster mode, which NautilusTrader does not speak; use a single server")
    if health.latency_ms > LATENCY_MS_MAX:
        problems.append(
            f"the fastest of {PINGS} round trips took {health.latency_ms:.0f} ms (allowed: {LATENCY_MS_MAX:.0f} ms); "
            "use a server near the node"
        )
    return problems


def _ping_ms(client: Any) -> float:
    began = time.perf_counter()
    client.ping()
    return (time.perf_counter() - began) * 1000


def _snapshot_rule(client: Any) -> str | None:
    """Return the setting `save`, or None where the user may not read settings."""
    try:
        return str(client.config_get("save").get("save", ""))
    except redis.ResponseError:
        return None
