"""What an alert is tried with: series that are well, then in trouble, then well again, and when it must fire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Wave = Callable[["Scene", int], float | None]
"""The value of a series at a second; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One alert's trial.

    ``silent_secs`` and ``fires_secs`` count from the beginning of the trouble, ``resolves_secs`` from its end.
    ``labels`` are those that the alert must have beside severity and component, and ``summary`` is its whole text when
    it fires.
    """

    alert: str
    series: dict[str, Wave]
    summary: str
    silent_secs: int
    fires_secs: int
    labels: dict[str, str] = field(default_factory=dict)
    resolves_secs: int = 5
    lasts_secs: int = 300
    start_secs: int = 305
    step_secs: int = 5
    severity: str = "warning"

    @property
    def end_secs(self) -> int:
        return self.start_secs + self.lasts_secs

    @property
    def length_secs(self) -> int:
        return self.end_secs + self.resolves_secs + 2 * self.step_secs

    def is_trouble(self, secs: int) -> bool:
        return self.start_secs <= secs < self.end_secs

    def values(self, wave: Wave) -> str:
        """Return one series as promtool reads it."""
        before: float | None = 0.0
        texts = []
        for secs in range(0, self.length_secs + 1, self.step_secs):
            value = wave(self, secs)
            texts.append(f"{value:.10g}" if value is not None else ("stale" if before is not None else "_"))
            before = value
        return " ".join(texts)


def always(value: float) -> Wave:
    return lambda scene, secs: value


def flat(well: float | None, trouble: float | None) -> Wave:
    return lambda scene, secs: trouble if scene.is_trouble(secs) else well


def age(before: float = 0.0) -> Wave:
    """Rise by a second each second in trouble, and be small before and after."""
    return lambda scene, secs: before + (secs - scene.start_secs) if scene.is_trouble(secs) else before


def jump(size: float) -> Wave:
    """A counter that counts so many at the beginning of the trouble."""
    return lambda scene, secs: 0.0 if secs < scene.start_secs else size


def appears(size: float) -> Wave:
    """A counter that is there from the trouble on, with all of it counted."""
    return lambda scene, secs: None if secs < scene.start_secs else size


def rising(well_each_sec: float, trouble_each_sec: float) -> Wave:
    """A counter with one rate when well and another one in trouble."""

    def value(scene: Scene, secs: int) -> float:
        in_trouble = min(max(0, secs - scene.start_secs), scene.lasts_secs)
        return (secs - in_trouble) * well_each_sec + in_trouble * trouble_each_sec

    return value


def stamped() -> Wave:
    """A timestamp that stands still in trouble."""
    return lambda scene, secs: float(scene.start_secs if scene.is_trouble(secs) else secs)


def lately() -> Wave:
    """A timestamp that is never older than ten seconds."""
    return lambda scene, secs: float(secs - 10)


def steps(every_secs: int) -> Wave:
    """A value that changes every so many seconds in trouble, such as the time of a start."""
    return lambda scene, secs: float(
        0 if secs < scene.start_secs else (min(secs, scene.end_secs) - scene.start_secs) // every_secs + 1
    )
