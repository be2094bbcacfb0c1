"""What the monitor makes of each event in a node's life: one function a kind, on the node's loop, quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from trueup.model.phase import Phase
from trueup.monitor.eyes import NodeCounts
from trueup.monitor.status import CycleStatus, GuardChange, GuardStatus

if TYPE_CHECKING:
    from trueup.monitor.node_monitor import NodeMonitor

LINES_MAX = 20
"""Of a verdict, in the status."""
GUARD_HISTORY_MAX = 50

Ear = Callable[["NodeMonitor", Mapping[str, Any], int], None]


def _phase(monitor: NodeMonitor, data: Mapping[str, Any], time_ns: int) -> None:
    monitor.startup.enter(Phase(data["phase"]), time_ns)
    if data["phase"] == Phase.RECONCILING:
        for client in monitor.eyes.clients():
            monitor.know(client)


def _look(monitor: NodeMonitor, data: Mapping[str, Any], time_ns: int) -> None:
    line = monitor.accounts.line(data["account_id"])
    if line is None or not monitor.discrepancies.know(data["account_id"]):
        monitor.drop("too_many")
        return
    line.take(data, time_ns)
    failed = bool(data["failure"])  # said as a problem, too, by who goes on after it
    cycle = CycleStatus(
        time_ns=time_ns,
        check=data["check"],
        result="failed" if failed else data["verdict"].lower(),
        secs=round(data["secs"], 6),
        verdict=data["verdict"],
        discrepancies=data.get("discrepancies", 0),
        steps=data["steps"],
    )
    monitor.cycles.add(cycle)


def _discrepancy(monitor: NodeMonitor, data: Mapping[str, Any], _time_ns: int) -> None:
    if not monitor.discrepancies.add(data, timed_from_ns=monitor.startup.monitoring_since_ns):
        monitor.drop("too_many")


def _verdict(monitor: NodeMonitor, data: Mapping[str, Any], _time_ns: int) -> None:
    monitor.lines = tuple(data["lines"][:LINES_MAX])


def _stream_gap(monitor: NodeMonitor, data: Mapping[str, Any], _time_ns: int) -> None:
    line = monitor.accounts.line(data["account_id"])
    if line is not None:
        line.gaps += 1


def _steps(monitor: NodeMonitor, data: Mapping[str, Any], _time_ns: int) -> None:
    monitor.problems += len(data.get("problems", ()))


def _problem(monitor: NodeMonitor, _data: Mapping[str, Any], _time_ns: int) -> None:
    monitor.problems += 1


def _store(monitor: NodeMonitor, data: Mapping[str, Any], time_ns: int) -> None:
    monitor.store_said = (data["state"], time_ns)
    monitor.store_losses += data["state"] == "LOST"
    monitor.store_rewritten += int(data.get("rewritten", 0))


def _guard(monitor: NodeMonitor, data: Mapping[str, Any], time_ns: int) -> None:
    state = data["state"]
    if state not in monitor.guard_changes:
        return
    monitor.guard_changes[state] += 1
    change = GuardChange(time_ns=time_ns, state=state, reason=data["reason"], source=data.get("source", "trueup"))
    monitor.guard_said = GuardStatus(
        state=state,
        since_ns=time_ns,
        reason=change.reason,
        source=change.source,
        history=(*monitor.guard_said.history, change)[-GUARD_HISTORY_MAX:],
    )


def _stopped(monitor: NodeMonitor, _data: Mapping[str, Any], _time_ns: int) -> None:
    monitor.counts = NodeCounts(trading_state=monitor.counts.trading_state)


EARS: Mapping[str, Ear] = {
    "phase": _phase,
    "look": _look,
    "discrepancy": _discrepancy,
    "verdict": _verdict,
    "stream_gap": _stream_gap,
    "problem": _problem,
    "steps": _steps,
    "store": _store,
    "guard": _guard,
    "stopped": _stopped,
}
"""By kind of event; of what is not here nothing is kept."""
