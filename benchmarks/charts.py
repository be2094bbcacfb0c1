"""Which charts belong to which benchmark: curves as it recorded them, and bars picked from its figures by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.svg import Bar, bars, curves


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Bars of the figures of one benchmark whose names match.

    Parameters
    ----------
    name : str
        Of the file, among those of its benchmark.
    title, unit : str
        What it shows.
    picked : str
        A pattern for the whole name of a figure. Its groups, joined, become the label of the bar.
    native : str
        A pattern for labels of the engine's own, unhardened way.
    """

    name: str
    title: str
    unit: str
    picked: str
    native: str = "^Native"


_SYMBOLS: Final = r"((?:50|200) symbols, \d+ ms, )(.*)"
"""The accounts that every way of starting was measured on; the largest one waits for the venue's weight."""
_ADAPTER: Final = "adapter's own client"

BARS: Final[Mapping[str, tuple[BarChart, ...]]] = {
    "binance_startup": (
        BarChart(
            name="start", title="A start on Binance, to trading", unit="s", picked=_SYMBOLS + ": start", native=_ADAPTER
        ),
        BarChart(
            name="weight",
            title="Request weight of the worst minute of a start (2,400 are allowed)",
            unit="",
            picked=_SYMBOLS + ": weight, worst minute",
            native=_ADAPTER,
        ),
    ),
    "detection": (
        BarChart(name="seen", title="Until a difference is seen, by kind", unit="s", picked=r"`(\w+)`: seen"),
        BarChart(name="healed", title="From there until it is healed, by kind", unit="s", picked=r"`(\w+)`: healed"),
    ),
    "healing": (
        BarChart(
            name="until",
            title="Until a node has a fill whose event was lost",
            unit="s",
            picked=r"((?:Native|Verified): .*), until the node has it",
        ),
    ),
    "periodic": (
        BarChart(
            name="cpu",
            title="Processor time of one periodic check",
            unit="s",
            picked=r"((?:Native|Verified), .*): processor time",
        ),
        BarChart(
            name="held",
            title="The longest that one periodic check holds the loop",
            unit="ms",
            picked=r"((?:Native|Verified), .*): loop held",
        ),
    ),
    "startup": (
        BarChart(
            name="cpu",
            title="Processor time of a cold start-up",
            unit="s",
            picked=r"((?:Native|Verified), .*,000): processor time",
        ),
        BarChart(
            name="memory",
            title="Memory of a start-up, above the reports",
            unit="MiB",
            picked="(.*): peak memory above the built reports",
        ),
    ),
}
"""The bar charts of each benchmark, by its name."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One chart as it is kept: the name of its file, what it shows, and the drawing."""

    file: str
    title: str
    svg: str


def drawn(name: str, result: Mapping[str, Any]) -> Iterator[Drawn]:
    """Yield the charts of a benchmark's kept result; none of figures that it does not have."""
    for chart in result.get("charts", ()):
        yield Drawn(f"{name}-{chart['name']}.svg", chart["title"], curves(chart))
    for spec in BARS.get(name, ()):
        picked = tuple(_bars(spec, result["figures"]))
        if picked:
            yield Drawn(f"{name}-{spec.name}.svg", spec.title, bars(spec.title, spec.unit, picked))


def _bars(spec: BarChart, figures: list[dict[str, Any]]) -> Iterator[Bar]:
    for figure in figures:
        found = re.fullmatch(spec.picked, figure["name"])
        if found is None:
            continue
        label = "".join(found.groups()).strip().replace("`", "")
        yield Bar(
            label=label,
            value=figure["value"],
            lowest=min(figure["samples"]),
            highest=max(figure["samples"]),
            goal=figure["goal"],
            is_native=re.search(spec.native, label) is not None,
        )
