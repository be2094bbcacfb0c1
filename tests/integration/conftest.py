"""What all integration tests share: the end of the process that forks programs for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration import forked


@pytest.fixture(scope="session", autouse=True)
def _forking_ends() -> Iterator[None]:
    yield
    forked.close()
