"""What one node remembers across restarts beside its store: until when it was last proven equal to its venue."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from trueup.node.ledger import RepairLedger

VERIFIED_FILE = "verified.json"


class NodeState:
    """The state directory of one node.

    Parameters
    ----------
    directory : Path
        Made if it is not there. Two nodes must not share one.
    """

    def __init__(self, directory: Path) -> None:
        self.ledger = RepairLedger(directory)
        self._path = directory / VERIFIED_FILE

    def verified_ns(self, account_id: str) -> int | None:
        """Return the instant up to which the account was last proven equal, None where it never was."""
        held = self._read().get(account_id)
        return held if isinstance(held, int) and held >= 0 else None

    def remember_verified(self, account_id: str, time_ns: int) -> None:
        """Note that the account was equal at an instant; an older note is replaced as a whole or not at all."""
        held = self._read()
        held[account_id] = time_ns
        new = self._path.with_suffix(".new")
        new.write_bytes(orjson.dumps(held))
        new.replace(self._path)

    def forget_verified(self, account_id: str) -> None:
        """Forget what was proven: the store that the proof was about is another one now."""
        held = self._read()
        if held.pop(account_id, None) is not None:
            self._path.write_bytes(orjson.dumps(held))

    def _read(self) -> dict[str, object]:
        try:
            held = orjson.loads(self._path.read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return {}
        return held if isinstance(held, dict) else {}


def default_state_dir(trader_id: str, store: str) -> Path:
    """Return where a node keeps its state unless told otherwise.

    Parameters
    ----------
    trader_id : str
        The trader.
    store : str
        Names the node's store (host and port), since a proof is about one store.
    """
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "trueup" / f"{trader_id}@{store}"
