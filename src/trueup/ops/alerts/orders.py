"""Alerts about orders that hang, that nobody owns, or that the engine made up."""

from __future__ import annotations

from trueup.ops.alert import Alert, AlertSeverity, Component, RuleGroup

_WARNING = AlertSeverity.WARNING
_ORDERS = Component.ORDERS


def _invented(counter: str) -> str:
    """Return what has been counted lately: also by a node whose first scrape came after its start-up had counted."""
    return f"increase({counter}[10m]) > 0 or ({counter} > 0 unless {counter} offset 10m)"


ORDER_ALERTS = RuleGroup(
    name="trueup-orders",
    interval_secs=5,
    alerts=(
        Alert(
            name="TrueupInflightStuck",
            # Not before the start-up is done: what was on its way when the node died waits for it, and is old by then.
            expression="trueup_inflight_oldest_age_seconds > 30 and on (job, instance) "
            'trueup_startup_state{state="succeeded"} == 1',
            severity=_WARNING,
            component=_ORDERS,
            summary="An order of {{ $labels.instance }} has waited for the venue's answer for "
            "{{ $value | humanizeDuration }}",
            description="The venue has neither confirmed nor refused it, and asking has not told either. It may be "
            "working.",
            why="The threshold of 5 s, the submit grace of 10 s and two looks are over by then.",
        ),
        Alert(
            name="TrueupUnclaimedExternalOrders",
            expression='trueup_external_orders_open{disposition="unclaimed"} > 0',
            for_secs=60,
            severity=_WARNING,
            component=_ORDERS,
            summary="{{ $value }} working orders of {{ $labels.instance }} belong to no strategy",
            description="Somebody placed them outside the node, and no claim says whose they are. Nobody in the node "
            "manages them.",
            why="A minute lets a person who places an order by hand cancel it again.",
        ),
        Alert(
            name="TrueupInferredFills",
            expression=_invented("trueup_inferred_fills_total"),
            severity=_WARNING,
            component=_ORDERS,
            summary='The engine of {{ $labels.instance }} invented {{ $value | printf "%.0f" }} fills',
            description="In native mode the engine makes up a fill where a quantity has none. Price and commission "
            "are guesses; profit and loss is wrong.",
            why="The venue confirms every fill; each that it did not is one too many.",
        ),
        Alert(
            name="TrueupSyntheticOrders",
            expression=_invented("trueup_synthetic_orders_total"),
            severity=_WARNING,
            component=_ORDERS,
            summary='The engine of {{ $labels.instance }} invented {{ $value | printf "%.0f" }} orders',
            description="In native mode the engine makes up an order where a position has none. The real orders and "
            "fills are missing.",
            why="The venue knows every order; each that it does not is one too many.",
        ),
    ),
)
