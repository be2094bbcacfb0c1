"""The installed NautilusTrader."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.engine_versions import NEWEST_SUPPORTED, OLDEST_SUPPORTED, format_version, is_supported
from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity

_SUPPORTED = f"{format_version(OLDEST_SUPPORTED)} to {format_version(NEWEST_SUPPORTED)}"


def _unsupported(context: RuleContext) -> Iterator[Fault]:
    if not is_supported(context.engine_version):
        yield Fault("nautilus_trader", context.engine_version or "not installed")


def _unknown_field(context: RuleContext) -> Iterator[Fault]:
    for name in context.reconciliation.unknown_engine_parameters(context.engine_version):
        yield Fault(f"reconciliation.{name}", f"unknown to NautilusTrader {context.engine_version}")


VERSION_RULES: tuple[Rule, ...] = (
    Rule(
        "TU701",
        "unsupported-engine",
        Severity.ERROR,
        why="trueup reaches into the engine at places that change between versions; a version that it was not checked "
        "against is refused, not guessed at.",
        source=f"trueup is tested on NautilusTrader {_SUPPORTED}",
        action=f"Install NautilusTrader {_SUPPORTED}.",
        find=_unsupported,
    ),
    Rule(
        "TU702",
        "parameter-unknown-to-engine",
        Severity.ERROR,
        why="The installed version has no such parameter, and refuses the whole configuration for it.",
        source="the configuration classes of NautilusTrader 1.222 to 1.231, compared one by one",
        action="Remove the field, or install a version that knows it.",
        find=_unknown_field,
    ),
)
