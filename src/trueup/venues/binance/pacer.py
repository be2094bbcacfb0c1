"""Wait for room inside the venue's limits: the budget with a clock and a sleep around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from trueup.venues.binance import budget
from trueup.venues.binance.budget import BudgetLimits, BudgetState, Lane
from trueup.venues.binance.failures import NotSentError
from trueup.venues.binance.profiles import VenueProfile
from trueup.venues.binance.settings import HardeningSettings

HEADER_WEIGHT: Final = "x-mbx-used-weight-1m"
HEADER_ORDERS_TEN_SECS: Final = "x-mbx-order-count-10s"
HEADER_ORDERS_MINUTE: Final = "x-mbx-order-count-1m"
HEADER_RETRY_AFTER: Final = "retry-after"
HEADERS: Final = (HEADER_WEIGHT, HEADER_ORDERS_TEN_SECS, HEADER_ORDERS_MINUTE, HEADER_RETRY_AFTER)


class Pacer:
    """Keep one account, and the address it is reached from, inside the venue's limits.

    Parameters
    ----------
    profile : VenueProfile
        Weights and limits.
    settings : HardeningSettings
        How long a request may wait.
    venue_ms : Callable[[], int]
        The venue's time, by our estimate.
    on_wait : Callable[[float], None]
        Told how many seconds a wait will take, before it begins.
    log : Logger
        Where waits and refusals are said.
    """

    def __init__(
        self,
        profile: VenueProfile,
        settings: HardeningSettings,
        *,
        venue_ms: Callable[[], int],
        on_wait: Callable[[float], None],
        log: Any,
    ) -> None:
        self._profile = profile
        self._settings = settings
        self._venue_ms = venue_ms
        self._on_wait = on_wait
        self._log = log
        self._limits = BudgetLimits(
            profile.weight_limit, profile.orders_per_ten_secs, profile.orders_per_minute, settings.leave_reserve
        )
        self._state = BudgetState()
        self.refusals = 0

    @property
    def used_weight(self) -> int:
        """Return the weight used in the running minute, ours or the venue's count, whichever is higher."""
        now_ms = self._venue_ms()
        return budget.observe(self._state, now_ms, now_ms).weight

    async def admit(self, method: str, path: str, parameters: Mapping[str, Any]) -> float:
        """Wait until a request may leave, book its cost, and return the seconds waited.

        Raises
        ------
        NotSentError
            The limits leave no room in the time that it may wait.
        """
        endpoint = self._profile.endpoint(method, path)
        weight = endpoint.weigh(parameters)
        lane = Lane.READ if method == "GET" and not self._is_light(path) else Lane.TRADE
        most_secs = self._settings.pacing_wait_secs_max if method == "GET" else self._settings.order_wait_secs_max
        waited_secs = 0.0
        while True:
            grant = budget.ask(self._limits, self._state, weight, endpoint.orders, lane, self._venue_ms())
            self._state = grant.state
            if grant.wait_ms == 0:
                return waited_secs
            wait_secs = grant.wait_ms / 1_000
            if waited_secs + wait_secs > most_secs:
                raise NotSentError(
                    f"{method} {path} was not sent: {grant.reason}, for {wait_secs:.1f} s; it waits {most_secs:.0f} s"
                )
            if waited_secs == 0.0:
                self._log.info(f"Pacing {method} {path} for {wait_secs:.1f} s: {grant.reason}")
            self._on_wait(wait_secs)
            await asyncio.sleep(wait_secs)
            waited_secs += wait_secs

    def learn(self, headers: Mapping[str, str], sent_ms: int) -> None:
        """Take over what an answer says was used."""
        self._state = budget.observe(
            self._state,
            self._venue_ms(),
            sent_ms,
            used_weight=_number(headers.get(HEADER_WEIGHT)),
            orders_ten_secs=_number(headers.get(HEADER_ORDERS_TEN_SECS)),
            orders_minute=_number(headers.get(HEADER_ORDERS_MINUTE)),
        )

    def refused(self, status: int, headers: Mapping[str, str]) -> None:
        """Take in that the venue refused for its limits (429), or has banned the address (418)."""
        self.refusals += 1
        wait_secs = _number(headers.get(HEADER_RETRY_AFTER))
        wait_ms = None if wait_secs is None else wait_secs * 1_000
        self._state = budget.refuse(self._state, self._venue_ms(), wait_ms, banned=status == 418)
        self._log.warning(f"The venue answered {status}: nothing is sent for {wait_secs or 60} s")

    def _is_light(self, path: str) -> bool:
        """Return whether a question of weight 1 serves trading: what became of one order, and the venue's time."""
        return path in (self._profile.order, f"{self._profile.prefix}/v1/algoOrder", self._profile.time_path)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
