"""Watch one 1.x node for what somebody else does to its orders and positions, and say it with a reason.

The engine tells a strategy of a hand's change by the same events as of its own: nothing to add there. What is added is
the word who did it. Heard are the node's own commands (on their way into the execution client, and as the pending
events that an order keeps across restarts), every order event, and what the venue's stream says beside them. A change
is judged a moment later, when what the venue did around it is known, too.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from nautilus_trader.model.enums import TimeInForce as EngineTimeInForce
from nautilus_trader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderSubmitted,
    OrderUpdated,
)

from trueup.core.intervention import (
    NOTHING,
    Attribution,
    Change,
    ChangeKind,
    Closing,
    Commanded,
    Context,
    attribute,
    closing_of,
)
from trueup.core.owners import EXTERNAL_OWNER
from trueup.core.terms import NO_PAST, Terms
from trueup.model.enums import OrderSide, TimeInForce
from trueup.model.identifiers import OPENING_PREFIX, leg_of
from trueup.node.announcer import Announcer
from trueup.node.own_journal import OWN_ORDERS
from trueup.node.v1.order_terms import commanded_before, past_of, terms_before_event, terms_of
from trueup.node.v1.own_orders import OwnOrders
from trueup.venues.binance.user_marks import OrderMark, marks_of

_logger = logging.getLogger("trueup.node")

EVENT = "intervention"
JUDGE_SECS = 0.5
"""How long a change waits for what the venue did around it: its stream tells the whole of one liquidation at once."""
WAITING_MAX = 10_000
TOLD_MAX = 100
"""Of one judgement: a start on an account that somebody else traded for years must not fill the journal."""
MARKS_MAX = 1_000
COMMANDS_MAX = 10_000
ASKED_MAX = 16
"""Amendments of one order that are under way, and as many that were: a strategy that asks for more in the seconds in
which nothing is answered asks for every price there is."""
_KINDS = {
    OrderAccepted: ChangeKind.PLACED,
    OrderUpdated: ChangeKind.AMENDED,
    OrderCanceled: ChangeKind.CANCELLED,
    OrderExpired: ChangeKind.EXPIRED,
    OrderFilled: ChangeKind.FILLED,
}
_MARKET_TYPES = frozenset({"MARKET", "MARKET_TO_LIMIT"})
"""A stop that waits is no order to fill at once: a hand may well have cancelled it."""
_ZERO = Decimal(0)


class InterventionWatch:
    """Watch one node.

    Parameters
    ----------
    node : TradingNode
        Built, and not yet run.
    announcer : Announcer
        What is told of what is found.
    own : OwnOrders
        Tells the own orders.
    is_replaying : Callable[[], bool]
        Whether a start-up replays a long history. What happened in it is counted, not told: nobody reads it, and to
        judge 100,000 events would hold the event loop.
    """

    def __init__(
        self, node: Any, announcer: Announcer, own: OwnOrders, is_replaying: Callable[[], bool] = lambda: False
    ) -> None:
        self._is_replaying = is_replaying
        self._loop = node.get_event_loop()
        self._cache = node.kernel.cache
        self._bus = node.kernel.msgbus
        self._clients = tuple(node.kernel.exec_engine._clients.values())  # noqa: SLF001 - listed in names.py
        self._announcer = announcer
        self._own = own
        self._asked_cancel: dict[str, None] = {}
        self._asked_amend: dict[str, deque[Terms]] = {}
        self._settled: dict[str, deque[Terms]] = {}
        self._marks: dict[str, OrderMark] = {}
        self._terms: dict[str, Terms] = {}
        self._waiting: deque[tuple[Change, Commanded, str, str]] = deque()
        self._unwritten: dict[str, tuple[str, bool]] = {}
        self._is_due = False
        self.counts: Counter[str] = Counter()
        self.untold = 0

    def install(self) -> None:
        """Begin to hear."""
        self._bus.subscribe("events.order.*", self._hear_order)
        for client in self._clients:
            for name, note in (
                ("_modify_order", self._note_modify),
                ("_cancel_order", self._note_cancel),
                ("_cancel_all_orders", self._note_cancel_all),
                ("_batch_cancel_orders", self._note_batch),
            ):
                if callable(send := getattr(client, name, None)):
                    setattr(client, name, self._heard(send, note))
            handlers = getattr(client, "_futures_user_ws_handlers", None)
            if isinstance(handlers, dict):
                for kind, handle in list(handlers.items()):
                    if str(getattr(kind, "value", kind)) in _STREAM_EVENTS:
                        handlers[kind] = self._overheard(handle, client)

    # -- what the node commands ----------------------------------------------------------------------------------------

    def _heard(self, send: Callable[..., Any], note: Callable[[Any], None]) -> Callable[..., Any]:
        safely = self._safely(note)

        def sent(command: Any, *arguments: Any, **named: Any) -> Any:
            safely(command)
            return send(command, *arguments, **named)

        return sent

    def _note_modify(self, command: Any) -> None:
        wanted = self._asked_amend.setdefault(command.client_order_id.value, deque(maxlen=ASKED_MAX))
        wanted.append(terms_of(command.quantity, command.price, command.trigger_price))
        _bound(self._asked_amend, COMMANDS_MAX)

    def _note_cancel(self, command: Any) -> None:
        self._asked_cancel[command.client_order_id.value] = None
        _bound(self._asked_cancel, COMMANDS_MAX)

    def _note_cancel_all(self, command: Any) -> None:
        for order in self._cache.orders_open(instrument_id=command.instrument_id):
            if command.order_side.name in {"NO_ORDER_SIDE", order.side.name}:
                self._asked_cancel[order.client_order_id.value] = None
        _bound(self._asked_cancel, COMMANDS_MAX)

    def _note_batch(self, command: Any) -> None:
        for cancel in command.cancels:
            self._note_cancel(cancel)

    # -- what the venue says beside ------------------------------------------------------------------------------------

    def _overheard(self, handle: Callable[[bytes], Any], client: Any) -> Callable[[bytes], Any]:
        note = self._safely(lambda raw: self._on_frame(raw, client))

        def handled(raw: bytes) -> Any:
            note(raw)  # before the adapter makes an event of it
            return handle(raw)

        return handled

    def _on_frame(self, raw: bytes, client: Any) -> None:
        found = marks_of(raw)
        if isinstance(found, OrderMark):
            self._marks[found.venue_order_id] = found
            _bound(self._marks, MARKS_MAX)
            return
        for change in found:
            instrument_id = ""
            if change.instrument_id:
                instrument_id = client._get_cached_instrument_id(change.instrument_id).value  # noqa: SLF001 - its spelling
            self._put(replace(change, instrument_id=instrument_id), NOTHING, str(client.account_id), "")

    # -- what becomes of orders ----------------------------------------------------------------------------------------

    def _hear_order(self, event: Any) -> None:
        """Take an order's event in; of a replay only whose it is. It never raises: the engine ends for less."""
        try:
            kind = _KINDS.get(type(event))
            if kind is None or not self._is_replaying():
                self._on_order(event)
                return
            self.untold += 1
            if kind is ChangeKind.PLACED:
                self._remember_placed(event)
        except Exception:
            _logger.exception("a change could not be judged")

    def _remember_placed(self, event: Any) -> None:
        owner, name = event.strategy_id.value, event.client_order_id.value
        if owner != EXTERNAL_OWNER and not name.startswith(OPENING_PREFIX):
            self._remember(name, owner, sent=False)

    def _on_order(self, event: Any) -> None:
        name = event.client_order_id.value
        if isinstance(event, OrderCancelRejected):
            self._asked_cancel.pop(name, None)
        elif isinstance(event, OrderModifyRejected):
            self._asked_amend.pop(name, None)
        elif isinstance(event, OrderSubmitted):
            self._remember(name, event.strategy_id.value, sent=True)
        kind = _KINDS.get(type(event))
        if kind is None or name.startswith(OPENING_PREFIX):
            return
        order = self._cache.order(event.client_order_id)
        if order is None:
            return
        if kind is ChangeKind.PLACED:
            self._remember_placed(event)
        asked = Commanded(
            sent=self._own.has_sent(name),
            cancel=name in self._asked_cancel,
            amends=tuple(self._asked_amend.get(name, ())),
            past=past_of(order, event, self._settled.get(name, ())) if kind is ChangeKind.AMENDED else NO_PAST,
        )
        commanded = commanded_before(order, event, asked)
        self._put(self._change(kind, event, order), commanded, str(event.account_id), event.strategy_id.value)
        if order.is_closed:
            for held in (self._asked_cancel, self._asked_amend, self._settled, self._terms):
                held.pop(name, None)

    def _change(self, kind: ChangeKind, event: Any, order: Any) -> Change:
        name = event.client_order_id.value
        number = "" if getattr(event, "venue_order_id", None) is None else event.venue_order_id.value
        mark = self._marks.pop(number, None)
        now = terms_of(
            order.quantity,
            order.price if order.has_price else None,
            order.trigger_price if order.has_trigger_price else None,
        )
        before = self._terms.get(name, now)
        if kind is ChangeKind.AMENDED and name not in self._terms:
            before = terms_before_event(order, event)
        self._terms[name] = now
        _bound(self._terms, COMMANDS_MAX)
        if kind is ChangeKind.AMENDED:
            self._settle_amend(name, now)
        is_fill = kind is ChangeKind.FILLED
        return Change(
            kind=kind,
            time_ns=int(event.ts_event),
            instrument_id=event.instrument_id.value,
            client_order_id=name,
            venue_order_id=number,
            side=OrderSide[order.side.name],
            terms_before=before,
            terms=now,
            fill_quantity=event.last_qty.as_decimal() if is_fill else _ZERO,
            position_before=self._position_before(event) if is_fill else None,
            time_in_force=TimeInForce[EngineTimeInForce(order.time_in_force).name],
            expires_ns=int(getattr(order, "expire_time_ns", 0)) or None,
            post_only=bool(order.is_post_only),
            reduce_only=bool(order.is_reduce_only),
            is_market=order.type_string() in _MARKET_TYPES
            and bool(order.filled_qty or order.type_string() == "MARKET"),
            is_amendment=mark is not None and mark.is_amendment,
            expiry_code=0 if mark is None else mark.expiry_code,
        )

    def _settle_amend(self, name: str, now: Terms) -> None:
        """Let go of what was asked up to the amendment that has come; it is judged before, by a copy."""
        wanted = self._asked_amend.get(name)
        if not wanted:
            return
        settled = self._settled.setdefault(name, deque(maxlen=ASKED_MAX))
        _bound(self._settled, COMMANDS_MAX)
        while wanted:
            settled.append(wanted.popleft())
            if settled[-1].agrees_with(now):
                break

    def _position_before(self, event: Any) -> Decimal | None:
        """Return what was held before a fill, all owners together: the engine may hold one position in parts."""
        instrument_id = event.instrument_id.value
        leg = leg_of(None if event.position_id is None else event.position_id.value, instrument_id)
        held, is_in = _ZERO, False
        for position in self._cache.positions(instrument_id=event.instrument_id):
            if leg_of(position.id.value, instrument_id) is leg:
                held += position.signed_decimal_qty()
                is_in = is_in or event.trade_id in position.trade_ids
        filled = event.last_qty.as_decimal()
        return held if not is_in else held - (filled if event.order_side.name == "BUY" else -filled)

    # -- judging -------------------------------------------------------------------------------------------------------

    def _put(self, change: Change, commanded: Commanded, account_id: str, owner: str) -> None:
        if len(self._waiting) >= WAITING_MAX:
            self.untold += 1
            return
        self._waiting.append((change, commanded, account_id, owner))
        self._wake()

    def _wake(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._loop.call_later(JUDGE_SECS, self._safely(self._judge))

    def _judge(self) -> None:
        self._is_due = False
        waiting, self._waiting = tuple(self._waiting), deque()
        closings: dict[str, list[Closing]] = {}
        for change, _, account_id, _ in waiting:
            if (closing := closing_of(change)) is not None:
                closings.setdefault(account_id, []).append(closing)
        contexts = {account_id: Context(tuple(held)) for account_id, held in closings.items()}
        told = more = 0
        for change, commanded, account_id, owner in waiting:
            found = attribute(change, commanded, contexts.get(account_id, Context()))
            self.counts[found.doing.value] += 1
            if not found.is_external:
                continue
            if told >= TOLD_MAX:
                more += 1
                continue
            told += 1
            self._tell(change, found, account_id, owner)
        if more:
            self._announcer.say(
                EVENT, doing="MANUAL", change="", line=f"and {more} more changes from outside", more=more
            )
        self._write()

    def _tell(self, change: Change, found: Attribution, account_id: str, owner: str) -> None:
        why = ""
        if change.kind is ChangeKind.PLACED or change.kind is ChangeKind.FILLED:
            why = "nobody owns it" if owner == EXTERNAL_OWNER else f"{owner} owns it"
        self._announcer.say(
            EVENT,
            doing=found.doing.value,
            change=change.kind.value,
            account_id=account_id,
            instrument_id=change.instrument_id,
            owner=owner,
            client_order_id=change.client_order_id,
            venue_order_id=change.venue_order_id,
            happened_ns=change.time_ns,
            line=f"{found.line}; {why}" if why else found.line,
        )

    # -- whose orders are, for the journal -----------------------------------------------------------------------------

    def _remember(self, name: str, owner: str, *, sent: bool) -> None:
        if self._own.note(name, owner, sent=sent):
            self._unwritten[name] = (owner, sent)
            self._loop.call_soon(self._safely(self._write))

    def _write(self) -> None:
        if self._unwritten:
            unwritten, self._unwritten = self._unwritten, {}
            orders = {name: owner for name, (owner, _) in unwritten.items()}
            self._announcer.note(
                OWN_ORDERS, orders=orders, sent=[name for name, (_, sent) in unwritten.items() if sent]
            )

    def _safely(self, work: Callable[..., None]) -> Callable[..., None]:
        """Return a function that never raises: the engine ends the process for less."""

        def safe(*arguments: Any) -> None:
            try:
                work(*arguments)
            except asyncio.CancelledError:
                raise
            except Exception:
                _logger.exception("a change could not be judged")

        return safe


_STREAM_EVENTS = frozenset({"ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ACCOUNT_CONFIG_UPDATE"})


def _bound(held: dict[str, Any], count_max: int) -> None:
    while len(held) > count_max:
        held.pop(next(iter(held)))
