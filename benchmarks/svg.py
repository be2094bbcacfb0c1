"""Draw charts as SVG, readable in light and dark: they bring their own ground, and follow the reader's colour scheme.

Small on purpose: two forms are needed, curves over two axes and bars with their spread, and the files are kept in the
repository, where a difference shall be read. Pure: values in, text out, the same text for the same values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

WIDTH: Final = 760
LEFT: Final = 66
RIGHT: Final = 24
TOP: Final = 44
PLOT_HEIGHT: Final = 270
LEGEND_ROW: Final = 18
BAR_HEIGHT, BAR_STEP = 14, 34
BAR_RIGHT: Final = 110
"""Room for the figure behind the longest bar."""

GOAL_CLEARANCE: Final = 80

NATIVE: Final = "n"
PALETTES: Final = {"n": ("n1", "n2", "n3"), "v": ("v1", "v2", "v3", "v4")}
"""Classes of the engine's own curves, warm, and of verified ones, cool; their dashes tell them apart without colour."""
DASHES: Final = ("", "7 3", "2 3", "9 3 2 3")
TICKS_MAX: Final = 6

_STYLE: Final = """<style>
text{font-family:sans-serif;font-size:12px;fill:#24292f}.soft{fill:#57606a}.title{font-size:14px;font-weight:bold}
.ground{fill:#fff}.grid{stroke:#d0d7de}.axis,.spread{stroke:#57606a}.goal{stroke:#57606a;stroke-dasharray:4 3}
.curve{fill:none;stroke-width:2}.n1{--c:#bc4c00}.n2{--c:#953800}.n3{--c:#cf222e}
.v1{--c:#0969da}.v2{--c:#1a7f37}.v3{--c:#8250df}.v4{--c:#0b6b6b}
.curve,.key{stroke:var(--c)}.bar,.dot{fill:var(--c)}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9198a1}.ground{fill:#0d1117}.grid{stroke:#30363d}
.axis,.spread,.goal{stroke:#9198a1}.n1{--c:#f0883e}.n2{--c:#ffa657}.n3{--c:#ff7b72}
.v1{--c:#58a6ff}.v2{--c:#3fb950}.v3{--c:#bc8cff}.v4{--c:#39c5cf}}
</style>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: a median with what was measured around it.

    Parameters
    ----------
    label : str
        Before the bar.
    value, lowest, highest : float
        The median, and the spread.
    goal : float, optional
        What was aimed at.
    is_native : bool
        Whether it is the engine's own.
    """

    label: str
    value: float
    lowest: float
    highest: float
    goal: float | None = None
    is_native: bool = False


def number(value: float) -> str:
    """Return a value as short as it can be told from its neighbours."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if abs(value) < 100 else 0
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def curves(chart: Mapping[str, Any]) -> str:
    """Return the drawing of a chart, as `benchmarks.result.Chart` is kept.

    Raises
    ------
    ValueError
        If it has no point, or one that a logarithmic axis cannot show.
    """
    lines = [(str(one["name"]), [(float(x), float(y)) for x, y in one["points"]]) for one in chart["curves"]]
    points = [point for _, line in lines for point in line]
    is_log = bool(chart["logarithmic"])
    if not points or (is_log and min(min(point) for point in points) <= 0):
        raise ValueError(f"{chart['name']}: nothing to draw, or a value that a logarithmic axis cannot show")
    rows = -(-len(lines) // 2)
    bottom = TOP + PLOT_HEIGHT
    height = bottom + 44 + rows * LEGEND_ROW
    across = _axis([x for x, _ in points], LEFT, WIDTH - RIGHT, is_log=is_log)
    upward = _axis([y for _, y in points], bottom, TOP, is_log=is_log)
    parts = [*_head(str(chart["title"]), height)]
    for at, label in across.ticks:
        parts.append(f'<line class="grid" x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{bottom}"/>')
        parts.append(f'<text class="soft" x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{label}</text>')
    for at, label in upward.ticks:
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}"/>')
        parts.append(f'<text class="soft" x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}"/>')
    parts.append(f'<text class="soft" x="{LEFT}" y="{TOP - 8}">{escape(str(chart["y"]))}</text>')
    caption = f'x="{WIDTH - RIGHT}" y="{bottom + 32}" text-anchor="end"'
    parts.append(f'<text class="soft" {caption}>{escape(str(chart["x"]))}</text>')
    for index, ((name, line), (kind, dash)) in enumerate(zip(lines, _dress([name for name, _ in lines]), strict=True)):
        path = " ".join(f"{across.at(x):.1f},{upward.at(y):.1f}" for x, y in line)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(f'<polyline class="curve {kind}"{dashes} points="{path}"/>')
        left, top = LEFT + index % 2 * (WIDTH - LEFT) // 2, bottom + 50 + index // 2 * LEGEND_ROW
        parts.append(
            f'<line class="curve key {kind}"{dashes} x1="{left}" y1="{top - 4}" x2="{left + 30}" y2="{top - 4}"/>'
        )
        parts.append(f'<text x="{left + 38}" y="{top}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def bars(title: str, unit: str, shown: Sequence[Bar]) -> str:
    """Return the drawing of bars, one below the other, each with its spread and, where there is one, its goal.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if not shown:
        raise ValueError(f"{title}: nothing to draw")
    highest = max(max(bar.highest, bar.goal or 0.0) for bar in shown) or 1.0
    height = TOP + len(shown) * BAR_STEP + 8

    def x(value: float) -> float:
        return 16 + (WIDTH - 16 - BAR_RIGHT) * value / highest

    parts = [*_head(title, height)]
    for index, bar in enumerate(shown):
        top = TOP + index * BAR_STEP
        middle = top + 14 + BAR_HEIGHT / 2
        kind = "n1" if bar.is_native else "v1"
        parts.append(f'<text x="16" y="{top + 9}">{escape(bar.label)}</text>')
        box = f'x="16" y="{top + 14}" width="{max(x(bar.value) - 16, 1):.1f}" height="{BAR_HEIGHT}"'
        parts.append(f'<rect class="bar {kind}" {box}/>')
        if bar.highest > bar.lowest:
            parts.append(_line("spread", x(bar.lowest), middle, x(bar.highest), middle))
            parts += [_line("spread", x(end), middle - 4, x(end), middle + 4) for end in (bar.lowest, bar.highest)]
        behind = x(max(bar.value, bar.highest))
        if bar.goal is not None:
            if behind < x(bar.goal) < behind + GOAL_CLEARANCE:
                behind = x(bar.goal)  # the figure shall not be written over the mark
            parts.append(_line("goal", x(bar.goal), top + 11, x(bar.goal), top + 17 + BAR_HEIGHT))
        said = number(bar.value) + (f" {unit}" if unit else "")
        parts.append(f'<text x="{behind + 6:.1f}" y="{middle + 4:.1f}">{escape(said)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _head(title: str, height: int) -> Iterator[str]:
    words = escape(title, {'"': "&quot;"})
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{words}">'
    yield _STYLE
    yield f'<rect class="ground" width="{WIDTH}" height="{height}"/>'
    yield f'<text class="title" x="16" y="20">{words}</text>'


def _dress(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield a class and a dash for each curve, by whose it is."""
    used = {"n": 0, "v": 0}
    for name in names:
        whose = NATIVE if name.startswith("Native") else "v"
        palette, index = PALETTES[whose], used[whose]
        used[whose] += 1
        yield palette[index % len(palette)], DASHES[index % len(DASHES)]


@dataclass(frozen=True, slots=True)
class _Axis:
    at: Callable[[float], float]
    ticks: tuple[tuple[float, str], ...]


def _axis(values: Sequence[float], begin: float, end: float, *, is_log: bool) -> _Axis:
    """Return where values lie between two places, and round ones among them."""
    if is_log:
        lowest, highest = min(values), max(values)
        ticks = [tick for tick in _log_ticks(lowest, highest) if lowest <= tick <= highest]
        low, high = math.log10(lowest), math.log10(highest)

        def place(value: float) -> float:
            return begin + (end - begin) * (math.log10(value) - low) / ((high - low) or 1.0)

        return _Axis(place, tuple((place(tick), number(tick)) for tick in ticks))
    step = _step(max(values) or 1.0)
    top = math.ceil(max(values) / step) * step or 1.0

    def linear(value: float) -> float:
        return begin + (end - begin) * value / top

    return _Axis(linear, tuple((linear(index * step), number(index * step)) for index in range(round(top / step) + 1)))


def _log_ticks(lowest: float, highest: float) -> list[float]:
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    return [step * 10.0**decade for decade in decades for step in steps]


def _step(highest: float) -> float:
    """Return a round distance of ticks, of which at most `TICKS_MAX` fit."""
    raw = highest / TICKS_MAX
    scale = 10.0 ** math.floor(math.log10(raw))
    return next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= raw * (1 - 1e-9))
