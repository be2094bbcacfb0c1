"""What a scenario calls a fault of the emulated venue, and what it is on the wire."""

from __future__ import annotations

from typing import Any

from trueup.emulator.client import ControlClient

DELAY_MS = 700

_REFUSED = {"kind": "respond", "status": 503, "body": {"code": -1001, "msg": "Internal error"}}
_EVENT_EFFECTS: dict[str, dict[str, Any]] = {
    "lost": {"kind": "drop_event"},
    "late": {"kind": "delay_event", "delay_ms": DELAY_MS},
    "twice": {"kind": "duplicate_event", "copies": 1},
}
_REQUEST_EFFECTS: dict[str, dict[str, Any]] = {
    "unanswered": {"kind": "hang", "effect": True},
    "accepted_503": {"kind": "accepted_but"},
    "accepted_1007": {"kind": "timeout_unknown"},
    "refused_503": _REFUSED,
    "refused": _REFUSED,
    "empty": {"kind": "empty_list"},
    "hanging": {"kind": "hang"},
    "slow": {"kind": "delay", "delay_ms": DELAY_MS},
}
_EVENTS: dict[str, tuple[dict[str, Any], ...]] = {
    "fills": ({"event": "ORDER_TRADE_UPDATE", "execution": "TRADE"},),
    "acceptances": ({"event": "ORDER_TRADE_UPDATE", "execution": "NEW"},),
    "balances": ({"event": "ACCOUNT_UPDATE"},),
    "events": ({"event": "ORDER_TRADE_UPDATE"}, {"event": "ACCOUNT_UPDATE"}, {"event": "TRADE_LITE"}),
    "everything": ({"event": "*"},),
}
_REQUESTS: dict[str, tuple[dict[str, Any], ...]] = {
    "submits": ({"method": "POST", "path": "/fapi/v1/order"},),
    "history": ({"path": "/fapi/v1/allOrders"}, {"path": "/fapi/v1/userTrades"}),
    "order_history": ({"path": "/fapi/v1/allOrders"},),
    "lists": ({"path": "/fapi/v1/openOrders"}, {"path": "/fapi/*/positionRisk"}),
    "listen_keys": ({"method": "POST", "path": "/fapi/v1/listenKey"},),
}

EVENT_SUBJECTS, EVENT_EFFECTS = tuple(_EVENTS), tuple(_EVENT_EFFECTS)
"""What the user stream brings, and what can become of it."""
REQUEST_SUBJECTS, REQUEST_EFFECTS = tuple(_REQUESTS), tuple(_REQUEST_EFFECTS)
"""What a client asks for, and what it can be answered."""


class ArmedFaults:
    """The faults that a scenario has armed for one account.

    Parameters
    ----------
    control : ControlClient
        Of the emulator.
    account : str
        Whose requests and events are meant.
    """

    def __init__(self, control: ControlClient, account: str) -> None:
        self._control = control
        self._account = account
        self._armed: list[int] = []
        self._last: frozenset[int] = frozenset()

    def arm(self, subject: str, effect: str, times: int | None = None) -> None:
        """Let something go wrong from now on.

        Parameters
        ----------
        subject : str
            One of `EVENT_SUBJECTS` or `REQUEST_SUBJECTS`.
        effect : str
            One of `EVENT_EFFECTS` or `REQUEST_EFFECTS`.
        times : int, optional
            How often; until it is healed if not given.
        """
        action = _EVENT_EFFECTS[effect] if subject in _EVENTS else _REQUEST_EFFECTS[effect]
        limit = {} if times is None else {"count": times}
        armed = [
            self._control.add_fault({"match": {**match, **limit, "account": self._account}, "action": action})
            for match in (_EVENTS.get(subject) or _REQUESTS[subject])
        ]
        self._armed += armed
        self._last = frozenset(armed)

    @property
    def last_was_met(self) -> bool:
        """Return whether what was armed last has happened to somebody."""
        return any(one.hits for one in self._control.faults() if one.fault_id in self._last)

    def heal(self) -> None:
        """Take every fault back."""
        while self._armed:
            self._control.remove_fault(self._armed.pop())
