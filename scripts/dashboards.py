"""Write Grafana's dashboards from their registry, with Grafana's own typed builders.

Usage: ``python scripts/dashboards.py [--check]``. With ``--check`` nothing is written, and the exit code is 1 when a
committed dashboard differs. The builders are a development dependency: a running node needs none of this.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trueup.ops.dashboards import DASHBOARDS
from trueup.ops.panel import Annotation, Colour, Column, DashboardSpec, Meaning, Panel, PanelKind, Threshold, Variable

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of the classic form, which every Grafana since 10 imports
    from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import common as common_models
    from grafana_foundation_sdk.models import dashboard as models

FOLDER = Path(__file__).resolve().parent.parent / "src/trueup/ops/files/grafana/dashboards"
DATASOURCE = common_models.DataSourceRef(type_val="prometheus", uid="${datasource}")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROW_HEIGHT = 1
ANNOTATION_STEP = "60s"
"""Between two questions for marks, which carry their moments: a week is within Prometheus' 11,000 points."""

AnyPanel = stat.Panel | timeseries.Panel | table.Panel | statetimeline.Panel


def _mappings(meanings: tuple[Meaning, ...]) -> list[models.ValueMapping]:
    if not meanings:
        return []
    results = {
        f"{one.value:g}": models.ValueMappingResult(text=one.text, color=one.colour.value, index=index)
        for index, one in enumerate(meanings)
    }
    return [models.ValueMap(options=results)]


def _steps(thresholds: tuple[Threshold, ...]) -> models.ThresholdsConfig:
    given = thresholds or (Threshold(since=None, colour=Colour.QUIET),)
    steps = [models.Threshold(value=one.since, color=one.colour.value) for one in given]
    return models.ThresholdsConfig(mode=models.ThresholdsMode.ABSOLUTE, steps=steps)


def _built(thresholds: models.ThresholdsConfig) -> dashboard.ThresholdsConfig:
    """Return thresholds as the builders of panels want them."""
    assert thresholds.mode is not None, "set above"
    return dashboard.ThresholdsConfig().mode(thresholds.mode).steps(thresholds.steps or [])


def _queries(panel: Panel) -> Iterator[prometheus.Dataquery]:
    for letter, query in zip(LETTERS, panel.queries, strict=False):
        made = prometheus.Dataquery().expr(query.expression).ref_id(letter).datasource(DATASOURCE)
        made = made.instant() if query.instant else made.range()
        if query.legend:
            made = made.legend_format(query.legend)
        if panel.kind is PanelKind.TABLE:
            made = made.format(prometheus_format("table"))
        yield made


def prometheus_format(name: str) -> Any:
    """Return the SDK's word for the form of an answer."""
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat

    return PromQueryFormat(name)


def _stat(panel: Panel) -> stat.Panel:
    return (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .color_mode(common_models.BigValueColorMode.BACKGROUND)
        .text_mode(common_models.BigValueTextMode.VALUE)
        .color_scheme(_by_threshold())
    )


def _by_threshold() -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)


def _time_series(panel: Panel) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.TABLE)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
        .calcs(["lastNotNull", "max"])
    )
    tooltip = common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI)
    made = timeseries.Panel().legend(legend).tooltip(tooltip).line_width(1).fill_opacity(10)
    if not any("skew" in query.expression for query in panel.queries):  # the one thing that may be less than nothing
        made = made.min(0)
    if panel.stacked:
        made = made.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL)).fill_opacity(40)
    return made


def _state_timeline(panel: Panel) -> statetimeline.Panel:
    legend = (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(show_legend=False)
    )
    return (
        statetimeline.Panel()
        .legend(legend)
        .merge_values(merge_values=True)
        .show_value(common_models.VisibilityMode.AUTO)
        .color_scheme(_by_threshold())
        .row_height(0.9)
    )


def _field(column: Column) -> str:
    """Return what a column is called after the frames were merged: a label, or the value of a query."""
    return f"Value #{column.source}" if column.source in LETTERS else column.source


def _override(column: Column) -> list[models.DynamicConfigValue]:
    found: list[models.DynamicConfigValue] = []
    if column.unit:
        found.append(models.DynamicConfigValue(id_val="unit", value=column.unit))
    if column.meanings:
        found.append(models.DynamicConfigValue(id_val="mappings", value=_mappings(column.meanings)))
    if column.thresholds:
        found.append(models.DynamicConfigValue(id_val="thresholds", value=_steps(column.thresholds)))
    if column.link:
        link = {"title": "Open", "url": column.link}
        found.append(models.DynamicConfigValue(id_val="links", value=[link]))
    if column.meanings or column.thresholds:
        cell = {"type": "color-background", "mode": "basic"}
        found.append(models.DynamicConfigValue(id_val="custom.cellOptions", value=cell))
    return found


def _table(panel: Panel) -> table.Panel:
    order = {_field(column): index for index, column in enumerate(panel.columns)}
    names = {_field(column): column.heading for column in panel.columns}
    hidden = {"Time": True} | {f"Value #{letter}": True for letter in LETTERS[: len(panel.queries)]}
    hidden = {name: True for name in hidden if name not in order}
    organize = {"indexByName": order, "renameByName": names, "excludeByName": hidden}
    made = (
        table.Panel()
        .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(models.DataTransformerConfig(id_val="organize", options=organize))
        .filterable(filterable=True)
    )
    for column in panel.columns:
        if properties := _override(column):
            made = made.override_by_name(column.heading, properties)
    worst = [column.heading for column in panel.columns if column.worst_first]
    return made.sort_by([common.TableSortByFieldState().display_name(one).desc(desc=True) for one in worst])


def _panel(panel: Panel, number: int, x: int, y: int) -> AnyPanel:
    makers = {
        PanelKind.STAT: _stat,
        PanelKind.TIME_SERIES: _time_series,
        PanelKind.STATE_TIMELINE: _state_timeline,
        PanelKind.TABLE: _table,
    }
    made: Any = makers[panel.kind](panel)
    made = (
        made.id(number)
        .title(panel.title)
        .description(panel.description)
        .datasource(DATASOURCE)
        .grid_pos(models.GridPos(h=panel.height, w=panel.width, x=x, y=y))
        .mappings(_mappings(panel.meanings))
        .thresholds(_built(_steps(panel.thresholds)))
    )
    if panel.unit:
        made = made.unit(panel.unit)
    if panel.nothing:
        made = made.no_value(panel.nothing)
    for query in _queries(panel):
        made = made.with_target(query)
    for one in panel.queries:
        if one.colour is not None:
            fixed = {"mode": "fixed", "fixedColor": one.colour.value}
            made = made.override_by_name(one.legend, [models.DynamicConfigValue(id_val="color", value=fixed)])
    return made  # type: ignore[no-any-return] # one of the four builders, by the table above


def _variable(variable: Variable) -> dashboard.QueryVariable:
    made = (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(DATASOURCE)
        .query({"query": variable.query, "refId": f"{variable.name}"})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    if variable.several:
        made = made.multi(multi=True).include_all(include_all=True)
        everything = models.VariableOption(selected=True, text="All", value="$__all")
        made = made.current(everything)
    return made


def _annotation(annotation: Annotation) -> dashboard.AnnotationQuery:
    """Return a mark that asks twice the same: as Grafana's older versions read it, and as a query of a panel."""
    asks = prometheus.Dataquery().expr(annotation.expression).ref_id("Anno").range().interval(ANNOTATION_STEP)
    return (
        dashboard.AnnotationQuery()
        .name(annotation.name)
        .datasource(DATASOURCE)
        .enable(enable=True)
        .icon_color(annotation.colour.value)
        .target(asks)
        .expr(annotation.expression)
        .title_format(annotation.title)
        .use_value_for_time(use_value_for_time=True)
        .step(ANNOTATION_STEP)
    )


def build(spec: DashboardSpec) -> str:
    """Return a dashboard as Grafana imports it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made = (
            dashboard.Dashboard(spec.title)
            .uid(spec.uid)
            .description(spec.description)
            .tags(["trueup"])
            .editable()
            .time(spec.since, "now")
            .refresh(spec.refresh)
            .timezone("utc")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        )
    for variable in spec.variables:
        made = made.with_variable(_variable(variable))
    for annotation in spec.annotations:
        made = made.annotation(_annotation(annotation))
    for other in DASHBOARDS:
        if other.uid != spec.uid:
            link = dashboard.DashboardLink(other.title).url(f"/d/{other.uid}").type(models.DashboardLinkType.LINK)
            made = made.link(link.keep_time(keep_time=True).include_vars(include_vars=True))
    _lay_out(made, spec)
    return json.dumps(made.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _lay_out(made: dashboard.Dashboard, spec: DashboardSpec) -> None:
    """Set the panels of each row from left to right, and begin a line where one does not fit any more."""
    number, y = 1, 0
    for row in spec.rows:
        header = dashboard.Row(row.title).id(number).grid_pos(models.GridPos(h=ROW_HEIGHT, w=24, x=0, y=y))
        made.with_row(header)
        number, y, x, tallest = number + 1, y + ROW_HEIGHT, 0, 0
        for panel in row.panels:
            if x + panel.width > 24:
                x, y, tallest = 0, y + tallest, 0
            made.with_panel(_panel(panel, number, x, y))
            number, x, tallest = number + 1, x + panel.width, max(tallest, panel.height)
        y += tallest


def main() -> int:
    """Write, or compare, every dashboard."""
    faults = 0
    for spec in DASHBOARDS:
        path, text = FOLDER / f"{spec.uid}.json", build(spec)
        if "--check" not in sys.argv[1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path.name} differs from its registry; run 'make generate'")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
