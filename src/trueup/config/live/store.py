"""Ask the store: is it there, new enough, persistent, and will it keep what it is given."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.rules.live import STORE_EVICTS, STORE_FORGETFUL, STORE_TOO_OLD, STORE_UNFIT, STORE_UNREACHABLE
from trueup.config.rules.rule import Finding
from trueup.config.trading_node.redis import RedisConfig, RedisHealthConfig
from trueup.store.connection import StoreAddress
from trueup.store.health import LATENCY_MS_MAX, MEMORY_SHARE_MAX, RedisHealth, probe_redis


def address_of(settings: RedisConfig) -> StoreAddress:
    """Return the store's address with its credentials."""
    return StoreAddress(
        host=settings.host,
        port=settings.port,
        username=settings.username,
        password=settings.password.get_secret_value() if settings.password is not None else None,
        ssl=settings.tls,
        timeout_secs=float(max(settings.connection_timeout_secs, settings.response_timeout_secs)),
    )


def probe_store(settings: RedisConfig) -> tuple[Finding, ...]:
    """Ask the server and judge its answers."""
    return tuple(judge_store(probe_redis(address_of(settings)), settings.health))


def judge_store(health: RedisHealth, wanted: RedisHealthConfig) -> Iterator[Finding]:
    """Judge what one look at a server found, by what the settings require of it.

    Parameters
    ----------
    health : RedisHealth
        What was found.
    wanted : RedisHealthConfig
        What must hold.
    """
    if not health.reachable:
        yield Finding(STORE_UNREACHABLE, "redis", "; ".join(health.problems), "a server that answers")
        return
    if _numbers(health.version) < _numbers(wanted.version_min):
        found = f"the server is Redis {health.version or 'of an unknown version'}"
        yield Finding(STORE_TOO_OLD, "redis.health.version_min", found, f"{wanted.version_min} or newer")
    if wanted.persistence_required:
        yield from _persistence(health)
    if health.eviction_policy not in wanted.eviction_policies_allowed:
        found = f"maxmemory-policy is {health.eviction_policy or 'unknown'}"
        allowed = ", ".join(wanted.eviction_policies_allowed)
        yield Finding(STORE_EVICTS, "redis.health.eviction_policies_allowed", found, allowed)
    yield from _service(health)


def _persistence(health: RedisHealth) -> Iterator[Finding]:
    field = "redis.health.persistence_required"
    if not health.aof_on and not health.rdb_on:
        yield Finding(STORE_FORGETFUL, field, "neither an append-only file nor snapshots are on")
    elif (health.aof_on and not health.aof_ok) or (health.rdb_on and not health.rdb_ok):
        found = "the server's last write to disk failed"
        yield Finding(STORE_FORGETFUL, field, found, action="Free the disk, and read the server's log.")
    elif not health.aof_on:
        yield Finding(STORE_UNFIT, field, "only snapshots are on: a crash loses what came after the last one")


def _service(health: RedisHealth) -> Iterator[Finding]:
    if health.role not in ("master", ""):
        yield Finding(STORE_UNFIT, "redis.host", "the server is a replica and takes no writes")
    if health.memory_bytes_max and health.memory_bytes > MEMORY_SHARE_MAX * health.memory_bytes_max:
        share = health.memory_bytes / health.memory_bytes_max
        yield Finding(STORE_UNFIT, "redis", f"{share:.0%} of maxmemory is used", f"up to {MEMORY_SHARE_MAX:.0%}")
    if health.latency_ms > LATENCY_MS_MAX:
        found = f"the fastest round trip took {health.latency_ms:.0f} ms"
        yield Finding(STORE_UNFIT, "redis.host", found, f"up to {LATENCY_MS_MAX:.0f} ms")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
