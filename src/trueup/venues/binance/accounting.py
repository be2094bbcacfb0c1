"""Every request as it was sent: what the emulator's request log, or the venue's own count, can be held against."""

from __future__ import annotations

import urllib.parse
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CALLS_KEPT: Final = 5_000
"""About 1 MB; the largest start-up that fits the venue's limits at all (500 symbols) sends about 1,100."""
UNSAID: Final = ("timestamp", "recvWindow", "signature")
"""Parameters that belong to the sending and not to the question."""
CONNECT: Final = "connect"


@dataclass(frozen=True, slots=True)
class AccountedCall:
    """One request as it was sent.

    Parameters
    ----------
    phase : str
        In which phase: ``connect`` until the connection stands, then ``look N``, the last look that was begun. The
        second look of a start-up asks for the same lists as the first: it is what verifies it.
    sent_ms : int
        The venue's time when it left, by our estimate.
    method, path : str
        What was called.
    query : str
        Parameters, without time, window and signature.
    weight : int
        What was booked for it.
    timeout_secs : float
        How long it could take.
    waited_secs : float
        How long it was paced.
    status : int
        HTTP status; 0 when no answer came.
    """

    phase: str
    sent_ms: int
    method: str
    path: str
    query: str
    weight: int
    timeout_secs: float
    waited_secs: float
    status: int

    @property
    def question(self) -> tuple[str, str, str]:
        """Return what was asked, whenever it was."""
        return self.method, self.path, self.query


class CallAccount:
    """Hold the last requests, and the weight of them all."""

    def __init__(self) -> None:
        self.calls: deque[AccountedCall] = deque(maxlen=CALLS_KEPT)
        self.phase = CONNECT
        self.weight_total = 0
        self._looks = 0

    def begin_connection(self) -> None:
        """Count what is sent from now on as the connection's."""
        self.phase, self._looks = CONNECT, 0

    def begin_look(self) -> None:
        """Count what is sent from now on as the next look's."""
        self._looks += 1
        self.phase = f"look {self._looks}"

    def add(self, call: AccountedCall) -> None:
        """Take in a request."""
        self.calls.append(call)
        self.weight_total += call.weight


def question_of(parameters: Mapping[str, Any]) -> str:
    """Return parameters as a query, without those that belong to the sending."""
    return urllib.parse.urlencode({name: value for name, value in parameters.items() if name not in UNSAID})
