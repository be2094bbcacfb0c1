"""The curves of a soak as one SVG: small multiples over the same hours, readable in light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from trueup.drills.soak.report import SoakReport, amount

PANEL_WIDTH, PANEL_HEIGHT = 360, 130
MARGIN_LEFT, MARGIN_TOP, MARGIN_BOTTOM = 14, 30, 22
COLUMNS = 2
INK, LINE, SHADE = "#57606a", "#0969da", "#8c959f"
"""Of enough contrast on white and on black."""


def svg(report: SoakReport) -> str:
    """Return the plot of every judged value that was sampled."""
    shown = [(bound, points) for bound in report.bounds if (points := report.series(bound.name))]
    rows = -(-len(shown) // COLUMNS)
    width, height = COLUMNS * PANEL_WIDTH, rows * PANEL_HEIGHT
    title = f"Soak of {report.hours:.2f} hours"
    about = f'viewBox="0 0 {width} {height}" role="img" aria-label="{title}"'
    font = f'font-family="sans-serif" font-size="11" fill="{INK}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {about} {font}>']
    for index, (bound, points) in enumerate(shown):
        left, top = index % COLUMNS * PANEL_WIDTH, index // COLUMNS * PANEL_HEIGHT
        parts.append(f'<g transform="translate({left},{top})">')
        parts += _panel(bound.name, bound.title, points, report.warmup_secs)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(name: str, title: str, points: Sequence[tuple[float, float]], warmup_secs: float) -> Iterator[str]:
    highest = max(value for _, value in points) or 1.0
    end_secs = points[-1][0] or 1.0
    width, height = PANEL_WIDTH - 2 * MARGIN_LEFT, PANEL_HEIGHT - MARGIN_TOP - MARGIN_BOTTOM
    bottom = MARGIN_TOP + height

    def x(at_secs: float) -> float:
        return MARGIN_LEFT + width * at_secs / end_secs

    def y(value: float) -> float:
        return bottom - height * max(0.0, value) / highest

    left, right = MARGIN_LEFT, MARGIN_LEFT + width
    shaded = min(x(warmup_secs), right) - left
    line = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in points)
    yield f'<text x="{MARGIN_LEFT}" y="14" font-weight="bold">{escape(title)}</text>'
    yield f'<text x="{MARGIN_LEFT}" y="26" fill="{SHADE}">at most {amount(name, highest)}</text>'
    box = f'x="{left}" y="{MARGIN_TOP}" width="{shaded:.1f}" height="{height}"'
    yield f'<rect {box} fill="{SHADE}" opacity="0.15"/>'
    yield f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{bottom}" stroke="{SHADE}"/>'
    yield f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="1.5"/>'
    yield f'<text x="{left}" y="{bottom + 14}" fill="{SHADE}">0</text>'
    yield f'<text x="{right}" y="{bottom + 14}" text-anchor="end" fill="{SHADE}">{end_secs / 60:.0f} min</text>'
