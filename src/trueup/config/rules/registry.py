"""Every rule there is, by id and by slug."""

from __future__ import annotations

from collections.abc import Iterable

from trueup.config.engine_versions import installed_version
from trueup.config.problems import Problem
from trueup.config.rules.audit import AUDIT_RULES
from trueup.config.rules.claims import CLAIM_RULES
from trueup.config.rules.external import EXTERNAL_RULES
from trueup.config.rules.guard import GUARD_RULES
from trueup.config.rules.hedging import HEDGING_RULES
from trueup.config.rules.journal import JOURNAL_RULES
from trueup.config.rules.live import LIVE_RULES
from trueup.config.rules.lookback import LOOKBACK_RULES
from trueup.config.rules.monitor import MONITOR_RULES
from trueup.config.rules.ops import OPS_RULES
from trueup.config.rules.polling import POLLING_RULES
from trueup.config.rules.rule import Finding, Rule, RuleContext, Severity
from trueup.config.rules.shape import SHAPE_RULES
from trueup.config.rules.shutdown import SHUTDOWN_RULES
from trueup.config.rules.store import STORE_RULES
from trueup.config.rules.version import VERSION_RULES
from trueup.config.trading_node.live_config import LiveTradingNodeConfig

RULE_GROUPS: dict[str, tuple[Rule, ...]] = {
    "The file itself": SHAPE_RULES,
    "Hedging and routing": HEDGING_RULES,
    "Polling": POLLING_RULES,
    "Lookback and purging": LOOKBACK_RULES,
    "Claims and filters": CLAIM_RULES,
    "What nobody claims": EXTERNAL_RULES,
    "The store": STORE_RULES,
    "Shutdown and logs": SHUTDOWN_RULES,
    "The monitor": MONITOR_RULES,
    "The ops endpoint": OPS_RULES,
    "The guard": GUARD_RULES,
    "The journal": JOURNAL_RULES,
    "The auditor": AUDIT_RULES,
    "The installed NautilusTrader": VERSION_RULES,
    "Live (with --live)": LIVE_RULES,
}

ALL_RULES: tuple[Rule, ...] = tuple(rule for group in RULE_GROUPS.values() for rule in group)

_BY_NAME: dict[str, Rule] = {name.lower(): rule for rule in ALL_RULES for name in (rule.id, rule.slug)}

_SEVERITIES = list(Severity)


def rule_named(name: str) -> Rule | None:
    """Return the rule of an id or slug, in any case, or None."""
    return _BY_NAME.get(name.strip().lower())


def judge(config: LiveTradingNodeConfig, engine_version: str | None = None) -> tuple[Finding, ...]:
    """Apply every rule to a configuration.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The settings.
    engine_version : str, optional
        NautilusTrader's version; the installed one by default.

    Returns
    -------
    tuple[Finding, ...]
        What fired, the most severe first, then by id.
    """
    context = RuleContext(config, engine_version or installed_version())
    found = (
        Finding(rule, fault.field, f"{fault.field} is {fault.value}" if fault.value else fault.field)
        for rule in ALL_RULES
        if rule.find is not None
        for fault in rule.find(context)
    )
    return in_order(found)


def finding_of(problem: Problem) -> Finding:
    """Return the finding of a problem that the loader reported."""
    rule = _BY_NAME[problem.kind.value.lower()]
    return Finding(rule, problem.field, problem.found, problem.allowed, problem.action)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with the most severe first, then by id and field."""
    return tuple(sorted(findings, key=lambda one: (_SEVERITIES.index(one.rule.severity), one.rule.id, one.field)))
