"""One panel, one row, one dashboard as data: what is asked, how it is shown, and which question it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

COLUMNS: Final = 24
"""Of Grafana's grid."""

COUNT: Final = "short"
SECONDS: Final = "s"
SHARE: Final = "percentunit"
EACH_SECOND: Final = "reqps"
MOMENT: Final = "dateTimeFromNow"
"""Grafana's names of the units: how many, seconds, 0 to 1, questions a second, milliseconds since 1970."""


class PanelKind(StrEnum):
    """The four kinds of panel that are used."""

    STAT = "stat"
    TIME_SERIES = "timeseries"
    TABLE = "table"
    STATE_TIMELINE = "state-timeline"


class Colour(StrEnum):
    """Colours by what they mean, as Grafana names them."""

    GOOD = "green"
    WATCH = "yellow"
    BAD = "red"
    QUIET = "text"
    UNKNOWN = "orange"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of a panel.

    Parameters
    ----------
    expression : str
        PromQL with the dashboard's variables.
    legend : str
        How a series is named.
    instant : bool
        Ask for now only, as stats and tables do.
    colour : Colour or None
        Of a line that means something good or bad; its legend names no label then.
    """

    expression: str
    legend: str = ""
    instant: bool = False
    colour: Colour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a value stands for."""

    value: float
    text: str
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From which value on a colour holds; None for the least."""

    since: float | None
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    source : str
        The label, or the letter of the query, that it shows.
    heading : str
        Its heading.
    unit : str
        Grafana's name of the unit of a value.
    meanings : tuple of Meaning
        Values that stand for words.
    thresholds : tuple of Threshold
        Colours by value.
    link : str
        Where a click on a cell leads; ``${__data.fields.<heading>}`` is another cell of the line.
    worst_first : bool
        Sort by it, the greatest value on top; of several such columns the first in order counts most.
    """

    source: str
    heading: str
    unit: str = ""
    meanings: tuple[Meaning, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    link: str = ""
    worst_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel.

    Parameters
    ----------
    title : str
        What it shows, in a few words.
    kind : PanelKind
        How.
    description : str
        What an operator reads from it.
    queries : tuple of Query
        What it asks; the letters A, B, … name them.
    width, height : int
        In cells of the grid, which has 24 columns.
    unit : str
        Grafana's name of the unit; empty where a value stands for a word, and in tables, whose columns have theirs.
    meanings : tuple of Meaning
        Values that stand for words.
    thresholds : tuple of Threshold
        Colours by value.
    columns : tuple of Column
        Of a table, in order; what is not named is hidden.
    stacked : bool
        Whether series add up.
    nothing : str
        What is shown where the queries give nothing, and so what that means. Empty where they must give something
        on a node that is well.
    """

    title: str
    kind: PanelKind
    description: str
    queries: tuple[Query, ...]
    width: int
    height: int = 8
    unit: str = ""
    meanings: tuple[Meaning, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    columns: tuple[Column, ...] = ()
    stacked: bool = False
    nothing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels that answer one question."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice at the head of a dashboard: a label's values."""

    name: str
    label: str
    query: str
    several: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What is marked on every time axis.

    Parameters
    ----------
    name : str
        What the switch at the head of the dashboard is called.
    expression : str
        PromQL whose values are the moments to mark, in milliseconds since 1970. So no mark depends on how often
        Prometheus scrapes, or on how wide the window is.
    title : str
        What the mark says, with labels.
    colour : Colour
        Its colour.
    """

    name: str
    expression: str
    title: str
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardSpec:
    """One dashboard."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    since: str = "now-6h"
    refresh: str = "10s"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Return the panels of all rows."""
        return tuple(panel for row in self.rows for panel in row.panels)


TRUE_OR_NOT: Final = (
    Meaning(value=1, text="yes", colour=Colour.GOOD),
    Meaning(value=0, text="no", colour=Colour.BAD),
)
VERDICTS: Final = (
    Meaning(value=0, text="CLEAN", colour=Colour.GOOD),
    Meaning(value=1, text="UNKNOWN", colour=Colour.UNKNOWN),
    Meaning(value=2, text="DISCREPANT", colour=Colour.BAD),
)
GUARDS: Final = (
    Meaning(value=0, text="ACTIVE", colour=Colour.GOOD),
    Meaning(value=1, text="REDUCING", colour=Colour.WATCH),
    Meaning(value=2, text="HALTED", colour=Colour.BAD),
)
STORES: Final = (
    Meaning(value=0, text="PRESENT", colour=Colour.GOOD),
    Meaning(value=1, text="BEHIND", colour=Colour.WATCH),
    Meaning(value=2, text="LOST", colour=Colour.BAD),
    Meaning(value=3, text="NONE", colour=Colour.QUIET),
)
JOURNALS: Final = (
    Meaning(value=0, text="OK", colour=Colour.GOOD),
    Meaning(value=1, text="OFF", colour=Colour.QUIET),
    Meaning(value=2, text="FAILING", colour=Colour.BAD),
)
SEVERITIES: Final = (
    Meaning(value=1, text="info", colour=Colour.QUIET),
    Meaning(value=2, text="warning", colour=Colour.WATCH),
    Meaning(value=3, text="critical", colour=Colour.BAD),
)
PHASES: Final = (
    Meaning(value=0, text="INITIALIZING", colour=Colour.QUIET),
    Meaning(value=1, text="RECONCILING", colour=Colour.WATCH),
    Meaning(value=2, text="RECONCILED", colour=Colour.GOOD),
    Meaning(value=3, text="MONITORING", colour=Colour.GOOD),
    Meaning(value=4, text="ERROR", colour=Colour.BAD),
)


def coded(metric: str, label: str, meanings: tuple[Meaning, ...], matchers: str, by: str) -> str:
    """Return PromQL for the code of the one state that a group of 0-and-1 series is in.

    The metrics have a series for each state; a panel wants one number with a meaning.

    Examples
    --------
    >>> coded("m", "state", VERDICTS[:2], 'job="a"', "job")
    'sum by (job) (0 * m{state="CLEAN", job="a"} or 1 * m{state="UNKNOWN", job="a"})'
    """
    terms = [f'{one.value:g} * {metric}{{{label}="{one.text}", {matchers}}}' for one in meanings]
    return f"sum by ({by}) ({' or '.join(terms)})"


def zero_is_good(watch: float | None = None, bad: float = 1) -> tuple[Threshold, ...]:
    """Return thresholds of what should be nothing."""
    middle = () if watch is None else (Threshold(since=watch, colour=Colour.WATCH),)
    return (Threshold(since=None, colour=Colour.GOOD), *middle, Threshold(since=bad, colour=Colour.BAD))
