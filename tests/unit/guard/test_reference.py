"""The document says what the code does."""

from __future__ import annotations

from pathlib import Path

from trueup.guard.defaults import DEFAULT_ROWS
from trueup.guard.reference import MEASURED, render

DOCUMENT = Path(__file__).parents[3] / "docs" / "guard.md"


def test_the_document_is_the_one_that_the_code_renders() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render()


def test_it_has_every_default_row_and_every_act_that_was_measured() -> None:
    text = render()
    assert all(f"`{row.id}`" in text for row in DEFAULT_ROWS)
    assert all(f"| {act} |" in text for act in MEASURED["rows"])
    assert "{{" not in text
