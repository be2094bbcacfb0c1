"""What the venue was asked and how it answered, by client and kind of question."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from trueup.monitor.histogram import Histogram
from trueup.monitor.status import VenueQueryStatus
from trueup.ops.metrics import CLIENTS_MAX, OUTCOMES, QUERIES, QUERY_BUCKETS

ERROR_CHARS_MAX = 200


@dataclass(slots=True)
class QueryLine:
    """One kind of question of one client."""

    seconds: Histogram = field(default_factory=lambda: Histogram(QUERY_BUCKETS))
    outcomes: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(OUTCOMES, 0)))
    last_ns: int = 0
    last_error: str = ""


class VenueBook:
    """Keep the questions of at most `CLIENTS_MAX` clients; what is beyond is refused, and the caller counts it."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], QueryLine] = {}
        self.clients: dict[str, bool] = {}
        self.last_success_ns: dict[str, int] = {}

    def know(self, client_id: str) -> bool:
        """Make the lines of a client, all at once, so that a first failure is a step and not a new series."""
        if client_id in self.clients:
            return True
        if len(self.clients) >= CLIENTS_MAX:
            return False
        self.lines |= {(client_id, query): QueryLine() for query in QUERIES}
        self.clients[client_id] = True
        return True

    def add(self, client_id: str, query: str, secs: float, outcome: str, error: str, now_ns: int) -> bool:
        """Take a question in; return whether there was room for it."""
        if not self.know(client_id):
            return False
        line = self.lines[client_id, query]
        line.seconds.add(secs)
        line.outcomes[outcome] += 1
        line.last_ns = now_ns
        answered = outcome == "success"
        if not answered:
            line.last_error = error[:ERROR_CHARS_MAX]
        else:
            self.last_success_ns[client_id] = now_ns
        self.clients[client_id] = answered
        return True

    def status(self) -> tuple[VenueQueryStatus, ...]:
        """Return the lines that were ever asked."""
        found = []
        for (client_id, query), line in list(self.lines.items()):
            count = sum(line.outcomes.values())
            if not count:
                continue
            half, most = line.seconds.quantiles(0.5, 0.99)
            found.append(
                VenueQueryStatus(
                    client_id=client_id,
                    query=query,
                    count=count,
                    failures=count - line.outcomes["success"],
                    timeouts=line.outcomes["timeout"],
                    p50_ms=_ms(half),
                    p99_ms=_ms(most),
                    last_ns=line.last_ns,
                    last_error=line.last_error,
                )
            )
        return tuple(found)


def _ms(secs: float | None) -> float | None:
    return None if secs is None else round(secs * 1000, 3)
