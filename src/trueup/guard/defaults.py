"""The policy of a node whose operator wrote none: safe, and not hasty.

The ages come from what healing takes, measured on 1.231.0: a lost event is healed within 15 s at the default interval
of 5 s (a cheap look, two deep ones a second apart, and the look that confirms it). What stands longer was not lost by a
stream that lags.

REDUCING comes before HALTED wherever it helps: a halted node can neither close a position nor place the stop-loss of a
fill that comes in (measured: both are denied). HALTED is for where REDUCING would be blind, since it goes by the node's
own idea of its position: nothing proven yet, the wrong side, a position that the node does not know of, two writers.
"""

from __future__ import annotations

from trueup.core.lifecycle import LifeState
from trueup.guard.facts import LEVELS, Dimension
from trueup.guard.groups import GROUPS
from trueup.guard.policy import GuardPolicy, PolicyRow
from trueup.model.discrepancies import DiscrepancyKind as Kind
from trueup.model.discrepancies import Severity
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.steps import GuardAdvice
from trueup.model.verdicts import VerdictState

HEALING_SECS = 15.0
"""Within which a lost event is healed; see above."""
UNKNOWN_SECS = 60.0
"""A venue's rate limit is counted by the minute, and a broken connection is back within seconds: a minute without an
answer is an outage."""
PARTLY_UNKNOWN_SECS = 180.0
"""A reading with a gap beside evidence: the deep looks of three minutes have all had it."""
STORE_SECS = 60.0
"""A server that restarts loads its append-only file within seconds; a failover takes less than a minute."""
SKEW_SECS = 60.0
"""The client measures the skew anew after a contradiction; one reading is no drift."""
BEHIND_SECS = 120.0
"""Ten rounds of bringing level take 5 s; a store that still lags then is not being brought level."""


def _at_least(dimension: Dimension, name: str) -> tuple[tuple[Dimension, int], ...]:
    return ((dimension, LEVELS[dimension].index(name)),)


DEFAULT_ROWS: tuple[PolicyRow, ...] = (
    PolicyRow(
        id="startup-unverified",
        state=GuardState.HALTED,
        phases=frozenset({Phase.INITIALIZING, Phase.RECONCILING, Phase.ERROR}),
        why="Nothing is known of the account until the start-up is proven, and nothing ever will be after it failed.",
    ),
    PolicyRow(
        id="two-writers",
        state=GuardState.HALTED,
        levels=_at_least(Dimension.WRITERS, "SEVERAL"),
        why="Two nodes of one identity overwrite each other's orders; neither can tell its own from the other's.",
    ),
    PolicyRow(
        id="exposure-side",
        state=GuardState.HALTED,
        kinds=frozenset({Kind.POSITION_SIDE}),
        age_secs=5.0,
        why="The node is long and the account short, or the other way round: REDUCING would let through exactly the "
        "orders that increase it.",
    ),
    PolicyRow(
        id="exposure-unseen",
        state=GuardState.HALTED,
        kinds=frozenset({Kind.POSITION_QUANTITY}),
        node_is_flat=True,
        age_secs=HEALING_SECS,
        why="The account holds a position of which the node knows nothing: REDUCING lets every order pass on an "
        "instrument on which the node is flat.",
    ),
    PolicyRow(
        id="exposure",
        state=GuardState.REDUCING,
        kinds=GROUPS["exposure"],
        age_secs=HEALING_SECS,
        why="The node's position is not the account's, and healing has not helped.",
    ),
    PolicyRow(
        id="fills",
        state=GuardState.REDUCING,
        kinds=GROUPS["fills"],
        severity=Severity.CRITICAL,
        age_secs=HEALING_SECS,
        why="A fill is missing, doubled or invented: position and profit are wrong.",
    ),
    PolicyRow(
        id="order-unknown-to-node",
        state=GuardState.REDUCING,
        kinds=frozenset({Kind.ORDER_MISSING_IN_NODE}),
        severity=Severity.CRITICAL,
        age_secs=HEALING_SECS,
        why="An order works at the venue that no strategy knows of: it may fill at any moment.",
    ),
    PolicyRow(
        id="working-orders",
        state=GuardState.REDUCING,
        kinds=GROUPS["working_orders"],
        severity=Severity.CRITICAL,
        age_secs=2 * HEALING_SECS,
        why="An order that is alive is not what the node takes it for.",
    ),
    PolicyRow(
        id="ownership",
        state=GuardState.REDUCING,
        kinds=GROUPS["ownership"],
        age_secs=2 * HEALING_SECS,
        why="Two strategies share a one-way position, or nobody answers for an order.",
    ),
    PolicyRow(
        id="identifiers",
        state=GuardState.REDUCING,
        kinds=GROUPS["identifiers"],
        age_secs=2 * HEALING_SECS,
        why="It is not certain which order is meant; a cancel could hit another one.",
    ),
    PolicyRow(
        id="critical",
        state=GuardState.REDUCING,
        severity=Severity.CRITICAL,
        age_secs=60.0,
        why="Whatever it is: the node's idea of its exposure or of its working orders has been wrong for a minute.",
    ),
    PolicyRow(
        id="given-up",
        state=GuardState.REDUCING,
        severity=Severity.WARNING,
        life=LifeState.GIVEN_UP,
        why="It was healed five times without effect.",
    ),
    PolicyRow(
        id="given-up-exposure",
        state=GuardState.HALTED,
        kinds=GROUPS["exposure"],
        life=LifeState.GIVEN_UP,
        why="The position could not be made right, so what reduces it is not known either.",
    ),
    PolicyRow(
        id="refused",
        state=GuardState.REDUCING,
        advice=GuardAdvice.REDUCING,
        why="The true-up refused to heal it, and advises to open nothing new meanwhile. It had looked twice.",
    ),
    PolicyRow(
        id="refused-halt",
        state=GuardState.HALTED,
        advice=GuardAdvice.HALTED,
        why="The true-up refused to heal it, since only an operator can tell what happened. It had looked twice.",
    ),
    PolicyRow(
        id="unknown",
        state=GuardState.REDUCING,
        verdicts=frozenset({VerdictState.UNKNOWN}),
        age_secs=UNKNOWN_SECS,
        why="Nobody can say whether the node is true: the venue does not answer whole, or the looks have stopped.",
    ),
    PolicyRow(
        id="partly-unknown",
        state=GuardState.REDUCING,
        levels=_at_least(Dimension.COVERAGE, "INCOMPLETE"),
        age_secs=PARTLY_UNKNOWN_SECS,
        why="Every reading had a gap, in which anything may have happened.",
    ),
    PolicyRow(
        id="store-lost",
        state=GuardState.REDUCING,
        levels=_at_least(Dimension.STORE, "LOST"),
        age_secs=STORE_SECS,
        why="What happens now is not kept: a crash would leave new orders without an owner. Closing goes on.",
    ),
    PolicyRow(
        id="store-behind",
        state=GuardState.REDUCING,
        levels=_at_least(Dimension.STORE, "BEHIND"),
        age_secs=BEHIND_SECS,
        why="The store answers, and still lacks orders that the node has.",
    ),
    PolicyRow(
        id="clock-skewed",
        state=GuardState.REDUCING,
        levels=_at_least(Dimension.CLOCK, "SKEWED"),
        age_secs=SKEW_SECS,
        why="Readings overlap by 60 s. With the clocks half of that apart, and drifting, an event could fall between "
        "two of them.",
    ),
    PolicyRow(
        id="clock-stepped",
        state=GuardState.REDUCING,
        levels=_at_least(Dimension.CLOCK, "STEPPED"),
        why="The clock jumped or the machine slept: streams may be dead, ages and requests are wrong.",
    ),
)
"""Every default row. Records that leave exposure and working orders right (average price, commission) have none."""

DEFAULT_POLICY = GuardPolicy(rows=DEFAULT_ROWS)

DEFAULT_BY_ID = {row.id: row for row in DEFAULT_ROWS}
assert len(DEFAULT_BY_ID) == len(DEFAULT_ROWS), "each default row has an id of its own"
