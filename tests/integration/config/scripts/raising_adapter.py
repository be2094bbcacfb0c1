"""An adapter whose factory raises, and quotes its key in the error as careless adapters do."""

from __future__ import annotations

from typing import Any

from nautilus_trader.config import LiveExecClientConfig
from nautilus_trader.live.factories import LiveExecClientFactory


class RaisingConfig(LiveExecClientConfig, kw_only=True, frozen=True):  # type: ignore[call-arg]  # the engine's base is untyped
    """Its configuration."""

    api_key: str


class RaisingFactory(LiveExecClientFactory):
    """Its factory."""

    @staticmethod
    def create(config: RaisingConfig, **_: Any) -> None:
        """Raise."""
        raise ValueError(f"the key {config.api_key} is not allowed here")
