"""Ask the store: is it there, new enough, persistent, and will it keep what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis

from trueup.config.rules.live import STORE_EVICTS, STORE_FORGETFUL, STORE_TOO_OLD, STORE_UNREACHABLE
from trueup.config.rules.rule import Finding
from trueup.config.trading_node.redis import RedisConfig, RedisHealthConfig
from trueup.errors import StoreUnavailableError
from trueup.store.connection import StoreAddress, open_client, store_errors


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
    address = address_of(settings)
    client = open_client(address)
    try:
        with store_errors(address.url):
            client.ping()
            info: Mapping[str, Any] = client.info("everything")
            configured = _configured(client)
    except StoreUnavailableError as error:
        return (Finding(STORE_UNREACHABLE, "redis", error.found, "a server that answers", error.action),)
    finally:
        client.close()
    return tuple(judge_store(info, configured, settings.health))


def _configured(client: redis.Redis) -> Mapping[str, Any]:
    """Return the settings that decide, as far as the server tells them: a managed one may refuse CONFIG."""
    try:
        return client.config_get("*")  # type: ignore[return-value]  # not awaitable: a sync client
    except redis.ResponseError:
        return {}


def judge_store(
    info: Mapping[str, Any], configured: Mapping[str, Any], wanted: RedisHealthConfig
) -> tuple[Finding, ...]:
    """Judge a server's own account of itself.

    Parameters
    ----------
    info : Mapping[str, Any]
        The answer to ``INFO``. Valkey gives the version of Redis that it is compatible with.
    configured : Mapping[str, Any]
        The answer to ``CONFIG GET *``; empty if the server refuses it.
    wanted : RedisHealthConfig
        What must hold.
    """
    findings = []
    version = str(info.get("redis_version", "0"))
    if _numbers(version) < _numbers(wanted.version_min):
        findings.append(
            Finding(STORE_TOO_OLD, "redis.health.version_min", f"the server is {version}", wanted.version_min)
        )
    appends = str(info.get("aof_enabled", "0")) == "1"
    snapshots = bool(str(configured.get("save", "")).strip())
    if wanted.persistence_required and not appends and not snapshots:
        found = "neither an append-only file nor snapshots are on"
        findings.append(Finding(STORE_FORGETFUL, "redis.health.persistence_required", found))
    if str(info.get("aof_last_write_status", "ok")) != "ok" or str(info.get("rdb_last_bgsave_status", "ok")) != "ok":
        found = "the server's last write to disk failed"
        findings.append(
            Finding(STORE_FORGETFUL, "redis.health.persistence_required", found, action="Free the disk; read its log.")
        )
    policy = str(info.get("maxmemory_policy") or configured.get("maxmemory-policy") or "unknown")
    if policy not in wanted.eviction_policies_allowed:
        allowed = ", ".join(wanted.eviction_policies_allowed)
        findings.append(
            Finding(STORE_EVICTS, "redis.health.eviction_policies_allowed", f"maxmemory-policy is {policy}", allowed)
        )
    return tuple(findings)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
