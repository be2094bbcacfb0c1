"""The store: whether there is one, how long it may block, what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from trueup.config.rules.rule import Fault, Predicate, Rule, RuleContext, Severity
from trueup.config.trading_node.redis import RedisConfig

CONNECT_SECS_MAX = 10.0
"""trueup's promise: a missing store is an error within ten seconds."""


def _no_store(context: RuleContext) -> Iterator[Fault]:
    if context.config.redis is None:
        yield Fault("redis", "no such section")


def _blocks(context: RuleContext) -> Iterator[Fault]:
    redis = context.config.redis
    if redis is not None and redis.connect_secs_max > CONNECT_SECS_MAX:
        value = f"{redis.number_of_retries}: up to {redis.connect_secs_max:g} s on a silent server"
        yield Fault("redis.number_of_retries", value)


def _when(name: str, *, dangerous: bool) -> Predicate:
    """Return a predicate that fires when a switch of the store stands where it does harm."""

    def find(context: RuleContext) -> Iterator[Fault]:
        if context.config.redis is not None and getattr(context.config.redis, name) is dangerous:
            yield Fault(f"redis.{name}", str(dangerous).lower())

    return find


def _buffers(context: RuleContext) -> Iterator[Fault]:
    redis = context.config.redis
    if redis is not None and redis.buffer_interval_ms is not None:
        yield Fault("redis.buffer_interval_ms", str(redis.buffer_interval_ms))


def _open_password(context: RuleContext) -> Iterator[Fault]:
    redis = context.config.redis
    if redis is not None and not redis.tls and redis.password is not None and not _is_local(redis):
        yield Fault("redis.tls", f"false, with a password, to {redis.host}")


def _is_local(redis: RedisConfig) -> bool:
    if redis.host == "localhost":
        return True
    try:
        return ip_address(redis.host).is_loopback
    except ValueError:
        return False


def _lax_health(context: RuleContext) -> Iterator[Fault]:
    redis = context.config.redis
    if redis is None:
        return
    if not redis.health.persistence_required:
        yield Fault("redis.health.persistence_required", "false")
    unsafe = [policy for policy in redis.health.eviction_policies_allowed if policy != "noeviction"]
    if unsafe:
        yield Fault("redis.health.eviction_policies_allowed", ", ".join(unsafe))


STORE_RULES: tuple[Rule, ...] = (
    Rule(
        "TU501",
        "no-redis",
        Severity.ERROR,
        why="Without a store a restarted node knows none of its orders: every one comes back as EXTERNAL, and what the "
        "venue no longer tells is gone.",
        source="measured on NautilusTrader 1.231.0: cold starts lose every owner",
        action="Add a [redis] section.",
        find=_no_store,
    ),
    Rule(
        "TU502",
        "store-blocks-start",
        Severity.ERROR,
        why="While the engine retries its store the node's constructor blocks, silently; with the engine's "
        "default of 100 "
        "retries for minutes and more.",
        source="measured on NautilusTrader 1.231.0: over 60 s, ended by force; 0.09 s with 5 retries on a refused port",
        action="Lower number_of_retries (3 to 5) and connection_timeout_secs (2 to 5).",
        find=_blocks,
    ),
    Rule(
        "TU503",
        "flush-on-start",
        Severity.ERROR,
        why="The whole server is wiped at every start, other nodes' data and message streams included.",
        source="NautilusTrader issues #3550, #3551; measured on 1.231.0: FLUSHDB",
        action="Leave flush_on_start out.",
        find=_when("flush_on_start", dangerous=True),
    ),
    Rule(
        "TU504",
        "buffered-writes",
        Severity.ERROR,
        why="What waits in the buffer dies with the process, and a failed batch is dropped whole: after a kill "
        "the live "
        "orders have no owner.",
        source="measured on NautilusTrader 1.231.0: killed in a burst with 100 ms, all 100 live orders came back "
        "EXTERNAL",
        action="Leave buffer_interval_ms out: each write is sent at once.",
        find=_buffers,
    ),
    Rule(
        "TU505",
        "account-events-not-persisted",
        Severity.WARNING,
        why="The account's history is lost at every restart.",
        source="the reconciliation plan: persist_account_events is critical for recovery",
        action="Leave persist_account_events at true.",
        find=_when("persist_account_events", dangerous=False),
    ),
    Rule(
        "TU506",
        "keys-change-with-instance",
        Severity.ERROR,
        why="Each process has a new instance id: with it in the keys a restarted node finds nothing.",
        source="NautilusTrader 1.231.0: use_instance_id, with a random id unless one is given",
        action="Leave use_instance_id out.",
        find=_when("use_instance_id", dangerous=True),
    ),
    Rule(
        "TU507",
        "password-in-the-open",
        Severity.WARNING,
        why="The password and every order cross the network unencrypted.",
        source="Redis protocol without TLS",
        action="Set tls = true, or reach the server through loopback.",
        find=_open_password,
    ),
    Rule(
        "TU508",
        "store-health-relaxed",
        Severity.WARNING,
        why="A store that forgets at its own restart, or evicts keys when memory is full, loses live orders in "
        "silence.",
        source="measured on Valkey 9.1 without append-only file; Redis documentation on maxmemory-policy",
        action='Leave persistence_required at true and eviction_policies_allowed at ["noeviction"].',
        find=_lax_health,
    ),
)
