"""The venue: a Binance USD-M futures exchange without a network.

Pure, synchronous and deterministic: the same settings, commands and clock readings give the same state, identifiers and
events. Not thread-safe, except `Journal.sync`, which may run in another thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from trueup.emulator.engine.clock import Clock
from trueup.emulator.engine.control import Control
from trueup.emulator.engine.host import Recovered, new_image
from trueup.emulator.engine.journal import Journal
from trueup.emulator.engine.queries import Queries
from trueup.emulator.engine.settings import VenueSettings
from trueup.emulator.engine.state import Archive, State
from trueup.emulator.engine.trading import Trading


class Venue(Trading, Control, Queries):
    """The facade that the wire, the control API and tests talk to.

    Examples
    --------
    >>> venue = Venue(clock=ManualClock(1_700_000_000_000))
    >>> venue.create_account(AccountSettings("main", api_key="k", secret="s"))
    >>> venue.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
    >>> venue.place_order("main", OrderRequest("BTCUSDT", Side.BUY, OrderType.MARKET, quantity=Decimal("0.01")))
    """

    @classmethod
    def recover(cls, directory: Path, settings: VenueSettings | None = None, *, clock: Clock) -> Self:
        """Open the durable venue of `directory`, making it when there is none.

        Everything acknowledged before a kill is there; what was never made durable may be gone. `settings` only count
        for a new venue; an old one keeps its own.

        After each command, call ``venue.journal.sync()`` (blocking; run it in an executor, once for many commands), and
        let no answer and no event out before it returned.

        Raises
        ------
        EmulatorError
            If another emulator owns the directory, or the journal is damaged in the middle (named with its offset).
        """
        journal, image, archive, records = Journal.open(directory)
        try:
            new = image is None
            if image is None:
                image = new_image(settings or VenueSettings(), clock.now_ms())
            state = State(image, archive, keep_archive=True)
            venue = cls(clock=clock, recovered=Recovered(state, journal, records))
            if new:
                venue.checkpoint()
        except BaseException:
            journal.close()
            raise
        return venue

    def checkpoint(self) -> None:
        """Write the state whole, so that recovery need not replay what came before.

        Blocks for the time it takes to write what changed since the last one. Call it at the end, and while running
        when ``venue.journal.checkpoint_due``. Does nothing for a venue in memory.

        Raises
        ------
        EmulatorError
            If the disk refuses; then everything goes on as before.
        """
        if isinstance(self.journal, Journal):
            self.journal.checkpoint(self._state.snapshot(), self._state.fresh)
            self._state.fresh = Archive()

    def close(self) -> None:
        """Make everything durable and let the state directory go."""
        self.journal.close()
