"""Move a corrupt file aside, once, whoever notices it first."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from trueup.journal.anchor import Anchor, anchor_files, read_anchor
from trueup.journal.database import is_our_file
from trueup.journal.place import Place

SIDE_FILES = ("-wal", "-shm")


def may_move(path: Path, anchor_file: Path | None) -> bool:
    """Return whether a corrupt file was a journal of ours: its header says so, or the anchor beside it.

    Anything else stays where it is: an operator may have named the wrong file.
    """
    return is_our_file(path) or (anchor_file is not None and read_anchor(anchor_file) is not None)


def move_aside(path: Path, anchor_file: Path | None, identity: tuple[int, int] | None) -> tuple[Path, Anchor | None]:
    """Rename a file, its side files and its anchor.

    Parameters
    ----------
    path : Path
        The corrupt file.
    anchor_file : Path or None
        The anchor of the writer's chain.
    identity : (int, int) or None
        Device and number of the file that was found corrupt. If another stands there by now, somebody else has moved
        it already, and nothing is done.

    Returns
    -------
    (Path, Anchor or None)
        The new name, and what the anchor said; the old name if nothing was done.

    Raises
    ------
    OSError
        If the directory does not allow it.
    """
    lock = path.with_name(path.name + ".lock")
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        anchor = None if anchor_file is None else read_anchor(anchor_file)
        try:
            status = path.stat()
        except FileNotFoundError:
            return path, anchor
        if identity != (status.st_dev, status.st_ino):
            return path, anchor
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        name = f"{path.name}.corrupt-{stamp}"
        number = 1
        while path.with_name(name).exists():
            number += 1
            name = f"{path.name}.corrupt-{stamp}-{number}"
        aside = path.with_name(name)
        for suffix in SIDE_FILES:
            side = path.with_name(path.name + suffix)
            if side.exists():
                side.replace(aside.with_name(aside.name + suffix))
        for kept in anchor_files(Place(path=path), None):
            kept.replace(aside.with_name(aside.name + kept.name.removeprefix(path.name)))
        path.replace(aside)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return aside, anchor
