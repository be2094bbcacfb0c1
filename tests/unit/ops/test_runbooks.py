"""The runbooks: one for each alert, whole, and with commands that exist."""

from __future__ import annotations

import re

import pytest
import typer
from typer.testing import CliRunner

from trueup.cli.app import app
from trueup.errors import OpsFilesError
from trueup.ops.alerts import ALERTS
from trueup.ops.export import written_files

HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
RUNBOOKS = {
    name.removeprefix("runbooks/").removesuffix(".md"): text
    for name, text in written_files().items()
    if name.startswith("runbooks/")
}
COMMAND = re.compile(r"`(trueup [a-z][^`]*)`")


def fault_of(command: str) -> str:
    """Return what is wrong with a command line as written in a runbook, or an empty text."""
    node = typer.main.get_command(app)
    words = command.split()[1:]
    while words and (commands := getattr(node, "commands", None)) is not None:
        if words[0] not in commands:
            return f"{command}: there is no {words[0]}"
        node = commands[words.pop(0)]
    known = {option for parameter in node.params for option in parameter.opts}
    unknown = [word for word in words if word.startswith("--") and word not in known]
    return f"{command}: unknown {', '.join(unknown)}" if unknown else ""


def test_every_alert_has_a_runbook_and_no_runbook_is_left_over() -> None:
    assert set(RUNBOOKS) == set(ALERTS)


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_has_the_four_parts_and_its_commands_exist(name: str) -> None:
    text = RUNBOOKS[name]

    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    parts = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(len(part.split()) >= 4 for part in parts), "an empty part"
    assert [fault for command in COMMAND.findall(text) if (fault := fault_of(command))] == []
    for other in re.findall(r"`(Trueup\w+)`", text):
        assert other in ALERTS


@pytest.mark.parametrize("command", ["trueup journal burn", "trueup journal list desk.toml --nonsense", "trueup fly"])
def test_a_command_that_does_not_exist_would_be_seen(command: str) -> None:
    assert fault_of(command) != ""


def test_a_runbook_is_printed_by_any_spelling_of_its_alert() -> None:
    runner = CliRunner()

    for spelling in ("TrueupStoreDown", "storedown", "StoreDown"):
        assert runner.invoke(app, ["ops", "runbook", spelling]).output.startswith("# TrueupStoreDown\n")


def test_without_a_name_all_alerts_are_listed_and_a_wrong_one_is_refused() -> None:
    runner = CliRunner()

    assert len(runner.invoke(app, ["ops", "runbook"]).output.splitlines()) == len(ALERTS)
    assert isinstance(runner.invoke(app, ["ops", "runbook", "Nothing"]).exception, OpsFilesError)
