"""What a venue charges and how it pages, as data. Pure.

Weights and limits are the venue's published figures for USD-M futures (`/fapi`) and spot (`/api/v3`), as its own Python
connectors' docstrings give them. A path that is not in the table is charged `unknown_weight`, never nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

Weigh = Callable[[Mapping[str, Any]], int]

DAY_MS: Final = 86_400_000
WEEK_MS: Final = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What one call costs.

    Parameters
    ----------
    weight : int or callable
        Request weight, fixed or by the parameters sent.
    orders : int
        What it adds to the account's order count.
    """

    weight: int | Weigh
    orders: int = 0

    def weigh(self, parameters: Mapping[str, Any]) -> int:
        """Return the weight of a call with these parameters."""
        return self.weight(parameters) if callable(self.weight) else self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """A venue as the weight budget and the paging plan see it.

    Parameters
    ----------
    name : str
        For messages.
    prefix : str
        Path prefix of the account's endpoints.
    weight_limit : int
        Weight that the venue grants an address in one minute.
    orders_per_ten_secs, orders_per_minute : int
        Orders that it grants an account.
    endpoints : mapping
        (method, path) to its cost.
    time_path, instruments, open_orders, all_orders, fills, order : str
        Paths of the venue's time, of what it lists, and of the account's records.
    account_state : tuple of str
        What else a connection asks (measured on 1.222.0 and 1.231.0).
    stream_key : tuple of (str, str)
        Calls that open the user stream.
    history_window_ms : int or None
        Longest window that a history question may span; None where the venue sets none for a start without an end.
    page_limit : int
        Most records in one answer.
    unknown_weight : int
        Charged for a path that the table does not have.
    """

    name: str
    prefix: str
    weight_limit: int
    orders_per_ten_secs: int
    orders_per_minute: int
    endpoints: Mapping[tuple[str, str], Endpoint]
    time_path: str
    instruments: str
    account_state: tuple[str, ...]
    open_orders: str
    all_orders: str
    fills: str
    order: str
    history_window_ms: int | None
    stream_key: tuple[tuple[str, str], ...] = ()
    page_limit: int = 1_000
    unknown_weight: int = 5

    @property
    def connection(self) -> tuple[tuple[str, str], ...]:
        """Return the calls of a connection, each of them made once."""
        asked = (self.time_path, self.instruments, *self.account_state)
        return (*self.stream_key, *(("GET", path) for path in asked))

    @property
    def connection_paths(self) -> frozenset[str]:
        """Return the questions of a connection whose answers its parts share."""
        return frozenset((self.instruments, *self.account_state))

    def endpoint(self, method: str, path: str) -> Endpoint:
        """Return what a call costs; a path that is not listed costs `unknown_weight`."""
        found = self.endpoints.get((method, path))
        return Endpoint(self.unknown_weight) if found is None else found

    def weigh(self, method: str, path: str, parameters: Mapping[str, Any] | None = None) -> int:
        """Return the weight of a call."""
        return self.endpoint(method, path).weigh(parameters or {})


def by_symbol(with_symbol: int, without: int) -> Weigh:
    """Return a weight that depends on whether one symbol is asked for or all."""
    return lambda parameters: with_symbol if parameters.get("symbol") else without


def _by_limit(steps: tuple[tuple[int, int], ...], beyond: int, default: int) -> Weigh:
    def weigh(parameters: Mapping[str, Any]) -> int:
        limit = int(parameters.get("limit") or default)
        return next((weight for most, weight in steps if limit <= most), beyond)

    return weigh


_F1 = "/fapi/v1"
USDM_FUTURES: Final = VenueProfile(
    name="Binance USD-M futures",
    prefix="/fapi",
    weight_limit=2_400,
    orders_per_ten_secs=300,
    orders_per_minute=1_200,
    time_path=f"{_F1}/time",
    instruments=f"{_F1}/exchangeInfo",
    account_state=("/fapi/v2/account", f"{_F1}/symbolConfig", f"{_F1}/positionSide/dual"),
    stream_key=(("POST", f"{_F1}/listenKey"),),
    open_orders=f"{_F1}/openOrders",
    all_orders=f"{_F1}/allOrders",
    fills=f"{_F1}/userTrades",
    order=f"{_F1}/order",
    history_window_ms=WEEK_MS,
    endpoints=MappingProxyType(
        {
            ("GET", f"{_F1}/ping"): Endpoint(1),
            ("GET", f"{_F1}/time"): Endpoint(1),
            ("GET", f"{_F1}/exchangeInfo"): Endpoint(1),
            ("GET", f"{_F1}/depth"): Endpoint(_by_limit(((50, 2), (100, 5), (500, 10)), 20, 500)),
            ("GET", f"{_F1}/klines"): Endpoint(_by_limit(((99, 1), (499, 2), (1_000, 5)), 10, 500)),
            ("GET", f"{_F1}/trades"): Endpoint(5),
            ("GET", f"{_F1}/historicalTrades"): Endpoint(20),
            ("GET", f"{_F1}/aggTrades"): Endpoint(20),
            ("GET", f"{_F1}/ticker/24hr"): Endpoint(by_symbol(1, 40)),
            ("GET", f"{_F1}/ticker/bookTicker"): Endpoint(by_symbol(2, 5)),
            ("GET", "/fapi/v2/account"): Endpoint(5),
            ("GET", "/fapi/v3/account"): Endpoint(5),
            ("GET", "/fapi/v2/positionRisk"): Endpoint(5),
            ("GET", "/fapi/v3/positionRisk"): Endpoint(5),
            ("GET", f"{_F1}/symbolConfig"): Endpoint(5),
            ("GET", f"{_F1}/commissionRate"): Endpoint(20),
            ("GET", f"{_F1}/positionSide/dual"): Endpoint(30),
            ("POST", f"{_F1}/positionSide/dual"): Endpoint(1),
            ("POST", f"{_F1}/leverage"): Endpoint(1),
            ("POST", f"{_F1}/marginType"): Endpoint(1),
            ("GET", f"{_F1}/income"): Endpoint(30),
            ("POST", f"{_F1}/listenKey"): Endpoint(1),
            ("PUT", f"{_F1}/listenKey"): Endpoint(1),
            ("DELETE", f"{_F1}/listenKey"): Endpoint(1),
            ("GET", f"{_F1}/order"): Endpoint(1),
            ("POST", f"{_F1}/order"): Endpoint(0, orders=1),
            ("PUT", f"{_F1}/order"): Endpoint(1, orders=1),
            ("DELETE", f"{_F1}/order"): Endpoint(1),
            ("DELETE", f"{_F1}/allOpenOrders"): Endpoint(1),
            ("POST", f"{_F1}/batchOrders"): Endpoint(5, orders=5),
            ("DELETE", f"{_F1}/batchOrders"): Endpoint(1),
            ("GET", f"{_F1}/openOrders"): Endpoint(by_symbol(1, 40)),
            ("GET", f"{_F1}/allOrders"): Endpoint(5),
            ("GET", f"{_F1}/userTrades"): Endpoint(5),
            ("POST", f"{_F1}/algoOrder"): Endpoint(0, orders=1),
            ("GET", f"{_F1}/algoOrder"): Endpoint(1),
            ("DELETE", f"{_F1}/algoOrder"): Endpoint(1),
            ("DELETE", f"{_F1}/algoOpenOrders"): Endpoint(1),
            ("GET", f"{_F1}/openAlgoOrders"): Endpoint(by_symbol(1, 40)),
            ("GET", f"{_F1}/allAlgoOrders"): Endpoint(5),
        }
    ),
)

_S3 = "/api/v3"
SPOT: Final = VenueProfile(
    name="Binance spot",
    prefix="/api/v3",
    weight_limit=6_000,
    orders_per_ten_secs=100,
    orders_per_minute=6_000,  # the venue counts 200,000 a day instead of a minute; this never binds before that does
    time_path=f"{_S3}/time",
    instruments=f"{_S3}/exchangeInfo",
    account_state=(f"{_S3}/account",),
    open_orders=f"{_S3}/openOrders",
    all_orders=f"{_S3}/allOrders",
    fills=f"{_S3}/myTrades",
    order=f"{_S3}/order",
    history_window_ms=None,
    endpoints=MappingProxyType(
        {
            ("GET", f"{_S3}/ping"): Endpoint(1),
            ("GET", f"{_S3}/time"): Endpoint(1),
            ("GET", f"{_S3}/exchangeInfo"): Endpoint(20),
            ("GET", f"{_S3}/depth"): Endpoint(_by_limit(((100, 5), (500, 25), (1_000, 50)), 250, 100)),
            ("GET", f"{_S3}/klines"): Endpoint(2),
            ("GET", f"{_S3}/trades"): Endpoint(25),
            ("GET", f"{_S3}/historicalTrades"): Endpoint(25),
            ("GET", f"{_S3}/aggTrades"): Endpoint(4),
            ("GET", f"{_S3}/account"): Endpoint(20),
            ("GET", f"{_S3}/order"): Endpoint(4),
            ("POST", f"{_S3}/order"): Endpoint(1, orders=1),
            ("DELETE", f"{_S3}/order"): Endpoint(1),
            ("DELETE", f"{_S3}/openOrders"): Endpoint(1),
            ("GET", f"{_S3}/openOrders"): Endpoint(by_symbol(6, 80)),
            ("GET", f"{_S3}/allOrders"): Endpoint(20),
            ("GET", f"{_S3}/myTrades"): Endpoint(20),
            ("GET", "/sapi/v1/asset/tradeFee"): Endpoint(1),
        }
    ),
)
