"""The Redis or Valkey store of a node: how to reach it, how to write to it, what must hold of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from trueup.config.base import Count, Milliseconds, Number, Off, Section, fault
from trueup.config.trading_node.forms import VERSION_MIN

FACTOR_MS = 2
"""The engine's first retry delay in milliseconds (measured: five retries take 0.09 s)."""


class Encoding(StrEnum):
    """How records are written."""

    MSGPACK = "msgpack"
    JSON = "json"


class RedisHealthConfig(Section):
    """What ``trueup check --live`` asks of the server before a node may rely on it."""

    version_min: str = Field(default="6.2", pattern=VERSION_MIN)
    """Oldest accepted server version. The engine needs 6.2 and only logs an error below it."""

    persistence_required: bool = True
    """Whether the append-only file or snapshots must be on: a store that forgets at a restart loses every owner."""

    eviction_policies_allowed: tuple[str, ...] = ("noeviction",)
    """Accepted values of ``maxmemory-policy``: any other deletes records of live orders when memory is full."""


class RedisConfig(Section):
    """Configure the store in which a node keeps orders, positions and accounts."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Host name or address."""

    port: Annotated[int, Number] = Field(default=6379, ge=1, le=65_535)
    """TCP port. The database is always 0: NautilusTrader 1.x has no setting for another."""

    username: str | None = None
    """User name of an access list; needs a password too (without one the engine's client panics)."""

    password: SecretStr | None = None
    """Password. Only from the environment or the secrets file."""

    tls: bool = False
    """Whether to speak TLS."""

    connection_timeout_secs: Annotated[int, Number] = Field(default=2, ge=1, le=600)
    """Seconds to wait for a connection (engine's default: 20)."""

    response_timeout_secs: Annotated[int, Number] = Field(default=2, ge=1, le=600)
    """Seconds to wait for an answer (engine's default: 20)."""

    number_of_retries: Count = Field(default=3, ge=0, le=1_000)
    """Further attempts to connect. The engine's default of 100 blocks the node's constructor for minutes."""

    exponent_base: Count = Field(default=2, ge=1, le=10)
    """Base of the exponential delay between attempts."""

    max_delay_secs: Annotated[int, Number] = Field(default=1, ge=1, le=1_000)
    """Longest delay between two attempts (engine's default: 1,000)."""

    encoding: Encoding = Encoding.MSGPACK
    """How records are written: ``msgpack`` or ``json``."""

    timestamps_as_iso8601: bool = False
    """Write times as text instead of nanoseconds."""

    persist_account_events: bool = True
    """Keep every account state: the plan's condition for recovery."""

    buffer_interval_ms: Annotated[Milliseconds | None, Off] = Field(default=None, ge=1)
    """Milliseconds to collect writes before they are sent; none to send each at once."""

    bulk_read_batch_size: Annotated[Count | None, Off] = Field(default=None, ge=1)
    """Keys to read at once when the cache is loaded."""

    use_trader_prefix: bool = True
    """Begin every key with ``trader-``."""

    use_instance_id: bool = False
    """Put the instance id into every key: a restarted node then finds nothing of its former life."""

    flush_on_start: bool = False
    """Wipe the whole server at start."""

    health: RedisHealthConfig = RedisHealthConfig()
    """What the server must fulfil."""

    @model_validator(mode="after")
    def _user_with_password(self) -> Self:
        if self.username is not None and self.password is None:
            raise fault(
                "redis.username stands without a password",
                allowed="both, or neither: the engine's client panics on a user name alone",
                action="give TRUEUP_REDIS__PASSWORD, or remove the user name",
            )
        return self

    @property
    def address(self) -> str:
        """``host:port``, without credentials."""
        return f"{self.host}:{self.port}"

    @property
    def connect_secs_max(self) -> float:
        """The longest that the engine may block on a server that does not answer, in seconds.

        Every attempt may use the whole connection time-out; the delays between them grow by `exponent_base` from
        2 ms up to `max_delay_secs`.
        """
        delays_ms = (
            min(FACTOR_MS * float(self.exponent_base) ** attempt, self.max_delay_secs * 1_000.0)
            for attempt in range(self.number_of_retries)
        )
        return (self.number_of_retries + 1) * float(self.connection_timeout_secs) + sum(delays_ms) / 1_000.0
