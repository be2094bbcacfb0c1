"""What is done with what nobody claims: policies that never act, or act where they must not."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.reconciliation.config import ReconciliationMode
from trueup.config.reconciliation.external import ExternalPolicyConfig
from trueup.config.reconciliation.instrument_ids import venue_of
from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity
from trueup.config.trading_node.claimants import claims_of
from trueup.core.claims import can_meet, fits
from trueup.core.external import TOLD_APART_ON, ExternalAction, ExternalSource

_OWN_NAMES = ("O-????????-??????-*", "O??????????????*")
"""The forms of the engine's own client order ids, with and without hyphens."""
_SPOKEN = frozenset({ExternalSource.UNNAMED, ExternalSource.CLIENT, ExternalSource.POSITION})
"""Sources that are told apart at every venue."""


def _policies(context: RuleContext) -> Iterator[tuple[str, ExternalPolicyConfig]]:
    for index, policy in enumerate(context.config.external.policies):
        yield f"external.policies.{index}", policy


def _never_reached(context: RuleContext) -> Iterator[Fault]:
    policies = list(_policies(context))
    for place, (field, policy) in enumerate(policies):
        for _, earlier in policies[:place]:
            if _fits_more(earlier, policy):
                yield Fault(field, f"{policy.name}, behind {earlier.name}, which fits everything that it fits")
                break


def _fits_more(earlier: ExternalPolicyConfig, later: ExternalPolicyConfig) -> bool:
    if earlier.action is ExternalAction.CANCEL:
        return False  # it leaves positions to those behind it
    return all(
        not mine or (theirs and set(theirs) <= set(mine))
        for mine, theirs in (
            (earlier.instruments, later.instruments),
            (earlier.client_order_ids, later.client_order_ids),
            (earlier.sources, later.sources),
        )
    )


def _ignored_yet_ours(context: RuleContext) -> Iterator[Fault]:
    ours = {one for strategy in context.config.strategies for one in strategy.traded_instrument_ids}
    ours |= {claim.text for claim in claims_of(context.config)}
    for field, policy in _policies(context):
        met = sorted(one for one in ours if policy.policy().may_meet(one))
        if policy.action is ExternalAction.IGNORE and policy.instruments and met:
            yield Fault(field, f"{policy.name}, which meets {', '.join(met)}")


def _cancels_own(context: RuleContext) -> Iterator[Fault]:
    for field, policy in _policies(context):
        if policy.action is not ExternalAction.CANCEL:
            continue
        own = [one for one in policy.client_order_ids if one != "*" and _may_name_own(one)]
        if own:
            yield Fault(field, f"{policy.name}, for names such as {', '.join(own)}")
        for index, strategy in enumerate(context.config.strategies):
            if strategy.config.get("use_uuid_client_order_ids") is True:
                yield Fault(field, f"{policy.name}, while strategies[{index}] names its orders by UUIDs")


def _may_name_own(pattern: str) -> bool:
    return any(can_meet(f"{pattern}.X", f"{one}.X") for one in _OWN_NAMES)


def _in_native_mode(context: RuleContext) -> Iterator[Fault]:
    external = context.config.external
    if context.reconciliation.mode is ReconciliationMode.NATIVE and not external.book().is_idle:
        yield Fault("external", "set, in native mode")


def _halt_without_guard(context: RuleContext) -> Iterator[Fault]:
    if context.config.guard.enabled:
        return
    if context.config.external.default is ExternalAction.HALT:
        yield Fault("external.default", "halt, without a guard")
    for field, policy in _policies(context):
        if policy.action is ExternalAction.HALT:
            yield Fault(field, f"{policy.name}, without a guard")


def _not_told_apart(context: RuleContext) -> Iterator[Fault]:
    clients = [client for client in context.config.clients.values() if client.execution]
    if not clients or any(client.venue == TOLD_APART_ON for client in clients):
        return
    for field, policy in _policies(context):
        lost = sorted(set(policy.sources) - _SPOKEN)
        if lost:
            yield Fault(field, f"{policy.name}, for {', '.join(lost)}")


def _nowhere(context: RuleContext) -> Iterator[Fault]:
    clients = [client for client in context.config.clients.values() if client.execution]
    served = {venue for client in clients for venue in (client.venue, *client.routing.venues)}
    if not clients or any(client.routing.default for client in clients):
        return
    for field, policy in _policies(context):
        lost = [one for one in policy.instruments if not any(fits(venue_of(one), venue) for venue in served)]
        if lost:
            yield Fault(field, f"{policy.name}, for {', '.join(lost)}")


def _unknown_client(context: RuleContext) -> Iterator[Fault]:
    known = {name for name, client in context.config.clients.items() if client.execution}
    for index, strategy in enumerate(context.config.strategies):
        if known and strategy.claims.client and strategy.claims.client not in known:
            yield Fault(
                f"strategies[{index}].claims.client", f"{strategy.claims.client}, not {', '.join(sorted(known))}"
            )


EXTERNAL_RULES: tuple[Rule, ...] = (
    Rule(
        "TU421",
        "policy-never-reached",
        Severity.ERROR,
        why="Policies are asked in their order and the first that fits decides: one that stands behind a wider one "
        "never acts.",
        source="trueup's policies: docs/guides/external-orders.md",
        action="Put the narrower policy first, or remove it.",
        find=_never_reached,
    ),
    Rule(
        "TU422",
        "ignored-yet-ours",
        Severity.WARNING,
        why="On an instrument that a strategy claims, trades or holds nothing is ignored: its position is one, and "
        "half a check is none.",
        source="trueup's policies: docs/guides/external-orders.md",
        action="Ignore other instruments, or single orders by client_order_ids.",
        find=_ignored_yet_ours,
    ),
    Rule(
        "TU423",
        "cancels-own-names",
        Severity.ERROR,
        why="A policy that cancels fits names that this node's own strategies give; trueup leaves such orders alone, "
        "so the policy does not do what it says, and a UUID does not tell whose it is.",
        source="trueup's policies: docs/guides/external-orders.md; the forms were tried on NautilusTrader 1.222.0 and "
        "1.231.0",
        action="Cancel by names that only the other program gives, and leave use_uuid_client_order_ids out.",
        find=_cancels_own,
    ),
    Rule(
        "TU424",
        "policies-in-native-mode",
        Severity.ERROR,
        why="In native mode trueup only observes: no policy alerts, halts, cancels or ignores.",
        source="trueup's policies: docs/guides/external-orders.md",
        action='Set mode = "verified", or leave the [external] section out.',
        find=_in_native_mode,
    ),
    Rule(
        "TU425",
        "halt-without-guard",
        Severity.ERROR,
        why="It is the guard that halts: without it a policy that halts says so, and nothing is held back.",
        source="trueup's guard: docs/guard.md",
        action="Leave guard.enabled at true, or let the policy alert.",
        find=_halt_without_guard,
    ),
    Rule(
        "TU426",
        "source-not-told-apart",
        Severity.WARNING,
        why="Where an order comes from is read from its client order id, and only Binance's prefixes are known: at "
        "another venue a policy for such a source never fits.",
        source="Binance's documentation of ORDER_TRADE_UPDATE; prefixes seen in public records of orders",
        action="Match by client_order_ids or instruments.",
        find=_not_told_apart,
    ),
    Rule(
        "TU427",
        "policy-no-client-serves",
        Severity.WARNING,
        why="A policy for a venue that no execution client serves never acts; the venue is probably misspelt.",
        source="trueup's policies: docs/guides/external-orders.md",
        action="Correct the venue behind the last dot, or add the client.",
        find=_nowhere,
    ),
    Rule(
        "TU428",
        "claims-unknown-client",
        Severity.ERROR,
        why="Claims that are narrowed to a client which is not there claim nothing.",
        source="trueup's claims: docs/guides/external-orders.md",
        action="Name a client of [clients], or leave claims.client out.",
        find=_unknown_client,
    ),
)
