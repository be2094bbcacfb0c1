"""When a node entered which phase, and how long its start-up took."""

from __future__ import annotations

from trueup.model.phase import Phase

NS_PER_SECOND = 1_000_000_000


class StartupBook:
    """Follow the phases of one node.

    Parameters
    ----------
    started_ns : int
        When trueup was attached.
    """

    def __init__(self, started_ns: int) -> None:
        self.phase = Phase.INITIALIZING
        self.phase_since_ns = started_ns
        self.began_ns: int | None = None
        self.ended_ns: int | None = None
        self.state = "pending"
        self.monitoring_since_ns: int | None = None

    def enter(self, phase: Phase, time_ns: int) -> None:
        """Take a change of phase in."""
        if phase is self.phase:
            return
        self.phase, self.phase_since_ns = phase, time_ns
        match phase:
            case Phase.RECONCILING:
                self.began_ns, self.state = time_ns, "running"
            case Phase.RECONCILED if self.state == "running":
                self.ended_ns, self.state = time_ns, "succeeded"
            case Phase.MONITORING:
                self.monitoring_since_ns = time_ns
            case Phase.ERROR if self.state != "succeeded":
                self.ended_ns, self.state = time_ns, "failed"
            case _:
                pass

    @property
    def took_secs(self) -> float | None:
        """Return how long the start-up took, None while it runs and before."""
        if self.began_ns is None or self.ended_ns is None:
            return None
        return round((self.ended_ns - self.began_ns) / NS_PER_SECOND, 3)

    def running_secs(self, now_ns: int) -> float:
        """Return how long it took, or has taken by now."""
        if self.began_ns is None:
            return 0.0
        return max(0, (self.ended_ns or now_ns) - self.began_ns) / NS_PER_SECOND
