"""The process that forks node processes: what becomes of it when it cannot start."""

from __future__ import annotations

from pathlib import Path

import pytest

from trueup.drills.nodes import Nursery
from trueup.errors import NodeError


async def test_a_forking_process_that_cannot_import_the_engine_is_told_at_once_and_not_after_the_time_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nautilus_trader.py").write_text("raise ImportError('no engine here')\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(NodeError, match="ended with code 1 before it was ready"):
        async with Nursery():
            pytest.fail("it must not become ready")
