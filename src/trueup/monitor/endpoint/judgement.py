"""What may be relied on now: a verdict grows old, a loop stops answering, a start-up is not over.

Pure functions of one `NodeStatus`. The probes, ``trueup status`` and the page all say the same by these rules; the
page's own copy (``page/judgement.js``) is held to this one by a test that gives both the same statuses.
"""

from __future__ import annotations

from dataclasses import dataclass

from trueup.monitor.endpoint.words import NS_PER_SECOND, count, span
from trueup.monitor.status import NodeStatus

HEARTBEAT_SECS_MAX = 5.0
"""An event loop that has not beaten for longer hangs: a whole true-up of 200 symbols holds it for less."""

START_SECS_MAX = 300.0
"""How long a node may take until its loop runs. The engine alone blocks for about 180 s over 50,000 historical orders
(measured on 1.231.0), and a probe must not end a start that would succeed."""

VERDICT_SECS_MAX = 300.0
"""Age at which a verdict is stale where the status does not say: twice the longest pause between two deep looks."""

VERIFIED_PHASES = frozenset({"RECONCILED", "MONITORING"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """Say what may be relied on now, and why it is not more.

    Parameters
    ----------
    verdict : str
        ``CLEAN``, ``DISCREPANT`` or ``UNKNOWN``. A CLEAN verdict that is stale, or of a node that hangs, is UNKNOWN;
        a DISCREPANT one stays what it is until another one replaces it.
    reasons : tuple[str, ...]
        Why it is not CLEAN; empty when it is.
    """

    verdict: str
    reasons: tuple[str, ...]


def unhealthy(status: NodeStatus) -> tuple[str, ...]:
    """Return why the process or its event loop was not alive when it was asked; nothing when they were."""
    now_ns = status.now_ns
    beat_ns = status.loop.heartbeat_ns
    if not beat_ns:
        waiting_secs = (now_ns - status.started_ns) / NS_PER_SECOND if status.started_ns else 0.0
        if waiting_secs > START_SECS_MAX:
            return (f"the event loop has not begun {span(waiting_secs)} after the start",)
        return ()
    silent_secs = (now_ns - beat_ns) / NS_PER_SECOND
    if silent_secs > HEARTBEAT_SECS_MAX:
        return (f"the event loop has not answered for {span(silent_secs)}",)
    return ()


def judge(status: NodeStatus, waited_secs: float = 0.0) -> Judgement:
    """Return what may be relied on now.

    Parameters
    ----------
    status : NodeStatus
        The status.
    waited_secs : float
        How long ago it was read: a verdict grows old without anybody's doing.
    """
    doubts = [*_start_doubts(status), *unhealthy(status), *_verdict_doubts(status, waited_secs)]
    if status.verdict == "DISCREPANT":
        return Judgement("DISCREPANT", (_difference(status), *doubts))
    if status.verdict == "CLEAN" and not doubts:
        return Judgement("CLEAN", ())
    return Judgement("UNKNOWN", tuple(doubts) or (f"the verdict is {status.verdict or 'empty'}",))


def unready(status: NodeStatus) -> tuple[str, ...]:
    """Return why the node should not be relied on: its start-up, its loop, its verdict. Nothing when it may be."""
    found = judge(status).reasons
    if not found and status.source == "node" and not status.is_reconciled:
        return ("the node does not say that it is reconciled",)
    return found


def worst(verdicts: list[str]) -> str:
    """Return the verdict on several: a known difference first, then an open question; UNKNOWN for none at all."""
    if "DISCREPANT" in verdicts:
        return "DISCREPANT"
    return "CLEAN" if verdicts and all(one == "CLEAN" for one in verdicts) else "UNKNOWN"


def _start_doubts(status: NodeStatus) -> list[str]:
    if status.phase == "ERROR":
        return [f"the node does not trade: {status.failure}" if status.failure else "the node does not trade"]
    if status.source == "node" and status.phase not in VERIFIED_PHASES:
        return [f"the start-up is not verified yet (phase {status.phase})"]
    return []


def _verdict_doubts(status: NodeStatus, waited_secs: float) -> list[str]:
    if not status.verdict_ns:
        return ["there is no verdict yet"]
    doubts = ["not everything could be compared"] if status.verdict == "UNKNOWN" else []
    age_secs = (status.now_ns - status.verdict_ns) / NS_PER_SECOND + waited_secs
    limit_secs = VERDICT_SECS_MAX if status.verdict_age_secs_max is None else status.verdict_age_secs_max
    if age_secs > limit_secs:
        doubts.append(f"the last verdict is {span(age_secs)} old (limit {span(limit_secs)})")
    return doubts


def _difference(status: NodeStatus) -> str:
    known = max(status.pending_discrepancies, len(status.discrepancies) + status.discrepancies_hidden)
    return (
        f"node and venue differ: {count(known, 'discrepancy', 'discrepancies')}" if known else "node and venue differ"
    )
