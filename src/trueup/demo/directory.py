"""Where a demonstration keeps its things: the user's directory, or one of a few of our own."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from trueup.errors import ConfigValueError

RUNS_KEPT_MAX = 5
"""Older runs of our own are removed, so that demonstrations do not fill a disk (a run is about 2 MB)."""
MARKER = "trueup-demo"


def prepare_directory(keep: Path | None) -> Path:
    """Return an empty directory for a run.

    Parameters
    ----------
    keep : Path or None
        The user's choice, which is created and never removed; None takes a fresh one below the system's temporary
        directory, where the last ``RUNS_KEPT_MAX`` runs stay.

    Raises
    ------
    ConfigValueError
        If the user's directory holds something already, or cannot be written.
    """
    try:
        if keep is None:
            root = Path(tempfile.gettempdir()) / f"{MARKER}-{os.getuid()}"
            root.mkdir(mode=0o700, exist_ok=True)
            _prune(root)
            directory = Path(tempfile.mkdtemp(prefix=time.strftime("%Y%m%d-%H%M%S-"), dir=root))
        else:
            directory = keep.expanduser().resolve()
            directory.mkdir(parents=True, exist_ok=True)
            if any(directory.iterdir()):
                raise ConfigValueError(
                    f"the directory {directory} is not empty",
                    allowed="a new or an empty directory: an older store or ledger would be mixed with this run's",
                    action="name another with --keep, or empty it",
                )
        (directory / "logs").mkdir()
    except OSError as error:
        raise ConfigValueError(
            f"the directory {keep or tempfile.gettempdir()} cannot be used: {error.strerror or error}",
            action="name a writable directory with --keep",
        ) from error
    return directory


def _prune(root: Path) -> None:
    runs = sorted((one for one in root.iterdir() if one.is_dir()), key=lambda one: one.name)
    for old in runs[: max(0, len(runs) - RUNS_KEPT_MAX + 1)]:
        shutil.rmtree(old, ignore_errors=True)
