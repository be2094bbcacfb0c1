"""An emulator in the test's own event loop, with a manual clock unless a test asks for another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.integration.emulator.venue_client import VenueClient
from trueup.emulator import Emulator, EmulatorSettings

type Start = Callable[..., Awaitable[VenueClient]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return a function that starts an emulator with settings of the test's choice."""
    async with AsyncExitStack() as stack:

        async def begin(**settings: Any) -> VenueClient:
            chosen = {"symbols": ("BTCUSDT", "ETHUSDT"), "clock": {"kind": "manual"}, **settings}
            emulator = await stack.enter_async_context(Emulator(EmulatorSettings.model_validate(chosen)))
            emulator.venue.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
            emulator.venue.set_market("ETHUSDT", Decimal("3000.00"), Decimal("3000.01"))
            emulator.flush()
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return VenueClient(emulator, session)

        yield begin


@pytest.fixture
async def client(start: Start) -> VenueClient:
    """Return a client of a default emulator."""
    return await start()
