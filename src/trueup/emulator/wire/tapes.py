"""Recorded tapes played in the emulator's time: each line trades when the clock reaches it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.replay import Print, read_agg_trades
from trueup.emulator.engine.venue import Venue
from trueup.errors import EmulatorError

PRINTS_PER_CALL_MAX: Final = 2_000  # a busy second of BTCUSDT; what is left plays with the next call


class _Tape:
    """One symbol's tape: its first line plays at the start, the others at their distance from it."""

    def __init__(self, symbol: str, path: Path, start_ms: int) -> None:
        self.symbol = symbol
        self.path = path
        self._prints: Iterator[Print] = read_agg_trades(path)
        self.next: Print | None = next(self._prints, None)
        if self.next is None:
            raise EmulatorError(f"the tape {path} is empty", allowed="an aggTrades CSV file with at least one line")
        self._shift_ms = start_ms - self.next.time_ms

    @property
    def due_ms(self) -> int | None:
        return self.next.time_ms + self._shift_ms if self.next is not None else None

    def take(self) -> Print:
        taken = self.next
        assert taken is not None
        self.next = next(self._prints, None)
        return taken


class TapePlayer:
    """Play aggTrades files into the venue.

    Parameters
    ----------
    tapes : Mapping[str, Path]
        The file of each symbol.
    start_ms : int
        When the first line of each file plays.

    Raises
    ------
    EmulatorError
        A file cannot be read, is empty, or is of a symbol that is not listed.
    """

    def __init__(self, venue: Venue, tapes: Mapping[str, Path], start_ms: int) -> None:
        self._venue = venue
        listed = {rules.symbol for rules in venue.symbols()}
        unknown = sorted(set(tapes) - listed)
        if unknown:
            raise EmulatorError(f"there is a tape of {', '.join(unknown)}", allowed="tapes of listed symbols")
        self._tapes = [_Tape(symbol, path, start_ms) for symbol, path in tapes.items()]

    def play(self, now_ms: int) -> int:
        """Play the lines that are due, in the order of their times, and return how many there were.

        Raises
        ------
        EmulatorError
            The venue refuses a line: a price off the symbol's tick, a quantity off its step.
        """
        played = 0
        while played < PRINTS_PER_CALL_MAX:
            tape = min(
                (tape for tape in self._tapes if tape.due_ms is not None),
                key=lambda tape: tape.due_ms or 0,
                default=None,
            )
            if tape is None or tape.due_ms is None or tape.due_ms > now_ms:
                break
            line = tape.take()
            try:
                self._venue.print_trade(tape.symbol, line.price, line.quantity, line.buyer_maker)
            except Rejection as rejection:
                self._tapes.remove(tape)
                raise EmulatorError(
                    f"the venue refuses {line.quantity} at {line.price} of the tape {tape.path}: {rejection.message}",
                    allowed=f"a tape of {tape.symbol}",
                    action="the tape is stopped; start again with another one",
                ) from rejection
            played += 1
        return played
