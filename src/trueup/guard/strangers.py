"""Whether another process of the same identity is alive, by who signed in since the last visit. Pure."""

from __future__ import annotations

SEEN_VISITS = 2
"""Visits in a row at which another instance had signed in: one is what an earlier life left behind."""
GONE_VISITS = 10
"""Visits in a row without one, after which it has gone: five seconds, ten times its own interval."""


class Strangers:
    """Follow who signs in at one place where every living node signs in twice a second."""

    def __init__(self, instance_id: str) -> None:
        self._instance_id = instance_id
        self._seen = 0
        self._unseen = 0
        self.is_present = False

    def meet(self, instance_id: str) -> bool:
        """Note who signed in last, empty for nobody; return whether that changes what is known."""
        before = self.is_present
        if instance_id in ("", self._instance_id):
            self._seen, self._unseen = 0, self._unseen + 1
            if self._unseen >= GONE_VISITS:
                self.is_present = False
        else:
            self._seen, self._unseen = self._seen + 1, 0
            if self._seen >= SEEN_VISITS:
                self.is_present = True
        return self.is_present is not before
