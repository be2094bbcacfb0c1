"""Everything that an operator deploys beside a node, as files: the generated ones and the written ones."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from trueup.errors import OpsFilesError
from trueup.ops import alertmanager, grafana_alerts, rules
from trueup.ops.rules import RUNBOOK_BASE

RULES_PATH = "prometheus/rules/trueup.rules.yml"
ALERTMANAGER_PATH = "alertmanager/alertmanager.yml"
DASHBOARDS_PREFIX = "grafana/dashboards/"
GRAFANA_ALERTS_PATH = "grafana/provisioning/alerting/trueup.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Say what an export did: names relative to its folder, sorted."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{name}/")
        else:
            yield name, entry.read_text(encoding="utf-8")


def written_files() -> dict[str, str]:
    """Return the files that people wrote, by name."""
    return dict(_walk(files("trueup.ops") / "files"))


def all_files(runbook_base: str = RUNBOOK_BASE) -> dict[str, str]:
    """Return every file of an export, by name relative to its folder."""
    return {
        **{name: _with_runbooks(name, text, runbook_base) for name, text in written_files().items()},
        RULES_PATH: rules.render(runbook_base),
        ALERTMANAGER_PATH: alertmanager.render(),
        GRAFANA_ALERTS_PATH: grafana_alerts.render(runbook_base),
    }


def _with_runbooks(name: str, text: str, base: str) -> str:
    """Return a dashboard whose links lead to the runbooks under ``base``; any other file as it is."""
    if not name.startswith(DASHBOARDS_PREFIX):
        return text
    return text.replace(f'"{RUNBOOK_BASE}/${{', f'"{base.rstrip("/")}/${{')


def export(folder: Path, *, runbook_base: str = RUNBOOK_BASE, force: bool = False) -> Export:
    """Write every file below a folder, each whole or not at all.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    runbook_base : str
        The address under which the runbooks are served.
    force : bool
        Overwrite files that differ.

    Raises
    ------
    OpsFilesError
        If a file that differs is there already and ``force`` is not set (then nothing is written), or if the disk
        refuses.
    """
    content = all_files(runbook_base)
    try:
        state = {name: _state(folder / name, text) for name, text in content.items()}
        differing = sorted(name for name, one in state.items() if one == "differs")
        if differing and not force:
            raise OpsFilesError(
                f"{len(differing)} files in {folder} differ from what would be written: {', '.join(differing[:5])}",
                action="export into an empty folder and compare, or overwrite with --force",
            )
        wanted = {name: text for name, text in content.items() if state[name] != "equal"}
        for name, text in wanted.items():
            _write(folder / name, text)
    except OSError as error:
        raise OpsFilesError(f"{error.filename or folder}: {error.strerror}", action="check the folder") from error
    return Export(written=tuple(sorted(wanted)), unchanged=tuple(sorted(set(content) - set(wanted))))


def _state(path: Path, text: str) -> str:
    if not path.exists():
        return "absent"
    return "equal" if path.read_bytes() == text.encode() else "differs"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def differences(folder: Path, content: Mapping[str, str] | None = None) -> Iterator[str]:
    """Say in what a folder differs from an export: for CI, which compares the committed one."""
    content = all_files() if content is None else content
    for name, text in content.items():
        state = _state(folder / name, text)
        if state != "equal":
            yield f"{name} is absent" if state == "absent" else f"{name} differs"
    known = {folder / name for name in content}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in known:
            yield f"{path.relative_to(folder)} belongs to no export"
