"""A report as SARIF 2.1.0, the form that code review tools read (OASIS standard, 2020)."""

from __future__ import annotations

from typing import Any

from trueup._version import __version__
from trueup.config.checking.report import CheckReport
from trueup.config.rules import ALL_RULES, Finding, Rule, Severity

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_INDEXES = {rule.id: index for index, rule in enumerate(ALL_RULES)}


def to_sarif(report: CheckReport) -> dict[str, Any]:
    """Return a report as a SARIF log with one run.

    What will not be checked, and what the file costs at the venue, stand among the invocation's notifications: they
    are no findings.
    """
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "trueup", "version": __version__, "rules": [_rule(rule) for rule in ALL_RULES]}
                },
                "invocations": [
                    {
                        "executionSuccessful": report.exit_code != 2,
                        "exitCode": report.exit_code,
                        "toolConfigurationNotifications": [
                            {"level": "note", "message": {"text": f"Not checked: {one.subject}: {one.consequence}"}}
                            for one in report.unchecked
                        ]
                        + [
                            {"level": "note", "message": {"text": f"Cost at the venue: {one.line}"}}
                            for one in report.costs
                        ],
                    }
                ],
                "results": [_result(report, finding) for finding in report.findings],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": str(rule.id),
        "name": "".join(word.capitalize() for word in rule.slug.split("-")),
        "shortDescription": {"text": rule.why},
        "fullDescription": {"text": f"{rule.why} Source: {rule.source}."},
        "help": {"text": rule.action},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(report: CheckReport, finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": report.path.as_posix()},
            "region": {"startLine": report.line(finding)},
        }
    }
    if finding.field:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.field, "kind": "member"}]
    allowed = f" Allowed: {finding.allowed}." if finding.allowed else ""
    return {
        "ruleId": str(finding.rule.id),
        "ruleIndex": _INDEXES[finding.rule.id],
        "level": _LEVELS[finding.rule.severity],
        "message": {"text": f"{finding.found}.{allowed} {finding.rule.why} {finding.to_do}"},
        "locations": [location],
    }
