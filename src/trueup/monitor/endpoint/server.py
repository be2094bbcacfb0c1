"""A small HTTP server on threads of its own, bounded in everything: it must neither need the node's loop nor hurt it.

Every connection carries one request. While all places are taken, the clients that have been waited for the longest make
room, so that neither idle nor slow clients, however many, keep a probe out.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
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
EVICTED_AT_ONCE = 16
"""A flood is met by halves: each time the accepting thread waits for the threads that it frees."""
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


class BoundedServer(socketserver.TCPServer):
    """Serve HTTP on daemon threads, which are made when they are needed and then kept.

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
        self._accepted: queue.SimpleQueue[socket.socket | None] = queue.SimpleQueue()
        self._threads = 0
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
            is_thread_wanted = self._threads < len(self._open)
        self._accepted.put(request)
        if is_thread_wanted:
            self._add_thread()

    def _add_thread(self) -> None:
        # A new thread for each connection would make every accept wait for the scheduler: 7 ms on a busy machine.
        try:
            threading.Thread(target=self._work, name=f"trueup-ops-{self._threads}", daemon=True).start()
            self._threads += 1
        except RuntimeError:
            # The system gives no more: those that there are serve one after the other. The next newcomer tries again.
            _logger.warning("the ops endpoint gets no more than %d threads", self._threads)

    def _take_place(self) -> bool:
        if self._places.acquire(blocking=False):
            return True
        with self._lock:
            oldest = list(itertools.islice(self._waiting.items(), EVICTED_AT_ONCE))
            for key, connection in oldest:
                del self._waiting[key]
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.evicted += len(oldest)
        return bool(oldest) and self._places.acquire(timeout=PLACE_SECS_MAX)

    def _work(self) -> None:
        while (connection := self._accepted.get()) is not None:
            try:
                self._serve(connection)
            except OSError:
                pass  # the client went away, or was sent away: nobody is left to tell
            except Exception:
                _logger.exception("the ops endpoint failed on a connection")
            finally:
                self._forget(connection)
                self.shutdown_request(connection)

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

    def end(self) -> None:
        """Stop listening, and end every connection and thread. `serve_forever` must have returned, or be told to."""
        self.server_close()
        with self._lock:
            connections = list(self._open.values())
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for _ in range(self._threads):
            self._accepted.put(None)

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
