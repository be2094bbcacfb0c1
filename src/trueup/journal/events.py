"""From what a node's machinery says to entries of the journal: one function for each kind of event."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from trueup.journal.settings import NS_PER_SECOND
from trueup.journal.thinning import Thinning
from trueup.journal.values import Entry, EntryKind

WITHHELD = "withheld"
"""The field that says how many like it were left out since the last one."""


class Event(Protocol):
    """What happened: `trueup.node.announcer.LifeCycleEvent`, or anything of its shape."""

    @property
    def kind(self) -> str:
        """Return what happened."""

    @property
    def time_ns(self) -> int:
        """Return when, in nanoseconds since the epoch."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Return what belongs to it; plain JSON values."""


class EntryMaker:
    """Make entries from events, and leave out what only repeats itself (`trueup.journal.thinning`).

    Parameters
    ----------
    heartbeat_secs : float
        After so long an unchanged verdict is written again.
    """

    def __init__(self, heartbeat_secs: float) -> None:
        self._thinning = Thinning(int(heartbeat_secs * NS_PER_SECOND))

    def entries(self, event: Event) -> list[Entry]:
        """Return what is to be written of an event, often nothing."""
        make = _MAKERS.get(event.kind, _note)
        entry = make(event.time_ns, event.data)
        if entry is None:
            return []
        if event.kind in ALWAYS:
            return [entry]
        # A cheap look and a deep one speak for different kinds of record, so each has its own heartbeat.
        subject: Hashable = (event.kind, entry.account_id, entry.topic == "cheap")
        withheld = self._thinning.take(subject, _said(event.kind, entry), event.time_ns)
        if withheld is None:
            return []
        return [replace(entry, data={**entry.data, WITHHELD: withheld}) if withheld else entry]


ALWAYS = frozenset(
    {
        *("discrepancy", "steps", "guard", "claims", "built", "failed", "stopping", "stopped", "trading", "phase"),
        *("intervention", "own_orders"),
    }
)
"""Kinds of which every one is written: they are changes by themselves."""


def _said(kind: str, entry: Entry) -> Hashable:
    """Return what an entry says, without what is different every time."""
    if kind == "look":
        coverage = entry.data.get("coverage") or {}
        # A cheap look asks less than a deep one: what was not asked is no change of what was.
        asked = tuple(
            sorted((name, state) for name, state in coverage.items() if state not in ("not_asked", "complete"))
        )
        return (entry.state, asked, bool(entry.data.get("failure")))
    return (entry.state, entry.line)


def _look(time_ns: int, data: Mapping[str, Any]) -> Entry:
    state, account_id = _text(data, "verdict"), _text(data, "account_id")
    line = f"{state} on {account_id} ({_text(data, 'check')})"
    count = data.get("discrepancies")
    if count:
        line += f": {count} discrepancies"
    unknowns = data.get("unknowns") or ()
    if unknowns:
        line += f": {'; '.join(map(str, unknowns[:3]))}"
    if data.get("failure"):
        line += f": {data['failure']}"
    return Entry(
        kind=EntryKind.VERDICT,
        time_ns=time_ns,
        line=line,
        topic=_text(data, "check"),
        state=state,
        severity="INFO" if state == "CLEAN" else "WARNING",
        account_id=account_id,
        data=_without(data, "account_id", "verdict", "check"),
    )


def _verdict(_time_ns: int, _data: Mapping[str, Any]) -> None:
    """Leave out what is said of all accounts together: each account's own look is written with its coverage."""
    return


def _discrepancy(time_ns: int, data: Mapping[str, Any]) -> Entry:
    named = ("fingerprint", "account_id", "kind", "severity", "instrument_id", "subject", "state", "line")
    return Entry(
        kind=EntryKind.DISCREPANCY,
        time_ns=time_ns,
        line=_text(data, "line"),
        topic=_text(data, "kind"),
        state=_text(data, "state"),
        severity=_text(data, "severity") or "WARNING",
        account_id=_text(data, "account_id"),
        instrument_id=_text(data, "instrument_id"),
        fingerprint=_text(data, "fingerprint"),
        subject=_text(data, "subject"),
        data=_without(data, *named),
    )


def _steps(time_ns: int, data: Mapping[str, Any]) -> Entry:
    stage, total = _text(data, "stage"), data.get("total")
    account_id, steps, first = _text(data, "account_id"), data.get("steps") or (), data.get("first")
    line = f"{total} steps {stage} on {account_id}"
    if stage == "planned" and isinstance(first, int):
        line += f": {first} to {first + len(steps) - 1}"
        if isinstance(told := data.get("told"), int) and told != total:
            line += f" of {told} told"
    left_out = sum(value for value in (data.get("skipped") or {}).values() if isinstance(value, int))
    if left_out:
        line += f", {left_out} of them left out"
    if data.get("problems"):
        line += f": {data['problems'][0]}"
    return Entry(
        kind=EntryKind.STEPS,
        time_ns=time_ns,
        line=line,
        state=stage.upper(),
        account_id=account_id,
        severity="WARNING" if data.get("problems") else "INFO",
        data=_without(data, "account_id", "stage"),
    )


def _guard(time_ns: int, data: Mapping[str, Any]) -> Entry:
    state = _text(data, "state")
    reason = _text(data, "reason")
    return Entry(
        kind=EntryKind.GUARD,
        time_ns=time_ns,
        line=f"guard {state}: {reason}" if reason else f"guard {state}",
        topic=_text(data, "source"),
        state=state,
        severity="INFO" if state == "ACTIVE" else "CRITICAL",
        account_id=_text(data, "account_id"),
        data=_without(data, "state", "source"),
    )


def _guard_word(severity: str) -> Callable[[int, Mapping[str, Any]], Entry]:
    """Return what makes an entry of something about the guard that is no change of its state."""

    def make(time_ns: int, data: Mapping[str, Any]) -> Entry:
        state = _text(data, "state")
        line = _text(data, "text") or f"commands to the guard: {state}"
        calm = data.get("can_act") is True or state == "LISTENING"
        said = "INFO" if calm else severity
        return Entry(kind=EntryKind.GUARD, time_ns=time_ns, line=line, state=state, severity=said, data=data)

    return make


def _built(time_ns: int, data: Mapping[str, Any]) -> Entry:
    line = f"node built ({_text(data, 'mode')}, {_text(data, 'trader_id')})"
    return Entry(kind=EntryKind.STARTED, time_ns=time_ns, line=line, topic="built", data=data)


def _stopped(time_ns: int, data: Mapping[str, Any]) -> Entry:
    line = f"node stopped, exit code {data.get('exit_code')}"
    if data.get("reason"):
        line += f": {data['reason']}"
    severity = "INFO" if not data.get("exit_code") else "WARNING"
    return Entry(kind=EntryKind.STOPPED, time_ns=time_ns, line=line, severity=severity, data=data)


def _phase(time_ns: int, data: Mapping[str, Any]) -> Entry:
    state = _text(data, "phase")
    severity = "CRITICAL" if state == "ERROR" else "INFO"
    return Entry(
        kind=EntryKind.PHASE, time_ns=time_ns, line=f"phase {state}", state=state, severity=severity, data=data
    )


def _failed(time_ns: int, data: Mapping[str, Any]) -> Entry:
    line = f"not trading: {_text(data, 'reason')}"
    return Entry(kind=EntryKind.PROBLEM, time_ns=time_ns, line=line, topic="failed", severity="CRITICAL", data=data)


def _problem(time_ns: int, data: Mapping[str, Any]) -> Entry:
    account_id = _text(data, "account_id")
    return Entry(
        kind=EntryKind.PROBLEM,
        time_ns=time_ns,
        line=_text(data, "text"),
        severity="WARNING",
        account_id=account_id,
        data=_without(data, "text", "account_id"),
    )


def _store(time_ns: int, data: Mapping[str, Any]) -> Entry:
    state = _text(data, "state")
    severity = "INFO" if state == "PRESENT" else "CRITICAL"
    line = f"store {state} ({_text(data, 'url')})"
    return Entry(kind=EntryKind.STORE, time_ns=time_ns, line=line, state=state, severity=severity, data=data)


def _gap(time_ns: int, data: Mapping[str, Any]) -> Entry:
    account_id = _text(data, "account_id")
    return Entry(
        kind=EntryKind.STREAM_GAP,
        time_ns=time_ns,
        line=f"gap in the stream of {account_id}: {_text(data, 'reason')}",
        severity="WARNING",
        account_id=account_id,
        data=_without(data, "account_id"),
    )


def _claims(time_ns: int, data: Mapping[str, Any]) -> Entry:
    line = _text(data, "line") or "claims changed"
    return Entry(kind=EntryKind.CLAIMS, time_ns=time_ns, line=line, data=_without(data, "line"))


def _intervention(time_ns: int, data: Mapping[str, Any]) -> Entry:
    """Make an entry of what was not the node's own doing; what the topic names did it."""
    return Entry(
        kind=EntryKind.INTERVENTION,
        time_ns=time_ns,
        line=_text(data, "line"),
        topic=_text(data, "doing"),
        state="EXTERNAL",
        severity="INFO" if _text(data, "doing") in ("FUNDING", "EXPIRY") else "WARNING",
        account_id=_text(data, "account_id"),
        instrument_id=_text(data, "instrument_id"),
        subject=_text(data, "client_order_id") or _text(data, "venue_order_id"),
        data=_without(data, "line", "doing", "account_id", "instrument_id"),
    )


def _own_orders(time_ns: int, data: Mapping[str, Any]) -> Entry:
    """Make an entry of whose orders are whose names do not say it; read back at the next start."""
    orders = data.get("orders") or {}
    owners = ", ".join(sorted(set(map(str, orders.values()))))
    line = f"{len(orders)} orders of {owners} under names that do not say so"
    return Entry(kind=EntryKind.NOTE, time_ns=time_ns, line=line, topic="own_orders", data=dict(data))


def _note(time_ns: int, data: Mapping[str, Any]) -> Entry:
    """Make an entry of an event that nobody here knows: better a plain one than none."""
    line = _text(data, "line") or _text(data, "text") or _text(data, "reason")
    account_id = _text(data, "account_id")
    return Entry(kind=EntryKind.NOTE, time_ns=time_ns, line=line, account_id=account_id, data=data)


_MAKERS: dict[str, Callable[[int, Mapping[str, Any]], Entry | None]] = {
    "look": _look,
    "verdict": _verdict,
    "discrepancy": _discrepancy,
    "steps": _steps,
    "guard": _guard,
    "guard_alarm": _guard_word("CRITICAL"),
    "guard_refused": _guard_word("WARNING"),
    "guard_control": _guard_word("WARNING"),
    "built": _built,
    "stopped": _stopped,
    "phase": _phase,
    "failed": _failed,
    "problem": _problem,
    "store": _store,
    "stream_gap": _gap,
    "claims": _claims,
    "intervention": _intervention,
    "own_orders": _own_orders,
}


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _without(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names and value not in (None, "", [], ())}
