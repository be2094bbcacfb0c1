"""One account at its venue, as whoever stands outside of the node reads it: a protocol, and what goes with it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Protocol

from trueup.model.snapshots import VenueSnapshot
from trueup.venues.questions import Question

LATENCIES_KEPT: Final = 500


@dataclass(slots=True)
class QueryTally:
    """Count the questions of one kind."""

    count: int = 0
    failures: int = 0
    timeouts: int = 0
    last_ns: int = 0
    last_error: str = ""
    latencies_ms: list[float] = field(default_factory=list)

    def add(self, elapsed_ms: float, error: str, *, is_timeout: bool) -> None:
        """Take in one question."""
        self.count += 1
        self.last_ns = time.time_ns()
        if error:
            self.failures += 1
            self.timeouts += is_timeout
            self.last_error = error
        self.latencies_ms.append(elapsed_ms)
        del self.latencies_ms[:-LATENCIES_KEPT]

    def percentile_ms(self, share: float) -> float | None:
        """Return the latency below which a share (0 to 1) of the last ones lay."""
        ranked = sorted(self.latencies_ms)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueQuestion:
    """Say what to read of an account at the venue.

    Parameters
    ----------
    account_id : str
        The node's name of the account, which both snapshots must bear.
    history_from_ns : int
        Read orders and fills since then.
    instrument_ids : frozenset of str
        Instruments to read besides those that the venue names.
    conditional_ids : frozenset of str
        Instruments of which the node had conditional orders, which the venue lists apart.
    quantities : mapping of str to Decimal
        The node's quantities of its open orders, by client order id: for orders that have none at the venue.
    anew : bool
        Read the whole history, instead of what is newer than the reading before.
    deadline : float
        On the clock of ``time.monotonic``: nothing is asked after it.
    """

    account_id: str
    history_from_ns: int
    instrument_ids: frozenset[str] = frozenset()
    conditional_ids: frozenset[str] = frozenset()
    quantities: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    anew: bool = False
    deadline: float = math.inf


class VenueSide(Protocol):
    """Reads one account at its venue. What fails is told by the coverage, never by an exception."""

    async def read(self, question: VenueQuestion) -> VenueSnapshot:
        """Read what is open, and history."""
        ...

    async def resolve(self, questions: Sequence[Question]) -> VenueSnapshot:
        """Ask about single orders, and return the reading with the answers in it."""
        ...

    async def notes(self) -> tuple[str, ...]:
        """Return what the operator should know of the key and the way to the venue, one sentence each."""
        ...

    def queries(self) -> Mapping[str, QueryTally]:
        """Return how often what was asked, and how long it took."""
        ...

    def realised(self) -> Mapping[tuple[str, str, str], Decimal]:
        """Return the venue's realised profit of each trade that was read: by instrument, trade id and side."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...
