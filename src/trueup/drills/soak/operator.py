"""Who watches a soaked node: looks when the guard holds it, and lets it go once nothing is wrong that could harm.

The guard lets a node go on a CLEAN verdict alone. A position whose fills came in another order than the venue's keeps a
wrong average until it is flat, which a true-up refuses to heal in place. That holds nobody back by itself; but a node
that was held for a better reason meanwhile stays held, and cannot trade itself flat. It takes an operator.
"""

from __future__ import annotations

from collections import Counter

from trueup.guard.control import GuardControl
from trueup.guard.groups import GROUPS
from trueup.model.guard import GuardState
from trueup.monitor.status import NodeStatus

LOOK_SECS = 60.0
"""How long only records may have been wrong before the operator lets go."""
HARMLESS = frozenset(kind.value for kind in GROUPS["records"])
"""Average price, commission, price of a fill, balance: position and working orders are right."""


class Operator:
    """Release a node that is held although only records of it are wrong.

    Parameters
    ----------
    control : GuardControl
        The way to the node.
    """

    def __init__(self, control: GuardControl) -> None:
        self._control = control
        self._harmless_since_secs: float | None = None
        self.acts: Counter[str] = Counter()

    def at(self, now_secs: float, status: NodeStatus) -> None:
        """Look at the node's status, and let go if it is time."""
        if status.guard.state == GuardState.ACTIVE or not is_harmless(status):
            self._harmless_since_secs = None
            return
        if self._harmless_since_secs is None:
            self._harmless_since_secs = now_secs
        if now_secs - self._harmless_since_secs < LOOK_SECS:
            return
        wrong = ", ".join(sorted({one.kind for one in status.discrepancies})) or "nothing"
        reason = f"positions and orders are the venue's for {LOOK_SECS:.0f} s; what differs: {wrong}"
        ack = self._control.demand(GuardState.ACTIVE, reason, force=True)
        self.acts["let go" if ack.is_applied else ack.outcome.value] += 1
        self._harmless_since_secs = None


def is_harmless(status: NodeStatus) -> bool:
    """Return whether the node knows its account, and only records of it are wrong."""
    kinds = {one.kind for one in status.discrepancies}
    return status.verdict != "UNKNOWN" and not status.discrepancies_hidden and kinds <= HARMLESS
