"""How far back is looked, and what is purged meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity

SHORTEST_LOOKBACK_MINS = 60
"""The plan's limit for continuous checks, and NautilusTrader's own advice."""

LONGEST_WINDOW_MINS = 52_560_000
"""A hundred years: the engine keeps times in 64-bit nanoseconds and fails on windows beyond 292 years."""

_WINDOWS = (
    "lookback_mins",
    "open_check_lookback_mins",
    "position_check_lookback_mins",
    "purge_closed_orders_interval_mins",
    "purge_closed_orders_buffer_mins",
    "purge_closed_positions_interval_mins",
    "purge_closed_positions_buffer_mins",
    "purge_account_events_interval_mins",
    "purge_account_events_lookback_mins",
)


def _lookback_set(context: RuleContext) -> Iterator[Fault]:
    minutes = context.reconciliation.lookback_mins
    if minutes:
        yield Fault("reconciliation.lookback_mins", str(minutes))


def _too_short(context: RuleContext) -> Iterator[Fault]:
    for name in ("lookback_mins", "position_check_lookback_mins"):
        minutes = getattr(context.reconciliation, name)
        if minutes and minutes < SHORTEST_LOOKBACK_MINS:
            yield Fault(f"reconciliation.{name}", str(minutes))


def _purged_too_soon(context: RuleContext) -> Iterator[Fault]:
    settings = context.reconciliation
    if settings.purge_closed_orders_buffer_mins < settings.open_check_lookback_mins:
        value = f"{settings.purge_closed_orders_buffer_mins}, lookback {settings.open_check_lookback_mins}"
        yield Fault("reconciliation.purge_closed_orders_buffer_mins", value)


def _purged_from_store(context: RuleContext) -> Iterator[Fault]:
    if context.reconciliation.purge_from_database:
        yield Fault("reconciliation.purge_from_database", "true")


def _too_long(context: RuleContext) -> Iterator[Fault]:
    for name in _WINDOWS:
        minutes = getattr(context.reconciliation, name)
        if minutes is not None and minutes > LONGEST_WINDOW_MINS:
            yield Fault(f"reconciliation.{name}", str(minutes))


LOOKBACK_RULES: tuple[Rule, ...] = (
    Rule(
        "TU301",
        "lookback-set",
        Severity.WARNING,
        why="A position that is older than the lookback is rebuilt from an incomplete history: the engine invents an "
        "opening fill, and an opposite one beside it.",
        source="measured on NautilusTrader 1.231.0: own position before the window and a fill inside it give two "
        "phantom "
        "orders at a restart in which nothing changed",
        action="Leave lookback_mins out: all that the venue gives.",
        find=_lookback_set,
    ),
    Rule(
        "TU302",
        "lookback-under-an-hour",
        Severity.ERROR,
        why="An order or fill older than the lookback leaves the check silently, and an hour is what resting "
        "orders need "
        "at the very least.",
        source="NautilusTrader issue #4847, and its documentation's advice",
        action="Set 60 minutes or more, better none.",
        find=_too_short,
    ),
    Rule(
        "TU303",
        "purged-before-forgotten",
        Severity.ERROR,
        why="An order that is purged while the venue still reports it within the lookback is taken for an "
        "unknown one and "
        "made anew.",
        source="NautilusTrader 1.231.0: purge_closed_orders against the open-order check's window",
        action="Set purge_closed_orders_buffer_mins to open_check_lookback_mins or more.",
        find=_purged_too_soon,
    ),
    Rule(
        "TU304",
        "purged-from-store",
        Severity.WARNING,
        why="What is purged from the store too is lost to every later restart, and to any check against it.",
        source="NautilusTrader 1.231.0: purge_from_database",
        action="Leave purge_from_database out; prune the store by its own means once it has been verified.",
        find=_purged_from_store,
    ),
    Rule(
        "TU305",
        "window-beyond-the-clock",
        Severity.ERROR,
        why="The engine computes in 64-bit nanoseconds: a window of centuries passes its validation and then raises in "
        "every check.",
        source="NautilusTrader 1.231.0: validate() accepts it, the check's time arithmetic does not",
        action="Leave the window out for all that there is.",
        find=_too_long,
    ),
)
