"""The generated reference is complete and is what is committed; versions are what is installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from trueup.config.describe import describe_field, describe_type, show_default
from trueup.config.engine_versions import (
    FIELD_SPANS,
    field_span,
    format_version,
    installed_version,
    is_supported,
    parse_version,
)
from trueup.config.reconciliation import ReconciliationConfig, ReconciliationPreset
from trueup.config.reference import SECTIONS, render_configuration, render_rules
from trueup.config.rules import ALL_RULES

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def test_every_rule_is_in_the_reference() -> None:
    text = render_rules()
    assert all(f"| {rule.id} `{rule.slug}` | {rule.severity} |" in text for rule in ALL_RULES)


def test_every_field_of_every_section_is_in_the_reference_with_a_meaning() -> None:
    text = render_configuration()
    for _, model in SECTIONS:
        for name, field in model.model_fields.items():
            assert f"| `{name}` | " in text
            assert field.description, f"{model.__name__}.{name} has no docstring"


def test_every_section_that_a_configuration_can_hold_is_in_the_reference() -> None:
    documented = {model for _, model in SECTIONS}
    reachable: set[type[BaseModel]] = set()

    def visit(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation not in reachable:
                reachable.add(annotation)
                for field in annotation.model_fields.values():
                    visit(field.annotation)
            return
        for inner in getattr(annotation, "__args__", ()):
            visit(inner)

    visit(SECTIONS[0][1])
    assert reachable == documented


def test_no_table_row_of_the_reference_is_broken() -> None:
    for text in (render_rules(), render_configuration()):
        header = ""
        for line in text.splitlines():
            cells = line.replace("\\|", "").count("|")
            if line.startswith("|") and not header:
                header = line
            if line.startswith("|"):
                assert cells == header.replace("\\|", "").count("|"), line
            else:
                header = ""


@pytest.mark.parametrize(("name", "render"), [("rules.md", render_rules), ("configuration.md", render_configuration)])
def test_the_committed_reference_is_what_the_code_says(name: str, render: Any) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == render()


class _Example(BaseModel):
    bounded: Annotated[float, Field(gt=0, lt=1)] = 0.5
    listed: tuple[str, ...] = ("a", "b")
    long_enough: str = Field(default="abc", min_length=2)
    odd: complex = 1j
    form: str = Field(default="x", pattern="^x$")


def test_fields_are_put_into_words() -> None:
    words = {name: describe_field(field) for name, field in _Example.model_fields.items()}
    assert words == {
        "bounded": "a number, above 0, below 1",
        "listed": "a list of text",
        "long_enough": "text, at least 2 long",
        "odd": "<class 'complex'>",
        "form": "text that matches ^x$",
    }
    assert describe_type(dict[str, Annotated[int, Field(ge=1)]]) == "a table of a whole number, 1 or more"
    assert show_default(("a", 1)) == '"a", 1'


def test_the_installed_engine_is_a_supported_one() -> None:
    assert is_supported(installed_version())


@pytest.mark.parametrize(
    ("text", "supported"),
    [("1.221.0", False), ("1.222.0", True), ("1.231.5", True), ("1.232.0", False), ("2.0.0rc6", False), (None, False)],
)
def test_the_supported_range_has_both_ends(text: str | None, supported: bool) -> None:
    assert is_supported(text) is supported


def test_a_version_that_cannot_be_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_version("nightly") is None
    monkeypatch.setattr("trueup.config.engine_versions.DISTRIBUTION", "no-such-distribution-trueup")
    assert installed_version() is None


def test_spans_say_in_words_which_versions_know_a_parameter() -> None:
    assert field_span("LiveExecEngineConfig", "reconciliation").describe() == "1.222 and later"
    assert format_version((1, 9)) == "1.9"
    assert all(span.since is not None or span.until is not None for span in FIELD_SPANS.values())


def test_the_guide_speaks_of_every_option_every_preset_and_the_rules_that_it_names_exist() -> None:
    guide = (REFERENCE.parent / "guides" / "reconciliation.md").read_text(encoding="utf-8")
    assert [name for name in ReconciliationConfig.model_fields if f"`{name}`" not in guide] == []
    for preset in ReconciliationPreset:
        assert f"`{preset.name}`" in guide
        for name, value in preset.values.items():
            if preset is not ReconciliationPreset.DISABLED:
                assert re.search(rf"\| `{name}` \| {value:g} \|", guide), (preset, name)
    slugs = {rule.slug for rule in ALL_RULES}
    named = set(re.findall(r"\(`([a-z][a-z-]+)`\)", guide)) | {"open-order-double-booking"}
    assert named <= slugs
    assert len(named) >= 12
