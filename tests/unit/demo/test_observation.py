"""What a demonstration tells of the alerts that a webhook heard."""

from __future__ import annotations

import pytest
from rich.console import Console

from trueup.demo import observation
from trueup.demo.observation import Observed, observed, why_not_observed
from trueup.demo.report import _alerts
from trueup.ops.observer import Notice


def notice(name: str, status: str, at: float, **labels: str) -> Notice:
    return Notice(receiver="page", status=status, labels={"alertname": name, **labels}, annotations={}, heard_at=at)


def shown(what: Observed) -> str:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(_alerts(what))
    return captured.get()


def test_an_alert_is_told_once_however_often_it_is_repeated_and_again_when_it_comes_back() -> None:
    heard = [
        notice("TrueupWatchdog", "firing", 100.0),
        notice("TrueupNodeDown", "firing", 110.0, instance="one"),
        notice("TrueupNodeDown", "firing", 112.0, instance="one"),
        notice("TrueupNodeDown", "resolved", 120.0, instance="one"),
        notice("TrueupNodeDown", "firing", 130.0, instance="one"),
    ]
    found = observed(heard, "verified", 100.0)
    assert [(one.name, one.fired_secs, one.resolved_secs) for one in found.fired] == [
        ("TrueupNodeDown", 10.0, 20.0),
        ("TrueupNodeDown", 30.0, None),
    ]
    assert found.unexpected == ()
    text = shown(found)
    assert "still fires" in text
    assert "nothing fired that was not expected" in text


def test_what_native_mode_does_is_expected_there_and_nowhere_else() -> None:
    heard = [notice("TrueupInferredFills", "firing", 5.0)]
    assert observed(heard, "native", 0.0).unexpected == ()
    verified = observed(heard, "verified", 0.0)
    assert verified.unexpected == ("TrueupInferredFills",)
    assert "fired and not expected: TrueupInferredFills" in shown(verified)


def test_a_machine_without_the_programs_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation, "missing_programs", lambda: ("prometheus",))
    why = why_not_observed()
    assert "prometheus not found" in why
    assert "apt install prometheus prometheus-alertmanager" in why
    assert "\n" not in why
    assert "not observed" in shown(Observed(absent=why))
