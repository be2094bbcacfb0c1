"""Faults as data: what to match and what to do, read from JSON and written back unchanged.

A fault is ``{"name": ..., "match": {...}, "action": {"kind": ..., ...}}``. Every field of `match` that is given must
hold; a fault without a match holds for everything its action can apply to. Unknown fields and kinds are refused with
the names that are allowed.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from trueup.errors import ConfigValueError

DELAY_MS_MAX: Final = 7 * 24 * 3600 * 1_000  # a week, the longest window the venue itself knows
UNKNOWN_ERROR_TEXT: Final = "Unknown error, please check your request or try again later."


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Match(_Frozen):
    """What a fault applies to.

    Parameters
    ----------
    method : str, optional
        HTTP method, or ``"WS"`` for a call of the WebSocket API.
    path : str, optional
        Shell pattern of the REST path (``/fapi/*/order``), of the WS API method (``order.place``), or, for a socket,
        of its path (``/ws``, ``/stream``).
    event : str, optional
        Shell pattern of a user stream event's type (``ORDER_TRADE_UPDATE``) or of a market stream's name
        (``btcusdt@bookTicker``).
    execution : str, optional
        Execution type of an order event: NEW, TRADE, CANCELED, EXPIRED, AMENDMENT, CALCULATED.
    symbol, account : str, optional
        Exact symbol; exact account id.
    client_order_id : str, optional
        Shell pattern of the client order id.
    nth : int
        The first occurrence that is hit, counted from 1 among those that match.
    count : int, optional
        How many occurrences from the `nth` on are hit; all if absent.
    probability : float
        Chance that an occurrence in range is hit, drawn from a generator seeded with `seed`.
    seed : int
        Seed of that generator: the same calls meet the same faults.
    from_ms, until_ms : int, optional
        Window of the emulator's clock, start included, end excluded.
    """

    method: Literal["GET", "POST", "PUT", "DELETE", "WS"] | None = None
    path: str | None = Field(default=None, min_length=1, max_length=200)
    event: str | None = Field(default=None, min_length=1, max_length=100)
    execution: str | None = Field(default=None, max_length=30)
    symbol: str | None = Field(default=None, max_length=40)
    account: str | None = Field(default=None, max_length=64)
    client_order_id: str | None = Field(default=None, min_length=1, max_length=100)
    nth: int = Field(default=1, ge=1)
    count: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1.0, gt=0.0, le=1.0)
    seed: int = 0
    from_ms: int | None = None
    until_ms: int | None = None

    @model_validator(mode="after")
    def _window_is_ordered(self) -> Match:
        if self.from_ms is not None and self.until_ms is not None and self.from_ms >= self.until_ms:
            raise ValueError("from_ms must lie before until_ms")
        return self


# --- what happens to a request ----------------------------------------------------------------------------------------


class Delay(_Frozen):
    """Wait before the effect, or between the effect and the answer (``when="after"``)."""

    kind: Literal["delay"] = "delay"
    delay_ms: int = Field(ge=0, le=DELAY_MS_MAX)
    when: Literal["before", "after"] = "before"


class Hang(_Frozen):
    """Never answer; the connection stays open until the client gives up or the emulator stops."""

    kind: Literal["hang"] = "hang"
    effect: bool = False


class CloseBefore(_Frozen):
    """Close the connection; the request has no effect."""

    kind: Literal["close_before"] = "close_before"


class CloseAfter(_Frozen):
    """Close the connection without an answer after the request took effect."""

    kind: Literal["close_after"] = "close_after"


class Respond(_Frozen):
    """Answer with a status and body of one's own; no effect."""

    kind: Literal["respond"] = "respond"
    status: int = Field(ge=200, le=599)
    body: Any = None
    headers: dict[str, str] = Field(default_factory=dict, max_length=20)


class AcceptedBut(_Frozen):
    """The request takes effect and the answer is an error: by default the venue's 503 "Unknown error"."""

    kind: Literal["accepted_but"] = "accepted_but"
    status: int = Field(default=503, ge=400, le=599)
    body: Any = UNKNOWN_ERROR_TEXT
    headers: dict[str, str] = Field(default_factory=dict, max_length=20)


class TimeoutUnknown(_Frozen):
    """Answer -1007 "execution status unknown", with or without the effect."""

    kind: Literal["timeout_unknown"] = "timeout_unknown"
    effect: bool = True
    status: int = Field(default=408, ge=400, le=599)


class EmptyList(_Frozen):
    """Answer ``[]`` where a list was due."""

    kind: Literal["empty_list"] = "empty_list"


class TruncatedList(_Frozen):
    """Keep only the first, or the last, `keep` items of a list."""

    kind: Literal["truncated_list"] = "truncated_list"
    keep: int = Field(ge=0)
    end: Literal["first", "last"] = "first"


class NewestFirst(_Frozen):
    """Reverse a list."""

    kind: Literal["newest_first"] = "newest_first"


class StaleSnapshot(_Frozen):
    """Repeat the answer of the first matching request for the later ones with the same parameters."""

    kind: Literal["stale_snapshot"] = "stale_snapshot"


class ClockSkew(_Frozen):
    """Let the venue's own time be wrong by `skew_ms` for the matching calls: serverTime and the recvWindow check."""

    kind: Literal["clock_skew"] = "clock_skew"
    skew_ms: int = Field(ge=-DELAY_MS_MAX, le=DELAY_MS_MAX)


# --- what happens to an event -----------------------------------------------------------------------------------------


class DropEvent(_Frozen):
    """The truth changes, the event never comes."""

    kind: Literal["drop_event"] = "drop_event"


class DuplicateEvent(_Frozen):
    """Send the event `copies` times more."""

    kind: Literal["duplicate_event"] = "duplicate_event"
    copies: int = Field(default=1, ge=1, le=100)


class DelayEvent(_Frozen):
    """Send the event late; later events of the socket wait behind it unless `overtaken`."""

    kind: Literal["delay_event"] = "delay_event"
    delay_ms: int = Field(ge=0, le=DELAY_MS_MAX)
    overtaken: bool = False


class ReorderEvent(_Frozen):
    """Send the event after the next `behind` events of its account, or after `hold_ms_max` if they do not come."""

    kind: Literal["reorder_event"] = "reorder_event"
    behind: int = Field(default=1, ge=1, le=1_000)
    hold_ms_max: int = Field(default=5_000, ge=1, le=DELAY_MS_MAX)


# --- what happens to a socket -----------------------------------------------------------------------------------------


class HalfOpen(_Frozen):
    """Accept the socket and send nothing more on it: no event, no answer, no pong.

    With ``match.event`` the socket falls silent when that event is due, else as soon as it is open.
    """

    kind: Literal["half_open"] = "half_open"


class RefuseListenKey(_Frozen):
    """Refuse the listen key: REST calls get -1125, a socket is refused with HTTP 400 or stays silent."""

    kind: Literal["refuse_listen_key"] = "refuse_listen_key"
    socket: Literal["refuse", "silent"] = "refuse"


type RequestAction = (
    Delay
    | Hang
    | CloseBefore
    | CloseAfter
    | Respond
    | AcceptedBut
    | TimeoutUnknown
    | EmptyList
    | TruncatedList
    | NewestFirst
    | StaleSnapshot
    | ClockSkew
)
type EventAction = DropEvent | DuplicateEvent | DelayEvent | ReorderEvent
type SocketAction = HalfOpen | RefuseListenKey

REQUEST_ACTIONS: Final = (
    Delay,
    Hang,
    CloseBefore,
    CloseAfter,
    Respond,
    AcceptedBut,
    TimeoutUnknown,
    EmptyList,
    TruncatedList,
    NewestFirst,
    StaleSnapshot,
    ClockSkew,
)
EVENT_ACTIONS: Final = (DropEvent, DuplicateEvent, DelayEvent, ReorderEvent)
SOCKET_ACTIONS: Final = (HalfOpen, RefuseListenKey)


class Fault(_Frozen):
    """One fault: a name, what it matches, what it does."""

    name: str = Field(default="", max_length=100)
    match: Match = Field(default_factory=Match)
    action: Annotated[
        Delay
        | Hang
        | CloseBefore
        | CloseAfter
        | Respond
        | AcceptedBut
        | TimeoutUnknown
        | EmptyList
        | TruncatedList
        | NewestFirst
        | StaleSnapshot
        | ClockSkew
        | DropEvent
        | DuplicateEvent
        | DelayEvent
        | ReorderEvent
        | HalfOpen
        | RefuseListenKey,
        Field(discriminator="kind"),
    ]

    @model_validator(mode="after")
    def _match_fits_action(self) -> Fault:
        wants_event = isinstance(self.action, EVENT_ACTIONS)
        has_event = self.match.event is not None or self.match.execution is not None
        if isinstance(self.action, HalfOpen):
            if self.match.execution is not None and self.match.event is None:
                raise ValueError("match.execution needs match.event")
            return self
        if has_event and not wants_event:
            raise ValueError(f"match.event cannot be used with the request action {self.action.kind!r}")
        if wants_event and (self.match.method is not None or self.match.path is not None):
            raise ValueError(f"match.method and match.path cannot be used with the event action {self.action.kind!r}")
        return self


FAULTS: Final = TypeAdapter(list[Fault])


def parse_fault(raw: object) -> Fault:
    """Read one fault from decoded JSON.

    Raises
    ------
    ConfigValueError
        A field or kind is unknown, or a value is out of range; the text names each one.
    """
    try:
        return Fault.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'fault'}: {item['msg']}" for item in error.errors()
        )
        raise ConfigValueError(f"the fault cannot be used: {problems}", allowed=_allowed_kinds()) from error


def _allowed_kinds() -> str:
    actions = (*REQUEST_ACTIONS, *EVENT_ACTIONS, *SOCKET_ACTIONS)
    return "action.kind is one of " + ", ".join(str(action.model_fields["kind"].default) for action in actions)
