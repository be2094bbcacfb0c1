"""The durable record of repairs: written and synced before an order or a position is purged.

A repair purges what the engine's state machine refuses to change and adds it again. A kill in between would lose the
order, and with it who owns it. So what is about to be purged is written down first, and at the next start whatever is
missing is put back (`RepairLedger.unfinished`). An entry whose purge never happened, or whose repair was completed,
finds everything in place and does nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

LEDGER_FILE = "repairs.jsonl"
ENTRY_BYTES_MAX = 64 * 1024 * 1024
"""A ledger beyond this is not one that we wrote; about 100,000 orders fit."""


@dataclass(frozen=True, slots=True)
class RepairEntry:
    """Hold one repair that was begun.

    Parameters
    ----------
    repair_id : str
        Names the repair.
    kind : str
        ``revive``, ``rebuild`` or ``replay``.
    account_id : str
        The account.
    time_ns : int
        When it was begun.
    orders : tuple of dict
        What is needed to build each purged order again, as the binding wrote it.
    """

    repair_id: str
    kind: str
    account_id: str
    time_ns: int
    orders: tuple[dict[str, Any], ...]


class RepairLedger:
    """Append repairs to one file of a node's state directory, each synced to the disk before it returns.

    Parameters
    ----------
    directory : Path
        The state directory of one node; made if it is not there.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / LEDGER_FILE
        self._begun: set[str] | None = None

    def begin(self, entry: RepairEntry) -> None:
        """Write down what is about to be purged; returns when it is on the disk."""
        begun = self._known()
        self._append(
            {
                "op": "begin",
                "repair_id": entry.repair_id,
                "kind": entry.kind,
                "account_id": entry.account_id,
                "time_ns": entry.time_ns,
                "orders": list(entry.orders),
            }
        )
        begun.add(entry.repair_id)

    def end(self, repair_id: str) -> None:
        """Note that a repair is complete in the node and in its store; forget everything once nothing is open."""
        begun = self._known()
        self._append({"op": "end", "repair_id": repair_id})
        begun.discard(repair_id)
        if not begun:
            self._path.unlink(missing_ok=True)

    def _known(self) -> set[str]:
        """Return the repairs that are begun and not ended; the file is read once, not 10 MB of it for each end."""
        if self._begun is None:
            self._begun = {entry.repair_id for entry in self.unfinished()}
        return self._begun

    def unfinished(self) -> tuple[RepairEntry, ...]:
        """Return the repairs that were begun and not ended, oldest first.

        A last line that was cut off by a kill is a repair that never began: nothing is purged before the sync.
        """
        if not self._path.exists():
            return ()
        if self._path.stat().st_size > ENTRY_BYTES_MAX:
            raise ValueError(f"{self._path} is larger than a ledger of repairs can be")
        entries: dict[str, RepairEntry] = {}
        for line in self._path.read_bytes().split(b"\n"):
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if row["op"] == "end":
                entries.pop(row["repair_id"], None)
            else:
                entries[row["repair_id"]] = RepairEntry(
                    row["repair_id"], row["kind"], row["account_id"], row["time_ns"], tuple(row["orders"])
                )
        return tuple(entries.values())

    def _append(self, row: dict[str, Any]) -> None:
        with self._path.open("ab") as file:
            file.write(orjson.dumps(row) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # the name of a new file lives in its directory
        finally:
            os.close(directory)
