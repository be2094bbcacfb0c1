"""Judge a run in verified mode: equal to the venue under CLEAN, or one of the honest outcomes of the scenario."""

from __future__ import annotations

from trueup.drills.compare import Difference
from trueup.drills.described import DescribedScenario
from trueup.drills.outcome import Outcome
from trueup.drills.scenario import Scenario


def complaints(scenario: DescribedScenario, outcome: Outcome) -> tuple[str, ...]:
    """Return what is wrong with an outcome in verified mode; nothing if it is as promised.

    The first promise is never to say CLEAN while the node differs from the venue or its ownership is split, neither on
    demand nor, at the end of a scenario's waits, as the verdict that stands. The second
    is to name what differs, and only what the scenario allows to remain.
    """
    if isinstance(scenario, Scenario) and scenario.conduct == "episode":
        return (outcome.failure,) if outcome.failure else ()  # it was watched and judged while it ran
    if outcome.failure:
        return (f"the run was not completed: {outcome.failure}",)
    honest = scenario.verified.honest
    if not outcome.trading:
        if outcome.starts and outcome.starts[-1].startswith("refused") and "REFUSED" in honest:
            return ()
        return (f"the node does not trade: {outcome.starts[-1] if outcome.starts else 'never started'}",)
    if outcome.verdict is None or outcome.comparison is None:
        return ("there is no verdict",)
    said = outcome.verdict.verdict
    if outcome.verdict.standing == "CLEAN" and not outcome.unaided:
        return ("the verdict stood at CLEAN while the node differed from the venue",)
    if said == "CLEAN":
        split = [found for found in outcome.comparison.ownership if found.what is Difference.OWNER_SPLIT]
        return tuple(f"CLEAN, but {found}" for found in (*outcome.comparison.findings, *split))
    if said == "DISCREPANT":
        allowed = [kind for kind in outcome.verdict.kinds if kind in honest]
        if allowed:
            return ()
    elif said in honest:
        return ()
    return (f"{said}: {'; '.join(outcome.verdict.discrepancies) or 'without a reason'}",)
