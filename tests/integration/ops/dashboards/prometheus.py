"""Ask a Prometheus as Grafana does: variables from series, then every query of every panel with them filled in."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANSWER_SECS_MAX = 30.0
POINTS_MAX = 300
"""Of one range query: about what a panel half a screen wide asks for."""
_LABEL_VALUES = re.compile(r"^label_values\((.*),\s*(\w+)\)$", re.DOTALL)
_SPECIAL = re.compile(r"[\\^$*+?.()|{}\[\]]")
"""What Grafana escapes, with two backslashes, in a value of a variable that takes several."""
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


class RefusedError(AssertionError):
    """Prometheus would not answer a query."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One Prometheus, and how often it scrapes."""

    url: str
    scrape_secs: int

    def instant(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """Return what a query gives at one moment."""
        when = {} if at is None else {"time": f"{at:.3f}"}
        return list(self._get("query", {"query": expression} | when)["result"])

    def range(self, expression: str, since: float, until: float, step: int) -> list[dict[str, Any]]:
        """Return what a query gives over time."""
        window = {"start": f"{since:.3f}", "end": f"{until:.3f}", "step": str(step)}
        return list(self._get("query_range", {"query": expression} | window)["result"])

    def label_values(self, label: str, selector: str) -> list[str]:
        """Return the values of a label among the series that a selector chooses."""
        return sorted(self._get(f"label/{label}/values", {"match[]": selector}))

    def metadata(self) -> dict[str, dict[str, str]]:
        """Return each metric's type, by job and name, as the targets declared it."""
        found: dict[str, dict[str, str]] = {}
        for row in self._get("targets/metadata", {}):
            found.setdefault(row["target"]["job"], {})[row["metric"]] = row["type"]
        return found

    def _get(self, path: str, parameters: Mapping[str, str]) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_SECS_MAX) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise RefusedError(f"{parameters}: {error.read().decode()}") from error


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time that a dashboard shows."""

    since: float
    until: float

    @property
    def step_secs(self) -> int:
        """Return Grafana's interval: the stretch over the points of a panel, at least a second."""
        return max(1, round((self.until - self.since) / POINTS_MAX))


@dataclass(slots=True)
class Asked:
    """What a dashboard's queries gave.

    Parameters
    ----------
    variables : dict
        What each variable was resolved to.
    answers : dict
        By panel id and letter: Prometheus' result.
    secs : dict
        By panel id and letter: how long the answer took.
    marks : dict
        By an annotation's name: Prometheus' result.
    """

    window: Window
    variables: dict[str, str] = field(default_factory=dict)
    answers: dict[tuple[int, str], list[dict[str, Any]]] = field(default_factory=dict)
    secs: dict[tuple[int, str], float] = field(default_factory=dict)
    marks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables replaced; an unknown one stays, as Grafana leaves it."""
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2], found[0]), text)


def resolve(
    dashboard: Mapping[str, Any], prometheus: Prometheus, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return every variable's value: the chosen one, all of one that takes several, or else the first.

    Raises
    ------
    RefusedError
        If a variable finds no value.
    """
    values: dict[str, str] = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        matched = _LABEL_VALUES.match(fill_in(variable["query"]["query"], values))
        assert matched, variable["query"]
        found = prometheus.label_values(matched[2], matched[1])
        if not found:
            raise RefusedError(f"variable {variable['name']}: {matched[0]} finds nothing")
        if variable.get("multi"):
            values[variable["name"]] = "(" + "|".join(_SPECIAL.sub(r"\\\\\g<0>", one) for one in found) + ")"
        else:
            values[variable["name"]] = found[0]
        values |= {name: value for name, value in (chosen or {}).items() if name == variable["name"]}
    return values


def ask(
    dashboard: Mapping[str, Any], prometheus: Prometheus, window: Window, chosen: Mapping[str, str] | None = None
) -> Asked:
    """Ask every query and every annotation of a dashboard."""
    asked = Asked(window, resolve(dashboard, prometheus, chosen))
    step = window.step_secs
    values = asked.variables | {
        "__rate_interval": f"{max(step + prometheus.scrape_secs, 4 * prometheus.scrape_secs)}s",
        "__interval": f"{step}s",
        "__range": f"{int(window.until - window.since)}s",
    }
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            expression, key = fill_in(target["expr"], values), (panel["id"], target["refId"])
            began = time.perf_counter()
            if target.get("instant"):
                asked.answers[key] = prometheus.instant(expression, window.until)
            else:
                asked.answers[key] = prometheus.range(expression, window.since, window.until, step)
            asked.secs[key] = time.perf_counter() - began
    for mark in dashboard["annotations"]["list"]:
        asked.marks[mark["name"]] = prometheus.range(fill_in(mark["expr"], values), window.since, window.until, step)
    return asked


def is_empty(answer: list[dict[str, Any]]) -> bool:
    """Return whether a result has no number: no series, or nothing but NaN."""
    numbers = [value for row in answer for _, value in (row.get("values") or [row.get("value")])]
    return all(number == "NaN" for number in numbers)
