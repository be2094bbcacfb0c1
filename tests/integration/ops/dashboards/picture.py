"""Draw a dashboard's data for human eyes: Grafana's words, colours and grid, in a drawing that says it is ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

WIDTH, CELL, GAP = 1500, 34, 6
"""Of the picture, of a row of Grafana's grid, and between two panels, in pixels."""
COLUMNS = 24
TITLE, AXIS, LEFT = 24, 16, 58
WIDE_LEFT = 190
"""Where bars begin in panels that are as wide as the picture: at one place, so that times stand below each other."""
LEGEND_LINE = 14
LEGEND_LINES_MAX = 7
ROWS_MAX = 20
"""Of a table or of bars: as many as Grafana shows on a page of bars."""
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
LABEL = "Drawn by the project from a real Prometheus' answers. This is not Grafana, and not a picture of it."
STYLE = """
body{margin:0;background:#f4f5f5;font:12px/1.3 'DejaVu Sans',sans-serif;color:#24292e}
h1{font-size:17px;margin:0;padding:10px 12px 0} .note{padding:2px 12px 8px;color:#6a737d}
.grid{position:relative} .panel,.row{position:absolute;box-sizing:border-box;overflow:hidden}
.panel{background:#fff;border:1px solid #dfe2e5;border-radius:2px;padding:4px 6px}
.panel h3{font-size:12px;margin:0 0 2px;height:18px;font-weight:600;white-space:nowrap}
.row{font-size:15px;font-weight:700;padding:8px 4px 0}
.stat{display:flex;align-items:center;justify-content:center;color:#fff;font-size:24px;font-weight:700;border-radius:2px}
.nothing{display:flex;align-items:center;justify-content:center;color:#6a737d}
table{border-collapse:collapse;width:100%} td,th{text-align:left;padding:2px 6px;border-bottom:1px solid #eee}
th{color:#1f60c4} td.filled{color:#fff;font-weight:600} svg text{font:10px 'DejaVu Sans',sans-serif;fill:#444}
"""


def page(dashboard: Mapping[str, Any], shown: Mapping[int, Mapping[str, Any]], since: float, until: float) -> str:
    """Return a dashboard as HTML.

    Parameters
    ----------
    dashboard : Mapping
        The committed JSON.
    shown : Mapping
        By panel id: what Grafana's data code made of the answers.
    since, until : float
        The stretch of time, in seconds since 1970.
    """
    parts, bottom = [], 0
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        left, width = at["x"] * WIDTH / COLUMNS + GAP / 2, at["w"] * WIDTH / COLUMNS - GAP
        top, height = at["y"] * CELL, at["h"] * CELL - GAP
        box = f"left:{left:.0f}px;top:{top}px;width:{width:.0f}px;height:{height}px"
        bottom = max(bottom, top + height)
        title = escape(panel["title"])
        if panel["type"] == "row":
            parts.append(f'<div class="row" style="{box}">{title}</div>')
            continue
        inside = _panel(shown[panel["id"]], width - 14, height - TITLE - 8, since * 1000, until * 1000)
        parts.append(f'<div class="panel" style="{box}"><h3>{title}</h3>{inside}</div>')
    stretch = f"{_clock(since, seconds=True)} to {_clock(until, seconds=True)} UTC"
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><h1>{escape(dashboard["title"])}</h1>'
        f'<div class="note">{LABEL} {stretch}.</div>'
        f'<div class="grid" style="height:{bottom + GAP}px">{"".join(parts)}</div>'
    )


def _clock(secs: float, *, seconds: bool = False) -> str:
    return datetime.fromtimestamp(secs, UTC).strftime("%H:%M:%S" if seconds else "%H:%M")


def _panel(shown: Mapping[str, Any], width: float, height: float, since: float, until: float) -> str:
    bare = not any(shown.get(key) for key in ("values", "rows", "lines"))
    if bare or (shown["empty"] and shown["kind"] != "stat"):
        return f'<div class="nothing" style="height:{height}px">{escape(shown["nothing"])}</div>'
    match shown["kind"]:
        case "stat":
            (first, *_) = shown["values"]
            colour = first["color"] or "#24292e"
            return f'<div class="stat" style="height:{height}px;background:{colour}">{escape(first["text"])}</div>'
        case "table":
            return _table(shown)
        case "timeseries":
            return _lines(shown, width, height, since, until)
    return _bars(shown, width, height, since, until)


def _table(shown: Mapping[str, Any]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in shown["columns"])
    rows = []
    for row in shown["rows"][:ROWS_MAX]:
        cells = []
        for cell in row:
            filled = f' class="filled" style="background:{cell["color"]}"' if cell["color"] else ""
            text = f"<u>{escape(cell['text'])}</u>" if cell["href"] else escape(cell["text"])
            cells.append(f"<td{filled}>{text}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _times(since: float, until: float, width: float, height: float) -> Iterator[str]:
    """Yield the marks of the time axis."""
    for index in range(5):
        time = since + (until - since) * index / 4
        x = LEFT + (width - LEFT) * index / 4
        anchor = ("start", "middle", "middle", "middle", "end")[index]
        yield f'<line x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{height:.1f}" stroke="#eee"/>'
        label = _clock(time / 1000, seconds=until - since < 1_200_000)
        yield f'<text x="{x:.1f}" y="{height + 12:.1f}" text-anchor="{anchor}">{label}</text>'


def _lines(shown: Mapping[str, Any], width: float, height: float, since: float, until: float) -> str:
    lines = shown["lines"]
    told = lines[:LEGEND_LINES_MAX]
    plot = height - AXIS - LEGEND_LINE * len(told)
    low, high = shown["low"], shown["high"]

    def x(time: float) -> float:
        return LEFT + (width - LEFT) * (time - since) / (until - since)

    def y(value: float) -> float:
        return plot - (plot - 4) * (value - low) / (high - low)

    parts = list(_times(since, until, width, plot))
    for tick in shown["ticks"]:
        at = y(tick["value"])
        parts.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{width}" y2="{at:.1f}" stroke="#eee"/>')
        parts.append(f'<text x="{LEFT - 4}" y="{at + 4:.1f}" text-anchor="end">{escape(tick["text"])}</text>')
    floor: dict[float, float] = {}
    for line in lines:
        parts += _line(line, x, y, floor if shown["stacked"] else None)
    for index, line in enumerate(told):
        at = plot + AXIS + LEGEND_LINE * index + 9
        words = f"{line['name']}   last {line['calcs'][0] or '-'}, max {line['calcs'][1] or '-'}"
        parts.append(f'<rect x="0" y="{at - 5}" width="12" height="3" fill="{line["color"]}"/>')
        parts.append(f'<text x="18" y="{at}">{escape(words)}</text>')
    return f'<svg width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'


def _line(line: Mapping[str, Any], x: Any, y: Any, floor: dict[float, float] | None) -> Iterator[str]:
    """Yield the pieces of a line between its gaps; stacked ones stand on the floor, and raise it."""
    pieces: list[list[tuple[float, float, float]]] = [[]]
    for time, value in zip(line["times"], line["values"], strict=True):
        if value is None:
            pieces.append([])
            continue
        below = 0.0 if floor is None else floor.get(time, 0.0)
        if floor is not None:
            floor[time] = below + value
        pieces[-1].append((x(time), y(below + value), y(below)))
    for piece in filter(None, pieces):
        top = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in piece)
        if floor is not None:
            base = " ".join(f"{a:.1f},{c:.1f}" for a, _, c in reversed(piece))
            yield f'<polygon points="{top} {base}" fill="{line["color"]}" fill-opacity="0.4"/>'
        yield f'<polyline points="{top}" fill="none" stroke="{line["color"]}" stroke-width="1.3"/>'


def _bars(shown: Mapping[str, Any], width: float, height: float, since: float, until: float) -> str:
    rows = shown["rows"][:ROWS_MAX]
    plot = height - AXIS
    tall = plot / max(1, len(rows))
    named = max(LEFT, 6.4 * max(len(row["name"]) for row in rows) + 8)
    left = WIDE_LEFT if width > WIDTH / 2 else min(width / 3, named)

    def x(time: float) -> float:
        return left + (width - left) * (min(max(time, since), until) - since) / (until - since)

    parts = []
    for index, row in enumerate(rows):
        top = tall * index
        parts.append(f'<text x="0" y="{top + tall / 2 + 3:.1f}">{escape(row["name"][: int(left / 6)])}</text>')
        for bar in row["bars"]:
            start, end = x(bar["from"]), x(bar["to"])
            parts.append(
                f'<rect x="{start:.1f}" y="{top + tall * 0.05:.1f}" width="{max(1.0, end - start):.1f}" '
                f'height="{tall * 0.9:.1f}" fill="{bar["color"]}"/>'
            )
            if end - start > 7 * len(bar["text"]) and tall > 9:
                at = top + tall / 2 + 3
                parts.append(f'<text x="{start + 4:.1f}" y="{at:.1f}" style="fill:#fff">{escape(bar["text"])}</text>')
    for index in range(5):
        at = left + (width - left) * index / 4
        label = _clock((since + (until - since) * index / 4) / 1000, seconds=until - since < 1_200_000)
        anchor = ("start", "middle", "middle", "middle", "end")[index]
        parts.append(f'<text x="{at:.1f}" y="{plot + 12:.1f}" text-anchor="{anchor}">{label}</text>')
    return f'<svg width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'


def shoot(html: str, path: Path) -> None:
    """Write a page as PNG."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            tab = browser.new_page(viewport={"width": WIDTH, "height": 600})
            tab.set_content(html)
            path.parent.mkdir(parents=True, exist_ok=True)
            tab.screenshot(path=path, full_page=True)
        finally:
            browser.close()
