"""Put a field of the settings into words: its type, its bounds, its default. For messages and for the reference."""

from __future__ import annotations

import types
import typing
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from trueup.config.base import Off
from trueup.config.trading_node.forms import PATTERN_WORDS

_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    str: "text",
    Path: "a path",
    SecretStr: "a secret, never in this file",
    Any: "any value",
}


def describe_field(field: FieldInfo) -> str:
    """Return what `field` takes: ``a whole number, 60 or more``."""
    bounds = [text for each in field.metadata if (text := describe_bound(each))]
    words = _joined(describe_type(field.annotation), bounds)
    return f'{words}; or "off"' if Off in field.metadata else words


def _joined(kind: str, bounds: list[str]) -> str:
    """Put a type and its bounds together; the form of a text says more than "text"."""
    has_form = any(bound in PATTERN_WORDS.values() or bound.startswith("text ") for bound in bounds)
    return ", ".join(bounds if kind == "text" and has_form else [kind, *bounds])


def describe_type(annotation: Any) -> str:
    """Return a type in words."""
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated:
        bounds = [text for each in arguments[1:] for text in _bounds_within(each)]
        return _joined(describe_type(arguments[0]), bounds)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(describe_type(one) for one in arguments if one is not type(None)))
    if origin is typing.Literal:
        return " or ".join(str(one) for one in arguments)
    if origin in (tuple, list):
        return f"a list of {describe_type(arguments[0])}"
    if origin is dict:
        return f"a table of {describe_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(str(member.value) for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a section"
    return _WORDS.get(annotation, str(annotation))


def _bounds_within(metadata: Any) -> list[str]:
    inner = metadata.metadata if isinstance(metadata, FieldInfo) else [metadata]
    return [text for each in inner if (text := describe_bound(each))]


def describe_bound(metadata: Any) -> str:
    """Return one bound in words, or nothing if it is none."""
    match metadata:
        case annotated_types.Ge(ge=bound):
            return f"{bound} or more"
        case annotated_types.Gt(gt=bound):
            return f"above {bound}"
        case annotated_types.Le(le=bound):
            return f"{bound} or less"
        case annotated_types.Lt(lt=bound):
            return f"below {bound}"
        case annotated_types.MinLen(min_length=bound):
            return "not empty" if bound == 1 else f"at least {bound} long"
        case _:
            pattern = getattr(metadata, "pattern", None)
            return "" if pattern is None else PATTERN_WORDS.get(pattern, f"text that matches {pattern}")


def describe_default(field: FieldInfo) -> str:
    """Return a field's default as TOML shows it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    return show_default(value)


def show_default(value: Any) -> str:
    """Return one default as TOML shows it."""
    if value is None:
        return "not set"
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return f'"{value.value}"'
    if isinstance(value, str | Path):
        return f'"{value}"'
    if isinstance(value, dict | tuple | list):
        return "empty" if not value else ", ".join(show_default(each) for each in value)
    return str(value)
