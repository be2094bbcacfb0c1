"""Whatever a configuration holds, it is answered with problems, never with a traceback."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.config.files import write
from trueup.config.checking import check_file
from trueup.config.checking.sarif import to_sarif
from trueup.config.checking.text import render_text
from trueup.config.rules import ALL_RULES
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.config.trading_node.loading import load

EXAMPLE = tomllib.loads((Path(__file__).parents[3] / "examples" / "trueup.toml").read_text(encoding="utf-8"))
SECTIONS = ("reconciliation", "redis", "logs", "timeouts", "risk", "engine", "clients", "strategies", "actors")

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(["off", "${X}"])
)
names = st.sampled_from(
    [
        "type",
        "venue",
        "host",
        "port",
        "mode",
        "preset",
        "config",
        "claims",
        "instrument_ids",
        "BINANCE",
        "api_key",
        "x",
        "",
    ]
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)


def paths(value: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of everything inside a nested value."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, child in items for path in [(*here, key), *paths(child, (*here, key))]]


@st.composite
def spoilt_example(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the example with a few of its parts replaced by anything, or removed."""
    spoilt: dict[str, Any] = copy.deepcopy(EXAMPLE)
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(paths(spoilt) or [("redis",)]))
        parent: Any = spoilt
        for part in path[:-1]:
            parent = parent[part]
        if draw(st.booleans()) and isinstance(parent, dict):
            parent.pop(path[-1], None)
        else:
            parent[path[-1]] = draw(anything)
    return spoilt


def answered(directory: Path, sections: dict[str, Any]) -> None:
    """Require a whole answer in every form for settings that come as variables, each section as JSON."""
    environ = {f"TRUEUP_{name.upper()}": json.dumps(value) for name, value in sections.items() if name in SECTIONS}
    path = write(directory, "")
    loaded = load(path, LiveTradingNodeConfig, environ)
    assert isinstance(loaded.config, LiveTradingNodeConfig)
    report = check_file(path, environ=environ, engine_version="1.231.0")
    assert len(report.findings) >= len(loaded.problems)
    text = render_text(report)
    assert all(one.rule in ALL_RULES and str(one.rule.id) in text for one in report.findings)
    json.dumps(report.as_dict())
    json.dumps(to_sarif(report))
    for problem in loaded.problems:
        assert problem.found
        assert problem.field


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(spoilt_example())
def test_a_spoilt_example_is_answered(tmp_path: Path, sections: dict[str, Any]) -> None:
    answered(tmp_path, sections)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from(SECTIONS), anything, max_size=4))
def test_anything_at_all_is_answered(tmp_path: Path, sections: dict[str, Any]) -> None:
    answered(tmp_path, sections)
