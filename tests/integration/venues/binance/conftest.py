"""One emulator for all of these tests; every test has an account of its own, and a bench clears what one left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trueup.emulator.process import EmulatorProcess


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorProcess]:
    """Run an emulator whose market stands still."""
    with EmulatorProcess() as process:
        process.control.pause_market()
        yield process
