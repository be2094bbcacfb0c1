"""What a rule is: one known trap, why it is one, who says so, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from trueup.config.reconciliation.config import ReconciliationConfig
from trueup.config.trading_node.live_config import LiveTradingNodeConfig


class Severity(StrEnum):
    """What a finding costs."""

    ERROR = "error"
    """The node cannot start, or an ordinary event leaves it different from the venue. Fails ``trueup check``."""
    WARNING = "warning"
    """A rarer event does, or something goes unnoticed."""
    INFO = "info"
    """Worth knowing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a rule fires: the field, and the value that it holds.

    Parameters
    ----------
    field : str
        Dotted path.
    value : str
        The value as text; never a secret.
    """

    field: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class RuleContext:
    """All that a rule may look at.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The settings.
    engine_version : str, optional
        NautilusTrader's version; None if it is not installed.
    """

    config: LiveTradingNodeConfig
    engine_version: str | None

    @property
    def reconciliation(self) -> ReconciliationConfig:
        """The section that most rules are about."""
        return self.config.reconciliation


Predicate = Callable[[RuleContext], Iterable[Fault]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One known trap.

    Parameters
    ----------
    id : str
        Stable, such as ``TU204``.
    slug : str
        The same in words, such as ``missing-order-livelock``.
    severity : Severity
        What a finding costs.
    why : str
        One sentence.
    source : str
        Issue numbers, or the measurement.
    action : str
        What to do.
    find : Predicate, optional
        A pure function that yields every place where the rule fires. None if the rule needs more than the settings: a
        look into the file as written, or at the store and the venue (``--live``).
    """

    id: str
    slug: str
    severity: Severity
    why: str
    source: str
    action: str
    find: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired at a field.

    Parameters
    ----------
    rule : Rule
        The rule.
    field : str
        Dotted path; empty for the file as a whole.
    found : str
        What was found there.
    allowed : str, optional
        What would have been accepted, where that is more than the rule's own action.
    action : str, optional
        What to do, where that is more exact than the rule's own.
    """

    rule: Rule
    field: str
    found: str
    allowed: str = ""
    action: str = ""

    @property
    def to_do(self) -> str:
        """What to do: the finding's own advice, else the rule's."""
        return self.action or self.rule.action

    def as_dict(self) -> dict[str, Any]:
        """Return the finding for JSON."""
        return {
            "id": self.rule.id,
            "slug": self.rule.slug,
            "severity": self.rule.severity.value,
            "field": self.field,
            "found": self.found,
            "allowed": self.allowed,
            "why": self.rule.why,
            "source": self.rule.source,
            "do": self.to_do,
        }
