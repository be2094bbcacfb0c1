"""Lint Grafana dashboards as they are committed: JSON in, one line for each fault out, with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.unit.ops.lint.kinds import Kind, Shape
from tests.unit.ops.lint.promql import BUILT_IN, SHAPES, Reading, states, variables
from trueup.ops.rules import RUNBOOK_BASE

COLUMNS = 24
UNIT_OF = {
    Kind.COUNT: "short",
    Kind.NUMBER: "short",
    Kind.SECONDS: "s",
    Kind.SHARE: "percentunit",
    Kind.RATE: "reqps",
    Kind.MOMENT_MS: "dateTimeFromNow",
}
"""The unit that a kind of number is shown in; flags and codes stand for words instead."""
WORDS = {Kind.FLAG, Kind.CODE}
LINK_VARIABLES = {"__url_time_range", "__data"}
_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_DASHBOARD = re.compile(r"^/d/([\w-]+)(?:\?(.*))?$")
_CELL = re.compile(r"\$\{__data\.fields\.([\w ]+)\}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where, and what is wrong."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def lint(dashboards: Mapping[str, dict[str, Any]]) -> list[Fault]:
    """Return every fault of a set of dashboards, by their uids."""
    found = []
    for uid, dashboard in dashboards.items():
        rules: tuple[Callable[..., Iterator[Fault]], ...] = (_layout, _panels, _variables, _annotations)
        found += [fault for rule in rules for fault in rule(uid, dashboard)]
        found += list(_links(uid, dashboard, dashboards))
    return found


def _shown(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def _place(uid: str, panel: dict[str, Any]) -> str:
    return f"{uid}: {panel['title']}"


def _overrides(panel: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each column that is styled, and its properties."""
    for override in panel["fieldConfig"]["overrides"]:
        yield override["matcher"]["options"], {one["id"]: one["value"] for one in override["properties"]}


def _cell_links(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield column and address of each link in a table."""
    for heading, properties in _overrides(panel):
        yield from ((heading, link["url"]) for link in properties.get("links", ()))


def _layout(uid: str, dashboard: dict[str, Any]) -> Iterator[Fault]:
    taken: dict[tuple[int, int], str] = {}
    ids: dict[int, str] = {}
    titles: set[str] = set()
    for panel in dashboard["panels"]:
        where, at = _place(uid, panel), panel["gridPos"]
        if panel["id"] in ids:
            yield Fault(where, f"has the id {panel['id']} of {ids[panel['id']]!r}")
        ids[panel["id"]] = panel["title"]
        if panel["title"] in titles:
            yield Fault(where, "two panels of one title")
        titles.add(panel["title"])
        if at["x"] < 0 or at["x"] + at["w"] > COLUMNS:
            yield Fault(where, f"leaves the grid of {COLUMNS} columns: x {at['x']}, width {at['w']}")
        cells = [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
        covered = sorted({taken[cell] for cell in cells if cell in taken})
        if covered:
            yield Fault(where, f"covers {', '.join(map(repr, covered))}")
        taken |= dict.fromkeys(cells, panel["title"])


def _panels(uid: str, dashboard: dict[str, Any]) -> Iterator[Fault]:
    for panel in _shown(dashboard):
        where = _place(uid, panel)
        if not panel.get("description", "").endswith("."):
            yield Fault(where, "no description")
        if panel.get("datasource", {}).get("uid") != "${datasource}":
            yield Fault(where, "does not ask the chosen data source")
        if not panel.get("targets"):
            yield Fault(where, "asks nothing")
        shapes: dict[str, Shape] = {}
        for target in panel.get("targets", ()):
            place = f"{where}, query {target['refId']}"
            reading = Reading(target["expr"])
            yield from (Fault(place, fault) for fault in reading.faults)
            yield from _target(place, panel, target, reading)
            if reading.shape is not None:
                shapes[target["refId"]] = reading.shape
        yield from (_table(where, panel, shapes) if panel["type"] == "table" else _units(where, panel, shapes))
        yield from _thresholds(where, panel["fieldConfig"]["defaults"].get("thresholds"))


def _target(where: str, panel: dict[str, Any], target: dict[str, Any], reading: Reading) -> Iterator[Fault]:
    expression = target["expr"]
    if target.get("datasource", {}).get("uid") != "${datasource}":
        yield Fault(where, "does not ask the chosen data source")
    for metric in reading.jobless:
        yield Fault(where, f"asks for {metric} of any job: no matcher for job")
    for window in re.findall(r"\[([^\]]*)\]", expression):
        if window != "$__rate_interval":
            yield Fault(where, f"looks back {window}, not $__rate_interval: at other scrape intervals it sees nothing")
    instant = panel["type"] in ("stat", "table")
    if bool(target.get("instant")) != instant:
        yield Fault(where, f"a {panel['type']} wants {'one moment' if instant else 'a stretch of time'}")
    labels = frozenset() if reading.shape is None else reading.shape.labels
    for label in sorted(set(_LEGEND.findall(target.get("legendFormat", ""))) - labels):
        yield Fault(where, f"names {label} in its legend, which the query does not leave")
    for metric, label, values in states(expression):
        known = SHAPES[metric].values_of(label) if metric in SHAPES else ()
        for missing in sorted(set(known) - values):
            yield Fault(where, f"does not know the {label} {missing} of {metric}")


def _units(where: str, panel: dict[str, Any], shapes: Mapping[str, Shape]) -> Iterator[Fault]:
    defaults = panel["fieldConfig"]["defaults"]
    yield from _unit(where, {shape.kind for shape in shapes.values()}, defaults.get("unit"), defaults.get("mappings"))


def _unit(where: str, kinds: set[Kind], unit: str | None, mappings: list[Any] | None) -> Iterator[Fault]:
    numbers = {kind for kind in kinds if kind not in WORDS or not mappings}
    wanted = {UNIT_OF.get(kind, "short") for kind in numbers}
    if kinds & {Kind.CODE} and not mappings:
        yield Fault(where, "shows a code for a word, and no word")
    elif len(wanted) > 1:
        yield Fault(where, f"shows {' and '.join(sorted(numbers))} on one axis")
    elif wanted and unit is None:
        yield Fault(where, f"shows {', '.join(sorted(numbers))} without a unit")
    elif wanted and unit not in wanted:
        yield Fault(where, f"shows {', '.join(sorted(numbers))} in the unit {unit}")


def _table(where: str, panel: dict[str, Any], shapes: Mapping[str, Shape]) -> Iterator[Fault]:
    (organize,) = (one["options"] for one in panel["transformations"] if one["id"] == "organize")
    labels = {label for shape in shapes.values() for label in shape.labels}
    headings = dict(organize["renameByName"])
    there = labels | {f"Value #{letter}" for letter in shapes}
    for source in sorted(set(headings) - there):
        yield Fault(where, f"has a column for {source}, which no query leaves")
    for source in sorted(there - set(headings) - set(organize["excludeByName"])):
        yield Fault(where, f"shows {source} without a heading")
    overrides = dict(_overrides(panel))
    for heading in sorted(set(overrides) - set(headings.values())):
        yield Fault(where, f"styles the column {heading!r}, which is not there")
    for letter, shape in shapes.items():
        column = headings.get(f"Value #{letter}")
        if column is not None:
            style = overrides.get(column, {})
            yield from _unit(f"{where}, column {column}", {shape.kind}, style.get("unit"), style.get("mappings"))
            yield from _thresholds(f"{where}, column {column}", style.get("thresholds"))
    for sort in panel["options"].get("sortBy", ()):
        if sort["displayName"] not in headings.values():
            yield Fault(where, f"sorts by {sort['displayName']!r}, which is no column")
    for heading, url in _cell_links(panel):
        for cell in _CELL.findall(url):
            if cell not in headings.values():
                yield Fault(f"{where}, column {heading}", f"links by the cell {cell!r}, which is no column")


def _thresholds(where: str, thresholds: dict[str, Any] | None) -> Iterator[Fault]:
    steps = (thresholds or {}).get("steps") or []
    values = [step["value"] for step in steps]
    if steps and (values[0] is not None or values[1:] != sorted(set(values[1:]))):
        yield Fault(where, f"has thresholds that do not rise from nothing: {values}")


def _variables(uid: str, dashboard: dict[str, Any]) -> Iterator[Fault]:
    declared: list[str] = []
    used: set[str] = set()
    for variable in dashboard["templating"]["list"]:
        where = f"{uid}: variable {variable['name']}"
        if variable["type"] == "query":
            text = variable["query"]["query"]
            for unknown in sorted(variables(text) - set(declared)):
                yield Fault(where, f"is asked with ${unknown}, which is not known before it")
            used |= variables(text)
            matched = re.match(r"^label_values\((.*), (\w+)\)$", text)
            reading = Reading(matched[1]) if matched else None
            if matched is None or reading is None or reading.faults:
                yield Fault(where, f"asks {text!r}: {'; '.join(reading.faults) if reading else 'no label_values'}")
            elif reading.shape is not None and matched[2] not in reading.shape.labels:
                yield Fault(where, f"asks for the label {matched[2]}, which is not there")
        declared.append(variable["name"])
    for where, text in _texts(uid, dashboard):
        named = variables(text) - {"datasource"} - set(BUILT_IN) - LINK_VARIABLES
        used |= variables(text)
        for unknown in sorted(named - set(declared)):
            yield Fault(where, f"uses ${unknown}, which the dashboard does not have")
    for idle in sorted(set(declared) - used):
        yield Fault(f"{uid}: variable {idle}", "is used by nothing")


def _texts(uid: str, dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for annotation in dashboard["annotations"]["list"]:
        yield f"{uid}: mark {annotation['name']}", annotation["expr"]
    for panel in _shown(dashboard):
        yield _place(uid, panel), panel["title"] + panel["datasource"]["uid"]
        for target in panel.get("targets", ()):
            yield f"{_place(uid, panel)}, query {target['refId']}", target["expr"] + target.get("legendFormat", "")
        yield from ((f"{_place(uid, panel)}, column {heading}", url) for heading, url in _cell_links(panel))


def _annotations(uid: str, dashboard: dict[str, Any]) -> Iterator[Fault]:
    for annotation in dashboard["annotations"]["list"]:
        where = f"{uid}: mark {annotation['name']}"
        reading = Reading(annotation["expr"])
        yield from (Fault(where, fault) for fault in reading.faults)
        if annotation["target"]["expr"] != annotation["expr"]:
            yield Fault(where, "asks older versions of Grafana something else than newer ones")
        if reading.shape is None:
            continue
        if not annotation.get("useValueForTime") or reading.shape.kind is not Kind.MOMENT_MS:
            yield Fault(where, f"marks moments, and its values are {reading.shape.kind}")
        for label in sorted(set(_LEGEND.findall(annotation["titleFormat"])) - reading.shape.labels):
            yield Fault(where, f"names {label} in its title, which the query does not leave")


def _links(uid: str, dashboard: dict[str, Any], all_of_them: Mapping[str, dict[str, Any]]) -> Iterator[Fault]:
    links = [(f"{uid}: link {one['title']}", one["url"]) for one in dashboard["links"]]
    for panel in _shown(dashboard):
        links += [(f"{_place(uid, panel)}, column {heading}", url) for heading, url in _cell_links(panel)]
    for where, url in links:
        matched = _DASHBOARD.match(url)
        if matched is None:
            yield from _runbook(where, url)
            continue
        if matched[1] not in all_of_them:
            yield Fault(where, f"leads to the dashboard {matched[1]}, which is not there")
            continue
        known = {one["name"] for one in all_of_them[matched[1]]["templating"]["list"]}
        for name in re.findall(r"var-(\w+)=", matched[2] or ""):
            if name not in known:
                yield Fault(where, f"gives {matched[1]} a {name}, which it does not know")


def _runbook(where: str, url: str) -> Iterator[Fault]:
    """A link to a runbook names the alert by a cell of the line, and each alert's runbook is there by test."""
    if url != f"{RUNBOOK_BASE}/${{__data.fields.Alert}}.md":
        yield Fault(where, f"leads to {url}, which is neither a dashboard nor the runbook of the line's alert")
