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
    return ", ".join([describe_type(field.annotation), *bounds])


def describe_type(annotation: Any) -> str:
    """Return a type in words."""
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated:
        bounds = [text for each in arguments[1:] for text in _bounds_within(each)]
        return ", ".join([describe_type(arguments[0]), *bounds])
    if origin in (typing.Union, types.UnionType):
        some = [describe_type(one) for one in arguments if one is not type(None)]
        return " or ".join(dict.fromkeys(some)) + (' or "off"' if type(None) in arguments else "")
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
            return f"at least {bound} long"
        case _:
            return ""


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
