"""Where a node and who commands its guard meet in Redis: beside the node's own keys, never among them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

ANSWER_KEPT_MS = 60_000
COMMAND_KEPT_MS = 15_000
"""Nobody waits longer than this for an answer; what nobody took by then is nobody's."""
STATUS_KEPT_MS = 15_000
"""A node says how it is every second; after fifteen it has gone."""


@dataclass(frozen=True, slots=True)
class GuardKeys:
    """The keys of one trader's guard.

    They begin with ``trueup:``. The engine's begin with ``trader-`` or with the trader id itself, which holds a hyphen
    and no colon, so no key of the one is one of the other.

    Parameters
    ----------
    trader_id : str
        The trader.
    """

    trader_id: str

    @property
    def command(self) -> str:
        """The one place for a command: a string, so that a reader can bound what it reads."""
        return f"trueup:{self.trader_id}:guard:command"

    @property
    def status(self) -> str:
        """What the node says of itself; gone when the node is."""
        return f"trueup:{self.trader_id}:guard:status"

    def answer(self, nonce: str) -> str:
        """Return where the answer to one command is put."""
        return f"trueup:{self.trader_id}:guard:answer:{nonce}"
