"""What each trading state lets through, measured on both ends of the supported versions, beside what is published."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.integration.config.nodes import OLDEST_PYTHON, run_module
from trueup.guard.reference import MEASURED

pytestmark = pytest.mark.node


@pytest.mark.parametrize("python", [Path(sys.executable), OLDEST_PYTHON], ids=["newest", "oldest"])
def test_each_trading_state_lets_through_what_the_published_table_says(python: Path) -> None:
    done = run_module(python, "tests.integration.guard.effect_main")
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("RESULT ")] or [done.stderr[-2_000:]]
    found = json.loads(line.removeprefix("RESULT "))
    assert found["rows"] == MEASURED["rows"]
    assert found["version"] in MEASURED["versions"]
