"""The result of checking one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup.config.checking.lines import line_of
from trueup.config.engine_versions import installed_version
from trueup.config.problems import Problem
from trueup.config.rules import Finding, Severity, Unchecked, finding_of, in_order, judge, what_is_unchecked
from trueup.config.rules.shape import UNREADABLE
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.loading import load
from trueup.config.weights import VenueCost, venue_costs
from trueup.errors import ConfigFileError

EXIT_CLEAN = 0
EXIT_ERRORS = 1
EXIT_UNREADABLE = 2

LiveProbe = Callable[[LiveTradingNodeConfig], tuple[Finding, ...]]
"""Asks the store and the venue, and returns what it found."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check of one file found.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        Its text; empty if it could not be read.
    findings : tuple[Finding, ...]
        Every rule that fired, the most severe first.
    unchecked : tuple[Unchecked, ...]
        What the configuration leaves unchecked.
    engine_version : str, optional
        The installed NautilusTrader.
    costs : tuple[VenueCost, ...]
        What start and steady state cost at the venue, for each hardened Binance client. Information, not a finding.
    """

    path: Path
    text: str
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    engine_version: str | None
    costs: tuple[VenueCost, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each severity."""
        counted = Counter(one.rule.severity for one in self.findings)
        return {severity.value: counted[severity] for severity in Severity}

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings of error severity, 2 cannot be read."""
        if any(one.rule is UNREADABLE for one in self.findings):
            return EXIT_UNREADABLE
        return EXIT_ERRORS if self.counts[Severity.ERROR] else EXIT_CLEAN

    def line(self, finding: Finding) -> int:
        """Return the line that a finding is about, counted from 1."""
        return line_of(self.text, finding.field)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "file": str(self.path),
            "nautilus_trader": self.engine_version,
            "exit_code": self.exit_code,
            "counts": self.counts,
            "findings": [{**one.as_dict(), "line": self.line(one)} for one in self.findings],
            "venue_costs": [one.as_dict() for one in self.costs],
            "will_not_be_checked": [one.as_dict() for one in self.unchecked],
        }


def check_file(
    path: Path,
    *,
    probe: LiveProbe | None = None,
    environ: Mapping[str, str] | None = None,
    engine_version: str | None = None,
) -> CheckReport:
    """Check a file: its form, every rule, and, with a probe, the store and the venue.

    Parameters
    ----------
    path : Path
        The file.
    probe : LiveProbe, optional
        Asks the store and the venue. It only runs if the file itself is sound.
    environ : Mapping[str, str], optional
        Environment variables; the process's own by default.
    engine_version : str, optional
        NautilusTrader's version; the installed one by default.
    """
    version = engine_version or installed_version()
    try:
        loaded = load(path, LiveTradingNodeConfig, environ)
    except ConfigFileError as error:
        finding = Finding(UNREADABLE, "", error.found, error.allowed, error.action)
        return CheckReport(path, "", (finding,), (), version)
    findings = [finding_of(problem) for problem in loaded.problems]
    findings += [one for one in judge(loaded.config, version) if not _is_consequence(one, loaded.problems)]
    asked = probe is not None and not loaded.problems
    if probe is not None and asked:
        findings += probe(loaded.config)
    unchecked = what_is_unchecked(loaded.config, live=asked)
    return CheckReport(path, loaded.text, in_order(findings), unchecked, version, venue_costs(loaded.config))


def _is_consequence(finding: Finding, problems: tuple[Problem, ...]) -> bool:
    """Return whether a rule fired only because a faulty field was left out: no Redis beside a broken ``[redis]``."""
    names = [problem.field for problem in problems]
    return any(
        finding.field == name or name.startswith((f"{finding.field}.", f"{finding.field}[")) or
        finding.field.startswith((f"{name}.", f"{name}["))
        for name in names
    )  # fmt: skip
