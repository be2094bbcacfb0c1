"""Every alert fires because a real node met a real fault, reaches a webhook through Alertmanager, and is resolved."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from tests.integration.ops.end_to_end import cases
from tests.integration.ops.end_to_end.record import COMPRESS, keep
from tests.integration.ops.end_to_end.rig import Rig
from tests.integration.ops.end_to_end.setting import Setting
from tests.integration.ops.end_to_end.trial import Shown, Trial, run
from trueup.ops.alertmanager import WATCHDOG
from trueup.ops.alerts import ALERTS
from trueup.ops.observer import Observer
from trueup.ops.rules import render

pytestmark = [pytest.mark.node, pytest.mark.server]

QUIET_SECS = 15.0
BEAT_SECS = 60.0
"""Between two heartbeats, as Alertmanager's routes say."""
EXPIRY_SECS = 15.0
"""For an alert that nobody repeats to expire: four times what lies between two repetitions."""
WINDOW = re.compile(r"(?<=\[)\d+[smhd](?=\])|(?<=offset )\d+[smhd]")
SLOW_STOP = "[timeouts]\npost_stop_secs = 40"


def secs(text: str) -> float:
    """Return what Prometheus' duration of one unit says."""
    return float(text[:-1]) * {"s": 1, "m": 60, "h": 3_600, "d": 86_400}[text[-1]]


def play(directory: Path, name: str, acts: tuple[tuple[Trial, ...], ...], setting: Setting | None = None) -> None:
    """Play all acts on one node under one Prometheus; nothing may fire that no trial names."""
    expected = {alert for act in acts for trial in act for alert in (*trial.alerts, *trial.beside)}
    with (
        Rig(directory / "node", name, setting, watched=True) as rig,
        Observer(directory / "observer", rig.targets, compress=COMPRESS) as observer,
    ):
        rig.observer = observer
        time.sleep(QUIET_SECS)
        assert observer.firing() == set(), "a node that is well fires nothing"
        failures, begun = [], []
        for act in acts:
            begun.append((time.monotonic(), act))
            failures.append(attempt(act, rig, observer))
        fired = {one.name: one.heard_at for one in reversed(observer.webhook.notices) if one.name != WATCHDOG}
    assert not any(failures), "\n".join(filter(None, failures))
    unexpected = {name: amid(at, begun) for name, at in fired.items() if name not in expected}
    assert not unexpected, f"nobody expected these, each heard first amid the trials named: {unexpected}"


def amid(heard_at: float, begun: list[tuple[float, tuple[Trial, ...]]]) -> list[str]:
    """Return the faults under trial when a notice came."""
    return [trial.fault for trial in next((act for began, act in reversed(begun) if began <= heard_at), ())]


def attempt(act: tuple[Trial, ...], rig: Rig, observer: Observer) -> str:
    """Play one act and keep what it shows; return what failed, so that the next act is played all the same."""
    try:
        keep(run(act, rig, observer))
    except Exception as error:
        for trial in act:
            with suppress(Exception):
                trial.cure(rig)
        return f"{[trial.alerts for trial in act]}: {type(error).__name__}: {error}"
    return ""


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(
    ("name", "acts", "setting"),
    [
        pytest.param("venue", cases.VENUE, None, id="venue"),
        pytest.param("truth", cases.TRUTH, None, id="truth"),
        pytest.param("safety", cases.SAFETY, None, id="safety"),
        pytest.param("life", cases.LIFE, Setting(more=SLOW_STOP), id="life"),
        pytest.param("start", cases.START, None, id="start"),
        pytest.param("outage", cases.OUTAGE, None, id="outage"),
        pytest.param("native", cases.NATIVE, Setting(mode="native", hardened=False), id="native"),
        pytest.param("objective", cases.OBJECTIVE, Setting(interval_secs=20.0), id="objective"),
    ],
)
def test_a_fault_fires_its_alerts_and_its_cure_resolves_them(
    tmp_path: Path, name: str, acts: tuple[tuple[Trial, ...], ...], setting: Setting | None
) -> None:
    play(tmp_path, name, acts, setting)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_dead_mans_switch_beats_while_prometheus_lives_and_no_longer(tmp_path: Path) -> None:
    began = time.monotonic()
    with Observer(tmp_path / "observer") as observer:
        first = observer.webhook.wait_for(WATCHDOG, "firing", 60)
        assert first is not None
        assert observer.webhook.wait_for(WATCHDOG, "firing", 2 * BEAT_SECS, since=first.heard_at + 1), "no second beat"
        observer.kill_prometheus()
        time.sleep(EXPIRY_SECS)
        after = time.monotonic()
        assert observer.webhook.wait_for(WATCHDOG, "firing", 2 * BEAT_SECS, since=after) is None
    fault = "none: it always fires; when Prometheus is killed, the heartbeat stops"
    keep({WATCHDOG: Shown(fault=fault, fired_secs=round(first.heard_at - began, 1), resolved_secs=None)})


def test_a_dead_store_and_a_strangers_order_page_somebody_until_they_are_cured(tmp_path: Path) -> None:
    """The slice of the suite that every run makes: one node, whose phase of monitoring need not be waited for."""
    with (
        Rig(tmp_path / "node", "slice", phase="RECONCILED") as rig,
        Observer(tmp_path / "observer", rig.targets, compress=COMPRESS) as observer,
    ):
        rig.observer = observer
        shown = run(cases.SLICE, rig, observer)
        receivers = {one.name: one.receiver for one in observer.webhook.notices}
    assert set(shown) == {"TrueupStoreDown", "TrueupUnclaimedExternalOrders"}
    assert shown["TrueupStoreDown"].fired_secs > ALERTS["TrueupStoreDown"].for_secs, "its own waiting time is true"
    assert receivers["TrueupStoreDown"] == "page"
    assert receivers["TrueupUnclaimedExternalOrders"] == "ticket"


def test_every_alert_has_one_trial_or_a_reason_to_have_none() -> None:
    tried = [alert for group in cases.GROUPS for act in group for trial in act for alert in trial.alerts]
    assert len(tried) == len(set(tried)), "each alert once"
    assert set(tried) | {WATCHDOG} | set(cases.NOT_SHOWN) == set(ALERTS)
    assert not set(tried) & set(cases.NOT_SHOWN)


def test_only_long_durations_are_compressed_and_nothing_else_of_a_rule() -> None:
    true, short = (yaml.safe_load(render(compress=factor))["groups"] for factor in (1, COMPRESS))
    for one, other in zip(
        (rule for group in true for rule in group["rules"]),
        (rule for group in short for rule in group["rules"]),
        strict=True,
    ):
        assert WINDOW.sub("", one["expr"]) == WINDOW.sub("", other["expr"])
        if max([one.get("for", "0s"), *WINDOW.findall(one["expr"])], key=secs) in {"0s", "10s", "15s", "30s"}:
            assert one == other, "what is over within a minute runs as it is"
        else:
            assert one != other
            assert secs(other.get("for", "0s")) == pytest.approx(secs(one.get("for", "0s")) / COMPRESS)
