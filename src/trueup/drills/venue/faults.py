"""Faults of the simulated venue, as data: what goes wrong, with which question or push, and how often."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace

from trueup.errors import ConfigValueError

QUERIES = ("orders", "order", "fills", "positions", "account")
COMMANDS = ("submit", "cancel", "modify")
QUERY_EFFECTS = ("fail", "hang", "empty", "truncated", "newest_first", "no_average_price")
COMMAND_EFFECTS = ("lost_before", "lost_after", "reject")
LIES = ("empty", "truncated")
"""Effects by which the venue says, as if it were whole, what is not: no reader can tell it from a right answer."""
PUSH_EFFECTS = ("lose", "delay", "duplicate", "reorder")
PUSH_KINDS = ("accepted", "rejected", "filled", "updated", "canceled", "expired", "account")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    subject : str
        A query (orders, order, fills, positions, account), a command (submit, cancel, modify), or ``push``.
    effect : str
        What happens to it.
    kind : str
        For pushes, the only kind that is hit; empty for all.
    delay_secs : float
        How long a delayed push waits.
    times : int, optional
        How often it strikes; until healed if None.
    """

    subject: str
    effect: str
    kind: str = ""
    delay_secs: float = 0.0
    times: int | None = None

    def __post_init__(self) -> None:
        allowed = {**dict.fromkeys(QUERIES, QUERY_EFFECTS), **dict.fromkeys(COMMANDS, COMMAND_EFFECTS)}
        allowed["push"] = PUSH_EFFECTS
        if self.effect not in allowed.get(self.subject, ()):
            raise ConfigValueError(
                f"a fault {self.subject!r} {self.effect!r} does not exist",
                allowed="; ".join(f"{subject}: {', '.join(effects)}" for subject, effects in allowed.items()),
            )
        if self.kind and self.kind not in PUSH_KINDS:
            raise ConfigValueError(f"a push of kind {self.kind!r} does not exist", allowed=", ".join(PUSH_KINDS))


class FaultBook:
    """The faults in force.

    Attributes
    ----------
    struck : Counter of str
        How often each kind struck, as ``push lose`` or ``orders hang``.
    lied_ns : int
        When the last of `LIES` was told, on the monotonic clock; 0 if none was.
    """

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self.struck: Counter[str] = Counter()
        self.lied_ns = 0

    def add(self, fault: Fault) -> None:
        """Let a fault strike from now on."""
        self._active.append(fault)

    def heal(self, subject: str = "") -> None:
        """Take back the faults of one subject, or all."""
        self._active = [fault for fault in self._active if subject and fault.subject != subject]

    def strike(self, subject: str, kind: str = "") -> dict[str, Fault]:
        """Return the faults that hit this question or push, by effect, and count them."""
        hits: dict[str, Fault] = {}
        remaining: list[Fault] = []
        for fault in self._active:
            if fault.subject != subject or (fault.kind and fault.kind != kind):
                remaining.append(fault)
                continue
            hits[fault.effect] = fault
            self.struck[f"{subject} {fault.effect}"] += 1
            if fault.effect in LIES:
                self.lied_ns = time.monotonic_ns()
            if fault.times is None:
                remaining.append(fault)
            elif fault.times > 1:
                remaining.append(replace(fault, times=fault.times - 1))
        self._active = remaining
        return hits
