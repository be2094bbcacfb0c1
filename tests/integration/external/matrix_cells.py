"""What the matrix of external activity consists of, as data: who did what, and when.

A cell has a symbol of its own, so that dozens of them live side by side on one account and one node, and one start of a
node serves them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class When(StrEnum):
    """When the hand acts."""

    BEFORE = "before the first start"
    RUNNING = "while the node runs"
    STREAM_DOWN = "while its event stream is down"
    DOWN = "while the node is down"


class Own(StrEnum):
    """What the node's strategy has on the symbol when the hand acts."""

    NOTHING = "nothing"
    ORDER = "an order"
    POSITION = "a position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Hold one cell.

    Parameters
    ----------
    act : str
        What the hand, or the venue, does; a method of `matrix_hand.Hand`.
    own : Own
        What the node's strategy has there.
    when : When
        When it happens.
    symbol : str
        The cell's own.
    doing : str
        What the node must attribute it to.
    events : tuple of str
        Events that the strategy must get while it runs, after the act.
    """

    act: str
    own: Own
    when: When
    symbol: str = ""
    doing: str = "MANUAL"
    events: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the cell's name."""
        what = self.act.replace("_", " ")
        return f"{what} ({self.own}), {self.when}"


BY_HAND = (
    "limit",
    "limit_filled",
    "limit_partly_filled",
    "limit_cancelled",
    "limit_amended",
    "market",
    "stop",
    "stop_triggered",
    "stop_cancelled",
    "opened_and_reduced",
    "opened_and_flipped",
    "opened_and_closed",
)
"""On a symbol on which the node has nothing."""
ON_OWN = (
    Cell(act="amend_own", own=Own.ORDER, when=When.RUNNING, events=("OrderUpdated",)),
    Cell(act="cancel_own", own=Own.ORDER, when=When.RUNNING, events=("OrderCanceled",)),
    Cell(act="increase", own=Own.POSITION, when=When.RUNNING, events=("OrderFilled", "PositionChanged")),
    Cell(act="reduce", own=Own.POSITION, when=When.RUNNING, events=("OrderFilled", "PositionChanged")),
    Cell(act="flip", own=Own.POSITION, when=When.RUNNING, events=("OrderFilled", "PositionClosed", "PositionOpened")),
    Cell(act="close", own=Own.POSITION, when=When.RUNNING, events=("OrderFilled", "PositionClosed")),
    Cell(
        act="liquidate",
        own=Own.POSITION,
        when=When.RUNNING,
        doing="LIQUIDATION",
        events=("OrderFilled", "PositionClosed"),
    ),
    Cell(act="deleverage", own=Own.POSITION, when=When.RUNNING, doing="ADL", events=("OrderFilled", "PositionChanged")),
    Cell(
        act="settle", own=Own.POSITION, when=When.RUNNING, doing="SETTLEMENT", events=("OrderFilled", "PositionClosed")
    ),
)
"""On what the node's strategy has there itself."""
ACCOUNT = (
    Cell(act="fund", own=Own.POSITION, when=When.RUNNING, doing="FUNDING"),
    Cell(act="leverage", own=Own.POSITION, when=When.RUNNING),
)
"""What the stream alone tells: nothing of it is in an order, a fill or a position."""
# As venues list them: liquid symbols with plain steps, in the order of the emulator's table.
_FIRST_SYMBOL = 1


def cells(symbols: list[str], *, few: bool = False) -> tuple[Cell, ...]:
    """Return the cells, each with its own symbol.

    Parameters
    ----------
    symbols : list of str
        The venue's.
    few : bool
        A slice: every act once, its time by turns.
    """
    whens = tuple(When)
    later = (When.RUNNING, When.STREAM_DOWN, When.DOWN)
    made: list[Cell] = []
    for number, act in enumerate(BY_HAND):
        chosen = (whens[number % len(whens)],) if few else whens
        made += [Cell(act=act, own=Own.NOTHING, when=when) for when in chosen]
    for number, cell in enumerate(ON_OWN):
        chosen = (later[number % len(later)],) if few else later
        made += [_at(cell, when) for when in chosen]
    made += ACCOUNT
    assert len(made) < len(symbols), "every cell needs a symbol of its own"
    return tuple(_on(cell, symbols[_FIRST_SYMBOL + number]) for number, cell in enumerate(made))


def _at(cell: Cell, when: When) -> Cell:
    events = () if when is When.DOWN else cell.events
    return Cell(act=cell.act, own=cell.own, when=when, doing=cell.doing, events=events)


def _on(cell: Cell, symbol: str) -> Cell:
    return Cell(act=cell.act, own=cell.own, when=cell.when, doing=cell.doing, events=cell.events, symbol=symbol)
