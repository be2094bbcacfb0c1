"""The simulated venue on a local socket: commands, queries and a push stream, each subject to the faults in force."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from trueup.drills.venue.faults import COMMANDS, FaultBook
from trueup.drills.venue.truth import Truth, TruthError
from trueup.drills.venue.values import Leg, OrderStatus, Side, VenueFill, VenueOrder
from trueup.drills.wire import Message, frame, read_frame

TRUNCATED_RECORDS_MAX = 1  # a page that was cut short: the newest record only
SYNC_TIMEOUT_SECS = 5.0  # a healthy node answers within milliseconds; a hung one must not hang the drill


class VenueServer:
    """Serve one truth to one node after the other.

    Parameters
    ----------
    truth : Truth
        The books.
    faults : FaultBook
        What goes wrong.
    path : Path
        The Unix socket to listen on.
    lists_flat : bool
        Whether flat positions are listed with quantity 0, as some venues do, or left out.
    """

    def __init__(self, truth: Truth, faults: FaultBook, path: Path, *, lists_flat: bool = False) -> None:
        self.truth = truth
        self.faults = faults
        self.path = path
        self.lists_flat = lists_flat
        self.offset_ns = 0
        self.queries: dict[str, int] = {}
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Message] = []
        self._markers: dict[int, asyncio.Event] = {}
        self._answers: dict[str, Callable[[Message], Any]] = {
            "submit": self._submit,
            "cancel": self._cancel,
            "modify": self._modify,
            "orders": self._orders,
            "order": self._order,
            "fills": self._fills,
            "positions": self._positions,
            "account": lambda _: {"balance": self.truth.balance},
        }

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._serve, path=str(self.path))

    async def stop(self) -> None:
        """Close the socket and end what is under way."""
        for task in list(self._tasks):
            task.cancel()
        for writer in self._writers:
            writer.close()
        if self._server is not None:
            self._server.close()

    def now_ns(self) -> int:
        """Return the venue's time, which a scenario may set back to make history."""
        return time.time_ns() + self.offset_ns

    async def sync(self) -> None:
        """Return once the connected node has read every push sent so far."""
        if not self._writers:
            return
        marker = time.monotonic_ns()
        read = self._markers[marker] = asyncio.Event()
        self._send({"marker": marker})
        try:
            await asyncio.wait_for(read.wait(), SYNC_TIMEOUT_SECS)
        except TimeoutError:
            pass
        finally:
            del self._markers[marker]

    # -- The push stream ---------------------------------------------------------------------------

    def push(self, kind: str, order: VenueOrder | None = None, fill: VenueFill | None = None) -> None:
        """Tell the node what happened, unless a fault interferes."""
        message: Message = {"push": kind, "order": order, "fill": fill, "time_ns": self.now_ns()}
        if kind == "account":
            message["balance"] = self.truth.balance
        hits = self.faults.strike("push", kind)
        if "lose" in hits:
            return
        if "reorder" in hits:
            self._held.append(message)
            return
        if "delay" in hits:
            self._spawn(self._send_later(message, hits["delay"].delay_secs))
            return
        self._send(message)
        if "duplicate" in hits:
            self._send(message)
        if kind == "account":
            return  # reordering is among the events of orders
        held, self._held = self._held, []
        for late in held:
            self._send(late)

    async def _send_later(self, message: Message, delay_secs: float) -> None:
        await asyncio.sleep(delay_secs)
        self._send(message)

    def _send(self, message: Message) -> None:
        for writer in self._writers:
            writer.write(frame(message))

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- Questions ---------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while (message := await read_frame(reader)) is not None:
                if "marker" in message:
                    if (read := self._markers.get(message["marker"])) is not None:
                        read.set()
                else:
                    self._respond(message, writer)
        finally:
            self._writers.remove(writer)
            writer.close()

    def _respond(self, message: Message, writer: asyncio.StreamWriter) -> None:
        subject = message["ask"]
        self.queries[subject] = self.queries.get(subject, 0) + 1
        hits = self.faults.strike(subject)
        if "hang" in hits or "lost_before" in hits:
            return
        if "fail" in hits:
            writer.write(frame({"id": message["id"], "error": "503 service unavailable"}))
            return
        if "reject" in hits:
            writer.write(frame({"id": message["id"], "error": "order would exceed a limit", "refused": True}))
            return
        try:
            answer = self._answers[subject](message)
        except TruthError as error:
            writer.write(frame({"id": message["id"], "error": str(error), "refused": True}))
            return
        if "lost_after" in hits:
            return
        if subject not in COMMANDS:
            answer = _spoil(answer, hits)
        writer.write(frame({"id": message["id"], "answer": answer}))

    def _submit(self, message: Message) -> Message:
        order = self.truth.place(
            symbol=message["symbol"],
            side=Side(message["side"]),
            quantity=Decimal(message["quantity"]),
            price=Decimal(message["price"]),
            leg=Leg(message["leg"]),
            client_order_id=message["client_order_id"],
            now_ns=self.now_ns(),
        )
        self.push("accepted", order)
        return {"venue_order_id": order.venue_order_id}

    def _cancel(self, message: Message) -> Message:
        order = self.truth.finish(message["name"], OrderStatus.CANCELED, self.now_ns())
        self.push("canceled", order)
        return {"venue_order_id": order.venue_order_id}

    def _modify(self, message: Message) -> Message:
        price = message["price"]
        order = self.truth.amend(
            message["name"],
            Decimal(message["quantity"]),
            None if price is None else Decimal(price),
            self.now_ns(),
        )
        self.push("updated", order)
        return {"venue_order_id": order.venue_order_id}

    def _orders(self, message: Message) -> list[VenueOrder]:
        start_ns = message.get("start_ns") or 0
        found = []
        for order in self.truth.orders:
            if message.get("symbol") not in (None, order.symbol):
                continue
            if order.status.is_open or (not message.get("open_only") and order.updated_ns >= start_ns):
                found.append(order)
        return found

    def _order(self, message: Message) -> VenueOrder | None:
        for name in (message.get("venue_order_id"), message.get("client_order_id")):
            if name is not None and (order := self.truth.find(name)) is not None:
                return order
        return None

    def _fills(self, message: Message) -> list[VenueFill]:
        start_ns = message.get("start_ns") or 0
        return [
            fill
            for fill in self.truth.fills
            if fill.time_ns >= start_ns
            and message.get("symbol") in (None, fill.symbol)
            and message.get("venue_order_id") in (None, fill.venue_order_id)
        ]

    def _positions(self, message: Message) -> list[Message]:
        return [
            {
                "symbol": held.symbol,
                "leg": held.leg,
                "quantity": held.quantity,
                "average_price": held.average_price,
                "updated_ns": held.updated_ns,
            }
            for held in self.truth.positions()
            if (held.quantity != 0 or self.lists_flat) and message.get("symbol") in (None, held.symbol)
        ]


def _spoil(answer: Any, hits: dict[str, Any]) -> Any:
    """Return what a faulty venue answers in place of the right answer."""
    if "empty" in hits:
        return [] if isinstance(answer, list) else None
    if not isinstance(answer, list):
        return answer
    if "truncated" in hits:
        answer = answer[-TRUNCATED_RECORDS_MAX:]
    if "newest_first" in hits:
        answer = answer[::-1]
    if "no_average_price" in hits:
        answer = [{**record, "average_price": None} for record in answer]
    return answer
