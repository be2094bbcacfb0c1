"""Random troubles and facts, and values that tests of the guard share."""

from __future__ import annotations

from hypothesis import strategies as st

from trueup.core.lifecycle import LifeState
from trueup.guard.facts import LEVELS, Dimension, GuardFacts, Rising, Since, Trouble
from trueup.model.discrepancies import DiscrepancyKind, Severity
from trueup.model.phase import Phase
from trueup.model.steps import GuardAdvice
from trueup.model.verdicts import VerdictState

SECOND_NS = 1_000_000_000
NOW_NS = 1_000_000 * SECOND_NS

ages_ns = st.integers(min_value=0, max_value=300).map(lambda secs: secs * SECOND_NS)


@st.composite
def troubles(draw: st.DrawFn) -> Trouble:
    """Return some trouble that was first seen up to five minutes ago."""
    return Trouble(
        kind=draw(st.sampled_from(list(DiscrepancyKind))),
        severity=draw(st.sampled_from(list(Severity))),
        life=draw(st.sampled_from([life for life in LifeState if life is not LifeState.RESOLVED])),
        advice=draw(st.sampled_from(list(GuardAdvice))),
        node_is_flat=draw(st.booleans()),
        first_ns=NOW_NS - draw(ages_ns),
        fingerprints=draw(st.frozensets(st.sampled_from("abcdefgh"), min_size=1, max_size=3)),
        line="something differs",
    )


@st.composite
def risings(draw: st.DrawFn, dimension: Dimension) -> Rising:
    """Return some level, reached step by step."""
    rising = Rising()
    for level in range(1, draw(st.integers(min_value=0, max_value=len(LEVELS[dimension]) - 1)) + 1):
        rising = rising.to(level, NOW_NS - draw(ages_ns))
    return rising


@st.composite
def facts(draw: st.DrawFn) -> GuardFacts:
    """Return the facts of some node at some moment."""
    return GuardFacts(
        phase=Since(draw(st.sampled_from(list(Phase))), NOW_NS - draw(ages_ns)),
        verdict=Since(draw(st.sampled_from(list(VerdictState))), NOW_NS - draw(ages_ns)),
        coverage=draw(risings(Dimension.COVERAGE)),
        store=draw(risings(Dimension.STORE)),
        clock=draw(risings(Dimension.CLOCK)),
        writers=draw(risings(Dimension.WRITERS)),
        troubles=tuple(draw(st.lists(troubles(), max_size=4))),
    )
