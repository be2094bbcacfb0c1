"""The monitor: whether there is anything to see of a node, and where its log goes."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity
from trueup.config.sight.monitor import LogFormat


def _off(context: RuleContext) -> Iterator[Fault]:
    if not context.config.monitor.enabled:
        yield Fault("monitor.enabled", "false")


def _log_nowhere(context: RuleContext) -> Iterator[Fault]:
    monitor = context.config.monitor
    if monitor.log_file is not None and (monitor.log_format is LogFormat.OFF or not monitor.enabled):
        yield Fault("monitor.log_file", str(monitor.log_file))


MONITOR_RULES: tuple[Rule, ...] = (
    Rule(
        "TU641",
        "monitor-off",
        Severity.WARNING,
        why="Without the monitor the node has no status and no metrics, so no alert about it can ever fire.",
        source="trueup's monitor, measured: well under 1 % of a busy node's processor time (docs/benchmarks.md)",
        action="Leave enabled at true.",
        find=_off,
    ),
    Rule(
        "TU642",
        "monitor-log-nowhere",
        Severity.WARNING,
        why="A log file is named and nothing is written to it.",
        source="the section's own fields exclude each other",
        action='Set log_format to "json" or "console", or take log_file away.',
        find=_log_nowhere,
    ),
)
