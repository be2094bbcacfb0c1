"""Hedging, routing and who serves a venue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity
from trueup.config.trading_node.hedging import hedging_fields


def _hedging(context: RuleContext) -> Iterator[Fault]:
    for field, value in hedging_fields(context.config):
        yield Fault(field, value)


def _routed(context: RuleContext) -> Iterator[Fault]:
    for name, client in context.config.clients.items():
        foreign = [venue for venue in client.routing.venues if venue != client.venue]
        if client.execution and client.routing.default:
            yield Fault(f"clients.{name}.routing.default", "true")
        if client.execution and foreign:
            yield Fault(f"clients.{name}.routing.venues", ", ".join(foreign))


def _one_venue_twice(context: RuleContext) -> Iterator[Fault]:
    names = defaultdict(list)
    for name, client in context.config.clients.items():
        if client.execution:
            names[client.venue].append(name)
    for venue, sharing in names.items():
        for name in sharing[1:]:
            yield Fault(f"clients.{name}.venue", f"{venue}, as clients.{sharing[0]}")


HEDGING_RULES: tuple[Rule, ...] = (
    Rule(
        "TU101",
        "hedge-mode",
        Severity.ERROR,
        why="In hedge mode the engine compares only the last leg of an instrument: real drift is never seen, "
        "long-lived "
        "positions fail to reconcile, and a leg that is closed at the venue becomes a phantom position; Bybit's "
        "adapter "
        "does not support it at all.",
        source="NautilusTrader issues #3104, #4535, #4738; measured on 1.231.0 with two legs on one instrument",
        action='Set "NETTING", and one-way mode at the venue (Binance: dualSidePosition=false).',
        find=_hedging,
    ),
    Rule(
        "TU102",
        "venue-routed-client",
        Severity.ERROR,
        why="For a client that serves another venue than its own, the engine takes a failed position query for a flat "
        "account and closes the local position with an invented fill.",
        source="NautilusTrader issue #4617 (closed as wontfix for 1.x); measured on 1.231.0; remnant of #3042",
        action="Give the client the venue that its instruments carry, and remove the routing.",
        find=_routed,
    ),
    Rule(
        "TU103",
        "one-venue-twice",
        Severity.ERROR,
        why="The engine refuses a second execution client for a venue while the node is built.",
        source="NautilusTrader 1.231.0, register_client",
        action="Give each client a venue of its own, such as BINANCE and BINANCE_SPOT, and use it in instrument ids.",
        find=_one_venue_twice,
    ),
)
