"""The order of a run: the slowest files first, so that no worker is left alone with one at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
SLOWEST_FIRST = (
    *("integration/audit", "integration/ops", "integration/external"),
    *("drills/test_native.py", "drills/test_verified.py", "drills/test_campaign.py", "drills/test_sweep.py"),
    *("drills/test_proxy.py", "drills/test_own.py", "drills/test_binance.py"),
    *("integration/monitor", "integration/node", "integration/guard"),
    *("unit/emulator/engine/test_programs.py", "unit/monitor/test_node_monitor.py"),
    *("integration/journal", "integration/demo", "integration/config", "integration/strategies"),
    *("integration/emulator", "integration/venues", "integration/project", "drills", "integration/store"),
)
"""Files and folders whose tests start nodes, browsers and servers, by the seconds that they take (of a run on two
cores): each minutes or tens of seconds, where a file of unit tests takes one or two."""
RANKS = {HERE / name: rank for rank, name in enumerate(SLOWEST_FIRST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files; the tests of one keep their order, and what several files share its scope.

    It is for ``--dist loadfile --no-loadscope-reorder``, which hands files out in this order. By itself it begins with
    the file that has most tests: those are the quick ones.
    """
    items.sort(key=lambda item: _rank(item.path))


def _rank(path: Path) -> int:
    return next((RANKS[place] for place in (path, *path.parents) if place in RANKS), len(RANKS))
