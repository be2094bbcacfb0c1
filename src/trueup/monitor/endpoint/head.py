"""The head of a request: read from a socket within bounds, and parsed by itself."""

from __future__ import annotations

import socket
import time
from http import HTTPStatus
from http.client import HTTPException, parse_headers
from io import BytesIO

from trueup.monitor.endpoint.messages import Request, Response, say

HEAD_BYTES_MAX = 16_384
"""Request line and headers; a browser's with many cookies stay under 8 KiB."""
HEAD_SECS_MAX = 5.0
"""From the connection to the end of the head, however slowly it drips."""


def read_head(connection: socket.socket, deadline: float) -> bytes | None:
    """Return all up to the empty line; what there is of it when that is too long or too late, None if nothing came."""
    head = b""
    while b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) <= HEAD_BYTES_MAX:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            break
        connection.settimeout(remaining)
        try:
            part = connection.recv(HEAD_BYTES_MAX)
        except TimeoutError:
            break
        if not part:
            return None
        head += part
    return head or None


def parse_request(head: bytes) -> Request | Response:
    """Return the request that a head holds, or the response that says what is wrong with it."""
    end = min((place for place in (head.find(b"\r\n\r\n"), head.find(b"\n\n")) if place >= 0), default=-1)
    if end > HEAD_BYTES_MAX or (end < 0 and len(head) > HEAD_BYTES_MAX):
        return say(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"more than {HEAD_BYTES_MAX} bytes of headers")
    if end < 0:
        return say(HTTPStatus.REQUEST_TIMEOUT, f"no whole request within {HEAD_SECS_MAX:g} s")
    line, _, rest = head.partition(b"\n")
    words = line.decode("latin-1").split()
    if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1"):
        return say(HTTPStatus.BAD_REQUEST, "not a request of HTTP/1.0 or HTTP/1.1")
    try:
        headers = parse_headers(BytesIO(rest))
    except (HTTPException, ValueError):
        return say(HTTPStatus.BAD_REQUEST, "the headers cannot be read")
    hosts = headers.get_all("Host") or []
    if len(hosts) > 1 or (not hosts and words[2] == "HTTP/1.1"):
        return say(HTTPStatus.BAD_REQUEST, "one Host is wanted")
    return Request(words[0], words[1], hosts[0].strip() if hosts else None, headers.get("Authorization", "").strip())
