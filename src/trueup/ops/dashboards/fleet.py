"""The dashboard of all nodes: which of them needs an eye."""

from __future__ import annotations

from typing import Final

from trueup.ops.dashboards.shared import ALL, AUDIT, INSTANCES, TRADER, marks
from trueup.ops.panel import (
    GUARDS,
    PHASES,
    VERDICTS,
    Colour,
    Column,
    DashboardSpec,
    Panel,
    PanelKind,
    Query,
    Row,
    Threshold,
    coded,
    zero_is_good,
)

_STALE = (
    Threshold(since=None, colour=Colour.GOOD),
    Threshold(since=30, colour=Colour.WATCH),
    Threshold(since=80, colour=Colour.BAD),
)


def _count(title: str, description: str, expression: str, *, good: bool = False) -> Panel:
    return Panel(
        title=title,
        kind=PanelKind.STAT,
        description=description,
        queries=(Query(expression=expression, legend=title, instant=True),),
        width=4,
        height=4,
        thresholds=(Threshold(since=None, colour=Colour.QUIET),) if good else zero_is_good(),
    )


def _worst(metric: str, label: str, meanings: tuple[object, ...]) -> str:
    return f"max by (instance) ({coded(metric, label, meanings, ALL, 'instance, account_id')})"  # type: ignore[arg-type]


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
        _count("Down", "Targets that do not answer.", 'count(up{job="trueup"} == 0) or vector(0)'),
        Panel(
            title="Nodes",
            kind=PanelKind.TABLE,
            description="One line a node. What is red needs an eye; the node's own dashboard says more.",
            queries=(
                Query(expression=f"max by (instance, trader_id, mode) (trueup_node_info{{{ALL}}})", instant=True),
                Query(expression=_worst("trueup_verdict", "verdict", VERDICTS), instant=True),
                Query(expression=coded("trueup_phase", "phase", PHASES, ALL, "instance"), instant=True),
                Query(expression=coded("trueup_guard_state", "state", GUARDS, ALL, "instance"), instant=True),
                Query(expression=f"max by (instance) (trueup_verdict_age_seconds{{{ALL}}})", instant=True),
                Query(expression=f"sum by (instance) (trueup_discrepancies_open{{{ALL}}})", instant=True),
                Query(expression=f"sum by (instance) (trueup_orders_open{{{ALL}}})", instant=True),
            ),
            width=24,
            height=10,
            columns=(
                Column(source="instance", heading="Instance"),
                Column(source="trader_id", heading="Trader"),
                Column(source="mode", heading="Mode"),
                Column(source="B", heading="Verdict", meanings=VERDICTS),
                Column(source="E", heading="Age", unit="s", thresholds=_STALE),
                Column(source="F", heading="Discrepancies", thresholds=zero_is_good()),
                Column(source="C", heading="Phase", meanings=PHASES),
                Column(source="D", heading="Guard", meanings=GUARDS),
                Column(source="G", heading="Working orders"),
            ),
        ),
    ),
)

_OVER_TIME = Row(
    title="Since when?",
    panels=(
        Panel(
            title="Worst verdict of each node",
            kind=PanelKind.STATE_TIMELINE,
            description="CLEAN, UNKNOWN or DISCREPANT over time.",
            queries=(Query(expression=_worst("trueup_verdict", "verdict", VERDICTS), legend="{{instance}}"),),
            width=24,
            height=10,
            meanings=VERDICTS,
        ),
        Panel(
            title="Discrepancies by node",
            kind=PanelKind.TIME_SERIES,
            description="The ten nodes with most of them.",
            queries=(
                Query(
                    expression=f"topk(10, sum by (instance) (trueup_discrepancies_open{{{ALL}}}) > 0)",
                    legend="{{instance}}",
                ),
            ),
            width=12,
            stacked=True,
        ),
        Panel(
            title="Request weight by node",
            kind=PanelKind.TIME_SERIES,
            description="The ten nodes nearest to what their venue allows. Nodes of one address share the limit.",
            queries=(
                Query(
                    expression="topk(10, max by (instance) "
                    f"(trueup_venue_weight_used{{{ALL}}} / trueup_venue_weight_limit{{{ALL}}}))",
                    legend="{{instance}}",
                ),
            ),
            width=12,
            unit="percentunit",
        ),
    ),
)

_OUTSIDE = Row(
    title="What do the auditors say?",
    panels=(
        Panel(
            title="Verdicts from outside",
            kind=PanelKind.STATE_TIMELINE,
            description="What the auditors, who share no client with the nodes, make of each account.",
            queries=(
                Query(
                    expression=coded("trueup_audit_verdict", "verdict", VERDICTS, AUDIT, "trader_id, account_id"),
                    legend="{{trader_id}} {{account_id}}",
                ),
            ),
            width=16,
            meanings=VERDICTS,
        ),
        Panel(
            title="Age of the auditors' verdicts",
            kind=PanelKind.TIME_SERIES,
            description="Since an auditor last came to one.",
            queries=(
                Query(
                    expression=f"time() - max by (trader_id) (trueup_audit_verdict_timestamp_seconds{{{AUDIT}}})",
                    legend="{{trader_id}}",
                ),
            ),
            width=8,
            unit="s",
        ),
    ),
)

FLEET: Final = DashboardSpec(
    uid="trueup-fleet",
    title="trueup / Fleet",
    description="Which of all nodes needs an eye, since when, and what do the auditors say?",
    variables=(TRADER, INSTANCES),
    annotations=marks(ALL),
    rows=(_NOW, _OVER_TIME, _OUTSIDE),
)
