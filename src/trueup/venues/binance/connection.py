"""How a client connects: the stream first, then each question of a connection once, side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from nautilus_trader.adapters.binance.http.error import BinanceClientError, BinanceError

from trueup.venues.binance.adapter_names import AdapterNames
from trueup.venues.binance.gate import HttpGate
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.user_stream import UserStream

CONNECT_SECS_MAX: Final = 55.0
"""Within the engine's default of 60 s for a connection: beyond it nobody waits for us any more."""


class Connection:
    """Make the connection of one client.

    Parameters
    ----------
    names : AdapterNames
        The adapter's side: its instruments, its account.
    gate : HttpGate
        The way out.
    stream : UserStream
        The user stream.
    settings : HardeningSettings
        Bounds.
    """

    def __init__(self, names: AdapterNames, gate: HttpGate, stream: UserStream, settings: HardeningSettings) -> None:
        self._names = names
        self._gate = gate
        self._stream = stream
        self._settings = settings
        self._stands = asyncio.Event()
        names.hold_instruments(self._wait_for_stream)
        names.spare_positions()

    async def make(self) -> None:
        """Connect; events that come meanwhile are handed out at the end.

        The stream stands before the account is asked for, so that whatever changes meanwhile comes after it. The
        adapter's parts ask one after the other, some of them the same; here each question is put once, ahead of them.

        Raises
        ------
        BinanceError, TimeoutError
            The venue refused, or did not answer in time.
        """
        deadline = time.monotonic() + CONNECT_SECS_MAX
        profile, shared = self._gate.profile, self._gate.answers
        self._gate.account.begin_connection()
        shared.begin()
        instruments = () if self._names.has_instruments() else (profile.instruments,)
        ahead = [asyncio.ensure_future(self._ask_ahead(instruments, signed=False))]
        try:
            await self._persist(self._gate.measure_clock, deadline)
            await asyncio.wait_for(self._stream.open(), max(1.0, deadline - time.monotonic()))
            self._stands.set()
            ahead.append(asyncio.ensure_future(self._ask_ahead(profile.account_state, signed=True)))
            await self._persist(self._names.load_instruments, deadline)
            await asyncio.gather(
                self._persist(self._names.update_account_state, deadline),
                self._persist(self._names.init_position_mode, deadline),
            )
            await self._names.await_account()
        finally:
            for questions in ahead:
                questions.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)
            shared.end()
        self._stream.release()

    async def _ask_ahead(self, paths: tuple[str, ...], *, signed: bool) -> None:
        """Put questions side by side; whoever asks them in this connection finds the answer, and its own failure."""
        questions = (self._gate.request("GET", path, signed=signed) for path in paths)
        await asyncio.gather(*questions, return_exceptions=True)

    async def _persist(self, step: Callable[[], Awaitable[Any]], deadline: float) -> None:
        """Run a step of the connection, again and again while the venue does not answer."""
        failures = 0
        while True:
            try:
                await step()
            except BinanceError as error:
                failures += 1
                wait_secs = self._settings.stream.backoff(failures)
                if isinstance(error, BinanceClientError) or time.monotonic() + wait_secs > deadline:
                    raise
                self._names.log.warning(f"While connecting: {error}; trying again in {wait_secs:g} s")
                await asyncio.sleep(wait_secs)
            else:
                return

    async def _wait_for_stream(self) -> None:
        """Let the data client load the instruments, which asks for the account too, only once the stream stands."""
        try:
            await asyncio.wait_for(self._stands.wait(), CONNECT_SECS_MAX)
        except TimeoutError:
            self._names.log.warning("The user stream does not stand: the instruments are loaded without it")
