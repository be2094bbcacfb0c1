"""``docs/guard.md``: prose from ``reference.md``, tables from the policy and from what was measured."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

from trueup.guard.defaults import DEFAULT_POLICY
from trueup.guard.groups import GROUPS
from trueup.guard.wording import rows_in_order

MEASURED: Final[dict[str, Any]] = json.loads(files("trueup.guard").joinpath("effect.json").read_text(encoding="utf-8"))
"""What each trading state lets through: act, to position and state, to ``passes`` or ``denied``."""

COLUMNS: Final = tuple(f"{position}/{state}" for state in ("REDUCING", "HALTED") for position in ("flat", "long"))
"""ACTIVE is left out of the table: everything passes."""


def render() -> str:
    """Return the document."""
    parts = {
        "rows": "\n".join(_rows()),
        "groups": "\n".join(f"* `{name}`: {', '.join(sorted(kinds))}" for name, kinds in GROUPS.items()),
        "versions": " and ".join(MEASURED["versions"]),
        "effect": "\n".join(_effect()),
    }
    template = files("trueup.guard").joinpath("reference.md").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _rows() -> Iterator[str]:
    yield "| State | Row | When | For | Why |"
    yield "|---|---|---|---|---|"
    for row in rows_in_order(DEFAULT_POLICY):
        age = f"{row.age_secs:g} s" if row.age_secs else "at once"
        yield f"| {row.state} | `{row.id}` | {row.conditions()} | {age} | {row.why} |"


def _effect() -> Iterator[str]:
    yield "| Act | " + " | ".join(f"{state}, {position}" for position, state in _split()) + " |"
    yield "|---|" + "---|" * len(COLUMNS)
    for act, outcomes in MEASURED["rows"].items():
        assert {outcomes["flat/ACTIVE"], outcomes["long/ACTIVE"]} == {"passes"}, "a node that is ACTIVE may do it all"
        yield f"| {act} | " + " | ".join(outcomes[column] for column in COLUMNS) + " |"


def _split() -> Iterator[tuple[str, str]]:
    for column in COLUMNS:
        position, state = column.split("/")
        yield position, state
