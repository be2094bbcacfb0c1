"""Faults that only the engine's own reconciliation shows."""

from __future__ import annotations

from typing import Final

from tests.integration.ops.end_to_end.cases.acts import TRADES, disarm, fill_silently
from tests.integration.ops.end_to_end.rig import Rig
from tests.integration.ops.end_to_end.trial import Trial


def _start_on_a_position(rig: Rig) -> None:
    """Let another client open a position while the node is dead, of which the node's lookback shows no fill."""
    rig.kill_node()
    rig.take("SOLUSDT", "5")
    rig.arm({"kind": "empty_list"}, path=TRADES)
    rig.arm({"kind": "empty_list"}, path="/fapi/v1/allOrders")
    rig.start_node(await_phase="RECONCILED")


NATIVE: Final = (
    (
        Trial(
            alerts=("TrueupInferredFills",),
            fault="the stream loses a fill of a native node",
            hurt=fill_silently,
            cure=disarm,
            beside=("TrueupSyntheticOrders", "TrueupAuditDiscrepant"),
        ),
    ),
    (
        Trial(
            alerts=("TrueupSyntheticOrders",),
            fault="a native node starts on a position of which the venue lists no order",
            hurt=_start_on_a_position,
            cure=disarm,
            beside=("TrueupInferredFills", "TrueupNodeDown"),
        ),
    ),
)
"""What only the engine's own reconciliation does."""
