"""Single orders, asked for by name: what no list has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trueup.errors import VenueError
from trueup.model.identifiers import EXTERNAL_PREFIX
from trueup.model.orders import OrderRecord
from trueup.venues.ccxt_binance import Row, SymbolNames, fill_record
from trueup.venues.ccxt_client import CcxtClient, OrderUnknownError
from trueup.venues.ccxt_draft import CcxtDraft
from trueup.venues.ccxt_paging import PAGE
from trueup.venues.questions import Question


class SingleOrders:
    """Ask for single orders and their fills.

    Parameters
    ----------
    client : CcxtClient
        The way to the venue.
    names : SymbolNames
        How instruments are spelt.
    order_of : callable
        Makes a record of an ordinary order's row.
    take_conditional : callable
        Takes a conditional order's row into a draft.
    """

    def __init__(
        self,
        client: CcxtClient,
        names: SymbolNames,
        order_of: Callable[[Row], OrderRecord],
        take_conditional: Callable[[CcxtDraft, Row], None],
    ) -> None:
        self._client = client
        self._names = names
        self._order_of = order_of
        self._take_conditional = take_conditional

    async def order(self, draft: CcxtDraft, question: Question) -> None:
        """Ask for one order by each of its names, ordinary and conditional; note it as unknown if nobody knows it.

        The client's name comes first: conditional orders are numbered apart from ordinary ones, so that a number alone
        may name another order.
        """
        symbol = self._symbol(question)
        name = question.client_order_id
        if name and not name.startswith(EXTERNAL_PREFIX):
            row = await self._ask("order", "fapiPrivateGetOrder", {"symbol": symbol, "origClientOrderId": name})
            if row is not None:
                draft.add_order(self._order_of(row))
                return
            row = await self._ask("conditional order", "fapiPrivateGetAlgoOrder", {"clientAlgoId": name})
            if row is not None and row.get("symbol") == symbol:
                await self._follow(draft, row)
                return
        # The engine gives an order that it invented a number of its own, a UUID: no venue knows that one.
        if question.venue_order_id.isdecimal():
            wanted = {"symbol": symbol, "orderId": question.venue_order_id}
            row = await self._ask("order", "fapiPrivateGetOrder", wanted)
            if row is not None:
                draft.add_order(self._order_of(row))
                return
        draft.unknown.update(question.names)

    async def fills(self, draft: CcxtDraft, question: Question) -> None:
        """Ask for the fills of one order."""
        wanted = {"symbol": self._symbol(question), "orderId": question.venue_order_id, "limit": PAGE}
        rows = await self._client.rows("fills of an order", "fapiPrivateGetUserTrades", wanted)
        if len(rows) >= PAGE:
            raise VenueError(f"the order has {PAGE} fills or more")
        for row in rows:
            draft.add_fill(fill_record(row, self._names))

    def _symbol(self, question: Question) -> str:
        symbol = self._names.symbol(question.instrument_id)
        if symbol is None:
            raise VenueError(f"{question.instrument_id} is an instrument of another venue")
        return symbol

    async def _ask(self, query: str, method: str, parameters: dict[str, Any]) -> Row | None:
        try:
            row: Row = await self._client.get(query, method, parameters)
        except OrderUnknownError:
            return None
        return row

    async def _follow(self, draft: CcxtDraft, row: Row) -> None:
        """Take in a conditional order, or the ordinary one that it became."""
        became = row.get("actualOrderId")
        if not became:
            self._take_conditional(draft, row)
            return
        ordinary = await self._ask("order", "fapiPrivateGetOrder", {"symbol": row["symbol"], "orderId": became})
        if ordinary is not None:
            draft.add_order(self._order_of(ordinary))
