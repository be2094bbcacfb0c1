"""What the dashboards share: variables, marks on the time axis, matchers of every query, and the common panels."""

from __future__ import annotations

from typing import Final, TypedDict, Unpack

from trueup.ops.alert import NODE_JOB, WATCH_JOB
from trueup.ops.panel import (
    COUNT,
    MOMENT,
    SEVERITIES,
    VERDICTS,
    Annotation,
    Colour,
    Column,
    Meaning,
    Panel,
    PanelKind,
    Query,
    Threshold,
    Variable,
    coded,
)
from trueup.ops.rules import RUNBOOK_BASE

ONE: Final = f'job="{NODE_JOB}", instance="$instance"'
"""Matchers for the node that is looked at."""
ALL: Final = f'job="{NODE_JOB}", instance=~"$instance"'
"""Matchers for the nodes that are looked at."""
AUDIT: Final = f'job="{WATCH_JOB}"'
"""Matchers for auditors."""
EVERYBODY: Final = f'job=~"{NODE_JOB}|{WATCH_JOB}"'
"""Matchers for nodes and auditors."""
RATE: Final = "[$__rate_interval]"
"""The stretch of a rate: Grafana makes it at least four scrapes long."""

TRADER: Final = Variable(
    name="trader", label="Trader", query=f'label_values(trueup_node_info{{job="{NODE_JOB}"}}, trader_id)', several=True
)
INSTANCE: Final = Variable(
    name="instance",
    label="Instance",
    query=f'label_values(trueup_node_info{{job="{NODE_JOB}", trader_id=~"$trader"}}, instance)',
)
INSTANCES: Final = Variable(name="instance", label="Instance", query=INSTANCE.query, several=True)
VENUE: Final = Variable(
    name="venue",
    label="Venue",
    query=f'label_values(trueup_venue_reachable{{job="{NODE_JOB}", instance=~"$instance"}}, client_id)',
    several=True,
)

STALE: Final = (
    Threshold(since=None, colour=Colour.GOOD),
    Threshold(since=30, colour=Colour.WATCH),
    Threshold(since=80, colour=Colour.BAD),
)
"""Colours of a verdict's age: 80 s is the age at which a CLEAN says nothing any more with the default intervals."""

NODE_DASHBOARD: Final = "/d/trueup-node?var-instance=${__data.fields.Instance}&${__url_time_range}"
"""The dashboard of the node in the same line of a table, over the same time."""
RUNBOOK: Final = f"{RUNBOOK_BASE}/${{__data.fields.Alert}}.md"
"""The runbook of the alert in the same line. An export with ``--runbook-base`` puts the operator's address in."""


class Looks(TypedDict, total=False):
    """How a panel looks, where it differs from others of its kind; the words are those of :class:`Panel`."""

    height: int
    unit: str
    meanings: tuple[Meaning, ...]
    thresholds: tuple[Threshold, ...]
    stacked: bool
    nothing: str


def stat(title: str, description: str, expression: str, *, width: int = 4, **looks: Unpack[Looks]) -> Panel:
    """Return one number, or the word that it stands for."""
    query = Query(expression=expression, legend=title, instant=True)
    common: Looks = {"height": 4, "unit": "" if looks.get("meanings") else COUNT}
    return Panel(
        title=title,
        kind=PanelKind.STAT,
        description=description,
        queries=(query,),
        width=width,
        **(common | looks),
    )


def series(title: str, description: str, *queries: Query, width: int = 8, **looks: Unpack[Looks]) -> Panel:
    """Return lines over time."""
    common: Looks = {"unit": COUNT}
    return Panel(
        title=title,
        kind=PanelKind.TIME_SERIES,
        description=description,
        queries=queries,
        width=width,
        **(common | looks),
    )


def timeline(
    title: str,
    description: str,
    meanings: tuple[Meaning, ...],
    *queries: Query,
    width: int = 24,
    height: int = 8,
    nothing: str = "",
) -> Panel:
    """Return states over time, a bar for each series."""
    return Panel(
        title=title,
        kind=PanelKind.STATE_TIMELINE,
        description=description,
        queries=queries,
        width=width,
        height=height,
        meanings=meanings,
        nothing=nothing,
    )


def quantile(share: float, histogram: str, matchers: str, by: str, legend: str) -> Query:
    """Return the query for a quantile by a label: where nothing was observed there is none, rather than a NaN."""
    buckets = f"sum by ({by}, le) (rate({histogram}_bucket{{{matchers}}}{RATE}))"
    observed = f"sum by ({by}) (rate({histogram}_count{{{matchers}}}{RATE})) > 0"
    return Query(expression=f"histogram_quantile({share}, {buckets}) and {observed}", legend=legend)


def state(metric: str, label: str, meanings: tuple[Meaning, ...], by: str, legend: str) -> Query:
    """Return the query for the one state that a node, or each of its accounts, is in."""
    return Query(expression=coded(metric, label, meanings, ONE, by), legend=legend)


def firing(matchers: str, *, by: str) -> str:
    """Return PromQL for the alerts that fire, each worth its severity's code: Prometheus' own record of its rules."""
    terms = [
        f'{one.value:g} * max by ({by}) (ALERTS{{alertstate="firing", severity="{one.text}", {matchers}}})'
        for one in SEVERITIES
    ]
    return " or ".join(terms)


def alerts_table(title: str, description: str, matchers: str, *, width: int, height: int, instances: bool) -> Panel:
    """Return the alerts that fire, the worst first, since when, and the way to the runbook of each."""
    by = "instance, alertname, component" if instances else "alertname, component"
    first = (Column(source="instance", heading="Instance"),) if instances else ()
    began = f'ALERTS_FOR_STATE{{{matchers}}} and ignoring (alertstate) ALERTS{{alertstate="firing", {matchers}}}'
    return Panel(
        title=title,
        kind=PanelKind.TABLE,
        description=description,
        queries=(
            Query(expression=firing(matchers, by=by), instant=True),
            Query(expression=f"1000 * min by ({by}) ({began})", instant=True),
        ),
        width=width,
        height=height,
        nothing="No alert fires",
        columns=(
            *first,
            Column(source="alertname", heading="Alert", link=RUNBOOK),
            Column(source="A", heading="Severity", meanings=SEVERITIES, worst_first=True),
            Column(source="component", heading="About"),
            Column(source="B", heading="Since", unit=MOMENT),
        ),
    )


def outside() -> str:
    """Return PromQL for the verdicts from outside: the worst of each account, whichever auditor gave it."""
    each = coded("trueup_audit_verdict", "verdict", VERDICTS, AUDIT, "instance, trader_id, account_id")
    return f"max by (trader_id, account_id) ({each})"


def audited(by: str, matchers: str) -> str:
    """Return PromQL for the auditors' verdict on the accounts of a node, found by the trader that both name."""
    verdict = f"max by (trader_id) ({outside()})"
    who = f"max by (instance, trader_id) (trueup_node_info{{{matchers}}})"
    return f"max by ({by}) ({who} * on (trader_id) group_left () {verdict})"


def marks(matchers: str) -> tuple[Annotation, ...]:
    """Return marks for changes of the guard and of the phase, and for alerts that began."""
    return (
        Annotation(
            name="Guard changes",
            expression=f"1000 * (trueup_guard_state{{{matchers}}} == 1) * on (job, instance) group_left () "
            f"trueup_guard_since_timestamp_seconds{{{matchers}}}",
            title="guard {{state}} on {{instance}}",
            colour=Colour.WATCH,
        ),
        Annotation(
            name="Phase changes",
            expression=f"1000 * (trueup_phase{{{matchers}}} == 1) * on (job, instance) group_left () "
            f"trueup_phase_since_timestamp_seconds{{{matchers}}}",
            title="phase {{phase}} on {{instance}}",
            colour=Colour.QUIET,
        ),
        Annotation(
            name="Alerts",
            expression=f"1000 * ALERTS_FOR_STATE{{{matchers}}} and ignoring (alertstate) "
            f'ALERTS{{alertstate="firing", {matchers}}}',
            title="{{alertname}} on {{instance}}",
            colour=Colour.BAD,
        ),
    )
