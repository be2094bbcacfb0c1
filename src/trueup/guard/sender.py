"""Who commands: a name of its own and a sequence that only grows, kept on the disk of the machine that sends."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from pathlib import Path

import msgspec

from trueup.errors import ConfigValueError

SENDER_FILE = "guard-sender.json"


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    sender: str
    sequence: int


def default_sender_dir() -> Path:
    """Return where a machine keeps its name and sequence unless told otherwise."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "trueup"


class Sender:
    """Give out sequence numbers, each once, to however many processes of this machine.

    Parameters
    ----------
    directory : Path
        Where they are kept; made if it is not there. When the file is lost, a new name begins a new sequence.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / SENDER_FILE

    def next(self, now_ns: int) -> tuple[str, int]:
        """Return the sender's name and the next number, which is on the disk by then.

        The number is the time, or one more than the last where the clock went back.

        Raises
        ------
        ConfigValueError
            If the directory cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                kept = self._read(file.read())
                kept = _Kept(sender=kept.sender, sequence=max(kept.sequence + 1, now_ns))
                file.seek(0)
                file.truncate()
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ConfigValueError(
                f"{self._path.parent} cannot be written: {error}",
                allowed="a directory in which the sequence of commands is kept",
                action="set XDG_STATE_HOME to one that can be written",
            ) from error
        return kept.sender, kept.sequence

    @staticmethod
    def _read(data: bytes) -> _Kept:
        try:
            return msgspec.json.decode(data, type=_Kept)
        except msgspec.MsgspecError:
            return _Kept(sender=f"{socket.gethostname()[:80]}-{secrets.token_hex(8)}", sequence=0)
