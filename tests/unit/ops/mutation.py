"""Ways to break a dashboard or a rule, one at a time, and what the lint must say of each, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NODE, FLEET = "trueup-node", "trueup-fleet"
Break = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardMutation:
    """What is broken, in which dashboard and how, and the place and the words of the lint."""

    name: str
    change: Break
    where: str
    what: str
    uid: str = NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMutation:
    """What is broken, which text of the rule file by which, and the rule and the words of the lint."""

    name: str
    found: str
    broken: str
    where: str
    what: str


def panel(dashboard: dict[str, Any], title: str) -> dict[str, Any]:
    """Return a panel by its title."""
    (found,) = [one for one in dashboard["panels"] if one["title"] == title]
    assert isinstance(found, dict)
    return found


def asks(title: str, found: str, broken: str) -> Break:
    """Break the text of a panel's queries."""

    def change(dashboard: dict[str, Any]) -> None:
        targets = panel(dashboard, title)["targets"]
        assert any(found in target["expr"] for target in targets), f"{title} does not ask {found}"
        for target in targets:
            target["expr"] = target["expr"].replace(found, broken)

    return change


def named(title: str, legend: str) -> Break:
    """Name a panel's first series otherwise."""

    def change(dashboard: dict[str, Any]) -> None:
        panel(dashboard, title)["targets"][0]["legendFormat"] = legend

    return change


def put(title: str, **at: int) -> Break:
    """Put a panel elsewhere on the grid."""
    return lambda dashboard: panel(dashboard, title)["gridPos"].update(at)


def shown(title: str, key: str, value: Any = None) -> Break:
    """Change how a panel's values are shown, or drop it."""

    def change(dashboard: dict[str, Any]) -> None:
        defaults = panel(dashboard, title)["fieldConfig"]["defaults"]
        del defaults[key]
        if value is not None:
            defaults[key] = value

    return change


def styled(title: str, heading: str, key: str, value: Any) -> Break:
    """Change one property of a column."""

    def change(dashboard: dict[str, Any]) -> None:
        overrides = panel(dashboard, title)["fieldConfig"]["overrides"]
        (override,) = [one for one in overrides if one["matcher"]["options"] == heading]
        (found,) = [one for one in override["properties"] if one["id"] == key]
        found["value"] = value

    return change


def without_variable(name: str) -> Break:
    """Remove a variable."""

    def change(dashboard: dict[str, Any]) -> None:
        variables = dashboard["templating"]["list"]
        variables[:] = [one for one in variables if one["name"] != name]

    return change


def text(found: str, broken: str) -> Break:
    """Break a text wherever the file has it; of a quotation mark inside a query the backslash counts."""

    def change(dashboard: dict[str, Any]) -> None:
        whole = json.dumps(dashboard)
        assert found in whole, f"the file has no {found}"
        changed = json.loads(whole.replace(found, broken))
        dashboard.clear()
        dashboard.update(changed)

    return change


def thresholds(*since: float | None) -> dict[str, Any]:
    """Return thresholds as Grafana writes them."""
    return {"mode": "absolute", "steps": [{"value": one, "color": "green"} for one in since]}
