"""How the process ends, and whether anybody can read why."""

from __future__ import annotations

from collections.abc import Iterator

from trueup.config.rules.rule import Fault, Rule, RuleContext, Severity
from trueup.config.trading_node.logs import LogFormat, LogLevel


def _abrupt(context: RuleContext) -> Iterator[Fault]:
    if not context.config.engine.graceful_shutdown_on_exception:
        yield Fault("engine.graceful_shutdown_on_exception", "false")


def _mute_rust(context: RuleContext) -> Iterator[Fault]:
    if not context.config.logs.use_pyo3 and context.config.redis is not None:
        yield Fault("logs.use_pyo3", "false")


def _no_file(context: RuleContext) -> Iterator[Fault]:
    logs = context.config.logs
    if logs.level_file is None or logs.level_file is LogLevel.OFF:
        yield Fault("logs.level_file", "OFF")
    elif logs.format is not LogFormat.JSON:
        yield Fault("logs.format", logs.format.value)


def _bypass(context: RuleContext) -> Iterator[Fault]:
    if context.config.risk.bypass:
        yield Fault("risk.bypass", "true")


SHUTDOWN_RULES: tuple[Rule, ...] = (
    Rule(
        "TU601",
        "abrupt-exit-on-exception",
        Severity.ERROR,
        why="One exception in a message queue ends the process at once, without a log line and without writing what is "
        "pending.",
        source="measured on NautilusTrader 1.231.0: os._exit(1) when a subscriber raises",
        action="Leave graceful_shutdown_on_exception at true.",
        find=_abrupt,
    ),
    Rule(
        "TU602",
        "store-failures-unlogged",
        Severity.WARNING,
        why="A failed write to the store is dropped and, without the Rust logger, never mentioned.",
        source="measured on NautilusTrader 1.231.0: store killed in mid-run, no line with the default logging",
        action="Leave use_pyo3 at true.",
        find=_mute_rust,
    ),
    Rule(
        "TU603",
        "no-machine-readable-log",
        Severity.WARNING,
        why="Without a JSON log file nothing is left to explain a night's event with, and nothing for tools to read.",
        source="NautilusTrader 1.231.0: log records have no listener; the JSON file is the only machine-readable form",
        action='Set level_file = "INFO" and format = "json".',
        find=_no_file,
    ),
    Rule(
        "TU604",
        "risk-checks-bypassed",
        Severity.WARNING,
        why="Neither order rate nor order size is bounded.",
        source="NautilusTrader 1.231.0: bypass skips every pre-trade check",
        action="Leave bypass out.",
        find=_bypass,
    ),
)
