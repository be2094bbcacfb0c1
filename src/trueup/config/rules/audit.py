"""The auditor: a demand that nobody believes, a hunger that the node feels, two pages on one port."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity

SHARE_MAX = 0.5
"""Above half of an address's weight an auditor leaves a node less than a repair of everything needs."""


def _unsigned_demand(context: RuleContext) -> Iterator[Fault]:
    config = context.config
    if config.audit.demand_guard is not None and config.guard.control_key is None:
        yield Fault("audit.demand_guard", f"{config.audit.demand_guard}, and no guard.control_key")


def _hungry(context: RuleContext) -> Iterator[Fault]:
    audit = context.config.audit
    if audit.weight_share > SHARE_MAX and audit.source_address is None:
        yield Fault("audit.weight_share", f"{audit.weight_share:g}")


def _same_port(context: RuleContext) -> Iterator[Fault]:
    ops, watch = context.config.ops, context.config.audit.ops
    if ops.enabled and watch.enabled and ops.port == watch.port != 0:
        yield Fault("audit.ops.port", f"{watch.port}, as ops.port")


AUDIT_RULES: tuple[Rule, ...] = (
    Rule(
        "TU681",
        "audit-demand-unsigned",
        Severity.ERROR,
        why="A node obeys a demand from outside only when it is signed with its control key, so the watch refuses to "
        "begin without one.",
        source="trueup's guard: commands through the store are authenticated",
        action="Give TRUEUP_GUARD__CONTROL_KEY to node and watch, or set demand_guard to off.",
        find=_unsigned_demand,
    ),
    Rule(
        "TU682",
        "audit-starves-node",
        Severity.WARNING,
        why="The venue counts request weight by address: an auditor on the node's address takes it from the node, "
        "whose cancels and amendments then wait.",
        source="measured: audits without a pause on the node's address made its cancels wait up to 10 s",
        action="Leave weight_share at 0.25, give the auditor an address of its own (source_address), or another "
        "machine.",
        find=_hungry,
    ),
    Rule(
        "TU683",
        "audit-port-taken",
        Severity.WARNING,
        why="Node and watch cannot listen on one port of one machine: whichever starts second is without its endpoint.",
        source="the ops endpoints of trueup run and trueup watch",
        action="Give them two ports; the defaults differ.",
        find=_same_port,
    ),
)
