"""The guard: whether it holds the node back, and whether anybody can command it."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity
from trueup.guard.checks import why_weaker


def _off(context: RuleContext) -> Iterator[Fault]:
    if not context.config.guard.enabled:
        yield Fault("guard.enabled", f"false, since: {context.config.guard.accept_risk}")


def _weakened(context: RuleContext) -> Iterator[Fault]:
    for index, one in enumerate(context.config.guard.rows):
        weaker = why_weaker(one.row(), one.default) if one.default is not None else ()
        if weaker:
            yield Fault(f"guard.rows.{index}", f"{one.id}: {'; '.join(weaker)}, since: {one.accept_risk}")


def _key_without_store(context: RuleContext) -> Iterator[Fault]:
    if context.config.guard.control_key is not None and context.config.redis is None:
        yield Fault("guard.control_key", "given, without a [redis] section")


GUARD_RULES: tuple[Rule, ...] = (
    Rule(
        "TU661",
        "guard-off",
        Severity.WARNING,
        why="A node whose position or orders are not the venue's goes on opening new ones.",
        source="trueup's guard: docs/guard.md",
        action="Leave enabled at true, and replace single rows where they are too strict.",
        find=_off,
    ),
    Rule(
        "TU662",
        "guard-weakened",
        Severity.INFO,
        why="A default row of the guard was replaced by a weaker one; the reason is on record.",
        source="trueup's guard: docs/guard.md, the default policy",
        action="Look at the reason again from time to time.",
        find=_weakened,
    ),
    Rule(
        "TU663",
        "guard-key-without-store",
        Severity.WARNING,
        why="Commands to a live node go through its store; without one the key is of no use, and nobody can halt the "
        "node from outside.",
        source="trueup's guard: docs/guard.md, commands",
        action="Add a [redis] section.",
        find=_key_without_store,
    ),
)
