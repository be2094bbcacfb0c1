"""The demonstrated node under a Prometheus and an Alertmanager of its own: which alerts fired, when, and why."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from trueup.ops.alertmanager import WATCHDOG
from trueup.ops.alerts import ALERTS
from trueup.ops.observer import Notice, Observer, Target, free_port, missing_programs

COMPRESS: Final = 10
"""A demonstration takes a minute, and so would the alert about its dead node: long durations are a tenth here."""

EVALUATION_SECS: Final = 3.0
"""From a cause to the webhook, where an alert does not wait: a scrape, an evaluation, and Alertmanager's group."""

SETTLE_SECS_MAX: Final = 8.0
"""For what fires at the end to be resolved, where its cause has gone."""

DEATH_SECS_MAX: Final = 30.0
"""For the alert about a dead node: it waits a tenth of a minute, and a busy machine longer."""

_KILLED: Final = {
    "TrueupNodeDown": "the node was killed",
    "TrueupStartupSlow": "this machine takes longer for a start than the plan allows",
}
_INVENTED: Final = "in native mode the engine invents what it does not know"
EXPECTED: Final[dict[str, dict[str, str]]] = {
    "verified": _KILLED,
    "native": {
        **_KILLED,
        "TrueupInferredFills": _INVENTED,
        "TrueupSyntheticOrders": _INVENTED,
        "TrueupInflightStuck": "in native mode an order that was on its way at the kill may stay so",
    },
}
"""What may fire in a demonstration, by mode, and what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredAlert:
    """One alert that reached the webhook.

    Parameters
    ----------
    name, severity : str
        As in the registry.
    fired_secs : float
        Since the demonstration began.
    resolved_secs : float or None
        Since then, too; None where it still fired at the end.
    because : str
        What in the demonstration is the reason; empty where nothing is.
    """

    name: str
    severity: str
    fired_secs: float
    resolved_secs: float | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All that fired, in the order in which it was heard; or why nothing was observed."""

    fired: tuple[FiredAlert, ...] = ()
    absent: str = ""

    @property
    def unexpected(self) -> tuple[str, ...]:
        """Return what fired without a reason in the demonstration."""
        return tuple(one.name for one in self.fired if not one.because)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "absent": self.absent,
            "fired": [
                {
                    "name": one.name,
                    "severity": one.severity,
                    "fired_secs": round(one.fired_secs, 1),
                    "resolved_secs": None if one.resolved_secs is None else round(one.resolved_secs, 1),
                    "because": one.because,
                }
                for one in self.fired
            ],
            "unexpected": list(self.unexpected),
        }


def why_not_observed() -> str:
    """Return what this machine lacks, and how to get it; empty if it lacks nothing."""
    missing = missing_programs()
    if not missing:
        return ""
    return (
        f"not observed: {' and '.join(missing)} not found (Debian: apt install prometheus prometheus-alertmanager); "
        "the demonstration goes on without"
    )


class Observation:
    """Watch the node of one demonstration, through all of its lives.

    Parameters
    ----------
    directory : Path
        For what Prometheus and Alertmanager write.
    mode : str
        ``native`` or ``verified``.
    instance : str
        What Prometheus calls the node.
    """

    def __init__(self, directory: Path, mode: str, instance: str) -> None:
        self.port = free_port()
        self._mode = mode
        target = Target(address=f"127.0.0.1:{self.port}", instance=instance)
        self._observer = Observer(directory, compress=COMPRESS)
        self._target = target
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._observer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observer.close()

    def watch(self) -> None:
        """Begin to scrape: once the node answers, so that a node that is not there yet is not called dead."""
        self._observer.watch((self._target,))

    def await_death(self) -> bool:
        """Wait until the alert says that the node is dead; return whether it did in time."""
        return self._observer.webhook.wait_for("TrueupNodeDown", "firing", DEATH_SECS_MAX) is not None

    def collect(self) -> Observed:
        """Wait a moment for what fires to be heard, and to be resolved; return all that fired."""
        time.sleep(EVALUATION_SECS)
        deadline = time.monotonic() + SETTLE_SECS_MAX
        while self._observer.firing() and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(EVALUATION_SECS)
        return observed(self._observer.webhook.notices, self._mode, self._began)


def observed(notices: Iterable[Notice], mode: str, began: float) -> Observed:
    """Return each alert once for each time that it fired, from what a webhook heard.

    Parameters
    ----------
    notices : iterable of Notice
        In the order of their arrival; Alertmanager repeats what still fires.
    mode : str
        ``native`` or ``verified``.
    began : float
        The beginning, by the clock of the notices.
    """
    firing: dict[tuple[str, ...], int] = {}
    fired: list[FiredAlert] = []
    for notice in notices:
        if notice.name == WATCHDOG:
            continue
        key = tuple(f"{name}={value}" for name, value in sorted(notice.labels.items()))
        secs = notice.heard_at - began
        if notice.status == "firing" and key not in firing:
            firing[key] = len(fired)
            fired.append(
                FiredAlert(
                    name=notice.name,
                    severity=str(ALERTS[notice.name].severity),
                    fired_secs=secs,
                    resolved_secs=None,
                    because=EXPECTED[mode].get(notice.name, ""),
                )
            )
        elif notice.status == "resolved" and key in firing:
            number = firing.pop(key)
            one = fired[number]
            fired[number] = FiredAlert(
                name=one.name,
                severity=one.severity,
                fired_secs=one.fired_secs,
                resolved_secs=secs,
                because=one.because,
            )
    return Observed(fired=tuple(fired))
