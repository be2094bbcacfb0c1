"""The registry of endpoints: what is served, for what weight, with which security, and how faithful it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from trueup.emulator.wire.parameters import Parameters

if TYPE_CHECKING:
    from trueup.emulator.engine.venue import Venue
    from trueup.emulator.wire.exchange_info import ExchangeInfo
    from trueup.emulator.wire.forms.pages import Pages
    from trueup.emulator.wire.forms.texts import DigitsBySymbol
    from trueup.emulator.wire.limits import LimitKeeper
    from trueup.emulator.wire.listen_keys import ListenKeys


class Security(StrEnum):
    """What a call must carry."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Faith(StrEnum):
    """How far an endpoint follows the venue."""

    FAITHFUL = "faithful"
    ASSUMED = "assumed"
    FIXED = "fixed answer"


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers may use besides the venue."""

    venue: Venue
    digits: DigitsBySymbol
    pages: Pages
    limits: LimitKeeper
    listen_keys: ListenKeys
    exchange_info: ExchangeInfo


@dataclass(frozen=True, slots=True)
class Call:
    """One call, authenticated, with its parameters decoded.

    Parameters
    ----------
    account_id : str
        Empty for a public call.
    now_ms : int
        The venue's time as the caller sees it, clock-skew faults included.
    """

    services: Services
    parameters: Parameters
    account_id: str
    now_ms: int

    @property
    def venue(self) -> Venue:
        """Return the engine."""
        return self.services.venue


type Handler = Callable[[Call], Any]
"""Returns what orjson can write, or ready bytes; raises `Rejection`."""

type Weight = int | Callable[[Parameters], int]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint.

    Parameters
    ----------
    method, path : str
        HTTP method and path; ``"WS"`` and the method's name for the WebSocket API.
    weight : int or callable
        Weight per call, or how it follows from the parameters.
    weight_text : str
        The weight for the reference table where it is not one number.
    orders : int
        What the call adds to the account's order counts.
    note : str
        What is assumed, simplified or left out.
    """

    method: str
    path: str
    handler: Handler
    security: Security = Security.SIGNED
    weight: Weight = 1
    weight_text: str = ""
    orders: int = 0
    faith: Faith = Faith.FAITHFUL
    note: str = ""

    def weight_of(self, parameters: Parameters) -> int:
        """Return what this call costs."""
        weight = self.weight
        return weight if isinstance(weight, int) else weight(parameters)


type Registry = Mapping[tuple[str, str], Route]


def registry(*groups: tuple[Route, ...]) -> dict[tuple[str, str], Route]:
    """Collect routes by method and path; a route listed twice is a programming error."""
    collected: dict[tuple[str, str], Route] = {}
    for group in groups:
        for route in group:
            key = (route.method, route.path)
            assert key not in collected, f"{route.method} {route.path} is listed twice"
            collected[key] = route
    return collected


def by_symbol(with_symbol: int, without: int) -> Callable[[Parameters], int]:
    """Return a weight that depends on whether `symbol` was sent."""
    return lambda parameters: with_symbol if "symbol" in parameters else without
