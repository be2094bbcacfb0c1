"""One request and one response as values, and the headers that every response carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""Nothing but our own files, and no text ever becomes markup: the browser itself refuses ``innerHTML``."""

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Request:
    """Hold what a client asks.

    Parameters
    ----------
    method : str
        ``GET``, ``HEAD`` or what the client made up.
    target : str
        Path, with the query if there is one.
    host : str or None
        The header ``Host``; None where there is none.
    authorization : str
        The header ``Authorization``; empty where there is none.
    """

    method: str
    target: str
    host: str | None = None
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """Hold what is answered.

    Parameters
    ----------
    status : HTTPStatus
        The code.
    body : bytes
        The body; a HEAD request gets its length alone.
    content_type : str
        Its type.
    headers : Mapping[str, str]
        Headers beside those that every response carries.
    """

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self, *, with_body: bool = True) -> bytes:
        """Return the response as it goes over the wire; the connection ends after it."""
        fields = {
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body)),
            "Connection": "close",
            **SECURITY_HEADERS,
            **self.headers,
        }
        head = f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return head.encode("ascii") + b"\r\n" + (self.body if with_body else b"")


def say(status: HTTPStatus, *lines: str, **headers: str) -> Response:
    """Return a response of plain lines; underscores in the names of headers stand for hyphens."""
    body = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    return Response(status, body, headers={name.replace("_", "-"): value for name, value in headers.items()})
