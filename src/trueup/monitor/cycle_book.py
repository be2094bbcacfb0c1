"""The checks that ended: how often, how, how long they took, and the latest of them one by one."""

from __future__ import annotations

from collections import Counter, deque

from trueup.monitor.histogram import Histogram
from trueup.monitor.status import CycleStatus
from trueup.ops.metrics import CHECKS, CYCLE_BUCKETS, ENGINE_CHECKS, RESULTS


class CycleBook:
    """Keep the checks of one node.

    Parameters
    ----------
    kept_max : int
        How many are kept one by one.
    """

    def __init__(self, kept_max: int) -> None:
        self.results: Counter[tuple[str, str]] = Counter(
            {(check, result): 0 for check in (*CHECKS, *ENGINE_CHECKS) for result in RESULTS}
        )
        self.seconds = {check: Histogram(CYCLE_BUCKETS) for check in (*CHECKS, *ENGINE_CHECKS)}
        self.last_ns: dict[str, int] = {}
        self.latest: deque[CycleStatus] = deque(maxlen=kept_max)

    def add(self, cycle: CycleStatus) -> None:
        """Take a check in. One that failed gives no answer, so it does not make the last answer younger."""
        self.results[cycle.check, cycle.result] += 1
        self.seconds[cycle.check].add(cycle.secs)
        if cycle.result not in {"failed", "unknown"}:
            self.last_ns[cycle.check] = cycle.time_ns
        self.latest.append(cycle)

    @property
    def last_check_ns(self) -> int:
        """Return when any check last gave an answer, 0 before the first."""
        return max(self.last_ns.copy().values(), default=0)
