"""What ``attach`` gives back: a look at how true the node is, and a way to ask for a true-up."""

from __future__ import annotations

from trueup.node.announcer import Announcer, Listener
from trueup.node.phase import Phase


class Handle:
    """Show the state of one attached node.

    Made by ``trueup.attach``; it belongs to the event loop of the node and is not safe to use from another thread.
    """

    def __init__(self, announcer: Announcer | None = None) -> None:
        self._announcer = announcer or Announcer()
        self._phase = Phase.INITIALIZING
        self._failure = ""

    @property
    def phase(self) -> Phase:
        """Return the phase of the node."""
        return self._phase

    @property
    def failure(self) -> str:
        """Return why the node does not trade, or an empty text."""
        return self._failure

    def listen(self, listener: Listener) -> None:
        """Call the listener on every later event in the node's life, on the node's event loop."""
        self._announcer.listen(listener)

    # -- for the machinery of this package ---------------------------------------------------------------------------

    @property
    def announcer(self) -> Announcer:
        """Return what tells the listeners."""
        return self._announcer

    def enter(self, phase: Phase) -> None:
        """Go to a phase and say so; ``ERROR`` is never left."""
        if phase is self._phase or self._phase is Phase.ERROR:
            return
        self._phase = phase
        self._announcer.say("phase", phase=phase.value)

    def fail(self, reason: str) -> None:
        """Go to ``ERROR`` for a reason, once; the first reason stands."""
        if self._failure:
            return
        self._failure = reason
        self.enter(Phase.ERROR)
        self._announcer.say("failed", reason=reason)
