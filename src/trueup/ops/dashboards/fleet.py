"""The dashboard of all nodes: which of them needs an eye, since when, and what do the auditors say?"""

from __future__ import annotations

from typing import Final

from trueup.ops.dashboards.shared import (
    ALL,
    AUDIT,
    EVERYBODY,
    INSTANCES,
    NODE_DASHBOARD,
    STALE,
    TRADER,
    alerts_table,
    audited,
    marks,
    outside,
    series,
    stat,
    timeline,
)
from trueup.ops.panel import (
    COUNT,
    GUARDS,
    PHASES,
    SECONDS,
    SHARE,
    VERDICTS,
    Colour,
    Column,
    DashboardSpec,
    Meaning,
    Panel,
    PanelKind,
    Query,
    Row,
    Threshold,
    coded,
    zero_is_good,
)

NODES_SHOWN: Final = 10
"""Lines of a panel that names nodes: more cannot be told apart."""


def _count(title: str, description: str, expression: str, *, good: bool = False) -> Panel:
    thresholds = (Threshold(since=None, colour=Colour.QUIET),) if good else zero_is_good()
    return stat(title, description, expression, thresholds=thresholds)


def _worst(metric: str, label: str, meanings: tuple[Meaning, ...]) -> str:
    return f"max by (instance) ({coded(metric, label, meanings, ALL, 'instance, account_id')})"


_VERDICT = _worst("trueup_verdict", "verdict", VERDICTS)

_WEIGHT = f"max by (instance) (trueup_venue_weight_used{{{ALL}}} / trueup_venue_weight_limit{{{ALL}}})"
_AUDIT_AGE = f"(time() - max by (trader_id) (trueup_audit_verdict_timestamp_seconds{{{AUDIT}}}))"
_HEAVY = (
    Threshold(since=None, colour=Colour.GOOD),
    Threshold(since=0.5, colour=Colour.WATCH),
    Threshold(since=0.8, colour=Colour.BAD),
)
"""Above four fifths of the weight orders are in danger."""
_TRADES = (
    Meaning(value=0, text="yes", colour=Colour.GOOD),
    Meaning(value=1, text="no", colour=Colour.BAD),
)
"""Of what asks whether a node does not trade, so that the worst is the greatest."""

_NODES = Panel(
    title="Nodes",
    kind=PanelKind.TABLE,
    description="One line a node, the worst first. What is red needs an eye; a click leads to the node.",
    queries=(
        Query(expression=f"max by (instance, trader_id, mode) (trueup_node_info{{{ALL}}})", instant=True),
        Query(expression=_VERDICT, instant=True),
        Query(expression=coded("trueup_phase", "phase", PHASES, ALL, "instance"), instant=True),
        Query(expression=coded("trueup_guard_state", "state", GUARDS, ALL, "instance"), instant=True),
        Query(expression=f"max by (instance) (trueup_verdict_age_seconds{{{ALL}}})", instant=True),
        Query(expression=f"sum by (instance) (trueup_discrepancies_open{{{ALL}}})", instant=True),
        Query(expression=f"max by (instance) (trueup_discrepancy_oldest_age_seconds{{{ALL}}})", instant=True),
        Query(expression=audited("instance", ALL), instant=True),
        Query(expression=f"sum by (instance) (trueup_orders_open{{{ALL}}})", instant=True),
        Query(expression=f"max by (instance) (trueup_trading{{{ALL}}} == bool 0)", instant=True),
        Query(expression=_WEIGHT, instant=True),
    ),
    width=24,
    height=12,
    columns=(
        Column(source="instance", heading="Instance", link=NODE_DASHBOARD),
        Column(source="trader_id", heading="Trader"),
        Column(source="mode", heading="Mode"),
        Column(source="B", heading="Verdict", meanings=VERDICTS, worst_first=True),
        Column(source="E", heading="Confirmed", unit=SECONDS, thresholds=STALE),
        Column(source="F", heading="Discrepancies", unit=COUNT, thresholds=zero_is_good(), worst_first=True),
        Column(source="G", heading="Oldest", unit=SECONDS),
        Column(source="H", heading="Auditor", meanings=VERDICTS, worst_first=True),
        Column(source="C", heading="Phase", meanings=PHASES),
        Column(source="D", heading="Guard", meanings=GUARDS, worst_first=True),
        Column(source="J", heading="Trading", meanings=_TRADES, worst_first=True),
        Column(source="K", heading="Weight", unit=SHARE, thresholds=_HEAVY, worst_first=True),
        Column(source="I", heading="Working orders", unit=COUNT),
    ),
)

_NOW = Row(
    title="Which node needs an eye?",
    panels=(
        _count("Answering", "Nodes that answer.", f"count(trueup_node_info{{{ALL}}})", good=True),
        _count(
            "Not proven true",
            "Nodes whose verdict is not CLEAN, or too old.",
            f"count(trueup_reconciled{{{ALL}}} == 0) or vector(0)",
        ),
        _count("Not trading", "Nodes whose trader does not run.", f"count(trueup_trading{{{ALL}}} == 0) or vector(0)"),
        _count(
            "Held back",
            "Nodes that may only reduce, or nothing.",
            f'count(trueup_guard_state{{{ALL}, state!="ACTIVE"}} == 1) or vector(0)',
        ),
        _count(
            "Discrepancies", "Differences on all nodes now.", f"sum(trueup_discrepancies_open{{{ALL}}}) or vector(0)"
        ),
        _count("Down", "Targets that do not answer.", f"count(up{{{EVERYBODY}}} == 0) or vector(0)"),
        _NODES,
        alerts_table(
            "Alerts",
            "What fires on nodes and auditors, the worst first; a click leads to the runbook. From Prometheus' rules: "
            "alerts that Grafana itself evaluates are not here.",
            EVERYBODY,
            width=24,
            height=8,
            instances=True,
        ),
    ),
)

_OVER_TIME = Row(
    title="Since when?",
    panels=(
        series(
            "Nodes by verdict",
            "How many nodes are CLEAN, UNKNOWN or DISCREPANT, and how many do not answer.",
            *(
                Query(expression=f"count({_VERDICT} == {one.value:g}) or vector(0)", legend=one.text, colour=one.colour)
                for one in VERDICTS
            ),
            Query(expression=f"count(up{{{ALL}}} == 0) or vector(0)", legend="no answer", colour=Colour.QUIET),
            width=12,
            stacked=True,
        ),
        timeline(
            "Nodes that were not CLEAN",
            "When, and how bad: UNKNOWN or DISCREPANT. A node without a bar was CLEAN all the time.",
            VERDICTS,
            Query(expression=f"{_VERDICT} > 0", legend="{{instance}}"),
            width=12,
            nothing="Every node was CLEAN all the time",
        ),
        series(
            "Discrepancies by node",
            f"The {NODES_SHOWN} nodes with most of them.",
            Query(
                expression=f"topk({NODES_SHOWN}, sum by (instance) (trueup_discrepancies_open{{{ALL}}}) > 0)",
                legend="{{instance}}",
            ),
            width=12,
            stacked=True,
            nothing="No discrepancy on any node",
        ),
        series(
            "Request weight",
            "The most that any node uses of what its venue allows, the middle one, and by name each node above half. "
            "Nodes of one address share the limit.",
            Query(expression=f"max({_WEIGHT})", legend="the most", colour=Colour.BAD),
            Query(expression=f"quantile(0.5, {_WEIGHT})", legend="the middle", colour=Colour.QUIET),
            Query(expression=f"{_WEIGHT} > 0.5", legend="{{instance}}"),
            width=12,
            unit=SHARE,
            nothing="No node names its request weight",
        ),
    ),
)

_OUTSIDE = Row(
    title="What do the auditors say?",
    panels=(
        timeline(
            "Accounts that were not CLEAN from outside",
            "What the auditors, who share no client with the nodes, made of each account. An account without a bar was "
            "CLEAN all the time.",
            VERDICTS,
            Query(expression=f"{outside()} > 0", legend="{{trader_id}} {{account_id}}"),
            width=16,
            nothing="Every audited account was CLEAN all the time",
        ),
        series(
            "Age of the auditors' verdicts",
            "The oldest of all, and by name each that is older than a minute.",
            Query(expression=f"max({_AUDIT_AGE})", legend="the oldest", colour=Colour.QUIET),
            Query(expression=f"{_AUDIT_AGE} > 60", legend="{{trader_id}}"),
            unit=SECONDS,
            nothing="No auditor gave a verdict",
        ),
    ),
)

FLEET: Final = DashboardSpec(
    uid="trueup-fleet",
    title="trueup / Fleet",
    description="Which of all nodes needs an eye, since when, and what do the auditors say?",
    variables=(TRADER, INSTANCES),
    annotations=marks(ALL)[2:],
    rows=(_NOW, _OVER_TIME, _OUTSIDE),
)
