"""The Redis-compatible servers that drills run on: one shared, or one of its own that a scenario may kill."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from redis.asyncio import Redis

from trueup.store.embedded import EmbeddedValkey

DELETE_BATCH_KEYS = 500


class DrillStore:
    """A server on 127.0.0.1 with its data in a directory of the drill.

    Parameters
    ----------
    directory : Path
        Where it keeps its data.
    durable : bool
        Whether every write is on the disk before it is answered, as the baseline's Redis scenarios were measured.
    """

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self._directory = directory
        self._durable = durable
        self._server: EmbeddedValkey | None = None
        self.port = 0

    def start(self) -> None:
        """Start the server, the second time on the port that it had before."""
        self._server = EmbeddedValkey.start(
            self._directory,
            port=self.port or None,
            fsync="always" if self._durable else "everysec",
            ends_with_parent=True,
        )
        self.port = self._server.port

    def kill(self) -> None:
        """End the server with SIGKILL."""
        assert self._server is not None
        os.kill(self._server.pid, signal.SIGKILL)
        self._server.stop()
        self._server = None

    def stop(self) -> None:
        """End the server in good order."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    async def holds(self, trader_id: str, what: str) -> bool:
        """Return whether the store holds any key of one trader that begins so, such as ``orders:``."""
        async with Redis(host="127.0.0.1", port=self.port) as client:
            async for _ in client.scan_iter(match=f"trader-{trader_id}:{what}*", count=DELETE_BATCH_KEYS):
                return True
        return False

    async def forget(self, trader_id: str, what: str = "") -> None:
        """Delete what the store holds of one trader, or of it what begins so: without all its next start is cold."""
        async with Redis(host="127.0.0.1", port=self.port) as client:
            batch = []
            async for key in client.scan_iter(match=f"trader-{trader_id}:{what}*", count=DELETE_BATCH_KEYS):
                batch.append(key)
                if len(batch) == DELETE_BATCH_KEYS:
                    await client.delete(*batch)
                    batch.clear()
            if batch:
                await client.delete(*batch)
