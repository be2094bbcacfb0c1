"""Ask a question once when several ask it at the same time.

A caller may join a question only until its first request leaves: so every answer was asked for after the caller put the
question, and no reading is ever older than its own start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

COLLECT_SECS: Final = 0.001
"""How long a question waits for others to join it: several turns of the loop, a fraction of any round trip."""


class Flights:
    """Share questions that have not left yet."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Any, ...], asyncio.Task[Any]] = {}
        self.joined = 0

    async def ask(self, key: tuple[Any, ...], question: Callable[[Callable[[], None]], Awaitable[Any]]) -> Any:
        """Return the answer to a question, joining one that waits under the same key.

        Parameters
        ----------
        key : tuple
            What is asked.
        question : Callable
            Ask it; called with what to call when its first request leaves.
        """
        task = self._waiting.get(key)
        if task is None:

            def leave() -> None:
                self._waiting.pop(key, None)

            async def run() -> Any:
                try:
                    await asyncio.sleep(COLLECT_SECS)
                    return await question(leave)
                finally:
                    leave()

            task = asyncio.ensure_future(run())
            self._waiting[key] = task
        else:
            self.joined += 1
        # Shielded: one caller's time-out must not take the answer from the others. A question ends by its own time-out.
        return await asyncio.shield(task)
