"""What an operator reads when a discrepancy is not healed."""

from __future__ import annotations

from trueup.core.cases import OrderCase
from trueup.core.plan_orders import OrderPlan
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind
from trueup.model.steps import GuardAdvice, Refusal, RefusalCode

_ACTIONS: dict[RefusalCode, tuple[str, GuardAdvice]] = {
    RefusalCode.FILLS_INCOMPLETE: (
        "Read the order and its fills one by one; if the venue no longer lists them, compare with its export.",
        GuardAdvice.REDUCING,
    ),
    RefusalCode.HISTORY_INCOMPLETE: (
        "Widen the window and start again; if the venue keeps no older history, flush the node's store and start cold.",
        GuardAdvice.REDUCING,
    ),
    RefusalCode.NEEDS_REBUILD: (
        "Restart the node when it may stop trading: the next start rebuilds the instrument.",
        GuardAdvice.REDUCING,
    ),
    RefusalCode.POSITION_UNEXPLAINED: (
        "Wait for a complete reading, or widen the window.",
        GuardAdvice.REDUCING,
    ),
    RefusalCode.MOVED_WITHOUT_FILL: (
        "Look for a liquidation, a transfer or a settlement at the venue; only an operator can order an adjustment.",
        GuardAdvice.HALTED,
    ),
    RefusalCode.OWNERSHIP_SPLIT: (
        "Claim the instrument for one strategy and restart; two cannot share a one-way position.",
        GuardAdvice.REDUCING,
    ),
    RefusalCode.OWNER_AMBIGUOUS: (
        "Claim the instrument for one strategy.",
        GuardAdvice.REDUCING,
    ),
    RefusalCode.IDENTIFIERS_CLASH: (
        "Find out which order is meant; cancel it at the venue if in doubt.",
        GuardAdvice.REDUCING,
    ),
    RefusalCode.PRICE_UNKNOWN: (
        "Close the position at the venue, or widen the window to where it was opened.",
        GuardAdvice.HALTED,
    ),
    RefusalCode.NOT_PROVEN_ABSENT: (
        "Ask the venue about this order; nothing is ended on absence alone.",
        GuardAdvice.NONE,
    ),
    RefusalCode.NO_STEP_EXISTS: (
        "No report changes this in the engine; look at it.",
        GuardAdvice.NONE,
    ),
}

assert set(_ACTIONS) == set(RefusalCode), "every refusal must say what to do"

# Kinds that leave exposure and working orders right: nothing to hold the node back for.
_RECORDS_ONLY = frozenset(
    {
        DiscrepancyKind.FILL_COMMISSION,
        DiscrepancyKind.FILL_PRICE,
        DiscrepancyKind.POSITION_AVERAGE_PRICE,
        DiscrepancyKind.BALANCE,
    }
)


def refusal(
    code: RefusalCode,
    instrument_id: str,
    fingerprints: tuple[str, ...],
    reason: str,
    kinds: frozenset[DiscrepancyKind] | None = None,
) -> Refusal:
    """Return a refusal with what the operator should do and what the node may do meanwhile.

    Parameters
    ----------
    code : RefusalCode
        Why.
    instrument_id : str
        The instrument.
    fingerprints : tuple of str
        What stays.
    reason : str
        The reason for people.
    kinds : frozenset of DiscrepancyKind, optional
        The kinds of what stays: mere records hold nobody back.
    """
    action, advice = _ACTIONS[code]
    if kinds is not None and kinds <= _RECORDS_ONLY:
        advice = GuardAdvice.NONE
    return Refusal(
        code=code,
        instrument_id=instrument_id,
        fingerprints=fingerprints,
        reason=reason,
        action=action,
        advice=advice,
    )


def refusal_of_order(order: OrderCase, result: OrderPlan) -> Refusal:
    """Return the refusal of an order's discrepancies."""
    assert result.refused is not None
    reason = f"order {order.name}: {result.reason}"
    kinds = frozenset(order.observed)
    fingerprints = tuple(one.fingerprint for one in order.acted_on)
    return refusal(result.refused, order.instrument_id, fingerprints, reason, kinds)


def refusal_of_other(one: Discrepancy) -> Refusal:
    """Return the refusal of a discrepancy that no report heals."""
    if one.kind is DiscrepancyKind.IDENTIFIER_DUPLICATED:
        code, reason = RefusalCode.IDENTIFIERS_CLASH, one.explain()
    elif one.kind is DiscrepancyKind.ORDER_OWNER:
        code, reason = RefusalCode.OWNERSHIP_SPLIT, one.explain()
    else:
        code, reason = (
            RefusalCode.NO_STEP_EXISTS,
            "the account's next update from the venue corrects it, or nothing does",
        )
    return refusal(code, one.subject.instrument_id, (one.fingerprint,), reason)
