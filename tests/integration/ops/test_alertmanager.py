"""The generated Alertmanager configuration, in Alertmanager's own tool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from trueup.ops.alertmanager import INHIBITIONS, Inhibition, Receivers, document, render
from trueup.ops.alerts import ALERTS


def _amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["amtool", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yml"
    path.write_text(render())
    return path


def test_alertmanager_itself_accepts_the_configuration(config: Path) -> None:
    done = _amtool("check-config", config)

    assert done.returncode == 0, done.stderr
    assert f"{len(INHIBITIONS)} inhibit rules" in done.stdout
    assert "3 receivers" in done.stdout


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("alertname=TrueupGuardHalted", "severity=critical", "component=guard"), "page"),
        (("alertname=TrueupStoreWriteBehind", "severity=warning", "component=store"), "ticket"),
        (("alertname=TrueupWatchdog", "severity=none", "component=monitoring"), "dead-mans-switch"),
        (("alertname=SomebodyElses", "severity=info"), "ticket"),
    ],
)
def test_an_alert_goes_where_its_severity_says(config: Path, labels: tuple[str, ...], receiver: str) -> None:
    done = _amtool("config", "routes", "test", f"--config.file={config}", *labels)

    assert (done.returncode, done.stdout.strip()) == (0, receiver)


def test_every_alert_reaches_exactly_one_receiver_by_its_severity(config: Path) -> None:
    wanted = {"critical": "page", "warning": "ticket", "info": "ticket", "none": "dead-mans-switch"}
    routes = document()["route"]
    for alert in ALERTS.values():
        matched = [
            route["receiver"]
            for route in routes["routes"]
            if route["matchers"][0] in {f'alertname="{alert.name}"', f'severity="{alert.severity}"'}
        ]
        assert (matched or [routes["receiver"]]) == [wanted[alert.severity]], alert.name


def test_no_alert_silences_what_silences_it_or_something_worse() -> None:
    silences = {one.cause: set(one.silences) for one in INHIBITIONS}
    for cause, silenced in silences.items():
        for name in silenced:
            assert cause not in silences.get(name, set()), f"{cause} and {name} silence each other"
            worse = ALERTS[name].severity == "critical" and ALERTS[cause].severity != "critical"
            assert not worse, f"{cause} silences {name}, which is worse"


@pytest.mark.parametrize(
    ("cause", "silences"), [("TrueupNothing", ("TrueupGaveUp",)), ("TrueupGaveUp", ("TrueupGaveUp",))]
)
def test_an_inhibition_that_cannot_work_is_refused(cause: str, silences: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"not an alert|silences itself"):
        Inhibition(cause=cause, silences=silences, why="a test")


def test_the_addresses_that_an_operator_gives_stand_in_the_file() -> None:
    given = Receivers(page_url="http://127.0.0.1:1/p", ticket_url="http://127.0.0.1:1/t")

    receivers = yaml.safe_load(render(given))["receivers"]

    assert [one["webhook_configs"][0]["url"] for one in receivers[:2]] == [given.page_url, given.ticket_url]
