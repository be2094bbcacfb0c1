"""User streams: private events on their way to the sockets of a listen key, with the faults that befall them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import orjson

from trueup.emulator.engine.clock import Clock
from trueup.emulator.engine.events import AlgoEvent, OrderEvent, TradeLite, VenueEvent
from trueup.emulator.wire import fault_values as fv
from trueup.emulator.wire.alarms import Alarms
from trueup.emulator.wire.faults import FaultBook, Subject
from trueup.emulator.wire.forms.texts import DigitsBySymbol
from trueup.emulator.wire.forms.user_events import event_type, listen_key_expired_form, user_event_form
from trueup.emulator.wire.listen_keys import ListenKeys
from trueup.emulator.wire.stream_hub import StreamHub

HELD_MAX: Final = 100_000  # events that faults hold back per account; beyond it the oldest leave early


@dataclass(slots=True)
class _Parked:
    """An event that waits until others have passed."""

    behind: int
    event: str
    payload: bytes


@dataclass(slots=True)
class _Lane:
    """What faults hold back of one account, in order."""

    late: deque[tuple[int, str, bytes]] = field(default_factory=deque)
    parked: list[_Parked] = field(default_factory=list)


class UserStreams:
    """Send private events to whoever listens to the account."""

    def __init__(
        self,
        hub: StreamHub,
        listen_keys: ListenKeys,
        faults: FaultBook,
        clock: Clock,
        alarms: Alarms,
        digits: DigitsBySymbol,
    ) -> None:
        self._hub = hub
        self._listen_keys = listen_keys
        self._faults = faults
        self._clock = clock
        self._alarms = alarms
        self._digits = digits
        self._lanes: dict[str, _Lane] = {}

    def publish(self, event: VenueEvent) -> None:
        """Send one event, unless a fault has other plans for it."""
        account_id = event.account_id
        if self._faults.watches_events:
            self._publish_with_faults(event)
            return
        if account_id in self._lanes:
            self._hold_or_send(account_id, event_type(event), self._encode(event), 0)
            return
        key = self._listen_keys.key_of(account_id)
        # Without a socket nothing is rendered: most accounts of a loaded venue have no listener.
        if key is not None and self._hub.has_listeners(key):
            self._hub.publish(key, self._encode(event), event_type(event))

    def expire(self, now_ms: int) -> None:
        """Tell the sockets whose listen key ran out, and send them nothing more."""
        for _, key in self._listen_keys.expire(now_ms):
            self._hub.publish(key, orjson.dumps(listen_key_expired_form(key, now_ms)))
            self.detach(key)

    def expire_account(self, account_id: str) -> bool:
        """End the account's listen key as if its time had run out; return whether it had one."""
        key = self._listen_keys.stop(account_id)
        if key is None:
            return False
        self._hub.publish(key, orjson.dumps(listen_key_expired_form(key, self._clock.now_ms())))
        self.detach(key)
        return True

    def detach(self, key: str) -> None:
        """Leave the sockets of a dead key open and silent, as the venue does."""
        for client in tuple(self._hub.listeners(key)):
            self._hub.unsubscribe(client, key)

    def mute(self, account_id: str) -> None:
        """Let the account's sockets stay open and send nothing more."""
        key = self._listen_keys.key_of(account_id)
        for client in tuple(self._hub.listeners(key)) if key is not None else ():
            client.socket.muted = True

    def cut(self, account_id: str, why: str) -> int:
        """End the account's sockets at once and return how many there were."""
        key = self._listen_keys.key_of(account_id)
        clients = tuple(self._hub.listeners(key)) if key is not None else ()
        for client in clients:
            client.socket.cut(why)
        return len(clients)

    def _encode(self, event: VenueEvent) -> bytes:
        return orjson.dumps(user_event_form(event, self._digits))

    # --- faults -------------------------------------------------------------------------------------------------------

    def _publish_with_faults(self, event: VenueEvent) -> None:
        kind = event_type(event)
        actions = self._faults.on_event(self._subject(event, kind))
        payload = self._encode(event)
        copies, delay_ms, overtaken = 1, 0, False
        for action in actions:
            match action:
                case fv.DropEvent():
                    return
                case fv.DuplicateEvent():
                    copies += action.copies
                case fv.DelayEvent():
                    delay_ms += action.delay_ms
                    overtaken = overtaken or action.overtaken
                case fv.ReorderEvent():
                    self._park(event.account_id, kind, payload, action)
                    return
                case fv.HalfOpen():
                    self.mute(event.account_id)
                    return
        for _ in range(copies):
            if delay_ms and overtaken:
                self._send_late(event.account_id, kind, payload, delay_ms)
            else:
                self._hold_or_send(event.account_id, kind, payload, delay_ms)

    def _subject(self, event: VenueEvent, kind: str) -> Subject:
        execution, symbol, client_order_id = "", "", ""
        match event:
            case OrderEvent():
                execution = event.execution_type
                symbol, client_order_id = event.order.symbol, event.order.client_order_id
            case TradeLite():
                execution = "TRADE"
                symbol, client_order_id = event.order.symbol, event.order.client_order_id
            case AlgoEvent():
                symbol, client_order_id = event.algo.symbol, event.algo.client_algo_id
        return Subject(
            now_ms=self._clock.now_ms(),
            event=kind,
            execution=execution,
            symbol=symbol,
            account=event.account_id,
            client_order_id=client_order_id,
        )

    def _send_late(self, account_id: str, kind: str, payload: bytes, delay_ms: int) -> None:
        self._alarms.at(self._clock.now_ms() + delay_ms, lambda: self._send(account_id, kind, payload))

    def _hold_or_send(self, account_id: str, kind: str, payload: bytes, delay_ms: int) -> None:
        lane = self._lanes.get(account_id)
        if delay_ms == 0 and (lane is None or not lane.late):
            self._send(account_id, kind, payload)
            return
        if lane is None:
            lane = self._lanes[account_id] = _Lane()
        due_ms = self._clock.now_ms() + delay_ms
        lane.late.append((due_ms, kind, payload))
        if len(lane.late) > HELD_MAX:
            _, first_kind, first = lane.late.popleft()
            self._send(account_id, first_kind, first)
        self._alarms.at(due_ms, lambda: self._drain(account_id))

    def _drain(self, account_id: str) -> None:
        lane = self._lanes.get(account_id)
        if lane is None:
            return
        now_ms = self._clock.now_ms()
        while lane.late and lane.late[0][0] <= now_ms:
            _, kind, payload = lane.late.popleft()
            self._send(account_id, kind, payload)
        if not lane.late and not lane.parked:
            del self._lanes[account_id]

    def _park(self, account_id: str, kind: str, payload: bytes, action: fv.ReorderEvent) -> None:
        lane = self._lanes.setdefault(account_id, _Lane())
        parked = _Parked(action.behind, kind, payload)
        lane.parked.append(parked)
        self._alarms.at(self._clock.now_ms() + action.hold_ms_max, lambda: self._unpark(account_id, parked))

    def _unpark(self, account_id: str, parked: _Parked) -> None:
        lane = self._lanes.get(account_id)
        if lane is not None and parked in lane.parked:
            lane.parked.remove(parked)
            self._send(account_id, parked.event, parked.payload)

    def _send(self, account_id: str, kind: str, payload: bytes) -> None:
        key = self._listen_keys.key_of(account_id)
        if key is not None:
            self._hub.publish(key, payload, kind)
        lane = self._lanes.get(account_id)
        if lane is None or not lane.parked:
            return
        for parked in list(lane.parked):
            parked.behind -= 1
            if parked.behind <= 0 and parked in lane.parked:
                lane.parked.remove(parked)
                self._send(account_id, parked.event, parked.payload)
