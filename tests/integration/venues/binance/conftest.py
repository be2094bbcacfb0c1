"""One emulator for each module of tests; every test has an account of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trueup.emulator.process import EmulatorProcess


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    """Run an emulator whose market stands still."""
    with EmulatorProcess() as process:
        process.control.pause_market()
        yield process
