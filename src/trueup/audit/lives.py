"""How long differences have stood, over the audits of one account."""

from __future__ import annotations

from types import MappingProxyType

from trueup.audit.account import AccountOutcome
from trueup.core.lifecycle import Cycle, Ledger, Transition, advance, unobserved

LIVES_MAX = 1_000
"""Beyond this a comparison is a node that lost its store, not a list of differences to follow one by one."""


def follow(ledger: Ledger, outcome: AccountOutcome) -> tuple[Ledger, tuple[Transition, ...]]:
    """Take an audit into the ledger; return the new one and what changed.

    An auditor heals nothing: what is gone, went by itself as far as it can tell. What it could not see again is not
    gone.
    """
    confirmed = outcome.confirmed[:LIVES_MAX]
    unseen = frozenset(ledger.open) if outcome.venue is None else unobserved(ledger, outcome.venue)
    cycle = Cycle(
        time_ns=outcome.verdict.time_ns,
        discrepancies=confirmed,
        confirmed=frozenset(one.fingerprint for one in confirmed),
        refused=MappingProxyType({}),
        unobserved=unseen,
    )
    return advance(ledger, cycle)
