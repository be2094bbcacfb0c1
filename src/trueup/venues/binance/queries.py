"""The account's records as the venue lists them, read to the end. What is not answered raises; it is never "empty"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from nautilus_trader.adapters.binance.common.schemas.account import BinanceOrder, BinanceUserTrade
from nautilus_trader.adapters.binance.futures.schemas.account import BinanceFuturesAlgoOrder, BinanceFuturesPositionRisk
from nautilus_trader.adapters.binance.http.error import BinanceClientError, BinanceError

from trueup.errors import VenueRefusedError, VenueUnavailableError
from trueup.venues.binance.failures import failure_of
from trueup.venues.binance.flights import Flights
from trueup.venues.binance.gate import HttpGate
from trueup.venues.binance.outcomes import CODE_NO_SUCH_ORDER
from trueup.venues.binance.paging import HistoryPlan, PageQuestion, first_question, next_question

PAGES_MAX: Final = 2_000
"""Two million records of one symbol: beyond it something is wrong with the paging, not with the account."""
INCOME_PAGES_MAX: Final = 10
"""At weight 30 a page; beyond ten thousand payments a week, asking each symbol is the cheaper question."""

_ORDERS = msgspec.json.Decoder(list[BinanceOrder])
_ORDER = msgspec.json.Decoder(BinanceOrder)
_TRADES = msgspec.json.Decoder(list[BinanceUserTrade])
_POSITIONS = msgspec.json.Decoder(list[BinanceFuturesPositionRisk])
_ALGOS = msgspec.json.Decoder(list[BinanceFuturesAlgoOrder])
_ALGO = msgspec.json.Decoder(BinanceFuturesAlgoOrder)


class IncomeRecord(msgspec.Struct, frozen=True):
    """One wallet movement, as far as it tells which symbol traded."""

    symbol: str
    time: int


_INCOME = msgspec.json.Decoder(list[IncomeRecord])


class VenueQueries:
    """Ask for an account's records.

    Parameters
    ----------
    gate : HttpGate
        The way out.
    recv_window_ms : int
        Sent with every question.
    """

    def __init__(self, gate: HttpGate, recv_window_ms: int) -> None:
        self._gate = gate
        self._profile = gate.profile
        self._recv_window = str(recv_window_ms)
        self.flights = Flights()

    # -- lists --------------------------------------------------------------------------------------------------------

    async def open_orders(self, symbol: str | None = None) -> list[BinanceOrder]:
        """Return the working orders, of any age."""
        return await self._shared(("open_orders", symbol), self._profile.open_orders, _named(symbol), _ORDERS)

    async def orders(self, symbol: str, start_ms: int, end_ms: int) -> list[BinanceOrder]:
        """Return the orders of a symbol created in a span, oldest first."""
        return await self._history(
            ("orders", symbol, start_ms),
            self._profile.all_orders,
            symbol,
            start_ms,
            end_ms,
            "orderId",
            _ORDERS,
            lambda order: (order.orderId, order.time),
        )

    async def fills(self, symbol: str, start_ms: int | None, end_ms: int) -> list[BinanceUserTrade]:
        """Return the fills of a symbol in a span (None: all that the venue keeps), oldest first."""
        return await self._history(
            ("fills", symbol, start_ms),
            self._profile.fills,
            symbol,
            start_ms,
            end_ms,
            "fromId",
            _TRADES,
            lambda trade: (trade.id, trade.time),
        )

    async def fills_of_order(self, symbol: str, order_id: int) -> list[BinanceUserTrade]:
        """Return the fills of one order, oldest first."""
        limit = self._profile.page_limit
        raw = await self._ask(
            self._profile.fills, {"symbol": symbol, "orderId": str(order_id), "limit": str(limit)}, None
        )
        trades: list[BinanceUserTrade] = _decode(_TRADES, raw, self._profile.fills)
        if len(trades) >= limit:
            raise VenueUnavailableError(f"order {order_id} of {symbol} has {limit} fills or more: read it by its time")
        return sorted(trades, key=lambda trade: (trade.time, trade.id))

    async def positions(self, symbol: str | None = None) -> list[BinanceFuturesPositionRisk]:
        """Return the positions that the venue lists."""
        return await self._shared(("positions", symbol), "/fapi/v3/positionRisk", _named(symbol), _POSITIONS)

    async def open_conditional_orders(self, symbol: str | None = None) -> list[BinanceFuturesAlgoOrder]:
        """Return the conditional orders that wait, of any age."""
        return await self._shared(("open_algos", symbol), "/fapi/v1/openAlgoOrders", _named(symbol), _ALGOS)

    async def conditional_orders(self, symbol: str, start_ms: int, end_ms: int) -> list[BinanceFuturesAlgoOrder]:
        """Return the conditional orders of a symbol created in a span, oldest first."""
        return await self._history(
            ("algos", symbol, start_ms),
            "/fapi/v1/allAlgoOrders",
            symbol,
            start_ms,
            end_ms,
            "algoId",
            _ALGOS,
            lambda algo: (algo.algoId, algo.createTime),
        )

    async def traded_symbols(self, start_ms: int, end_ms: int) -> set[str] | None:
        """Return the symbols that paid commission or realised a result in a span, or None if the payments are too many.

        A round trip without either left no trace in the account, so nothing that counts is missed.
        """
        kinds = ("COMMISSION", "REALIZED_PNL")
        found = await asyncio.gather(*(self._income_symbols(kind, start_ms, end_ms) for kind in kinds))
        known = [symbols for symbols in found if symbols is not None]
        return set().union(*known) if len(known) == len(kinds) else None

    # -- single records -----------------------------------------------------------------------------------------------

    async def order(
        self, symbol: str, *, order_id: int | None = None, client_order_id: str | None = None
    ) -> BinanceOrder | None:
        """Return an order, or None when the venue answers that it knows no such order."""
        parameters = {"symbol": symbol}
        if order_id is not None:
            parameters["orderId"] = str(order_id)
        else:
            parameters["origClientOrderId"] = str(client_order_id)
        return await self._single(self._profile.order, parameters, _ORDER)

    async def conditional_order(
        self, *, algo_id: int | None = None, client_algo_id: str | None = None
    ) -> BinanceFuturesAlgoOrder | None:
        """Return a conditional order, or None when the venue answers that it knows no such order."""
        named = {"algoId": str(algo_id)} if algo_id is not None else {"clientAlgoId": str(client_algo_id)}
        return await self._single("/fapi/v1/algoOrder", named, _ALGO)

    # -- details ------------------------------------------------------------------------------------------------------

    async def _shared(self, key: tuple[Any, ...], path: str, parameters: dict[str, str], decoder: Any) -> Any:
        async def question(begun: Callable[[], None]) -> Any:
            return _decode(decoder, await self._ask(path, parameters, begun), path)

        return await self.flights.ask(key, question)

    async def _history(
        self,
        key: tuple[Any, ...],
        path: str,
        symbol: str,
        start_ms: int | None,
        end_ms: int,
        id_name: str,
        decoder: Any,
        stamp: Callable[[Any], tuple[int, int]],
    ) -> list[Any]:
        limit = self._profile.page_limit
        plan = HistoryPlan(start_ms, end_ms, self._profile.history_window_ms, limit)

        async def question(begun: Callable[[], None]) -> list[Any]:
            records: dict[int, Any] = {}
            asked: PageQuestion | None = first_question(plan)
            for _ in range(PAGES_MAX):
                if asked is None:
                    break
                raw = await self._ask(path, {"symbol": symbol} | asked.parameters(id_name, limit), begun)
                page = [(stamp(record), record) for record in _decode(decoder, raw, path)]
                records |= {stamped[0]: record for stamped, record in page}
                asked = next_question(plan, asked, [stamped for stamped, _ in page])
            else:
                raise VenueUnavailableError(f"{path} of {symbol} has no end after {PAGES_MAX} pages")
            ordered = sorted(records.values(), key=lambda record: stamp(record)[::-1])
            return [record for record in ordered if start_ms is None or start_ms <= stamp(record)[1] <= end_ms]

        answer: list[Any] = await self.flights.ask(key, question)
        return answer

    async def _income_symbols(self, kind: str, start_ms: int, end_ms: int) -> set[str] | None:
        symbols: set[str] = set()
        since_ms = start_ms
        limit = self._profile.page_limit
        for _ in range(INCOME_PAGES_MAX):
            parameters = {"incomeType": kind, "startTime": str(since_ms), "endTime": str(end_ms), "limit": str(limit)}
            page = _decode(_INCOME, await self._ask("/fapi/v1/income", parameters, None), "/fapi/v1/income")
            symbols.update(record.symbol for record in page if record.symbol)
            if len(page) < limit:
                return symbols
            last_ms = max(record.time for record in page)
            if last_ms <= since_ms:
                return None
            since_ms = last_ms
        return None

    async def _single(self, path: str, parameters: dict[str, str], decoder: Any) -> Any:
        try:
            raw = await self._ask(path, parameters, None)
        except VenueRefusedError as error:
            if isinstance(error.__cause__, BinanceError) and failure_of(error.__cause__).code == CODE_NO_SUCH_ORDER:
                return None
            raise
        return _decode(decoder, raw, path)

    async def _ask(self, path: str, parameters: Mapping[str, str], begun: Callable[[], None] | None) -> bytes:
        try:
            return await self._gate.request(
                "GET", path, {**parameters, "recvWindow": self._recv_window}, signed=True, begun=begun
            )
        except BinanceError as error:
            raise venue_error(error, f"GET {path}") from error


def venue_error(error: BinanceError, what: str) -> VenueRefusedError | VenueUnavailableError:
    """Return an adapter's error as one of ours: the venue's refusal, or no usable answer."""
    failure = failure_of(error)
    if isinstance(error, BinanceClientError) and failure.sent and failure.code is not None:
        return VenueRefusedError(f"{what}: {failure.code} {failure.message}")
    status = "" if failure.status is None else f" (HTTP {failure.status})"
    return VenueUnavailableError(f"{what}: {failure.message or 'no usable answer'}{status}")


def _decode(decoder: Any, raw: bytes, path: str) -> Any:
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError as error:
        # Includes a list cut in the middle and a field that is not what the venue documents.
        raise VenueUnavailableError(f"GET {path}: the answer cannot be read ({error})") from None


def _named(symbol: str | None) -> dict[str, str]:
    return {} if symbol is None else {"symbol": symbol}
