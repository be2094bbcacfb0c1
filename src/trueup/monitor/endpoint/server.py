"""A small HTTP server on threads of its own, bounded in everything: it must neither need the node's loop nor hurt it.

Every connection carries one request. While all places are taken, a newcomer takes the place of the client that has
been waited for the longest, so that neither idle nor slow clients, however many, keep a probe out.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from trueup.monitor.endpoint.head import HEAD_SECS_MAX, parse_request, read_head
from trueup.monitor.endpoint.messages import Request, Response, say

_logger = logging.getLogger("trueup.ops")

CONNECTIONS_MAX = 32
"""Threads at once. A page, a scrape and two probes need four."""
BACKLOG = 128
SEND_SECS_MAX = 10.0
"""For the whole response."""
PLACE_SECS_MAX = 1.0
"""How long a newcomer waits for the place of the one that had to go."""
LINGER_SECS_MAX = 0.2
LINGER_BYTES_MAX = 65_536
"""A body that nobody asked for is read away, else the kernel resets the connection before the answer is read."""
POLL_SECS = 0.5
"""How soon the accepting thread sees that it shall end."""

Answer = Callable[[Request], Response]


class BoundedServer(socketserver.ThreadingTCPServer):
    """Serve HTTP on daemon threads.

    Parameters
    ----------
    address : tuple
        Of the socket, as the family wants it.
    family : socket.AddressFamily
        IPv4 or IPv6.
    answer : Answer
        Turns a request into a response; raises nothing.

    Raises
    ------
    OSError
        If it cannot listen there.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True  # a restarted node must not wait for the connections of its former life
    request_queue_size = BACKLOG

    def __init__(self, address: tuple[Any, ...], family: socket.AddressFamily, answer: Answer) -> None:
        self.address_family = family
        self._answer = answer
        self._places = threading.BoundedSemaphore(CONNECTIONS_MAX)
        self._lock = threading.Lock()
        # Those that wait for their client, the longest first: to send its request, or to take the response.
        self._waiting: dict[int, socket.socket] = {}
        self._open: dict[int, socket.socket] = {}
        self.evicted = 0
        self.refused = 0
        self.served = 0
        super().__init__(address, socketserver.BaseRequestHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread: a free place, or that of the client that has been waited for the longest."""
        if not self._take_place():
            self.refused += 1
            with contextlib.suppress(OSError):
                request.settimeout(0)
                request.send(say(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", Retry_After="1").encode())
            self.shutdown_request(request)
            return
        with self._lock:
            self._waiting[id(request)] = self._open[id(request)] = request
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system gives no more threads
            self._forget(request)
            self.shutdown_request(request)

    def _take_place(self) -> bool:
        if self._places.acquire(blocking=False):
            return True
        with self._lock:
            oldest = next(iter(self._waiting.values()), None)
            if oldest is not None:
                del self._waiting[id(oldest)]
                self.evicted += 1
                with contextlib.suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
        return oldest is not None and self._places.acquire(timeout=PLACE_SECS_MAX)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection, on its thread."""
        try:
            self._serve(request)
        except OSError:
            pass  # the client went away, or was sent away: nobody is left to tell
        except Exception:
            _logger.exception("the ops endpoint failed on a connection")
        finally:
            self._forget(request)
            self.shutdown_request(request)

    def _serve(self, connection: socket.socket) -> None:
        head = read_head(connection, time.monotonic() + HEAD_SECS_MAX)
        with self._lock:
            self._waiting.pop(id(connection), None)
        if head is None:
            return
        parsed = parse_request(head)
        response = parsed if isinstance(parsed, Response) else self._answer(parsed)
        with self._lock:
            self._waiting[id(connection)] = connection
        connection.settimeout(SEND_SECS_MAX)
        wants_body = isinstance(parsed, Response) or parsed.method != "HEAD"
        connection.sendall(response.encode(with_body=wants_body))
        self.served += 1
        if response.status >= HTTPStatus.BAD_REQUEST:
            _linger(connection)

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._waiting.pop(id(connection), None)
            self._open.pop(id(connection), None)
        self._places.release()

    def close_connections(self) -> None:
        """End every connection that is open."""
        with self._lock:
            connections = list(self._open.values())
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say it in the log: the base class would print a traceback."""
        _logger.exception("the ops endpoint failed on a connection")


def _linger(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + LINGER_SECS_MAX
        read = 0
        while read < LINGER_BYTES_MAX and (remaining := deadline - time.monotonic()) > 0:
            connection.settimeout(remaining)
            part = connection.recv(LINGER_BYTES_MAX)
            if not part:
                return
            read += len(part)
