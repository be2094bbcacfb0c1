"""Keep a live NautilusTrader node's orders, fills and positions true to the venue, and prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trueup._version import __version__

if TYPE_CHECKING:
    from trueup.node.attach import attach
    from trueup.node.handle import Handle
    from trueup.node.sight import SightSettings

__all__ = ["Handle", "SightSettings", "__version__", "attach"]

_LAZY = {"attach": "trueup.node.attach", "Handle": "trueup.node.handle", "SightSettings": "trueup.node.sight"}


def __getattr__(name: str) -> Any:
    """Import what touches NautilusTrader only when it is asked for: the store reader and the emulator must not pay."""
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
