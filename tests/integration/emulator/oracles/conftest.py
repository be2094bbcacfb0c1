"""One emulator process per module; every test opens accounts of its own in it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from trueup.emulator import EmulatorProcess


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    """Run an emulator without limits; its ledger must hold and its log be empty at the end."""
    with EmulatorProcess(settings={"limits": {"enforced": False}}) as process:
        process.control.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
        process.control.set_market("ETHUSDT", Decimal("3000.00"), Decimal("3000.01"))
        yield process
        assert process.control.health().internal_errors == 0
        process.control.check_invariants()
        assert process.errors == ""
