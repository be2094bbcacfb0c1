"""What ``trueup journal list|show|verify --json`` and an export as JSON lines are made of, as a JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trueup.journal.proof import FaultCode
from trueup.journal.rows import ENTRY_COLUMNS, RECORD_COLUMNS, TRUTH_VALUES, WHOLE_NUMBERS
from trueup.journal.values import EntryKind

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema of everything that the journal prints as JSON; each line of an export is one of its rows."""
    entry = _row(ENTRY_COLUMNS, kind={"enum": [kind.value for kind in EntryKind]}, data={})
    record = _row(RECORD_COLUMNS)
    shown = _object({**record["properties"], "entries": _list_of("entry")})
    return {
        "$schema": DRAFT,
        "title": "trueup journal",
        "description": "Entries, records of discrepancies, one record with its entries, or the outcome of a proof.",
        "anyOf": [
            {"$ref": "#/$defs/entry"},
            {"$ref": "#/$defs/record"},
            {"$ref": "#/$defs/shown"},
            {"$ref": "#/$defs/proof"},
            _list_of("entry"),
            _list_of("record"),
        ],
        "$defs": {"entry": entry, "record": record, "shown": shown, "proof": _proof()},
    }


def _proof() -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "integer"}
    chain = _object(
        {
            "chain": text,
            "first": number,
            "last": number,
            "hash": text,
            "sealed": number,
            "damage": {"type": "array", "items": text},
            "records_unproven": number,
        }
    )
    codes = {"enum": [code.value for code in FaultCode]}
    fault = _object({"code": codes, "chain": text, "sequence": {"type": ["integer", "null"]}, "text": text})
    return _object(
        {
            "whole": {"type": "boolean"},
            "anchors": number,
            "chains": {"type": "array", "items": chain},
            "faults": {"type": "array", "items": fault},
        }
    )


def _row(columns: tuple[str, ...], **more: Mapping[str, Any]) -> dict[str, Any]:
    return _object({name: more.get(name, _type_of(name)) for name in columns})


def _type_of(name: str) -> dict[str, Any]:
    if name in WHOLE_NUMBERS:
        return {"type": "integer"}
    return {"type": "boolean" if name in TRUTH_VALUES else "string"}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has all of these and nothing else."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}
