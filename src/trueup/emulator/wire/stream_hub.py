"""Who listens to what: sockets, stream names, and the fan-out of ready frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import orjson

from trueup.emulator.wire.sockets import ClientSocket

STREAMS_MAX: Final = 1_024  # per socket, as the venue bounds them
NAME_LENGTH_MAX: Final = 128


@dataclass(slots=True, eq=False)
class StreamClient:
    """One socket and what it subscribed to.

    Parameters
    ----------
    combined : bool
        Whether frames come as ``{"stream": ..., "data": ...}``.
    events : frozenset[str]
        Event types wanted of a user stream (the ``events`` parameter of the private endpoint); empty for all.
    """

    socket: ClientSocket
    combined: bool
    streams: set[str] = field(default_factory=set)
    events: frozenset[str] = frozenset()


class StreamHub:
    """Fan frames out to the sockets that subscribed.

    Parameters
    ----------
    on_first, on_last : Callable[[str], None]
        Called when a stream gets its first and loses its last subscriber.
    greeting : Callable[[str], bytes | None]
        What a new subscriber of a stream gets at once.
    """

    def __init__(
        self,
        on_first: Callable[[str], None],
        on_last: Callable[[str], None],
        greeting: Callable[[str], bytes | None],
    ) -> None:
        self._on_first = on_first
        self._on_last = on_last
        self._greeting = greeting
        self.clients: set[StreamClient] = set()
        self._by_stream: dict[str, set[StreamClient]] = {}

    def add(self, client: StreamClient) -> None:
        """Take a new socket."""
        self.clients.add(client)

    def remove(self, client: StreamClient) -> None:
        """Forget a socket and its subscriptions."""
        self.clients.discard(client)
        for name in list(client.streams):
            self.unsubscribe(client, name)

    def subscribe(self, client: StreamClient, name: str) -> bool:
        """Subscribe a socket to a stream; return whether there was room for it."""
        if name in client.streams:
            return True
        if len(client.streams) >= STREAMS_MAX or len(name) > NAME_LENGTH_MAX:
            return False
        client.streams.add(name)
        listeners = self._by_stream.get(name)
        if listeners is None:
            self._by_stream[name] = {client}
            self._on_first(name)
        else:
            listeners.add(client)
        greeting = self._greeting(name)
        if greeting is not None:
            client.socket.send(_combined(name, greeting) if client.combined else greeting)
        return True

    def unsubscribe(self, client: StreamClient, name: str) -> None:
        """End a subscription, if there is one."""
        client.streams.discard(name)
        listeners = self._by_stream.get(name)
        if listeners is None or client not in listeners:
            return
        listeners.discard(client)
        if not listeners:
            del self._by_stream[name]
            self._on_last(name)

    def listeners(self, name: str) -> set[StreamClient]:
        """Return the sockets that subscribed to a stream."""
        return self._by_stream.get(name, set())

    def has_listeners(self, name: str) -> bool:
        """Whether anybody subscribed to a stream."""
        return name in self._by_stream

    def publish(self, name: str, payload: bytes, event: str = "") -> None:
        """Send one frame to everybody who subscribed to the stream."""
        listeners = self._by_stream.get(name)
        if not listeners:
            return
        wrapped: bytes | None = None
        for client in tuple(listeners):
            if event and client.events and event not in client.events:
                continue
            if client.combined:
                if wrapped is None:
                    wrapped = _combined(name, payload)
                client.socket.send(wrapped)
            else:
                client.socket.send(payload)


def _combined(name: str, payload: bytes) -> bytes:
    return b'{"stream":%b,"data":%b}' % (orjson.dumps(name), payload)
