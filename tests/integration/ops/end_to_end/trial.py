"""One trial: which alerts one fault must fire, how it is made, and what cures it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.ops.end_to_end.rig import Rig
from tests.integration.ops.waiting import until
from trueup.ops.observer import Observer, Webhook

Act = Callable[[Rig], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One fault and its cure.

    Parameters
    ----------
    alerts : tuple of str
        What it must fire, all of it.
    fault : str
        What is done, in words: for the page about the alerts.
    hurt, cure : Act
        How it is done, and undone.
    beside : tuple of str
        What it may fire besides.
    fires_secs, resolves_secs : float
        Bounds of the waits, generous: beyond them the trial has failed.
    carries_on : bool
        Its fault is the one of the act before, whose cure has left this much of it.
    """

    alerts: tuple[str, ...]
    fault: str
    hurt: Act
    cure: Act
    beside: tuple[str, ...] = ()
    fires_secs: float = 180.0
    resolves_secs: float = 240.0
    carries_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was measured of one alert, in seconds from the fault and from the cure to the webhook."""

    fault: str
    fired_secs: float
    resolved_secs: float | None


def run(trials: tuple[Trial, ...], rig: Rig, observer: Observer) -> dict[str, Shown]:
    """Do what several independent faults need at once: hurt, hear all alerts, cure, hear them resolved."""
    found: dict[str, tuple[Trial, float]] = {}
    hurt_at: dict[str, float] = {}
    for trial in trials:
        if not trial.carries_on:
            _await_silence(observer.webhook, rig, trial.alerts)
            rig.hurt_at = time.monotonic()
        hurt_at |= dict.fromkeys(trial.alerts, rig.hurt_at)
        trial.hurt(rig)
    for trial in trials:
        for name in trial.alerts:
            heard_at = _heard(observer.webhook, rig, name, "firing", trial.fires_secs, hurt_at[name])
            found[name] = (trial, heard_at - hurt_at[name])
    shown: dict[str, Shown] = {}
    cured_at: dict[str, float] = {}
    for trial in trials:
        cured_at |= dict.fromkeys(trial.alerts, time.monotonic())
        trial.cure(rig)
    for trial in trials:
        for name in trial.alerts:
            since = found[name][1] + hurt_at[name]
            heard_at = _heard(observer.webhook, rig, name, "resolved", trial.resolves_secs, since)
            shown[name] = Shown(
                fault=trial.fault,
                fired_secs=round(found[name][1], 1),
                resolved_secs=round(max(0.0, heard_at - cured_at[name]), 1),
            )
    return shown


def _await_silence(webhook: Webhook, rig: Rig, names: tuple[str, ...]) -> None:
    """Wait until what an act before may have fired besides is resolved: what still fires is not said anew."""

    def still() -> set[str]:
        last = {
            one.name: one.status
            for one in list(webhook.notices)
            if one.name in names and one.labels.get("instance", rig.name) in rig.instances
        }
        return {name for name, status in last.items() if status == "firing"}

    until(lambda: not still(), f"some of {names} fire already")


def _heard(webhook: Webhook, rig: Rig, name: str, status: str, secs: float, since: float) -> float:
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        for notice in list(webhook.notices):
            is_it = (notice.name, notice.status) == (name, status) and notice.heard_at >= since
            if is_it and notice.labels.get("instance", rig.name) in rig.instances:
                return notice.heard_at
        time.sleep(0.2)
    said = [(one.name, one.status, one.labels.get("instance")) for one in webhook.notices[-40:]]
    raise AssertionError(f"{name} was not {status} within {secs:.0f} s on {rig.name}; heard: {said}")
