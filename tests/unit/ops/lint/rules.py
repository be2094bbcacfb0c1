"""Lint a Prometheus rule file as it is exported: text in, one line for each fault out, with its place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import yaml

from tests.unit.ops.lint.dashboards import Fault
from tests.unit.ops.lint.kinds import TARGET_LABELS
from tests.unit.ops.lint.promql import Reading
from trueup.ops.alert import AlertSeverity, Component
from trueup.ops.rules import RUNBOOK_BASE

WITHOUT_A_TARGET = {"TrueupWatchdog", "TrueupNodeAbsent"}
"""Alerts that are about no target: the dead man's switch, and that there is none."""
_LABEL = re.compile(r"\$labels\.(\w+)")


def lint(text: str, runbooks: Collection[str]) -> list[Fault]:
    """Return every fault of a rule file.

    Parameters
    ----------
    text : str
        The file, YAML.
    runbooks : collection of str
        The files that are exported as runbooks.
    """
    document = yaml.safe_load(text)
    found: list[Fault] = []
    names: set[str] = set()
    for group in document["groups"]:
        for rule in group["rules"]:
            name = rule.get("alert") or rule["record"]
            if name in names:
                found.append(Fault(name, "two rules of one name"))
            names.add(name)
            reading = Reading(rule["expr"])
            found += [Fault(name, fault) for fault in reading.faults]
            if "alert" in rule and reading.shape is not None:
                found += _alert(name, rule, reading.shape.labels, runbooks)
    return found


def _alert(name: str, rule: dict[str, Any], labels: frozenset[str], runbooks: Collection[str]) -> Iterator[Fault]:
    if name not in WITHOUT_A_TARGET and not labels >= TARGET_LABELS:
        yield Fault(name, f"loses {', '.join(sorted(TARGET_LABELS - labels))}: nothing can inhibit it by its target")
    given = rule.get("labels", {})
    if given.get("severity") not in set(AlertSeverity):
        yield Fault(name, f"has the severity {given.get('severity')}, which no route knows")
    if given.get("component") not in set(Component):
        yield Fault(name, f"has the component {given.get('component')}, which nobody knows")
    texts = rule.get("annotations", {})
    for key in ("summary", "description", "runbook_url"):
        if not texts.get(key):
            yield Fault(name, f"has no {key}")
    for key, text in texts.items():
        for label in sorted(set(_LABEL.findall(text)) - labels):
            yield Fault(name, f"names {label} in its {key}, which its expression does not leave")
    path = str(texts.get("runbook_url", ""))
    if path.removeprefix(f"{RUNBOOK_BASE}/") not in runbooks:
        yield Fault(name, f"leads to the runbook {path}, which is not there")
