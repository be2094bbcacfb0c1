"""Continuous checks: what is polled, how often, and how soon a verdict falls."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.reconciliation.config import ReconciliationConfig, ReconciliationMode
from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity
from trueup.config.trading_node.venues import BinanceClientConfig
from trueup.config.weights import venue_costs

# Request weights of one look by the adapter's own client (all open orders without a symbol, then positions), and the
# venue's limits. What the hardened client asks is the planner's to say.
USDM_LOOK_WEIGHT = 40 + 5
USDM_WEIGHT_PER_MINUTE = 2_400
SPOT_LOOK_WEIGHT = 80 + 20
SPOT_WEIGHT_PER_MINUTE = 6_000
WEIGHT_SHARE_MAX = 0.5
"""Half of the budget is left to trading, start-up and repair: a start-up over 50 symbols alone costs 900."""


def _native(context: RuleContext) -> bool:
    return context.reconciliation.mode is ReconciliationMode.NATIVE


def _polls(settings: ReconciliationConfig) -> tuple[bool, bool]:
    """Return whether open orders and positions are polled."""
    return settings.open_check_interval_secs is not None, settings.position_check_interval_secs is not None


def _start_up_off(context: RuleContext) -> Iterator[Fault]:
    if not context.reconciliation.enabled:
        yield Fault("reconciliation.enabled", "false")


def _orders_alone(context: RuleContext) -> Iterator[Fault]:
    if _native(context) and _polls(context.reconciliation) == (True, False):
        yield Fault("reconciliation.position_check_interval_secs", "not set")


def _positions_alone(context: RuleContext) -> Iterator[Fault]:
    if _native(context) and _polls(context.reconciliation) == (False, True):
        yield Fault("reconciliation.open_check_interval_secs", "off")


def _nothing_polled(context: RuleContext) -> Iterator[Fault]:
    settings = context.reconciliation
    orders, positions = _polls(settings)
    if not orders and not (positions and _native(context)):
        yield Fault("reconciliation.open_check_interval_secs", "off")


def _double_booking(context: RuleContext) -> Iterator[Fault]:
    settings = context.reconciliation
    if _native(context) and settings.open_check_interval_secs is not None:
        yield Fault("reconciliation.open_check_interval_secs", f"{settings.open_check_interval_secs:g}")


def _livelock(context: RuleContext) -> Iterator[Fault]:
    settings = context.reconciliation
    retries = settings.effective("open_check_missing_retries")
    if not settings.effective("open_check_open_only") and retries <= 2 * settings.inflight_check_retries:
        yield Fault("reconciliation.open_check_missing_retries", f"{retries}")


def _outage(context: RuleContext) -> Iterator[Fault]:
    settings = context.reconciliation
    interval_secs = settings.open_check_interval_secs
    if settings.effective("open_check_open_only") or interval_secs is None:
        return
    patience_secs = settings.effective("open_check_missing_retries") * interval_secs
    if patience_secs < settings.venue_outage_secs_max:
        value = f"{settings.effective('open_check_missing_retries')} x {interval_secs:g} s = {patience_secs:g} s"
        yield Fault("reconciliation.open_check_missing_retries", value)


def _in_flight_outage(context: RuleContext) -> Iterator[Fault]:
    settings = context.reconciliation
    patience_secs = settings.inflight_check_threshold_ms * (settings.inflight_check_retries + 1) / 1_000
    if _native(context) and patience_secs < settings.venue_outage_secs_max:
        value = f"{settings.inflight_check_retries}: a verdict after {patience_secs:g} s"
        yield Fault("reconciliation.inflight_check_retries", value)


def _weight(context: RuleContext) -> Iterator[Fault]:
    settings = context.reconciliation
    if settings.open_check_interval_secs is None:
        return
    field, shown = "reconciliation.open_check_interval_secs", f"{settings.open_check_interval_secs:g} s"
    for cost in venue_costs(context.config):
        if cost.is_busy and not cost.is_steady_too_heavy:
            yield Fault(field, f"{shown}: {cost.steady_weight:.0f} of {cost.weight_limit} a minute on {cost.client}")
    for name, client in context.config.clients.items():
        if not isinstance(client, BinanceClientConfig) or not client.execution or client.hardened:
            continue
        look = USDM_LOOK_WEIGHT if client.is_futures else SPOT_LOOK_WEIGHT
        budget = USDM_WEIGHT_PER_MINUTE if client.is_futures else SPOT_WEIGHT_PER_MINUTE
        used = look * 60 / settings.open_check_interval_secs
        if used > budget * WEIGHT_SHARE_MAX:
            yield Fault(field, f"{shown}: {used:.0f} of {budget} a minute on clients.{name}")


def _does_not_fit(context: RuleContext) -> Iterator[Fault]:
    for cost in venue_costs(context.config):
        if cost.is_steady_too_heavy:
            yield Fault(
                "reconciliation.open_check_interval_secs",
                f"{context.reconciliation.open_check_interval_secs:g} s: the looks of {cost.client} at "
                f"{cost.instruments} instruments need weight {cost.steady_weight:.0f} a minute, and reads get "
                f"{cost.reads_weight} of {cost.weight_limit}",
            )
        if cost.is_start_too_long:
            yield Fault(
                "timeouts.reconciliation_secs",
                f"{cost.start_secs_max:g} s: a cold start of {cost.client} with {cost.instruments} instruments takes "
                f"about {cost.start_secs:.0f} s inside the venue's {cost.weight_limit} a minute",
            )


POLLING_RULES: tuple[Rule, ...] = (
    Rule(
        "TU201",
        "start-up-reconciliation-off",
        Severity.ERROR,
        why="Without reconciliation at start-up, whatever happened while the node was down stays unknown to it.",
        source="measured on NautilusTrader 1.231.0: fills and cancels during a restart",
        action="Set enabled = true.",
        find=_start_up_off,
    ),
    Rule(
        "TU202",
        "orders-polled-without-positions",
        Severity.WARNING,
        why="A lost fill that closes its order is never found by looking at open orders alone.",
        source="measured on NautilusTrader 1.231.0: lost full fill with open-only polling never booked; found with the "
        "position check after 20 s",
        action='Set position_check_interval_secs (30 to 60), or mode = "verified".',
        find=_orders_alone,
    ),
    Rule(
        "TU203",
        "positions-polled-without-orders",
        Severity.WARNING,
        why="A lost cancel or a lost acceptance changes no position: without a look at open orders it is never found.",
        source="measured on NautilusTrader 1.231.0: lost cancel event",
        action='Set open_check_interval_secs (5 to 10), or mode = "verified".',
        find=_positions_alone,
    ),
    Rule(
        "TU204",
        "nothing-polled",
        Severity.WARNING,
        why="With no continuous look at orders a single event lost on the stream is never noticed.",
        source="measured on NautilusTrader 1.231.0 with its defaults; Binance adapter likewise",
        action="Set open_check_interval_secs.",
        find=_nothing_polled,
    ),
    Rule(
        "TU205",
        "open-order-double-booking",
        Severity.WARNING,
        why="The engine books what a poll shows without waiting for the stream: a partial fill whose event comes later "
        "is booked twice, and the position stays wrong.",
        source="measured on NautilusTrader 1.231.0: 5 of 20 orders doubled at a 1 s interval and 150 ms of lag, "
        "with all "
        "thresholds at their defaults; the chance is about lag / interval",
        action='Set mode = "verified"; or, in native mode, open_check_interval_secs = "off" with the position '
        "check on.",
        find=_double_booking,
    ),
    Rule(
        "TU206",
        "missing-order-livelock",
        Severity.ERROR,
        why="The in-flight check and the open-order check share one counter and reset each other: an order that never "
        "reached the venue is asked for without end and never resolved.",
        source="measured on NautilusTrader 1.231.0: defaults 5/5 never resolve in 110 s; 10 against 5 is the edge",
        action="With open_check_open_only = false, set open_check_missing_retries above twice inflight_check_retries.",
        find=_livelock,
    ),
    Rule(
        "TU207",
        "missing-order-verdict-during-outage",
        Severity.ERROR,
        why="A failing order query counts as a missing order: an outage longer than retries x interval marks "
        "live orders "
        "REJECTED, and their later fills move the position but not the order.",
        source="measured on NautilusTrader 1.231.0: order list failing at the periodic check",
        action="Raise open_check_missing_retries until retries x interval covers venue_outage_secs_max, or leave "
        "open_check_open_only at true.",
        find=_outage,
    ),
    Rule(
        "TU208",
        "in-flight-verdict-during-outage",
        Severity.WARNING,
        why="When the questions about an unanswered order fail until the retries are used up, a live order is marked "
        "REJECTED, or CANCELED if a cancel or an amendment was pending.",
        source="measured on NautilusTrader 1.231.0: acknowledgement lost while order queries fail",
        action="Raise inflight_check_retries until threshold x (retries + 1) covers venue_outage_secs_max, or set "
        'mode = "verified".',
        find=_in_flight_outage,
    ),
    Rule(
        "TU209",
        "request-weight",
        Severity.WARNING,
        why="Looking this often uses up more than half of the requests that the venue allows, and a node over "
        "the limit "
        "sees nothing: the adapter then reports empty lists as if there were no orders.",
        source="Binance's published weights; measured on 1.231.0: HTTP 429 on open orders ends in an empty report",
        action="Raise open_check_interval_secs.",
        find=_weight,
    ),
    Rule(
        "TU210",
        "venue-weight-does-not-fit",
        Severity.ERROR,
        why="The hardened client waits instead of being refused, so what the venue does not grant in a minute is late: "
        "a start that cannot end in time never trades, and looks that cannot be paid for fall ever further behind.",
        source="Binance's published weights; the planner's figures for starts agree with the emulator's request log "
        "(200 symbols in one minute, 240 in two)",
        action="Raise open_check_interval_secs or timeouts.reconciliation_secs, read less far back, or trade fewer "
        "instruments on this account.",
        find=_does_not_fit,
    ),
)
