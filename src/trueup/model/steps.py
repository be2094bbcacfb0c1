"""The steps of a plan: what to tell the engine, in values.

A step says everything that its report needs; who applies it looks nothing up. The names of the calls behind each step
are the node binding's business. The rules are those measured on NautilusTrader 1.231.0: which report makes the engine
do what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trueup.model.enums import Leg, OrderSide, OrderStatus
from trueup.model.fills import FillKey, FillRecord
from trueup.model.making import made_fast
from trueup.model.orders import OrderRecord

type StepKey = tuple[int, int, int, int, str, str]
"""Phase, time, rank within that time, length of the trade id, trade id, order name."""

_PREPARE, _OPEN, _REPLAY = 0, 1, 3
_IN_ORDER = 2
# Rank within one instant, so that an order exists before it fills and ends after it filled.
_SEED, _PENDING, _AMEND, _FILL, _FINAL = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOwner:
    """Register a strategy as the owner of what appears unowned on an instrument, before anything is seeded."""

    instrument_id: str
    owner: str

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        return (_PREPARE, 0, 0, 0, self.instrument_id, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildInstrument:
    """Purge an instrument's positions and orders, then add the orders again from their own first events, unfilled.

    The steps after it replay the venue's history in full. Start-up only; journal before doing it.

    Parameters
    ----------
    instrument_id : str
        The instrument.
    purge_position_ids : tuple of str
        Positions to purge.
    purge_order_ids : tuple of str
        Client order ids to purge, those to be restored included.
    restore_order_ids : tuple of (str, str)
        (client order id, owner) of the orders to add again, back in the state SUBMITTED.
    reason : str
        Why nothing less will do.
    """

    instrument_id: str
    purge_position_ids: tuple[str, ...]
    purge_order_ids: tuple[str, ...]
    restore_order_ids: tuple[tuple[str, str], ...]
    reason: str

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        return (_PREPARE, 0, 1, 0, self.instrument_id, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revive:
    """Purge one order, wrongly terminal in the node and without a fill, and add it again as SUBMITTED.

    A `Seed` and what follows it bring it to the venue's state. Journal before doing it.
    """

    client_order_id: str
    instrument_id: str
    owner: str
    was: OrderStatus
    becomes: OrderStatus

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        return (_PREPARE, 0, 2, 0, self.instrument_id, self.client_order_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningBalance:
    """Book a position older than the venue's history: one marked order, one marked fill, before any other.

    Cold starts only. ``price`` is such that the position's average equals the venue's after the listed fills are
    applied.
    """

    instrument_id: str
    leg: Leg
    side: OrderSide
    quantity: Decimal
    price: Decimal
    client_order_id: str
    venue_order_id: str
    trade_id: str
    owner: str
    time_ns: int

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        return (_OPEN, self.time_ns, 0, len(self.trade_id), self.trade_id, self.client_order_id)


@made_fast
@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Make the engine know an order as ACCEPTED with nothing filled.

    Parameters
    ----------
    order : OrderRecord
        The venue's order, with ``client_order_id``, ``owner`` resolved, status ACCEPTED, filled quantity 0.
    is_new : bool
        True when the node does not know the order at all (it has to be generated for its owner); False when the node
        has it and only lacks the acceptance.
    """

    order: OrderRecord
    is_new: bool

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        return (_IN_ORDER, self.order.accepted_ns, _SEED, 0, "", self.order.client_order_id or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """Give an order the venue's quantity and prices.

    ``order`` is the report to send: the venue's quantity and prices, but the node's own filled quantity and average
    price, and the one status that makes the engine publish an update and nothing else. ``time_ns`` lies before the
    fills that need the new quantity.
    """

    order: OrderRecord
    time_ns: int

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        return (_IN_ORDER, self.time_ns, _AMEND, 0, "", self.order.client_order_id or "")


@made_fast
@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Book one fill that the venue reported. Both names of its order are resolved in ``fill``."""

    fill: FillRecord
    owner: str

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        fill = self.fill
        return (_IN_ORDER, fill.time_ns, _FILL, len(fill.trade_id), fill.trade_id, fill.client_order_id or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """Give an order its last status: CANCELED, EXPIRED, REJECTED or TRIGGERED, never FILLED or PARTIALLY_FILLED.

    ``order`` is the report to send, with its status, the quantities that the node has by then, and both names.
    ``again`` marks a CANCELED order that a late fill had opened for a moment. ``reason`` is what an operator reads.
    """

    order: OrderRecord
    time_ns: int
    again: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        assert self.order.status in FINAL_STATUSES, f"a final status must not be {self.order.status}"

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        return (_IN_ORDER, self.time_ns, _FINAL, 0, "", self.order.client_order_id or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingResolved:
    """Tell an order that its cancel or its amendment was refused: the venue still works it unchanged.

    ``request`` is the pending status that ends (PENDING_CANCEL or PENDING_UPDATE).
    """

    client_order_id: str
    venue_order_id: str | None
    instrument_id: str
    owner: str
    request: OrderStatus
    time_ns: int

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        return (_IN_ORDER, self.time_ns, _PENDING, 0, "", self.client_order_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPosition:
    """Replay a position's own fills in place, in the venue's time order, after a fill came late.

    ``fill_keys`` are all fills of the present life cycle in that order, as the node names them; ``quantity`` and
    ``average_price`` are what must come out, to be checked after.
    """

    instrument_id: str
    leg: Leg
    position_id: str
    owner: str
    fill_keys: tuple[FillKey, ...]
    quantity: Decimal
    average_price: Decimal

    @property
    def sort_key(self) -> StepKey:
        """Return the place in the plan."""
        return (_REPLAY, 0, 0, 0, self.position_id, self.instrument_id)


type Step = (
    ClaimOwner
    | RebuildInstrument
    | Revive
    | OpeningBalance
    | Seed
    | PendingResolved
    | Amend
    | Fill
    | Final
    | ReplayPosition
)


def order_names(steps: Iterable[Step]) -> set[str | None]:
    """Return the names (client and venue order ids) of the orders that steps are about."""
    found: set[str | None] = set()
    for step in steps:
        if isinstance(step, Fill):
            found.add(step.fill.client_order_id)
            found.add(step.fill.venue_order_id)
        elif isinstance(step, Seed | Amend | Final):
            found.add(step.order.client_order_id)
            found.add(step.order.venue_order_id)
        elif isinstance(step, Revive | PendingResolved):
            found.add(step.client_order_id)
    return found - {None, ""}


FINAL_STATUSES = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED, OrderStatus.TRIGGERED})


class GuardAdvice(StrEnum):
    """What the node may do while a refused discrepancy stands."""

    NONE = "NONE"  # history only
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class RefusalCode(StrEnum):
    """Why a discrepancy is not healed."""

    FILLS_INCOMPLETE = "FILLS_INCOMPLETE"
    HISTORY_INCOMPLETE = "HISTORY_INCOMPLETE"
    NEEDS_REBUILD = "NEEDS_REBUILD"
    POSITION_UNEXPLAINED = "POSITION_UNEXPLAINED"
    MOVED_WITHOUT_FILL = "MOVED_WITHOUT_FILL"
    OWNERSHIP_SPLIT = "OWNERSHIP_SPLIT"
    OWNER_AMBIGUOUS = "OWNER_AMBIGUOUS"
    IDENTIFIERS_CLASH = "IDENTIFIERS_CLASH"
    PRICE_UNKNOWN = "PRICE_UNKNOWN"
    NOT_PROVEN_ABSENT = "NOT_PROVEN_ABSENT"
    NO_STEP_EXISTS = "NO_STEP_EXISTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Hold a discrepancy that the plan does not heal.

    Parameters
    ----------
    code : RefusalCode
        The reason, for machines.
    instrument_id : str
        The instrument it is about (empty for a balance).
    fingerprints : tuple of str
        The discrepancies that stay.
    reason, action : str
        The reason for people, and what the operator should do.
    advice : GuardAdvice
        What the node may do meanwhile.
    """

    code: RefusalCode
    instrument_id: str
    fingerprints: tuple[str, ...]
    reason: str
    action: str
    advice: GuardAdvice
