"""Dashboards and rules pass the lint as they are committed, and each way of breaking one is refused at its place."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.unit.ops.broken_dashboards import DASHBOARD_MUTATIONS
from tests.unit.ops.broken_rules import RULE_MUTATIONS
from tests.unit.ops.lint import dashboards as dashboard_lint
from tests.unit.ops.lint import rules as rule_lint
from tests.unit.ops.mutation import DashboardMutation, RuleMutation
from trueup.ops.export import DASHBOARDS_PREFIX, RULES_PATH, all_files

FILES = all_files()
DASHBOARDS: dict[str, dict[str, Any]] = {
    name.removeprefix(DASHBOARDS_PREFIX).removesuffix(".json"): json.loads(text)
    for name, text in FILES.items()
    if name.startswith(DASHBOARDS_PREFIX)
}
RUNBOOKS = frozenset(name.removeprefix("runbooks/") for name in FILES if name.startswith("runbooks/"))


def test_the_committed_dashboards_have_no_fault() -> None:
    assert len(DASHBOARDS) == 3
    assert [str(fault) for fault in dashboard_lint.lint(DASHBOARDS)] == []


def test_the_exported_rules_have_no_fault() -> None:
    assert [str(fault) for fault in rule_lint.lint(FILES[RULES_PATH], RUNBOOKS)] == []


@pytest.mark.parametrize("mutation", DASHBOARD_MUTATIONS, ids=lambda one: one.name)
def test_a_broken_dashboard_is_refused_and_the_place_is_named(mutation: DashboardMutation) -> None:
    broken = copy.deepcopy(DASHBOARDS)
    mutation.change(broken[mutation.uid])

    faults = dashboard_lint.lint(broken)

    place = f"{mutation.uid}: {mutation.where}"
    assert any(fault.where == place and mutation.what in fault.what for fault in faults), list(map(str, faults))


@pytest.mark.parametrize("mutation", RULE_MUTATIONS, ids=lambda one: one.name)
def test_a_broken_rule_is_refused_and_its_name_is_said(mutation: RuleMutation) -> None:
    assert mutation.found in FILES[RULES_PATH]

    faults = rule_lint.lint(FILES[RULES_PATH].replace(mutation.found, mutation.broken), RUNBOOKS)

    assert any(fault.where == mutation.where and mutation.what in fault.what for fault in faults), list(
        map(str, faults)
    )
