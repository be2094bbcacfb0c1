"""Which symbols an account traded, by the fees that it paid: those that no open order or position names any more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from trueup.errors import VenueError
from trueup.venues.ccxt_client import CcxtClient
from trueup.venues.ccxt_draft import NS_PER_MS, UNREADABLE, reason_of
from trueup.venues.ccxt_paging import OVERLAP_MS, read_history

PAGES_MAX: Final = 5
"""At weight 30 a page; an account that pays more fees names its symbols by its positions and orders."""


class SymbolDiscovery:
    """Look through an account's payments, and remember how far.

    Parameters
    ----------
    client : CcxtClient
        The way to the venue.
    """

    def __init__(self, client: CcxtClient) -> None:
        self._client = client
        self._symbols: set[str] = set()
        self._to_ms: int | None = None
        self.note = ""
        self.failure = ""

    def forget(self) -> None:
        """Begin anew at the next look."""
        self._to_ms = None

    async def look(self, from_ms: int, deadline: float) -> set[str]:
        """Return the symbols that paid a fee since an instant; `failure` and `note` tell what they may lack.

        Parameters
        ----------
        from_ms : int
            Since when.
        deadline : float
            On the clock of ``time.monotonic``.
        """
        end_ms = self._client.now_ns() // NS_PER_MS
        since_ms = from_ms if self._to_ms is None else max(from_ms, self._to_ms - OVERLAP_MS)
        pages = 0
        self.note = self.failure = ""

        async def ask(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
            nonlocal pages
            pages += 1
            if time.monotonic() >= deadline:
                raise VenueError("not asked before the deadline")
            if pages > PAGES_MAX:
                raise _TooManyError("the account pays too many fees to look through")
            return await self._client.rows(
                "fee payments", "fapiPrivateGetIncome", {"incomeType": "COMMISSION", **parameters}
            )

        try:
            await read_history(
                ask,
                lambda rows: self._symbols.update(row["symbol"] for row in rows if row.get("symbol")),
                start_ms=since_ms,
                end_ms=end_ms,
                id_field="tranId",
                time_field="time",
                id_parameter="tranId",
            )
            self._to_ms = end_ms
        except _TooManyError as error:
            self.note = (
                f"symbols that only the account's payments name were not looked for ({reason_of(error)}); "
                "name them in instrument_ids if there may be any"
            )
        except (VenueError, *UNREADABLE) as error:
            self.failure = reason_of(error)
        return set(self._symbols)


class _TooManyError(VenueError):
    """There is more than is worth reading."""
