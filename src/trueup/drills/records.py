"""What passes between a drill and its node process: the order to start, and the node's whole state on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

OWN_STRATEGY = "DrillStrategy-001"


@dataclass(frozen=True, slots=True)
class Death:
    """The event at which a node kills itself, for kill-point sweeps.

    Parameters
    ----------
    lane : str
        What is counted, one of ``trueup.drills.engine.death.LANES``; empty for no death.
    number : int
        At which event of the life, from 1.
    list_path : str
        A file in which every counted event is listed; empty for none.
    """

    lane: str = ""
    number: int = 0
    list_path: str = ""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """Everything that a node process needs to know before it builds its node.

    Parameters
    ----------
    trader_id : str
        The trader, which is also the prefix of its keys in Redis.
    mode : str
        ``native`` or ``verified``.
    venue_path, control_path, log_path : str
        The two sockets of the drill, and the file that the node's output goes to.
    redis_port : int, optional
        The port of the store on 127.0.0.1; None for a node without a store.
    hedging : bool
        Whether the venue keeps a leg per direction.
    claims : tuple[str, ...]
        Symbols whose external orders the strategy claims.
    engine : dict
        Fields of the engine's live execution configuration.
    cache : dict
        Fields of the engine's cache configuration, beside the database.
    database : dict
        Fields of the engine's database configuration, beside host and port.
    reconciliation_timeout_secs : float
        The node's ``timeout_reconciliation``.
    verified : dict
        Fields of the settings of verified mode that differ from their defaults.
    scale : float
        The factor by which the drill's durations were multiplied.
    death : Death
        Where this life ends by its own hand.
    """

    trader_id: str
    mode: str
    venue_path: str
    control_path: str
    log_path: str
    redis_port: int | None = None
    hedging: bool = False
    claims: tuple[str, ...] = ()
    engine: dict[str, Any] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict)
    database: dict[str, Any] = field(default_factory=dict)
    reconciliation_timeout_secs: float = 30.0
    verified: dict[str, Any] = field(default_factory=dict)
    scale: float = 1.0
    death: Death = field(default_factory=Death)


@dataclass(frozen=True, slots=True)
class NodeFill:
    """A fill as the node booked it on an order."""

    trade_id: str
    quantity: Decimal
    price: Decimal
    commission: Decimal | None
    liquidity: str
    reconciliation: bool


@dataclass(frozen=True, slots=True)
class NodeOrder:
    """An order as the node holds it."""

    client_order_id: str
    venue_order_id: str | None
    symbol: str
    side: str
    status: str
    quantity: Decimal
    price: Decimal | None
    filled_quantity: Decimal
    owner: str
    tags: tuple[str, ...]
    fills: tuple[NodeFill, ...]


@dataclass(frozen=True, slots=True)
class NodePosition:
    """An open position as the node holds it; the quantity is signed."""

    position_id: str
    symbol: str
    owner: str
    quantity: Decimal
    average_price: Decimal


@dataclass(frozen=True, slots=True)
class NodeState:
    """The node's whole state at one moment."""

    trading: bool
    orders: tuple[NodeOrder, ...] = ()
    positions: tuple[NodePosition, ...] = ()
    balance: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NodeVerdict:
    """What verified mode says of itself.

    Parameters
    ----------
    verdict : str
        After a true-up on demand at the end.
    standing : str
        The verdict that stood before that one; empty if there was none.
    phase, trading_state : str
        Of trueup, and of the engine's risk engine.
    discrepancies, kinds : tuple[str, ...]
        What still differs, in words and by kind.
    """

    verdict: str
    standing: str
    phase: str
    trading_state: str = ""
    discrepancies: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeSight:
    """A node's state together with what verified mode said of it at that moment.

    Parameters
    ----------
    state : NodeState
        Orders, fills, positions.
    started : bool
        Whether the strategy has been started in this life.
    started_under : str
        The verdict that stood when it was; empty if there was none.
    started_ns : int
        When it was, on the machine's monotonic clock.
    standing : str
        The verdict that stands now; empty if there is none.
    looked_ns : int
        When the look began that confirms it, on the machine's monotonic clock; 0 if there was none.
    """

    state: NodeState
    started: bool
    started_under: str = ""
    started_ns: int = 0
    standing: str = ""
    looked_ns: int = 0
