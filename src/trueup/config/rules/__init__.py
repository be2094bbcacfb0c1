"""One rule for each known trap of a node's configuration."""

from trueup.config.rules.registry import ALL_RULES, RULE_GROUPS, finding_of, in_order, judge, rule_named
from trueup.config.rules.rule import Fault, Finding, Rule, RuleContext, Severity
from trueup.config.rules.unchecked import Unchecked, what_is_unchecked

__all__ = [
    "ALL_RULES",
    "RULE_GROUPS",
    "Fault",
    "Finding",
    "Rule",
    "RuleContext",
    "Severity",
    "Unchecked",
    "finding_of",
    "in_order",
    "judge",
    "rule_named",
    "what_is_unchecked",
]
