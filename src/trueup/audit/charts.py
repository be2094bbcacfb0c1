"""Charts of an audit's report as SVG text: our own, small, without a script, legible in light, dark and print.

Colours come from the page's style by class; every mark has a title, and no chart is the only place of a figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from trueup.audit.result import CoverageLine, DiscrepancyLine, QueryLine
from trueup.audit.text import moment

WIDTH: Final = 720
LABEL: Final = 190
ROW: Final = 24
DOTS_MAX: Final = 2_000
_CLASSES = {"complete": "good", "failed": "bad", "cut": "warn", "partial": "warn", "not_asked": "none"}
_SEVERITY_CLASSES = {"CRITICAL": "bad", "WARNING": "warn", "INFO": "info"}


def coverage_chart(lines: Sequence[CoverageLine]) -> str:
    """Return how much of the window that was asked for was got, a bar for each side and kind of record."""
    asked = [line for line in lines if line.asked_to_ns is not None]
    rows = []
    for place, line in enumerate(asked):
        y = place * ROW
        share = _share(line)
        word = line.state.replace("_", " ")
        label = f"{line.side}: {line.kind.lower().replace('_', ' ')}"
        rows.append(
            f"<g><title>{escape(label)}: {word}</title>{_label(label, y)}"
            f'<rect class="track" x="{LABEL}" y="{y + 5}" width="{_span()}" height="14" rx="3"/>'
            f'<rect class="{_CLASSES[line.state]}" x="{LABEL}" y="{y + 5}" width="{_span() * share:.1f}" height="14" '
            f'rx="3"/><text class="value" x="{WIDTH - 8}" y="{y + 16}" text-anchor="end">{word}</text></g>'
        )
    return _svg(len(asked) * ROW, rows, "Coverage by side and kind of record")


def kinds_chart(counts: dict[str, int]) -> str:
    """Return how many differences there are of each kind."""
    return _bars(
        [(kind.lower().replace("_", " "), float(count), str(count), "bad") for kind, count in counts.items()],
        "Differences by kind",
    )


def queries_chart(lines: Iterable[QueryLine]) -> str:
    """Return the median latency of each kind of question."""
    rows = [
        (
            line.query,
            line.p50_ms or 0.0,
            f"{line.p50_ms or 0.0:,.0f} ms x {line.count}",
            "bad" if line.failures else "info",
        )
        for line in lines
    ]
    return _bars(rows, "Median latency of the venue's answers")


def timeline_chart(lines: Sequence[DiscrepancyLine], from_ns: int, to_ns: int) -> str:
    """Return when, in the venue's time, what differs came about: a row for each instrument."""
    told = [line for line in lines if line.time_ns][:DOTS_MAX]
    if not told or to_ns <= from_ns:
        return ""
    from_ns = min(from_ns, *(line.time_ns for line in told))
    names = sorted({line.instrument_id or "other" for line in told})
    rows = []
    for place, name in enumerate(names):
        y = place * ROW
        rows.append(f'{_label(name, y)}<line class="track" x1="{LABEL}" x2="{WIDTH - 8}" y1="{y + 12}" y2="{y + 12}"/>')
    for line in told:
        y = names.index(line.instrument_id or "other") * ROW + 12
        x = LABEL + (WIDTH - 8 - LABEL) * (line.time_ns - from_ns) / (to_ns - from_ns)
        css = _SEVERITY_CLASSES.get(line.severity, "info")
        rows.append(
            f'<circle class="{css}" cx="{min(x, WIDTH - 8):.1f}" cy="{y}" r="4">'
            f"<title>{escape(f'{moment(line.time_ns)}: {line.line}')}</title></circle>"
        )
    y = len(names) * ROW + 14
    rows.append(f'<text class="value" x="{LABEL}" y="{y}">{moment(from_ns)}</text>')
    rows.append(f'<text class="value" x="{WIDTH - 8}" y="{y}" text-anchor="end">{moment(to_ns)} UTC</text>')
    return _svg(len(names) * ROW + 20, rows, "Differences by the venue's time")


def _bars(rows: Sequence[tuple[str, float, str, str]], title: str) -> str:
    if not rows:
        return ""
    most = max(value for _, value, _, _ in rows) or 1.0
    drawn = []
    for place, (label, value, text, css) in enumerate(rows):
        y = place * ROW
        width = max(2.0, (_span() - 40) * value / most) if value else 0.0
        drawn.append(
            f"<g><title>{escape(f'{label}: {text}')}</title>{_label(label, y)}"
            f'<rect class="{css}" x="{LABEL}" y="{y + 5}" width="{width:.1f}" height="14" rx="3"/>'
            f'<text class="value" x="{LABEL + width + 6:.1f}" y="{y + 16}">{escape(text)}</text></g>'
        )
    return _svg(len(rows) * ROW, drawn, title)


def _share(line: CoverageLine) -> float:
    if line.state == "complete":
        return 1.0
    if line.got_from_ns is None or line.got_to_ns is None or line.asked_from_ns is None or line.asked_to_ns is None:
        return 0.0
    asked = line.asked_to_ns - line.asked_from_ns
    return min(1.0, max(0.0, (line.got_to_ns - max(line.got_from_ns, line.asked_from_ns)) / asked)) if asked else 0.0


def _span() -> int:
    return WIDTH - LABEL - 90


def _label(text: str, y: int) -> str:
    shown = text if len(text) <= 28 else text[:27] + "…"
    return f'<text class="label" x="{LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(shown)}</text>'


def _svg(height: int, parts: Iterable[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {math.ceil(height) + 4}" role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
