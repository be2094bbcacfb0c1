"""Every name of the adapter that is not public and that the hardened client uses, and the check that they are there."""

# ruff: noqa: SLF001  # this module exists to hold these accesses in one place; every name is in its lists and checked

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Final

from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId

from trueup.config.engine_versions import (
    NEWEST_SUPPORTED,
    OLDEST_SUPPORTED,
    format_version,
    installed_version,
    is_supported,
)
from trueup.errors import EngineVersionError
from trueup.venues.binance.account import KnownOrder
from trueup.venues.binance.reports import unreadable

CLASS_NAMES: Final = (
    "_connect",
    "_disconnect",
    "_update_account_state",
    "_init_dual_side_position",
    "_await_account_registered",
    "_get_cached_instrument_id",
    "_handle_user_ws_message",
    "_send_order_status_report",
    "_send_fill_report",
    "_send_mass_status_report",
    "_stop",
)
INSTANCE_NAMES: Final = (
    "_cache",
    "_clock",
    "_log",
    "_loop",
    "_enum_parser",
    "_http_account",
    "_http_client",
    "_instrument_provider",
    "_recv_window",
    "_retry_manager_pool",
    "_triggered_algo_order_ids",
)
HTTP_NAMES: Final = ("_get_sign", "headers", "base_url", "sign_request", "send_request")

CONDITIONAL_TYPES: Final = frozenset(
    {
        OrderType.STOP_MARKET,
        OrderType.STOP_LIMIT,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
        OrderType.TRAILING_STOP_MARKET,
    }
)
"""What the adapter sends to the venue's algo service on futures."""

CLOSED_LOOKED_AT_MAX: Final = 20_000
"""Closed orders looked through for conditional ones; beyond it each symbol with a closed order counts as having one."""


def check_adapter(client: Any) -> None:
    """Refuse an engine version, or an adapter, that the hardened client was not checked against.

    Raises
    ------
    EngineVersionError
        Naming the version, or every name that is missing.
    """
    version = installed_version()
    allowed = f"{format_version(OLDEST_SUPPORTED)} to {format_version(NEWEST_SUPPORTED)}"
    if not is_supported(version):
        raise EngineVersionError(
            f"NautilusTrader {version} is not a version that the hardened Binance client was checked against",
            allowed=allowed,
            action="install such a version, or turn the hardened client off",
        )
    missing = [f"{type(client).__name__}.{name}" for name in CLASS_NAMES if not callable(getattr(client, name, None))]
    missing += [f"{type(client).__name__}.{name}" for name in INSTANCE_NAMES if not hasattr(client, name)]
    http = getattr(client, "_http_client", None)
    missing += [f"{type(http).__name__}.{name}" for name in HTTP_NAMES if not hasattr(http, name)]
    if missing:
        raise EngineVersionError(
            f"the Binance adapter of NautilusTrader {version} is not the one that was checked: no {', '.join(missing)}",
            allowed=f"the unmodified adapter of {allowed}",
            action="install an unmodified NautilusTrader, or turn the hardened client off",
        )


class AdapterNames:
    """Reach what the adapter keeps private. The only place of the hardened client that does.

    Parameters
    ----------
    client : BinanceCommonExecutionClient
        The adapter's client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def cache(self) -> Any:
        """Return the node's cache."""
        return self._client._cache

    @property
    def log(self) -> Any:
        """Return the client's logger."""
        return self._client._log

    @property
    def enum_parser(self) -> Any:
        """Return the adapter's parser of the venue's words."""
        return self._client._enum_parser

    @property
    def recv_window_ms(self) -> int:
        """Return how long a request stays valid at the venue."""
        return int(self._client._recv_window)

    def now_ns(self) -> int:
        """Return the node's time."""
        return int(self._client._clock.timestamp_ns())

    def instrument_id(self, symbol: str) -> InstrumentId:
        """Return the engine's name of a venue's symbol."""
        return self._client._get_cached_instrument_id(symbol)

    def quantity_of(self, client_order_id: str) -> str | None:
        """Return the size that the node holds of an order, or None if it does not hold it."""
        order = self.cache.order(ClientOrderId(client_order_id)) if client_order_id else None
        return None if order is None else str(order.quantity)

    def read(self, make: Callable[[], Any]) -> Any:
        """Make a report by the adapter's own conversion.

        Raises
        ------
        VenueUnavailableError
            If the conversion fails: the record is not what the venue documents.
        """
        try:
            return make()
        except Exception as error:
            raise unreadable(error) from error

    # -- connecting ---------------------------------------------------------------------------------------------------

    def has_instruments(self) -> bool:
        """Return whether the instruments were loaded before."""
        return bool(self._client._instrument_provider.count)

    async def load_instruments(self) -> None:
        """Load the instruments, unless that was done."""
        await self._client._instrument_provider.initialize()

    async def update_account_state(self) -> None:
        """Ask for the account and tell the engine its state."""
        await self._client._update_account_state()

    async def init_position_mode(self) -> None:
        """Ask whether the account holds one net position or two legs."""
        await self._client._init_dual_side_position()

    async def await_account(self) -> None:
        """Wait until the engine holds the account."""
        await self._client._await_account_registered()

    def hold_instruments(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Let whoever loads the instruments first wait for `wait`: the data client shares them with this one."""
        provider = self._client._instrument_provider
        load = getattr(provider, "trueup_load", None) or provider.initialize
        provider.trueup_load = load

        async def initialize(reload: bool = False) -> None:
            await wait()
            await load(reload)

        provider.initialize = initialize

    def spare_positions(self) -> None:
        """Spare the question for positions with which the adapter's instruments are loaded, where it tells nothing.

        They take the largest notional alone from it, which the third version of the answer does not have.
        """
        http = getattr(self._client._instrument_provider, "_http_account", None)
        endpoint = getattr(http, "_endpoint_futures_position_risk", None)
        if http is not None and endpoint is not None and "/v3/" in endpoint.url_path:
            http.query_futures_position_risk = _no_positions

    # -- what the node knows (`KnownToNode`) --------------------------------------------------------------------------

    def open_orders(self, symbol: str | None) -> list[KnownOrder]:
        """Return the orders that the node believes to be working or under way."""
        venue = self._client.venue
        orders = {order.client_order_id: order for order in self.cache.orders_open(venue=venue)}
        orders |= {order.client_order_id: order for order in self.cache.orders_inflight(venue=venue)}
        known = [self.known_order(order) for order in orders.values()]
        return [one for one in known if symbol is None or one.symbol == symbol]

    def known_order(self, order: Any) -> KnownOrder:
        """Return an engine's order by the names that the venue knows it by."""
        conditional = (
            self._client._binance_account_type.is_futures
            and order.order_type in CONDITIONAL_TYPES
            and order.client_order_id not in self._client._triggered_algo_order_ids
        )
        return KnownOrder(
            symbol=venue_symbol(order.instrument_id),
            client_order_id=order.client_order_id.value,
            venue_order_id=None if order.venue_order_id is None else order.venue_order_id.value,
            conditional=conditional,
        )

    def active_symbols(self) -> set[str]:
        """Return the symbols with an order or a position in the node, as the venue writes them."""
        venue = self._client.venue
        alive = (*self.cache.orders_open(venue=venue), *self.cache.orders_inflight(venue=venue))
        alive += tuple(self.cache.positions_open(venue=venue))
        return {venue_symbol(one.instrument_id) for one in alive}

    def conditional_symbols(self, since_ms: int | None) -> set[str]:
        """Return the symbols of which the node had a conditional order alive at or after an instant."""
        venue = self._client.venue
        closed = self.cache.orders_closed(venue=venue)
        if len(closed) > CLOSED_LOOKED_AT_MAX:
            return {venue_symbol(order.instrument_id) for order in closed} | self.active_symbols()
        since_ns = 0 if since_ms is None else since_ms * 1_000_000
        alive = (*self.cache.orders_open(venue=venue), *self.cache.orders_inflight(venue=venue))
        recent = [order for order in closed if order.ts_last >= since_ns]
        return {
            venue_symbol(order.instrument_id) for order in (*alive, *recent) if order.order_type in CONDITIONAL_TYPES
        }

    def net_positions(self) -> list[tuple[str, Decimal]]:
        """Return the node's open positions: symbol and signed quantity of each."""
        positions = self.cache.positions_open(venue=self._client.venue)
        return [(venue_symbol(one.instrument_id), one.signed_decimal_qty()) for one in positions]

    def trades(self, symbol: str) -> bool:
        """Return whether the node knows a symbol's instrument."""
        return self.cache.instrument(self.instrument_id(symbol)) is not None

    def listed_symbols(self) -> set[str]:
        """Return the symbols that the node loaded."""
        return {venue_symbol(instrument.id) for instrument in self._client._instrument_provider.list_all()}


async def _no_positions(*_: Any, **__: Any) -> list[Any]:
    return []


def venue_symbol(instrument_id: InstrumentId) -> str:
    """Return an instrument's name as the venue writes it: `BTCUSDT-PERP` is its `BTCUSDT`."""
    from nautilus_trader.adapters.binance.common.symbol import BinanceSymbol

    return str(BinanceSymbol(instrument_id.symbol.value))
