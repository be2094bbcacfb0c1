"""The page about the alerts, generated from their registry and from what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

from trueup.ops.alert import duration
from trueup.ops.alertmanager import INHIBITIONS
from trueup.ops.alerts import ALERTS, GROUPS
from trueup.ops.rules import is_compressed

MEASURED: Final = "measured/alerts.json"
"""Written by the end-to-end run: seconds from a real fault to a real webhook."""

INTRODUCTION: Final = """\
Every alert is said once, in the registry, and made from there: Prometheus' rules, Grafana's own alerts, this page and
the runbooks' index. `trueup ops export DIR` writes all of it; `trueup ops runbook NAME` prints a runbook.

How they are tested:

- each one in Prometheus' own rule tester: silent just before, firing just after, resolved by the cure; and rules broken
  on purpose are caught;
- every query of every alert, panel and annotation is parsed, and names only metrics, labels and values that the
  programs export;
- Alertmanager's own tool accepts the routes, and each alert reaches the receiver that its severity says;
- end to end, where the table below has seconds: a real fault, a real Prometheus, a real Alertmanager, a real webhook;
  and a node that is well fires nothing. `trueup demo --observe` shows the same on one node that is killed.

Not tested: a Grafana server (its import, provisioning, permissions, rendering), and containers.
"""


def _measured() -> dict[str, Any]:
    path = files("trueup.ops") / MEASURED
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    assert isinstance(found, dict), "an object by name of the alert"
    return found


def render() -> str:
    """Return ``docs/alerts.md``."""
    lines = ["# Alerts", "", "<!-- Generated from the code; change it there. -->", "", INTRODUCTION.rstrip()]
    for group in GROUPS:
        if group.alerts:
            lines += [
                "",
                f"## {group.name.removeprefix('trueup-').capitalize()}",
                "",
                "| Alert | Severity | For | Why this threshold |",
                "|---|---|---:|---|",
            ]
            lines += [
                f"| [`{one.name}`](../deploy/runbooks/{one.name}.md) | {one.severity} | {duration(one.for_secs)} "
                f"| {one.why} |"
                for one in group.alerts
            ]
    return "\n".join([*lines, *_inhibitions(), *_end_to_end()]) + "\n"


def _inhibitions() -> Iterator[str]:
    yield from ("", "## What explains what", "", "On the same target, the first silences the others.", "")
    yield from ("| Alert | Silences | Because |", "|---|---|---|")
    for one in INHIBITIONS:
        silenced = ", ".join(f"`{name}`" for name in one.silences)
        yield f"| `{one.cause}` | {silenced} | {one.why} |"


def _end_to_end() -> Iterator[str]:
    measured = _measured()
    alerts: dict[str, Any] = measured.get("alerts", {})
    yield from ("", "## Shown to fire", "")
    if not alerts:
        yield "Not measured yet."
        return
    compress = int(measured["compress"])
    (lowest, highest), (first, last) = measured["loads"], measured["between"]
    yield (
        f"{len(alerts)} of {len(ALERTS)} alerts, each because a real node on the venue emulator met a real fault; with "
        f"{measured['how']}, between {first} and {last} UTC, at load averages of {lowest:.0f} to {highest:.0f}. Each "
        "row is of its trial's last run. "
        "Seconds are from the fault, and from the cure, to a webhook behind Alertmanager; the "
        "first hold the alert's own waiting time."
    )
    yield ""
    yield (
        f"Where *Durations* says 1/{compress}, this suite's rules had the waiting time and the windows of the alert "
        f"divided by {compress}, and nothing else of its expression changed; the others ran as they are. Repeat it "
        "with `pytest -m long tests/integration/ops/end_to_end`."
    )
    yield from ("", "| Alert | Fault | Durations | Fires after | Resolves after |", "|---|---|---|---:|---:|")
    for name, one in sorted(alerts.items()):
        resolved = "never" if one.get("resolved_secs") is None else f"{one['resolved_secs']:.1f} s"
        durations = f"1/{compress}" if is_compressed(ALERTS[name], compress) else "true"
        yield f"| `{name}` | {one['fault']} | {durations} | {one['fired_secs']:.1f} s | {resolved} |"
    reasons: dict[str, str] = measured.get("not_shown", {})
    missing = [name for name in ALERTS if name not in alerts]
    if missing:
        yield from ("", "Not shown by a real fault, each with the reason:", "")
        yield from (f"- `{name}`: {reasons.get(name, 'not measured yet')}" for name in missing)
