"""Do what the operator wants done with what nobody owns: tell it, halt for it, cancel it.

It hears of every look and acts on what the look saw. Nothing in it raises into the node. What is adopted needs no act,
and what is ignored is set aside where both sides are compared (`trueup.core.unchecked`).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from trueup.core.external import DEFAULT_NAME, FORCED, ExternalAction, ExternalPolicy, PolicyBook, source_of
from trueup.core.order_names import NameSays
from trueup.core.owners import EXTERNAL_OWNER
from trueup.core.wording import plain
from trueup.model.coverage import RecordKind
from trueup.model.enums import Leg
from trueup.model.positions import PositionRecord
from trueup.node.binding import AccountPort, OutsideOrder
from trueup.node.look import Look
from trueup.node.outside_record import OutsideRecord

_logger = logging.getLogger("trueup.node")

CANCELS_MAX = 3
"""Of one order, over all restarts: a venue that refuses three times will not be asked for ever."""
CANCEL_AGAIN_NS = 10_000_000_000
SIGHTED_SECS_MIN = 1.0
"""Between the look that first saw an order and the cancel: a strategy's own may still be on its way to its name."""
CANCELS_PER_LOOK_MAX = 20
HALT_KEPT_SECS = 2.0
"""The guard's thread writes a hold down within half a second; a node killed before that halts again at its start."""
OVERLAP_NS = 60_000_000_000
"""Before the last proof: what happened just then may not have been acted on. What was told is not told again."""
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
"""The form of a name that the node's own strategies may use, and that says nothing of whose it is."""
_OWN_NAMES = frozenset({NameSays.OURS, NameSays.GONE, NameSays.AMBIGUOUS})


class OutsideWatch:
    """Act on what nobody owns, account by account.

    Parameters
    ----------
    book : PolicyBook
        The operator's policies.
    record : OutsideRecord
        What was told and tried before.
    say : Callable
        Tells an event.
    now_ns : Callable[[], int]
        The node's clock.
    is_trading : Callable[[], bool]
        Whether the trader runs; nothing is cancelled before it does.
    """

    def __init__(
        self,
        book: PolicyBook,
        record: OutsideRecord,
        say: Callable[..., None],
        now_ns: Callable[[], int],
        is_trading: Callable[[], bool],
    ) -> None:
        self._book = book
        self._record = record
        self._say = say
        self._now_ns = now_ns
        self._is_trading = is_trading
        self._since_ns: dict[str, int] = {}
        self._known: dict[str, frozenset[str]] = {}
        self._sighted: dict[str, float] = {}
        self._explained: dict[str, str] = {}
        self._halted: dict[str, float] = {}

    def begin(self, port: AccountPort) -> None:
        """Note from when on news of an account counts: since its last proof; of a new account, what is alive alone."""
        verified_ns = port.verified_ns()
        self._since_ns[port.account_id] = self._now_ns() if verified_ns is None else verified_ns - OVERLAP_NS

    def see(self, port: AccountPort, look: Look) -> None:
        """Act on one look; never raises."""
        if self._book.is_idle:
            return
        try:
            self._settle_halts()
            self._see_orders(port)
            self._see_positions(port, look)
            self._cancel_orders(port, look)
        except Exception as error:
            _logger.exception("what nobody owns could not be looked after")
            self._say("problem", text=f"external policies failed: {type(error).__name__}: {error}")

    # -- telling and halting -----------------------------------------------------------------------------------------

    def _see_orders(self, port: AccountPort) -> None:
        names = port.outside.names()
        new = names - self._known.get(port.account_id, frozenset())
        self._known[port.account_id] = names
        for name in sorted(new):
            order = port.outside.order(name)
            if order is None or not (order.is_open or order.updated_ns > self._since_ns[port.account_id]):
                continue
            policy = self._book.of_order(order.instrument_id, order.client_order_id, order.venue_order_id)
            source = source_of(order.client_order_id, order.venue_order_id)
            line = f"{order.description} order {name} on {order.instrument_id} ({source}) belongs to nobody"
            self._act(policy, port, f"order|{port.account_id}|{name}", line, **_named(order))

    def _see_positions(self, port: AccountPort, look: Look) -> None:
        for position in look.node.positions:
            if not position.is_open or position.owner != EXTERNAL_OWNER:
                continue
            policy = self._book.of_position(position.instrument_id)
            key = f"position|{port.account_id}|{position.instrument_id}|{position.leg}|{position.opened_ns}"
            line = f"a position of {_quantity(position)} on {position.instrument_id} belongs to nobody"
            self._act(policy, port, key, line, instrument_id=position.instrument_id, source="position")

    def _act(self, policy: ExternalPolicy, port: AccountPort, key: str, line: str, **data: Any) -> None:
        if policy.action not in {ExternalAction.ALERT, ExternalAction.HALT}:
            return
        if key in self._halted or self._record.is_told(key):
            return
        if policy.action is ExternalAction.HALT:
            self._halted[key] = time.monotonic()  # remembered once the guard's own record has it: see HALT_KEPT_SECS
        else:
            self._record.tell(key, self._now_ns())
        self._tell(policy, port, policy.action.value, line, **data)

    def _settle_halts(self) -> None:
        """Remember the halts that the guard has written down by now."""
        for key in [key for key, at in self._halted.items() if time.monotonic() - at > HALT_KEPT_SECS]:
            self._record.tell(key, self._now_ns())
            del self._halted[key]

    def _tell(self, policy: ExternalPolicy, port: AccountPort, act: str, line: str, **data: Any) -> None:
        by = "the default" if policy.name == DEFAULT_NAME else f"the policy {policy.name}"
        text = f"{act}, by {by}: {line}"
        _logger.warning("%s", text)
        self._say("external", act=act, policy=policy.name, account_id=port.account_id, line=text, **data)

    # -- cancelling --------------------------------------------------------------------------------------------------

    def _cancel_orders(self, port: AccountPort, look: Look) -> None:
        sent = 0
        sighted: dict[str, float] = {}
        for record in look.node.orders:
            if not record.is_open or record.owner != EXTERNAL_OWNER or record.client_order_id is None:
                continue
            order = port.outside.order(record.client_order_id)
            if order is None or not order.is_open:
                continue
            policy = self._book.of_order(order.instrument_id, order.client_order_id, order.venue_order_id)
            if policy.action is not ExternalAction.CANCEL:
                continue
            key = f"{port.account_id}|{order.instrument_id}|{order.venue_order_id or order.client_order_id}"
            sighted[key] = self._sighted.get(key, time.monotonic())
            if why := self._why_not(port, look, order, key, sighted[key]):
                self._explain(policy, port, order, key, why)
            elif sent < CANCELS_PER_LOOK_MAX:
                sent += self._cancel(policy, port, order, key)
        for key in [key for key in self._sighted if key.startswith(f"{port.account_id}|")]:
            del self._sighted[key]
        self._sighted |= sighted

    def _why_not(self, port: AccountPort, look: Look, order: OutsideOrder, key: str, sighted: float) -> str:
        """Return why an order is not cancelled now; a text with a star in front of it is no news, and not told."""
        if not self._is_trading():
            return "*the trader does not run"
        if source_of(order.client_order_id, order.venue_order_id) in FORCED:
            return "it is the venue's own"
        if why := _why_own(port, order.client_order_id):
            return why
        if look.verdict.unknowns:
            return f"what the venue works is not known: {look.verdict.unknowns[0]}"
        if not look.reading.snapshot.coverage.complete_for(RecordKind.ORDERS_OPEN, order.instrument_id):
            return "the venue's open orders were not read whole"
        if any(one.subject.instrument_id == order.instrument_id for one in look.discrepancies):
            return f"node and venue differ on {order.instrument_id}"
        venue = look.reading.snapshot
        listed = venue.order_by_venue_id.get((order.instrument_id, order.venue_order_id or ""))
        listed = listed or venue.order_by_client_id.get(order.client_order_id)
        if listed is None or not listed.is_open:
            return "*the venue does not list it as working"
        if order.is_waiting or time.monotonic() - sighted < SIGHTED_SECS_MIN:
            return "*it was only just seen"
        tried = self._record.attempts(key)
        if tried.count >= CANCELS_MAX:
            return f"the venue was asked {CANCELS_MAX} times, and still works it"
        if self._now_ns() - tried.last_ns < CANCEL_AGAIN_NS:
            return "*the venue was asked a moment ago"
        return ""

    def _cancel(self, policy: ExternalPolicy, port: AccountPort, order: OutsideOrder, key: str) -> bool:
        count = self._record.try_again(key, self._now_ns())  # on the disk before it is sent
        again = f", for the {count}. time" if count > 1 else ""
        line = f"{order.description} order {order.client_order_id} on {order.instrument_id}{again}"
        self._tell(policy, port, "cancel", line, **_named(order))
        return port.outside.cancel(order.client_order_id)

    def _explain(self, policy: ExternalPolicy, port: AccountPort, order: OutsideOrder, key: str, why: str) -> None:
        if why.startswith("*") or self._explained.get(key) == why:
            return
        self._explained[key] = why
        line = f"{order.description} order {order.client_order_id} on {order.instrument_id}: {why}"
        self._tell(policy, port, "not cancelled", line, **_named(order))


def _why_own(port: AccountPort, client_order_id: str) -> str:
    """Return why an order may be one that this node sent itself; empty if it cannot be."""
    evidence = port.own_evidence()
    if evidence.owner_of(client_order_id) is not None or evidence.names.read(client_order_id).says in _OWN_NAMES:
        return "its name is one that this node gives"
    if _UUID.fullmatch(client_order_id):
        return "its name is a UUID, as a strategy of this node may give: nothing tells that it is not its own"
    return ""


def _named(order: OutsideOrder) -> Mapping[str, Any]:
    return {
        "instrument_id": order.instrument_id,
        "client_order_id": order.client_order_id,
        "venue_order_id": order.venue_order_id or "",
        "source": str(source_of(order.client_order_id, order.venue_order_id)),
    }


def _quantity(position: PositionRecord) -> str:
    leg = "" if position.leg is Leg.BOTH else f" {position.leg}"
    return f"{plain(position.quantity)}{leg}"
