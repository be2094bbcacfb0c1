"""A policy and a guard's state in words, for a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from trueup.guard.book import Change
from trueup.guard.checks import why_weaker
from trueup.guard.control import Heard
from trueup.guard.defaults import DEFAULT_BY_ID
from trueup.guard.policy import GuardPolicy, PolicyRow
from trueup.guard.record import GuardRecord
from trueup.model.guard import GuardState
from trueup.monitor.status import GuardChange

LINES_SHOWN = 5
STALE_SECS = 5.0
"""A node says how it is twice a second; what is older than this is not how it is now."""


def row_note(row: PolicyRow) -> str:
    """Return how a row stands to the default one: its own, changed, weaker, off, or nothing to say."""
    default = DEFAULT_BY_ID.get(row.id)
    if default is None:
        return "added"
    if row.state is GuardState.ACTIVE:
        return "OFF"
    if weaker := why_weaker(row, default):
        return f"WEAKER: {'; '.join(weaker)}"
    return "changed" if row != default and row.conditions() + str(row.age_secs) != _plain(default) else ""


def _plain(row: PolicyRow) -> str:
    return row.conditions() + str(row.age_secs)


def rows_in_order(policy: GuardPolicy) -> list[PolicyRow]:
    """Return the rows as they are shown: the strictest first, and those that are off last."""
    return sorted(policy.rows, key=lambda row: (row.state is GuardState.ACTIVE, -row.state.rank))


def explain_policy(policy: GuardPolicy) -> Iterator[str]:
    """Yield the policy in force, line by line."""
    if not policy.rows:
        yield "The guard is off: no trouble holds the node back. An operator and the auditor still can."
        return
    yield "Every row that holds counts; the strictest state wins. A row holds when all of it has stood for its time."
    for row in rows_in_order(policy):
        note = row_note(row)
        yield ""
        yield f"{row.state:<8} {row.id}" + (f"   [{note}]" if note else "")
        yield f"    when  {row.conditions()}" + (f", for {row.age_secs:g} s" if row.age_secs else ", at once")
        if row.why:
            yield f"    why   {row.why}"
    yield ""
    yield f"Released after {policy.release_looks} sound looks in a row, or by an operator. A look is sound when all was"
    yield "read and nothing differs but records that leave orders and positions right, and that no row above names."


def policy_as_data(policy: GuardPolicy) -> dict[str, Any]:
    """Return the policy in force as plain values."""
    return {
        "release_looks": policy.release_looks,
        "rows": [
            {
                "id": row.id,
                "state": row.state.value,
                "when": row.conditions(),
                "min_age_secs": row.age_secs,
                "why": row.why,
                "note": row_note(row),
            }
            for row in rows_in_order(policy)
        ],
    }


def tell_live(heard: Heard) -> Iterator[str]:
    """Yield how a live node's guard is, line by line."""
    guard, word = heard.word.guard, heard.word
    yield f"{word.trader_id}: {guard.state} (the engine says {guard.effective or 'nothing yet'})"
    yield f"  phase {word.phase}, verdict {word.verdict}; said {heard.age_secs:.1f} s ago, by {word.instance_id}"
    if heard.age_secs > STALE_SECS:
        yield f"  STALE: a living node says how it is twice a second; nothing was heard for {heard.age_secs:.0f} s"
    if heard.is_authentic is False:
        yield "  NOT AUTHENTIC: this is not signed with our control key"
    if guard.state != GuardState.ACTIVE:
        by = f"{guard.source} {guard.who}".strip()
        yield f"  since {_time(guard.since_ns)} by {by}: {guard.reason}"
    if not guard.can_act:
        yield f"  THE GUARD CANNOT ACT: {guard.alarm}"
    if guard.loophole:
        yield f"  but {guard.loophole}"
    yield f"  commands: {guard.control}" + _refused(guard.commands_refused)
    for change in guard.history[-LINES_SHOWN:]:
        yield _change(change)


def tell_stopped(record: GuardRecord) -> Iterator[str]:
    """Yield what a stopped node's guard will begin with, line by line."""
    held = record.book().holds
    if not held:
        yield "  held by nobody: the next start is decided by its own proof"
    for source, hold in held:
        yield f"  {hold.state} by {source} {hold.who} since {_time(hold.time_ns)}: {hold.reason}"
    for change in record.history[-LINES_SHOWN:]:
        yield _change(change)


def _change(change: GuardChange | Change) -> str:
    by = f"{change.source} {change.who}".strip()
    return f"  {_time(change.time_ns)}  {change.state:<8} {by}: {change.reason}"


def _refused(counts: dict[str, int]) -> str:
    if not counts:
        return ""
    return "; refused so far: " + ", ".join(f"{count} {code}" for code, count in sorted(counts.items()))


def _time(time_ns: int) -> str:
    return dt.datetime.fromtimestamp(time_ns / 1e9, tz=dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
