"""Charts of benchmarks: what is drawn is what was measured, and what is kept is what is drawn."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from benchmarks.charts import BARS, drawn
from benchmarks.document import DOCUMENT, IMAGES, charts, render, write
from benchmarks.svg import LEFT, RIGHT, TOP, WIDTH, Bar, bars, curves, number
from hypothesis import given
from hypothesis import strategies as st

SVG = "{http://www.w3.org/2000/svg}"


def chart(*curves_: tuple[str, list[tuple[float, float]]], logarithmic: bool = False) -> dict[str, Any]:
    """Return a chart as a result keeps it."""
    kept = [{"name": name, "points": points} for name, points in curves_]
    return {"name": "c", "title": "T & t", "x": "x", "y": "y", "curves": kept, "logarithmic": logarithmic}


def lines_of(svg: str) -> list[list[tuple[float, float]]]:
    """Return the points of every curve as they lie on the drawing."""
    found = ET.fromstring(svg).iter(f"{SVG}polyline")
    return [[tuple(map(float, point.split(","))) for point in one.attrib["points"].split()] for one in found]  # type: ignore[misc]  # two each


def test_what_is_kept_of_document_and_charts_is_what_the_results_render() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render()
    assert {path.name: path.read_text(encoding="utf-8") for path in IMAGES.glob("*")} == charts()
    for name in charts():
        assert f"images/benchmarks/{name}" in render()
    assert {name.split("-")[0] for name in charts()} >= set(BARS)


def test_writing_leaves_nothing_behind_of_a_chart_that_is_gone(tmp_path: Path) -> None:
    results, images = tmp_path / "results", tmp_path / "images"
    results.mkdir()
    images.mkdir()
    (images / "gone-bar.svg").write_text("<svg/>")
    machine = {"date": "d", "versions": {}, "cpu": "", "cores": 1, "memory_gib": 1, "system": "", "python": "3"}
    machine |= {"load_before": 0, "load_after": 0, "loop_ms": 1}
    result = {"title": "G", "measured": "m", "excludes": [], "figures": [], "charts": [chart(("V", [(1, 1), (2, 2)]))]}
    (results / "growth.json").write_text(json.dumps({"quick": False, "machine": machine, "result": result}))
    write(results, tmp_path / "d.md", images)
    assert [path.name for path in images.glob("*")] == ["growth-c.svg"]
    assert "![T & t](images/benchmarks/growth-c.svg)" in (tmp_path / "d.md").read_text()


values = st.floats(1e-3, 1e6)


@given(st.lists(st.tuples(values, values), min_size=2, max_size=20), st.booleans())
def test_a_curve_lies_within_its_axes_and_a_larger_value_never_lower(
    points: list[tuple[float, float]], logarithmic: bool
) -> None:
    (line,) = lines_of(curves(chart(("Verified", sorted(points)), logarithmic=logarithmic)))
    placed = sorted(zip(sorted(points), line, strict=True), key=lambda one: one[0][1])
    assert all(LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1 and y >= TOP - 0.1 for x, y in line)
    heights = [y for _, (_, y) in placed]
    assert all(after <= before + 0.11 for before, after in itertools.pairwise(heights))


def test_proportional_growth_is_straight_on_logarithmic_axes() -> None:
    (line,) = lines_of(curves(chart(("Native", [(10, 1), (100, 10), (1_000, 100)]), logarithmic=True)))
    assert line[1] == pytest.approx(((line[0][0] + line[2][0]) / 2, (line[0][1] + line[2][1]) / 2), abs=0.1)


def test_bars_are_as_long_as_their_medians_with_spread_and_goal() -> None:
    svg = bars("B", "s", [Bar(label="Native", value=2, lowest=1, highest=4, goal=3, is_native=True), one(1.0)])
    root = ET.fromstring(svg)
    native, verified = (box for box in root.iter(f"{SVG}rect") if "bar" in box.attrib["class"])
    assert float(native.attrib["width"]) == pytest.approx(2 * float(verified.attrib["width"]), abs=0.1)
    assert (native.attrib["class"], verified.attrib["class"]) == ("bar n1", "bar v1")
    kinds = [line.attrib["class"] for line in root.iter(f"{SVG}line")]
    assert (kinds.count("spread"), kinds.count("goal")) == (3, 1)
    assert [text.text for text in root.iter(f"{SVG}text")] == ["B", "Native", "2 s", "Verified <b>", "1 s"]


def one(value: float) -> Bar:
    """Return a bar of one measurement."""
    return Bar(label="Verified <b>", value=value, lowest=value, highest=value)


def test_nothing_is_drawn_of_nothing_and_no_figure_is_made_up() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        bars("B", "s", [])
    with pytest.raises(ValueError, match="logarithmic"):
        curves(chart(("V", [(0, 1)]), logarithmic=True))
    assert list(drawn("startup", {"figures": []})) == []
    assert list(drawn("unknown", {"figures": [{"name": "a"}]})) == []


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (0.0123, "0.0123"), (0.5, "0.5"), (1.014, "1.01"), (27.12, "27.1"), (2404.4, "2,404")]
)
def test_a_number_is_short_and_still_told_from_its_neighbours(value: float, said: str) -> None:
    assert number(value) == said
