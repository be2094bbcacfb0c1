"""Dashboards broken on purpose, and what the lint must say of each."""

from __future__ import annotations

from tests.unit.ops.mutation import (
    FLEET,
    DashboardMutation,
    asks,
    named,
    panel,
    put,
    shown,
    styled,
    text,
    thresholds,
    without_variable,
)

_HALTED = ' or 2 * trueup_guard_state{state="HALTED", job="trueup", instance="$instance"}'

_QUERIES = (
    DashboardMutation(
        name="a metric that nobody exports",
        change=asks("Trading", "trueup_trading", "trueup_traiding"),
        where="Trading, query A",
        what="trueup_traiding is exported by nobody",
    ),
    DashboardMutation(
        name="a sample that a counter has not",
        change=asks("Gaps in the event stream", "gaps_total", "gaps_count"),
        where="Gaps in the event stream, query A",
        what="exported by nobody",
    ),
    DashboardMutation(
        name="a label that the metric has not",
        change=asks("Request weight", "client_id", "client"),
        where="Request weight, query A",
        what="trueup_venue_weight_used has no label client",
    ),
    DashboardMutation(
        name="a state that never is",
        uid=FLEET,
        change=asks("Held back", "ACTIVE", "ACTIV"),
        where="Held back, query A",
        what="state of trueup_guard_state is never 'ACTIV'",
    ),
    DashboardMutation(
        name="a grouping by a label that is gone",
        change=asks("Open discrepancies by kind", "by (kind)", "by (sort)"),
        where="Open discrepancies by kind, query A",
        what="groups by sort, which is not there",
    ),
    DashboardMutation(
        name="a legend by a label that is summed away",
        change=named("Open discrepancies by kind", "{{account_id}}"),
        where="Open discrepancies by kind, query A",
        what="names account_id in its legend",
    ),
    DashboardMutation(
        name="a query that is no PromQL",
        change=asks("Clock", "{", "{{"),
        where="Clock, query A",
        what="is no PromQL",
    ),
    DashboardMutation(
        name="a comparison that is never true",
        uid=FLEET,
        change=asks("Not trading", "== 0", "== 2"),
        where="Not trading, query A",
        what="is never true: the left side is 0 to 1, the right side 2",
    ),
    DashboardMutation(
        name="a comparison that is always true",
        change=asks("Age of the oldest discrepancy", "> 0", ">= 0"),
        where="Age of the oldest discrepancy, query A",
        what="is always true",
    ),
    DashboardMutation(
        name="a join by a label of one side only",
        change=asks("Auditor", "on (trader_id)", "on (account_id)"),
        where="Auditor, query A",
        what="on account_id, which one side has not",
    ),
    DashboardMutation(
        name="a join of sides that never match",
        change=asks("Request weight", "trueup_venue_weight_limit", "trueup_orders_open"),
        where="Request weight, query A",
        what="never have the same labels: only one has client_id",
    ),
    DashboardMutation(
        name="a rate of what is no counter",
        change=asks("Gaps in the event stream", "trueup_stream_gaps_total", "trueup_verdict_unknown_seconds"),
        where="Gaps in the event stream, query A",
        what="increase of trueup_verdict_unknown_seconds, which is no counter",
    ),
    DashboardMutation(
        name="a quantile without buckets",
        change=asks("Event loop", "sum by (le)", "sum"),
        where="Event loop, query A",
        what="histogram_quantile of what has no buckets by le",
    ),
    DashboardMutation(
        name="a fixed stretch of a rate",
        change=asks("Detected and resolved", "$__rate_interval", "1m"),
        where="Detected and resolved, query A",
        what="looks back 1m, not $__rate_interval",
    ),
    DashboardMutation(
        name="the nodes of any job",
        change=asks("Trading", 'job="trueup", ', ""),
        where="Trading, query A",
        what="no matcher for job",
    ),
    DashboardMutation(
        name="a state that the panel does not know",
        change=asks("Guard", _HALTED, ""),
        where="Guard, query A",
        what="does not know the state HALTED of trueup_guard_state",
    ),
    DashboardMutation(
        name="one moment where a stretch of time is shown",
        change=lambda dashboard: panel(dashboard, "Clock")["targets"][0].update(instant=True),
        where="Clock, query A",
        what="a timeseries wants a stretch of time",
    ),
    DashboardMutation(
        name="marks at no moments",
        change=text("1000 * (trueup_phase", "(trueup_phase"),
        where="mark Phase changes",
        what="marks moments, and its values are",
    ),
)

_VARIABLES = (
    DashboardMutation(
        name="a variable that is not there",
        change=asks("Clock", "$venue", "$market"),
        where="Clock, query A",
        what="uses $market, which the dashboard does not have",
    ),
    DashboardMutation(
        name="a variable that was removed",
        change=without_variable("venue"),
        where="Clock, query A",
        what="uses $venue, which the dashboard does not have",
    ),
    DashboardMutation(
        name="a variable that nothing uses",
        change=text("$venue", ".*"),
        where="variable venue",
        what="is used by nothing",
    ),
    DashboardMutation(
        name="a variable of a label that is not there",
        change=text("}, instance)", "}, host)"),
        where="variable instance",
        what="asks for the label host, which is not there",
    ),
)

_LOOKS = (
    DashboardMutation(
        name="a panel over another",
        change=put("Confirmed", x=3),
        where="Confirmed",
        what="covers 'Verdict'",
    ),
    DashboardMutation(
        name="a panel beyond the grid",
        change=put("Guard", w=9),
        where="Guard",
        what="leaves the grid of 24 columns",
    ),
    DashboardMutation(
        name="two panels of one id",
        change=lambda dashboard: panel(dashboard, "Clock").update(id=2),
        where="Clock",
        what="has the id 2 of 'Verdict'",
    ),
    DashboardMutation(
        name="two panels of one title",
        change=lambda dashboard: panel(dashboard, "Clock").update(title="Phase"),
        where="Phase",
        what="two panels of one title",
    ),
    DashboardMutation(
        name="no unit",
        change=shown("Time of a check", "unit"),
        where="Time of a check",
        what="shows seconds without a unit",
    ),
    DashboardMutation(
        name="the wrong unit",
        change=shown("Request weight", "unit", "s"),
        where="Request weight",
        what="shows a share in the unit s",
    ),
    DashboardMutation(
        name="two kinds of number on one axis",
        change=asks("Event loop", "trueup_loop_heartbeat_age_seconds", "trueup_orders_open"),
        where="Event loop",
        what="shows a count and seconds on one axis",
    ),
    DashboardMutation(
        name="a code without its words",
        change=shown("Phase", "mappings"),
        where="Phase",
        what="shows a code for a word, and no word",
    ),
    DashboardMutation(
        name="a column in the wrong unit",
        uid=FLEET,
        change=styled("Nodes", "Confirmed", "unit", "short"),
        where="Nodes, column Confirmed",
        what="shows seconds in the unit short",
    ),
    DashboardMutation(
        name="a column that no query leaves",
        uid=FLEET,
        change=text('"trader_id": "Trader"', '"trader": "Trader"'),
        where="Nodes",
        what="has a column for trader, which no query leaves",
    ),
    DashboardMutation(
        name="thresholds that fall",
        change=shown("Confirmed", "thresholds", thresholds(None, 80, 30)),
        where="Confirmed",
        what="has thresholds that do not rise",
    ),
    DashboardMutation(
        name="no description",
        change=lambda dashboard: panel(dashboard, "Clock").pop("description"),
        where="Clock",
        what="no description",
    ),
    DashboardMutation(
        name="another data source",
        change=lambda dashboard: panel(dashboard, "Clock")["datasource"].update(uid="prod"),
        where="Clock",
        what="does not ask the chosen data source",
    ),
)

_LINKS = (
    DashboardMutation(
        name="a link to no dashboard",
        change=text("/d/trueup-fleet", "/d/trueup-flee"),
        where="link trueup / Fleet",
        what="leads to the dashboard trueup-flee, which is not there",
    ),
    DashboardMutation(
        name="a link with a variable that the other has not",
        uid=FLEET,
        change=text("var-instance", "var-node"),
        where="Nodes, column Instance",
        what="gives trueup-node a node, which it does not know",
    ),
    DashboardMutation(
        name="a link by no cell of the line",
        uid=FLEET,
        change=text("__data.fields.Instance", "__data.fields.Node"),
        where="Nodes, column Instance",
        what="links by the cell 'Node', which is no column",
    ),
    DashboardMutation(
        name="a dead link to a runbook",
        change=text("runbooks/${__data", "runbook/${__data"),
        where="Alerts, column Alert",
        what="neither a dashboard nor the runbook of the line's alert",
    ),
)

DASHBOARD_MUTATIONS = (*_QUERIES, *_VARIABLES, *_LOOKS, *_LINKS)
