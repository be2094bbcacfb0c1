"""The ops endpoint: whether anybody can see the node, and who else can."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity
from trueup.config.sight.ops import is_loopback


def _off(context: RuleContext) -> Iterator[Fault]:
    if not context.config.ops.enabled:
        yield Fault("ops.enabled", "false")


def _in_the_open(context: RuleContext) -> Iterator[Fault]:
    ops = context.config.ops
    if ops.enabled and not is_loopback(ops.host):
        yield Fault("ops.host", f"{ops.host}, with a token")


def _moving_port(context: RuleContext) -> Iterator[Fault]:
    ops = context.config.ops
    if ops.enabled and ops.port == 0:
        yield Fault("ops.port", "0")


OPS_RULES: tuple[Rule, ...] = (
    Rule(
        "TU651",
        "ops-endpoint-off",
        Severity.WARNING,
        why="Nothing can scrape, probe or look at the node, so a node that is not true to the venue, or hangs, goes "
        "unnoticed.",
        source="trueup's ops endpoint: /metrics, /healthz, /readyz, /status.json and the status page",
        action="Leave enabled at true; it listens on loopback only.",
        find=_off,
    ),
    Rule(
        "TU652",
        "ops-token-in-the-open",
        Severity.WARNING,
        why="The endpoint speaks plain HTTP: on a network the token and what the node holds can be read by whoever "
        "listens.",
        source="RFC 6750, section 5.3: bearer tokens need TLS",
        action="Listen on 127.0.0.1 behind a reverse proxy with TLS or an SSH tunnel (docs/status.md).",
        find=_in_the_open,
    ),
    Rule(
        "TU653",
        "ops-port-moves",
        Severity.INFO,
        why="With port 0 the endpoint is elsewhere after every restart: each place is a new target to Prometheus.",
        source="Prometheus: the label instance is host and port",
        action="Give each node a fixed port of its own.",
        find=_moving_port,
    ),
)
