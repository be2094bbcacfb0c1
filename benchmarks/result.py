"""What a benchmark hands back: figures with their samples, and what they do not say."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Parameters
    ----------
    name : str
        What was measured, in words.
    unit : str
        Unit of `value` and `samples`.
    samples : tuple[float, ...]
        One value per repetition, in the order in which they were measured.
    goal : float, optional
        What was aimed at.
    better : {"more", "less"}
        Which way is better; decides whether the goal is met.
    note : str
        What belongs to this figure alone.
    """

    name: str
    unit: str
    samples: tuple[float, ...]
    goal: float | None = None
    better: Literal["more", "less"] = "more"
    note: str = ""

    def __post_init__(self) -> None:
        assert self.samples, f"{self.name} was not measured"

    @property
    def value(self) -> float:
        """Return the median of the samples."""
        return statistics.median(self.samples)

    @property
    def met(self) -> bool | None:
        """Return whether the median meets the goal; ``None`` without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.better == "more" else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart.

    Parameters
    ----------
    name : str
        What it shows, as the legend says; one of the engine alone begins with *Native*.
    points : tuple[tuple[float, float], ...]
        By their first value, ascending.
    """

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves over one axis.

    Parameters
    ----------
    name : str
        Of the file, among those of its benchmark.
    title, x, y : str
        What it shows, and what the axes count, each with its unit.
    curves : tuple[Curve, ...]
        All on the same axes.
    logarithmic : bool
        Whether both axes are: a straight line is then a power, its slope the exponent.
    """

    name: str
    title: str
    x: str
    y: str
    curves: tuple[Curve, ...]
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One run of a benchmark.

    Parameters
    ----------
    title : str
        Heading in the document.
    measured : str
        What was done, with the sizes: enough to do it again.
    excludes : tuple[str, ...]
        What the figures leave out: each a reason not to read too much into them.
    figures : tuple[Figure, ...]
        What was measured.
    charts : tuple[Chart, ...]
        What is better seen than read.
    """

    title: str
    measured: str
    excludes: tuple[str, ...]
    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...] = ()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie: the nearest rank, never an interpolation."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
