"""What keeps the journal from a row every five seconds: changes, and a heartbeat. Pure; the caller gives the time.

The rule, for every kind of event that repeats itself:

- one is written when it says something else than the last one written of the same kind and account;
- one that says the same is written again after `heartbeat_secs`, with how often it was said in between;
- of those that say something else each time, at most `CHANGES_MAX` are written in one such span, and the last one of
  them says how many were left out.

So an event that comes every five seconds for ever is at most `CHANGES_MAX` + 1 rows in each span, and one row when it
does not change. Discrepancies, steps, guard changes, starts and stops are never thinned out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

CHANGES_MAX = 30
"""Different things of one kind and account in one span: a verdict that flaps at every look of the default interval."""
SUBJECTS_MAX = 1_000
"""Pairs of kind and account that are remembered; a forgotten one is written at once."""


@dataclass(slots=True)
class _Said:
    text: Hashable
    written_ns: int
    span_from_ns: int
    changes: int = 0
    withheld: int = 0


class Thinning:
    """Decide what of a repeating stream is written.

    Parameters
    ----------
    heartbeat_ns : int
        The span.
    changes_max : int
        See the module.
    """

    def __init__(self, heartbeat_ns: int, changes_max: int = CHANGES_MAX) -> None:
        assert heartbeat_ns > 0, "a span must have a length"
        self._heartbeat_ns = heartbeat_ns
        self._changes_max = changes_max
        self._said: OrderedDict[Hashable, _Said] = OrderedDict()

    def take(self, subject: Hashable, text: Hashable, time_ns: int) -> int | None:
        """Hear an event; return how many were left out since the last one written, None to leave this one out, too.

        Parameters
        ----------
        subject : Hashable
            What it is about: its kind and its account.
        text : Hashable
            What it says, without what differs every time.
        time_ns : int
            When.
        """
        said = self._said.get(subject)
        if said is None:
            self._said[subject] = _Said(text, time_ns, time_ns, changes=1)
            if len(self._said) > SUBJECTS_MAX:
                self._said.popitem(last=False)
            return 0
        self._said.move_to_end(subject)
        if not 0 <= time_ns - said.span_from_ns < self._heartbeat_ns:
            said.span_from_ns, said.changes = time_ns, 0
        is_due = not 0 <= time_ns - said.written_ns < self._heartbeat_ns
        if not is_due and (text == said.text or said.changes >= self._changes_max):
            said.withheld += 1
            return None
        withheld, said.withheld = said.withheld, 0
        said.changes += text != said.text
        said.text, said.written_ns = text, time_ns
        return withheld
