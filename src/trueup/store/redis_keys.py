"""How a node names its keys. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

TRADER_PREFIX = "trader-"


@dataclass(frozen=True, slots=True)
class StoreKeys:
    """The keys of one node's cache.

    Parameters
    ----------
    trader_id : str
        The trader id.
    use_trader_prefix : bool
        Whether keys begin with ``trader-`` (NautilusTrader's default).
    instance_id : str or None
        The node's instance id, if it runs with `use_instance_id`.
    """

    trader_id: str
    use_trader_prefix: bool = True
    instance_id: str | None = None

    @property
    def root(self) -> str:
        """What every key of the node begins with, its last colon included."""
        prefix = TRADER_PREFIX if self.use_trader_prefix else ""
        instance = f":{self.instance_id}" if self.instance_id else ""
        return f"{prefix}{self.trader_id}{instance}:"

    @property
    def pattern(self) -> str:
        """The root as a pattern for SCAN, its special characters taken literally."""
        return re.sub(r"([*?\[\]\\^-])", r"\\\1", self.root) + "*"

    def key(self, name: str) -> str:
        """Return the whole key of ``orders:<id>``, ``index:orders_open`` and so on."""
        return self.root + name
