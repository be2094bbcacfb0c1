"""The control port's connection: one call at a time, its answer decoded, its errors raised."""

from __future__ import annotations

import http.client
import threading
from typing import Any, Final, Self
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from trueup.errors import ConfigValueError, EmulatorError, VenueRefusedError, VenueUnavailableError

TIMEOUT_SECS: Final = 30.0


class RefusedError(VenueRefusedError):
    """The emulated venue refused a command given through the control port.

    Parameters
    ----------
    code : int
        The venue's code, for example -2011.
    message : str
        The venue's text.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class Connection:
    """A kept-alive connection to the control port; safe to share between threads. Use `ControlClient`."""

    def __init__(self, url: str, timeout_secs: float = TIMEOUT_SECS) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None or parts.port is None:
            raise ConfigValueError(f"the control URL was {url!r}", allowed="http://host:port")
        self._address = (parts.hostname, parts.port)
        self._timeout_secs = timeout_secs
        self._connection: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _venue[T](self, name: str, kind: type[T], /, **arguments: Any) -> T:
        return self._call("POST", f"/venue/{name}", kind, arguments)

    def _tell(self, name: str, /, **arguments: Any) -> None:
        self._send("POST", f"/venue/{name}", arguments)

    def _oracle[T](self, account_id: str, kind_name: str, symbol: str | None, kind: type[T]) -> T:
        query = f"?{urlencode({'symbol': symbol})}" if symbol is not None else ""
        return self._call("GET", f"/oracle/{quote(account_id, safe='')}/{kind_name}{query}", kind)

    def _call[T](self, method: str, path: str, kind: type[T], body: Any = None) -> T:
        envelope = msgspec.json.decode(self._send(method, path, body), type=dict[str, msgspec.Raw])
        return msgspec.json.decode(envelope["result"], type=kind)

    def _send(self, method: str, path: str, body: Any = None) -> bytes:
        encoded = msgspec.json.encode(body) if body is not None else None
        with self._lock:
            status, answer = self._exchange(method, path, encoded)
        if status != 200:
            raise _error(answer)
        return answer

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        fresh = self._connection is None
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=self._timeout_secs)
        try:
            self._connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            # A kept-alive connection may have been closed by the other side between calls; only such a one, which
            # ended before any answer, is tried once more, on a fresh connection.
            if not fresh and isinstance(error, (http.client.RemoteDisconnected, BrokenPipeError)):
                return self._exchange(method, path, body)
            host, port = self._address
            raise VenueUnavailableError(
                f"the emulator's control port {host}:{port} does not answer: {error}", action="see whether it runs"
            ) from error


def _error(answer: bytes) -> Exception:
    try:
        error = msgspec.json.decode(answer)["error"]
        kind, code, message = error["kind"], error["code"], error["message"]
    except (msgspec.MsgspecError, KeyError, TypeError):
        return VenueUnavailableError("the control port's answer is not the emulator's")
    if kind == "rejection":
        return RefusedError(code, message)
    if kind == "config":
        return ConfigValueError(message)
    return EmulatorError(message)
