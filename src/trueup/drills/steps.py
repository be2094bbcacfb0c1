"""The steps of a scenario as frozen values; ``trueup.drills.grammar`` reads them from lines."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trueup.drills.venue.faults import Fault
from trueup.drills.venue.values import Leg, OrderStatus, Side


@dataclass(frozen=True, slots=True)
class StartNode:
    """Start a node; ``outcome`` is what to wait for: ``trading``, ``refused`` or ``pending`` (nothing).

    ``natively`` starts it without trueup in either mode, to leave behind what the native engine leaves.
    """

    cold: bool = False
    outcome: str = "trading"
    natively: bool = False


@dataclass(frozen=True, slots=True)
class KillNode:
    """Kill the node with SIGKILL, at once or after what is under way has been handled."""

    now: bool = False


@dataclass(frozen=True, slots=True)
class StopNode:
    """Stop the node in good order."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Kill and start the node several times; whatever a restart changes in its state is a difference."""

    times: int


@dataclass(frozen=True, slots=True)
class Submit:
    """The strategy submits limit orders: one, or several with numbered names."""

    name: str
    side: Side
    quantity: Decimal
    price: Decimal
    symbol: str = "BTC"
    leg: Leg = Leg.BOTH
    routed: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True)
class Cancel:
    """The strategy cancels an order."""

    name: str


@dataclass(frozen=True, slots=True)
class Modify:
    """The strategy amends an order."""

    name: str
    quantity: Decimal
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reconcile:
    """An operator asks the running engine to reconcile again."""


@dataclass(frozen=True, slots=True)
class Fill:
    """The venue executes part of an order, ``count`` times."""

    name: str
    quantity: Decimal
    price: Decimal | None = None
    trade_id: str | None = None
    push: Fault | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class External:
    """Somebody else places an order on the account, with or without a client order id; it may be filled at once."""

    name: str
    side: Side
    quantity: Decimal
    price: Decimal
    symbol: str = "BTC"
    leg: Leg = Leg.BOTH
    nameless: bool = False
    filled: bool = False
    push: Fault | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """The venue closes an order."""

    name: str
    status: OrderStatus
    push: Fault | None = None


@dataclass(frozen=True, slots=True)
class Amend:
    """The venue changes an order by itself."""

    name: str
    quantity: Decimal
    price: Decimal | None = None
    push: Fault | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """The venue changes a position without any fill."""

    symbol: str
    quantity: Decimal
    price: Decimal | None = None
    leg: Leg = Leg.BOTH


@dataclass(frozen=True, slots=True)
class SetClock:
    """The venue's clock is set back, to make history, or to now."""

    offset_secs: float


@dataclass(frozen=True, slots=True)
class Break:
    """A fault begins."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Heal:
    """The faults of a subject end, or all."""

    subject: str = ""


@dataclass(frozen=True, slots=True)
class Redis:
    """The store's server is killed or started again."""

    action: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    secs: float


@dataclass(frozen=True, slots=True)
class AwaitNode:
    """Wait until a node that was started as pending trades, or until it is clear that it will not."""

    outcome: str = "trading"


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Wait until the node has an order in a state."""

    name: str
    status: str


Step = (
    StartNode
    | KillNode
    | StopNode
    | Restart
    | Submit
    | Cancel
    | Modify
    | Reconcile
    | Fill
    | External
    | Finish
    | Amend
    | Move
    | SetClock
    | Break
    | Heal
    | Redis
    | Wait
    | AwaitNode
    | WaitFor
)
