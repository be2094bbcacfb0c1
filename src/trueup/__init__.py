"""Keep a live NautilusTrader node's orders, fills and positions true to the venue, and prove it."""

from trueup._version import __version__

__all__ = ["__version__"]
