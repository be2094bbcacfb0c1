"""What is told of the steps of a plan: each of them in one line before it is applied, and the outcome after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from trueup.model.plans import Plan
from trueup.model.steps import (
    Amend,
    ClaimOwner,
    Fill,
    Final,
    OpeningBalance,
    PendingResolved,
    RebuildInstrument,
    ReplayPosition,
    Revive,
    Seed,
    Step,
)
from trueup.node.applied import Applied

STEPS_IN_ONE = 100
"""Lines in one event: about 12 KB, what one entry of the journal holds."""
STEPS_TOLD_MAX = 500
"""Of one kind in one plan. A cold start of a large account is 100,000 steps that the venue's own history lists: told
one by one they took 2.4 s of 22, and 12 MB of the journal."""
PROBLEMS_TOLD_MAX = 20


def planned(account_id: str, made: Plan) -> Iterator[dict[str, Any]]:
    """Yield what is told of a plan that is about to be applied, some steps at a time.

    Of each kind the first `STEPS_TOLD_MAX` are told, and in the first piece how many there are. ``first`` counts what
    is told.
    """
    counts: Counter[str] = Counter()
    told: list[Step] = []
    for step in made.steps:
        kind = type(step).__name__
        counts[kind] += 1
        if counts[kind] <= STEPS_TOLD_MAX:
            told.append(step)
    for start in range(0, len(told), STEPS_IN_ONE):
        yield {
            "account_id": account_id,
            "stage": "planned",
            "total": len(made.steps),
            "told": len(told),
            "counts": dict(counts) if not start else {},
            "first": start + 1,
            "heals": [one.fingerprint for one in made.heals[:STEPS_IN_ONE]] if not start else [],
            "steps": [in_words(step) for step in told[start : start + STEPS_IN_ONE]],
        }


def applied(account_id: str, made: Plan, outcome: Applied) -> dict[str, Any]:
    """Return what is told of a plan that was applied."""
    return {
        "account_id": account_id,
        "stage": "applied",
        "total": len(made.steps),
        "done": dict(outcome.done),
        "skipped": dict(outcome.skipped),
        "problems": outcome.problems[:PROBLEMS_TOLD_MAX],
    }


def in_words(step: Step) -> str:
    """Return a step in one line, with everything that says what it changes."""
    match step:
        case Fill(fill=fill):
            what = f"{fill.side} {fill.quantity} @ {fill.price} trade {fill.trade_id}"
            text = f"{fill.instrument_id} {what} of {fill.client_order_id or fill.venue_order_id} for {step.owner}"
        case Seed(order=order) | Amend(order=order) | Final(order=order):
            what = f"{order.side} {order.quantity} {order.order_type} {order.status}"
            text = f"{order.instrument_id} {what} {order.client_order_id or order.venue_order_id} for {order.owner}"
        case OpeningBalance():
            what = f"{step.side} {step.quantity} @ {step.price} {step.leg}"
            text = f"{step.instrument_id} {what} as {step.client_order_id} for {step.owner}"
        case RebuildInstrument():
            what = f"purges {len(step.purge_order_ids)} orders and {len(step.purge_position_ids)} positions"
            text = f"{step.instrument_id} {what}, restores {len(step.restore_order_ids)} orders: {step.reason}"
        case Revive():
            text = f"{step.instrument_id} {step.client_order_id} {step.was} -> {step.becomes} for {step.owner}"
        case PendingResolved():
            text = f"{step.instrument_id} {step.client_order_id} ends {step.request} for {step.owner}"
        case ReplayPosition():
            what = f"{step.quantity} @ {step.average_price} from {len(step.fill_keys)} fills"
            text = f"{step.instrument_id} {step.position_id} {what} for {step.owner}"
        case ClaimOwner():
            text = f"{step.instrument_id} for {step.owner}"
    return f"{type(step).__name__} {text}"
