"""The last requests the venue saw, with their weights: bounded, cheap to write, read through the control port."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

ENTRIES_MAX: Final = 20_000  # about 6 MB of tuples; older requests fall out, the totals stay


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as it was answered.

    Parameters
    ----------
    sequence : int
        Running number from 1; a gap at the start means that older entries fell out.
    time_ms : int
        The emulator's clock when the request arrived.
    method, path : str
        HTTP method and path; ``"WS"`` and the method's name for the WebSocket API.
    query : str
        Decoded parameters without the signature, as sent.
    account : str
        Account id, empty for an unsigned call.
    weight : int
        Weight charged.
    used_weight : int
        Weight used in the running minute after this request.
    status, code : int
        HTTP status of the answer, and the venue's error code (0 for success). Status 0: the connection was closed or
        hangs without an answer.
    duration_us : int
        Time from arrival to answer on the machine's monotonic clock.
    """

    sequence: int
    time_ms: int
    method: str
    path: str
    query: str
    account: str
    weight: int
    used_weight: int
    status: int
    code: int
    duration_us: int


@dataclass(frozen=True, slots=True)
class RequestTotal:
    """How often an endpoint was called since the log was cleared, and for what weight."""

    method: str
    path: str
    count: int
    weight: int
    errors: int


class RequestLog:
    """A bounded log; entries are kept as plain tuples and become values only when read."""

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        self._entries: deque[tuple[int, int, str, str, str, str, int, int, int, int, int]] = deque(maxlen=entries_max)
        self._totals: dict[tuple[str, str], list[int]] = {}
        self._sequence = 0

    def add(
        self,
        time_ms: int,
        method: str,
        path: str,
        query: str,
        account: str,
        weight: int,
        used_weight: int,
        status: int,
        code: int,
        duration_us: int,
    ) -> None:
        """Append one answered request."""
        self._sequence += 1
        self._entries.append(
            (self._sequence, time_ms, method, path, query, account, weight, used_weight, status, code, duration_us)
        )
        total = self._totals.get((method, path))
        if total is None:
            # Paths outside the registry are logged as "(unknown)" by the caller, so this dictionary is bounded.
            total = self._totals[method, path] = [0, 0, 0]
        total[0] += 1
        total[1] += weight
        total[2] += code != 0

    def entries(self, *, after: int = 0, limit: int = 1_000, path: str | None = None) -> list[LoggedRequest]:
        """Return up to `limit` of the oldest kept entries with a sequence above `after`."""
        found: list[LoggedRequest] = []
        for entry in self._entries:
            if entry[0] > after and (path is None or entry[3] == path):
                found.append(LoggedRequest(*entry))
                if len(found) >= limit:
                    break
        return found

    def totals(self) -> list[RequestTotal]:
        """Return the count and weight of every endpoint called, the heaviest first."""
        totals = [RequestTotal(method, path, *counts) for (method, path), counts in self._totals.items()]
        return sorted(totals, key=lambda total: (-total.weight, total.path, total.method))

    def clear(self) -> None:
        """Forget entries and totals; the sequence goes on."""
        self._entries.clear()
        self._totals.clear()
