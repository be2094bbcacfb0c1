"""What came of an episode, as a value that can be kept."""

from __future__ import annotations

import msgspec


class EpisodeResult(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an episode in one mode.

    Parameters
    ----------
    name, mode : str
        Which episode, and who reconciled.
    ending : str
        ``equal``, ``different`` or ``not trading``: the node at the end, after all faults had healed.
    clean_secs : float, optional
        How long after the faults healed the node was equal to the venue (and said CLEAN, in verified mode).
    complaints : tuple[str, ...]
        What broke the promises of verified mode. In native mode, which promises nothing, why the run could not be
        completed.
    differences : tuple[str, ...]
        The kinds of difference at the end, with their number.
    seen : tuple[str, ...]
        The kinds of difference under which a strategy traded at a start or a fill was booked that was none: what
        verified mode never may do, counted in native mode.
    starts, kills, refused : int
        How often a node was started, went down, and declined to trade.
    asked : int
        Whether, at the end, the node said DISCREPANT and asked for a restart (some with the claim of a position that
        has two owners), which it then got.
    done, skipped : int
        Steps, and those of them that could not be done when their turn came.
    looks : int
        How often the node was compared with the venue.
    faults : dict[str, int]
        How often each fault struck.
    orders, fills : int
        At the venue at the end.
    wall_secs : float
        How long it took.
    """

    name: str
    mode: str
    ending: str
    clean_secs: float | None = None
    complaints: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    starts: int = 0
    kills: int = 0
    refused: int = 0
    asked: int = 0
    done: int = 0
    skipped: int = 0
    looks: int = 0
    faults: dict[str, int] = {}
    orders: int = 0
    fills: int = 0
    wall_secs: float = 0.0

    @property
    def failed(self) -> bool:
        """Return whether a promise was broken."""
        return bool(self.complaints)

    @property
    def line(self) -> str:
        """Return the result in one line."""
        after = "" if self.clean_secs is None else f" after {self.clean_secs:.1f} s"
        after += " and the restart that it asked for" if self.asked else ""
        struck = sum(self.faults.values())
        return (
            f"{self.name} {self.mode}: {self.ending}{after}; {self.orders} orders, {self.fills} fills, "
            f"{self.kills} kills, {struck} faults, {self.looks} looks, {self.wall_secs:.1f} s"
        )
