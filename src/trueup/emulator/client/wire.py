"""Requests, limits and streams by the control port: what reached the venue, and how it stands."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import msgspec

from trueup.emulator.client.connection import Connection
from trueup.emulator.wire.request_log import LoggedRequest, RequestTotal


class Health(msgspec.Struct, frozen=True):
    """The emulator's size: last event, connections, sockets among them, frames that wait; errors should be 0."""

    now_ms: int
    sequence: int
    connections: int
    sockets: int
    queued_frames: int
    internal_errors: int
    journal_failures: int


class Wire(Connection):
    """Read what was asked of the venue; forgive limits; cut streams."""

    def requests(self, *, after: int = 0, limit: int = 1_000, path: str | None = None) -> list[LoggedRequest]:
        """Return logged requests, oldest first."""
        query = {"after": after, "limit": limit} | ({"path": path} if path is not None else {})
        return self._call("GET", f"/requests?{urlencode(query)}", list[LoggedRequest])

    def request_totals(self) -> list[RequestTotal]:
        """Return count and weight per endpoint, the heaviest first."""
        return self._call("GET", "/requests/totals", list[RequestTotal])

    def clear_requests(self) -> None:
        """Forget the request log and its totals."""
        self._send("DELETE", "/requests")

    def forgive_limits(self) -> None:
        """Forget used weights, order counts and bans."""
        self._send("POST", "/limits/forgive")

    def cut_streams(self, account_id: str) -> int:
        """Cut the account's user stream sockets without a close frame and return how many there were."""
        return self._call("POST", f"/streams/{quote(account_id, safe='')}/cut", dict[str, int])["cut"]

    def expire_listen_key(self, account_id: str) -> bool:
        """End the account's listen key now; return whether it had one."""
        return self._call("POST", f"/streams/{quote(account_id, safe='')}/expire", dict[str, bool])["expired"]

    def health(self) -> Health:
        """Return the emulator's sizes."""
        return self._call("GET", "/health", Health)
