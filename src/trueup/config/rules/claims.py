"""Who owns what is found at the venue, and what is filtered away."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.reconciliation.instrument_ids import venue_of
from trueup.config.rules.rule import Fault, Predicate, Rule, RuleContext, Severity
from trueup.config.trading_node.claimants import claims_of
from trueup.core.claims import Claim, ClaimConflict, Product, conflicts_of, fits, overridden_of


def _claims(context: RuleContext) -> tuple[Claim, ...]:
    return claims_of(context.config)


def _unclaimed(context: RuleContext) -> Iterator[Fault]:
    claims = _claims(context)
    for index, strategy in enumerate(context.config.strategies):
        open_to_claim = [
            one
            for one in strategy.traded_instrument_ids
            if not any(claim.covers(one, product) for claim in claims for product in Product)
        ]
        if open_to_claim:
            yield Fault(f"strategies[{index}].claims", f"without {', '.join(open_to_claim)}")


def _two_claimants(context: RuleContext) -> Iterator[Fault]:
    for conflict in conflicts_of(_claims(context)):
        yield _beside(conflict)


def _taken_out(context: RuleContext) -> Iterator[Fault]:
    claims = _claims(context)
    for conflict in overridden_of(claims):
        yield _beside(conflict)


def _beside(conflict: ClaimConflict) -> Fault:
    value = f"{conflict.second.subject}, where {conflict.first.explain()}"
    return Fault(f"{conflict.second.claimant}.claims", value)


def _claimed_nowhere(context: RuleContext) -> Iterator[Fault]:
    clients = [client for client in context.config.clients.values() if client.execution]
    served = {venue for client in clients for venue in (client.venue, *client.routing.venues)}
    if not clients or any(client.routing.default for client in clients):
        return
    for index, strategy in enumerate(context.config.strategies):
        claimed = (*strategy.claims.instrument_ids, *strategy.claims.patterns)
        lost = [one for one in claimed if not any(fits(venue_of(one), venue) for venue in served)]
        if lost:
            yield Fault(f"strategies[{index}].claims", ", ".join(lost))


def _when(name: str, *, dangerous: bool) -> Predicate:
    """Return a predicate that fires when a switch stands where it does harm; unset switches stand at the default."""

    def find(context: RuleContext) -> Iterator[Fault]:
        if getattr(context.reconciliation, name) is dangerous:
            yield Fault(f"reconciliation.{name}", str(dangerous).lower())

    return find


CLAIM_RULES: tuple[Rule, ...] = (
    Rule(
        "TU401",
        "unclaimed-instrument",
        Severity.WARNING,
        why="What the engine finds at the venue for an unclaimed NETTING instrument belongs to the strategy "
        "EXTERNAL: it "
        "offsets the strategy's own position instead of changing it, and no strategy can close it.",
        source="NautilusTrader issues #3054, #4454; measured on 1.231.0: after a cold start every position is EXTERNAL",
        action="Claim every instrument that a strategy trades: instrument_ids or patterns in its claims.",
        find=_unclaimed,
    ),
    Rule(
        "TU402",
        "two-claimants",
        Severity.ERROR,
        why="One instrument could have two owners, now or when it loads later: an id that two strategies claim, or two "
        "patterns that can match one name; the engine refuses only the same id, and keeps the first half of a "
        "refused strategy's claims.",
        source="measured on NautilusTrader 1.231.0: InvalidConfiguration, not atomic",
        action="Let one strategy claim each instrument; narrow one of two patterns. An id beats a pattern.",
        find=_two_claimants,
    ),
    Rule(
        "TU403",
        "claim-no-client-serves",
        Severity.WARNING,
        why="A claim for a venue that no execution client serves never takes effect; the venue is probably misspelt.",
        source="NautilusTrader 1.231.0: a claim is looked up by the exact instrument id",
        action="Correct the venue behind the last dot, or add the client.",
        find=_claimed_nowhere,
    ),
    Rule(
        "TU404",
        "positions-filtered",
        Severity.ERROR,
        why="The venue's positions are the one thing that shows what orders and fills do not; without them start-up "
        "succeeds with any position.",
        source="measured on NautilusTrader 1.231.0: filter_position_reports skips them at start-up, and only there",
        action="Leave filter_position_reports out; give several nodes several sub-accounts.",
        find=_when("filter_position_reports", dangerous=True),
    ),
    Rule(
        "TU405",
        "missing-orders-not-generated",
        Severity.WARNING,
        why="Without generated orders the engine knows of a differing position and still reports success (netting), or "
        "refuses to start (hedging).",
        source="NautilusTrader issues #3104, #4739; measured on 1.231.0: start-up succeeds with a known mismatch",
        action='Leave generate_missing_orders out, or set mode = "verified", which invents nothing either way.',
        find=_when("generate_missing_orders", dangerous=False),
    ),
    Rule(
        "TU406",
        "external-orders-filtered",
        Severity.ERROR,
        why="Real external orders are dropped, and their exposure comes back as invented fills.",
        source="measured on NautilusTrader 1.231.0: the open external order stays invisible, its fills are made up",
        action="Leave filter_unclaimed_external_orders out, and claim the instruments.",
        find=_when("filter_unclaimed_external_orders", dangerous=True),
    ),
    Rule(
        "TU407",
        "overfills-allowed",
        Severity.WARNING,
        why="A fill that is booked twice is an overfill: allowing them removes the engine's last defence against it.",
        source="measured on NautilusTrader 1.231.0: double-booked fills stop at an order's quantity, not before",
        action="Leave allow_overfills out.",
        find=_when("allow_overfills", dangerous=True),
    ),
    Rule(
        "TU408",
        "id-beats-pattern",
        Severity.INFO,
        why="An id is more exact than a pattern or claim_all: what appears on the instrument belongs to the strategy "
        "that names it.",
        source="trueup's claims: docs/why.md",
        action="Nothing, if it is meant so.",
        find=_taken_out,
    ),
)
