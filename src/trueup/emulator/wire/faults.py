"""The one interpreter of faults: which fault hits this request, this event, this socket."""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from trueup.emulator.wire.fault_values import (
    EVENT_ACTIONS,
    REQUEST_ACTIONS,
    SOCKET_ACTIONS,
    EventAction,
    Fault,
    Match,
    RequestAction,
    SocketAction,
)
from trueup.errors import ConfigValueError

FAULTS_MAX: Final = 1_000  # every request walks the list
SNAPSHOTS_MAX: Final = 1_000  # stale answers kept, least recently used first out


@dataclass(frozen=True, slots=True)
class Subject:
    """What is about to happen, in the words of `Match`."""

    now_ms: int
    method: str = ""
    path: str = ""
    event: str = ""
    execution: str = ""
    symbol: str = ""
    account: str = ""
    client_order_id: str = ""


@dataclass(slots=True)
class _Armed:
    """A fault with its counters."""

    fault_id: int
    fault: Fault
    random: random.Random
    seen: int = 0
    hits: int = 0


@dataclass(slots=True)
class FaultBook:
    """The faults that are armed, in the order in which they were added."""

    _request: list[_Armed] = field(default_factory=list)
    _event: list[_Armed] = field(default_factory=list)
    _socket: list[_Armed] = field(default_factory=list)
    _next_id: int = 1
    _snapshots: OrderedDict[tuple[int, str], bytes] = field(default_factory=OrderedDict)

    def add(self, fault: Fault) -> int:
        """Arm a fault and return its id.

        Raises
        ------
        ConfigValueError
            The list is full.
        """
        if len(self._request) + len(self._event) + len(self._socket) >= FAULTS_MAX:
            raise ConfigValueError(
                f"{FAULTS_MAX} faults are armed already", allowed=f"at most {FAULTS_MAX}", action="clear some first"
            )
        armed = _Armed(self._next_id, fault, random.Random(fault.match.seed))
        self._next_id += 1
        if isinstance(fault.action, REQUEST_ACTIONS):
            self._request.append(armed)
        elif isinstance(fault.action, EVENT_ACTIONS) or fault.match.event is not None:
            # A half-open socket may begin with an event instead of with the connection.
            self._event.append(armed)
        else:
            self._socket.append(armed)
        return armed.fault_id

    def remove(self, fault_id: int) -> bool:
        """Disarm one fault; return whether it was there."""
        for armed_list in (self._request, self._event, self._socket):
            for index, armed in enumerate(armed_list):
                if armed.fault_id == fault_id:
                    del armed_list[index]
                    return True
        return False

    def clear(self) -> int:
        """Disarm every fault and return how many there were."""
        count = len(self._request) + len(self._event) + len(self._socket)
        self._request.clear()
        self._event.clear()
        self._socket.clear()
        self._snapshots.clear()
        return count

    def listing(self) -> list[tuple[int, Fault, int, int]]:
        """Return id, fault, occurrences that matched and occurrences that were hit, in order of arming."""
        armed = sorted((*self._request, *self._event, *self._socket), key=lambda each: each.fault_id)
        return [(each.fault_id, each.fault, each.seen, each.hits) for each in armed]

    @property
    def watches_requests(self) -> bool:
        """Whether any request fault is armed."""
        return bool(self._request)

    @property
    def watches_events(self) -> bool:
        """Whether any event fault is armed."""
        return bool(self._event)

    @property
    def watches_sockets(self) -> bool:
        """Whether any socket fault is armed."""
        return bool(self._socket)

    def on_request(self, subject: Subject) -> list[tuple[int, RequestAction]]:
        """Return the actions that hit this request, in order of arming, with their fault ids."""
        return [
            (armed.fault_id, armed.fault.action)
            for armed in self._request
            if _hits(armed, subject) and isinstance(armed.fault.action, REQUEST_ACTIONS)
        ]

    def on_event(self, subject: Subject) -> list[EventAction | SocketAction]:
        """Return the actions that hit this event, in order of arming."""
        return [
            armed.fault.action
            for armed in self._event
            if _hits(armed, subject) and isinstance(armed.fault.action, (*EVENT_ACTIONS, *SOCKET_ACTIONS))
        ]

    def on_socket(self, subject: Subject) -> list[SocketAction]:
        """Return the actions that hit this socket or listen key call, in order of arming."""
        return [
            armed.fault.action
            for armed in self._socket
            if _hits(armed, subject) and isinstance(armed.fault.action, SOCKET_ACTIONS)
        ]

    def snapshot(self, fault_id: int, key: str, body: bytes) -> bytes:
        """Return the answer kept under `key` for a stale-snapshot fault, keeping `body` if there is none yet."""
        kept = self._snapshots.setdefault((fault_id, key), body)
        self._snapshots.move_to_end((fault_id, key))
        if len(self._snapshots) > SNAPSHOTS_MAX:
            self._snapshots.popitem(last=False)
        return kept


def _hits(armed: _Armed, subject: Subject) -> bool:
    """Count the occurrence if it matches, and say whether it is one of those to hit."""
    match = armed.fault.match
    if not _matches(match, subject):
        return False
    armed.seen += 1
    if armed.seen < match.nth:
        return False
    if match.count is not None and armed.seen >= match.nth + match.count:
        return False
    # Drawn for every occurrence in range, so that the outcome depends on the seed and the occurrence alone.
    if match.probability < 1.0 and armed.random.random() >= match.probability:
        return False
    armed.hits += 1
    return True


def _matches(match: Match, subject: Subject) -> bool:
    if match.from_ms is not None and subject.now_ms < match.from_ms:
        return False
    if match.until_ms is not None and subject.now_ms >= match.until_ms:
        return False
    exact = (
        (match.method, subject.method),
        (match.execution, subject.execution),
        (match.symbol, subject.symbol),
        (match.account, subject.account),
    )
    if any(wanted is not None and wanted != found for wanted, found in exact):
        return False
    patterns = (
        (match.path, subject.path),
        (match.event, subject.event),
        (match.client_order_id, subject.client_order_id),
    )
    return all(pattern is None or fnmatchcase(found, pattern) for pattern, found in patterns)
