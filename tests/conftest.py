"""How a run begins: workers share what reading the files costs, and the slowest of them come first."""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Generator
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


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let each worker read the files in an order of its own.

    In a fresh clone every file is compiled, and the assertions of its tests are written anew: more than half of what
    reading them costs. Who comes to a file first leaves the result to the others; in one order all do the whole.
    """
    report = yield
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None and isinstance(collector, pytest.Directory):
        random.Random(worker).shuffle(report.result)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector out of what is imported, then and later: none of it is garbage.

    It takes an eighth of the time that reading the files takes, and a quarter of a second at each full collection of
    the tests (of a worker that has read all files).
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files; the tests of one keep their order, and what several files share its scope.

    It is for ``--dist loadfile --no-loadscope-reorder``, which hands files out in this order. By itself it begins with
    the file that has most tests: those are the quick ones.
    """
    items.sort(key=lambda item: (_rank(item.path), item.path))


def _rank(path: Path) -> int:
    return next((RANKS[place] for place in (path, *path.parents) if place in RANKS), len(RANKS))
