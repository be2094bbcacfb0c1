"""Ask the store and the venue what no file can tell (``trueup check --live``). Reads only; changes nothing."""

from trueup.config.live.probe import probe_all

__all__ = ["probe_all"]
