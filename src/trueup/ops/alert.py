"""One alert and one recorded query as data, from which rules, runbook index and Grafana's alerts are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

NODE_JOB = "trueup"
"""The Prometheus job that scrapes nodes. The rules name it, and so must the scrape configuration."""
WATCH_JOB = "trueup-watch"
"""The job that scrapes auditors."""

_NAME = re.compile(r"^Trueup[A-Z][A-Za-z]+$")


class AlertSeverity(StrEnum):
    """What an operator does about an alert."""

    CRITICAL = "critical"  # wake somebody: money is at risk, or nobody would know if it were
    WARNING = "warning"  # look at it today
    INFO = "info"  # worth knowing
    NONE = "none"  # no trouble: the dead man's switch


class Component(StrEnum):
    """What an alert is about, for routing."""

    NODE = "node"
    RECONCILIATION = "reconciliation"
    ORDERS = "orders"
    VENUE = "venue"
    STORE = "store"
    GUARD = "guard"
    AUDITOR = "auditor"
    JOURNAL = "journal"
    MONITORING = "monitoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert.

    Parameters
    ----------
    name : str
        ``Trueup`` and words in capitals; the runbook has the same name.
    expression : str
        PromQL. It keeps ``job`` and ``instance``, so that inhibition can match them.
    for_secs : int
        How long the expression must hold; 0 where it is windowed or has an age in itself.
    severity : AlertSeverity
        What an operator does about it.
    component : Component
        What it is about.
    summary : str
        One line with template variables.
    description : str
        What it means and how bad it is, in a sentence or two.
    why : str
        The reason of the threshold, for the reference.
    """

    name: str
    expression: str
    severity: AlertSeverity
    component: Component
    summary: str
    description: str
    why: str
    for_secs: int = 0

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"{self.name!r} is not the name of an alert")
        if self.for_secs < 0:
            raise ValueError(f"{self.name}: the duration is negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded query.

    Parameters
    ----------
    name : str
        ``level:metric:operation``, as Prometheus' authors advise.
    expression : str
        PromQL.
    """

    name: str
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """Rules that are evaluated together, in their order."""

    name: str
    interval_secs: int
    alerts: tuple[Alert, ...] = ()
    recordings: tuple[Recording, ...] = ()


def duration(secs: int) -> str:
    """Return seconds as Prometheus writes them: the largest unit that divides them.

    Examples
    --------
    >>> duration(90), duration(120), duration(0)
    ('90s', '2m', '0s')
    """
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if secs and secs % size == 0:
            return f"{secs // size}{unit}"
    return f"{secs}s"
