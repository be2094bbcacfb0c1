"""What one node remembers across restarts beside its store: repairs under way, and who ever traded what.

The instant of the last proof is not kept here but in the node's store (`AccountPort.verified_ns`): a proof is about one
store, and must be lost with it.
"""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from trueup.node.ledger import RepairLedger

TRADERS_FILE = "traders.jsonl"
TRADERS_BYTES_MAX = 16 * 1024 * 1024
"""About 200,000 pairs of instrument and strategy; a larger file is not one that we wrote."""


class NodeState:
    """The state directory of one node.

    Parameters
    ----------
    directory : Path
        Made if it is not there. Two nodes must not share one.
    """

    def __init__(self, directory: Path) -> None:
        self.ledger = RepairLedger(directory)
        self._path = directory / TRADERS_FILE
        self._traders = read_traders(directory)

    def traders(self) -> dict[str, frozenset[str]]:
        """Return which strategies ever traded an instrument, by instrument."""
        return {instrument_id: frozenset(owners) for instrument_id, owners in self._traders.items()}

    def remember_trader(self, instrument_id: str, owner: str) -> None:
        """Note that a strategy trades an instrument; written once for each pair, before its order can be lost.

        A node that is killed before its store has an order still knows whose the order can only be.
        """
        owners = self._traders.setdefault(instrument_id, set())
        if owner in owners:
            return
        owners.add(owner)
        with self._path.open("ab") as file:
            file.write(orjson.dumps([instrument_id, owner]) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def read_traders(directory: Path) -> dict[str, set[str]]:
    """Return which strategies ever traded an instrument, as a node's state directory has it; none where it has not."""
    path = directory / TRADERS_FILE
    traders: dict[str, set[str]] = {}
    if not path.exists() or path.stat().st_size > TRADERS_BYTES_MAX:
        return traders
    for line in path.read_bytes().splitlines():
        try:
            instrument_id, owner = orjson.loads(line)
        except (orjson.JSONDecodeError, ValueError):
            continue  # cut off by a kill: the pair is written again when it is seen again
        traders.setdefault(str(instrument_id), set()).add(str(owner))
    return traders


def default_state_dir(trader_id: str, store: str) -> Path:
    """Return where a node keeps its state unless told otherwise.

    Parameters
    ----------
    trader_id : str
        The trader.
    store : str
        Names the node's store (host and port).
    """
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "trueup" / f"{trader_id}@{store}"
