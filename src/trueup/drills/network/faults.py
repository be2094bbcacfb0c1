"""What can be wrong with a way, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from trueup.errors import ConfigValueError

Kind = Literal["delay", "drop", "half-open", "reset", "refuse", "bandwidth", "cut"]
Direction = Literal["both", "up", "down"]

DELAY_SECS_MAX = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFault:
    """One thing that is wrong with a way until it is healed.

    Parameters
    ----------
    kind : str
        ``delay``: everything comes later. ``drop``: no packet arrives; connections stay open, and what was sent arrives
        once healed, as TCP sends it again. ``half-open``: every connection of now is dead on the far side and nobody
        says so; new ones work. ``reset``: every connection of now ends with RST; new ones work. ``refuse``: so do new
        ones. ``bandwidth``: so many bytes a second. ``cut``: each connection ends with RST after so many more bytes.
    direction : str
        ``up`` is from the node; only for delay, drop, bandwidth and cut.
    delay_secs, jitter_secs : float
        Of ``delay``: the least, and what comes on top at most.
    bytes_per_sec : int
        Of ``bandwidth``.
    after_bytes : int
        Of ``cut``.

    Raises
    ------
    ConfigValueError
        If a value is missing or out of bounds.
    """

    kind: Kind
    direction: Direction = "both"
    delay_secs: float = 0.0
    jitter_secs: float = 0.0
    bytes_per_sec: int = 0
    after_bytes: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ConfigValueError(f"a network fault {self.kind!r} does not exist", allowed=", ".join(get_args(Kind)))
        if self.kind == "delay" and not 0 < self.delay_secs + self.jitter_secs <= DELAY_SECS_MAX:
            raise ConfigValueError(
                f"a delay of {self.delay_secs:g} s and {self.jitter_secs:g} s of jitter",
                allowed=f"more than 0 and at most {DELAY_SECS_MAX:g} s together",
            )
        if self.kind == "bandwidth" and self.bytes_per_sec < 1:
            raise ConfigValueError(f"a bandwidth of {self.bytes_per_sec} bytes a second", allowed="1 or more")
        if self.kind == "cut" and self.after_bytes < 1:
            raise ConfigValueError(f"a cut after {self.after_bytes} bytes", allowed="1 or more")
        if self.direction != "both" and self.kind in {"half-open", "reset", "refuse"}:
            raise ConfigValueError(f"a {self.kind} in one direction", allowed="delay, drop, bandwidth and cut have one")

    def goes(self, direction: Direction) -> bool:
        """Return whether it is about bytes of a direction."""
        return self.direction in ("both", direction)
