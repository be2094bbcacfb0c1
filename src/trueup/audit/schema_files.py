"""The JSON schemas of what auditor and journal print, as the files under ``docs/reference``."""

from __future__ import annotations

import json
from typing import Any

from trueup.audit import result
from trueup.journal import json_schema


def render_audit() -> str:
    """Return the schema of ``trueup audit --json``."""
    return _text(result.json_schema())


def render_journal() -> str:
    """Return the schema of ``trueup journal ... --json`` and of an export as JSON lines."""
    return _text(json_schema.json_schema())


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2) + "\n"
