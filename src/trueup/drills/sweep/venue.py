"""The drills' venue, with every message to and from the node an event at which the node can be killed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from trueup.drills.sweep.switch import KillSwitch
from trueup.drills.venue import FaultBook, Truth, VenueServer
from trueup.drills.wire import Message


class WatchedVenue(VenueServer):
    """Serve as the drills' venue does, and tell a switch of each message before and after it has its effect.

    A submit is five events: it arrives; it has taken effect and its push is about to leave; the push has left; the
    answer is about to leave; the answer has left. Between the first and the second lies the venue's acceptance.

    Parameters
    ----------
    truth, faults, path
        As `VenueServer` takes them.
    switch : KillSwitch
        Who is told.
    """

    def __init__(self, truth: Truth, faults: FaultBook, path: Path, switch: KillSwitch) -> None:
        super().__init__(truth, faults, path)
        self._switch = switch

    def _respond(self, message: Message, writer: asyncio.StreamWriter) -> None:
        subject = message["ask"]
        self._switch.happens("venue", f"{subject} arrives")
        super()._respond(message, _Answers(writer, subject, self._switch))  # type: ignore[arg-type]  # only write() is used

    def _send(self, message: Message) -> None:
        if "push" not in message or not self._writers:
            super()._send(message)
            return
        self._switch.happens("venue", f"push of {message['push']} leaves")
        super()._send(message)
        self._switch.happens("venue", f"push of {message['push']} left")


class _Answers:
    """Where one answer goes, with an event before and after."""

    def __init__(self, writer: asyncio.StreamWriter, subject: str, switch: KillSwitch) -> None:
        self._writer = writer
        self._subject = subject
        self._switch = switch

    def write(self, data: bytes) -> None:
        self._switch.happens("venue", f"answer to {self._subject} leaves")
        self._writer.write(data)
        self._switch.happens("venue", f"answer to {self._subject} left")
