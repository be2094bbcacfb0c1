"""Faults by the control port."""

from __future__ import annotations

from typing import Any

import msgspec

from trueup.emulator.client.connection import Connection
from trueup.emulator.wire.fault_values import Fault


class ArmedFault(msgspec.Struct, frozen=True):
    """A fault that is armed: how many occurrences matched, and how many were hit."""

    fault_id: int
    fault: dict[str, Any]
    seen: int
    hits: int


class Faults(Connection):
    """Arm, list and disarm faults."""

    def add_fault(self, fault: Fault | dict[str, Any]) -> int:
        """Arm a fault and return its id."""
        raw = fault.model_dump(mode="json") if isinstance(fault, Fault) else fault
        return self._call("POST", "/faults", dict[str, int], raw)["fault_id"]

    def faults(self) -> list[ArmedFault]:
        """Return the armed faults with their counts."""
        return self._call("GET", "/faults", list[ArmedFault])

    def remove_fault(self, fault_id: int) -> None:
        """Disarm one fault."""
        self._send("DELETE", f"/faults/{fault_id}")

    def clear_faults(self) -> int:
        """Disarm every fault and return how many there were."""
        return self._call("DELETE", "/faults", dict[str, int])["cleared"]
