"""What makes a configuration unusable as written, each problem with its field, what is allowed and what to do."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trueup.config.reconciliation.presets import ReconciliationPreset
from trueup.config.trading_node.forms import PATTERN_WORDS
from trueup.config.trading_node.secret_values import Location, has_password, is_secret_name

SHOWN_VALUE_CHARS_MAX = 60
"""A value longer than this is cut in a message: it is there to be recognised, not to be read."""

SUGGESTION_CUTOFF = 0.6
"""How alike a misspelt field must be to a known one to be suggested (difflib's own default)."""


class ProblemKind(StrEnum):
    """The kinds of problems, each with its stable id."""

    UNREADABLE = "TU001"
    UNKNOWN_FIELD = "TU002"
    MISSING_FIELD = "TU003"
    WRONG_TYPE = "TU004"
    OUT_OF_RANGE = "TU005"
    NOT_ALLOWED = "TU006"
    LITERAL_SECRET = "TU007"  # noqa: S105 - an id, not a secret
    MISSING_VARIABLE = "TU008"
    BAD_SECRETS_FILE = "TU009"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of one field.

    Parameters
    ----------
    kind : ProblemKind
        What is wrong, as a stable id.
    location : Location
        Where, from the top of the file.
    found : str
        What was found.
    allowed : str
        What would have been accepted.
    action : str
        What to do.
    """

    kind: ProblemKind
    location: Location
    found: str
    allowed: str = ""
    action: str = ""

    @property
    def field(self) -> str:
        """The field as a dotted path."""
        return dotted(self.location)

    def __str__(self) -> str:
        tail = "".join(f"; {label}: {text}" for label, text in (("allowed", self.allowed), ("do", self.action)) if text)
        return f"{self.field or '(file)'}: {self.found}{tail}"


def dotted(location: Location) -> str:
    """Return a location as operators write it: ``strategies[0].config_path``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def problems_of(error: ValidationError, raw: Mapping[str, Any], model: type[BaseModel]) -> tuple[Problem, ...]:
    """Turn pydantic's errors into problems.

    Parameters
    ----------
    error : ValidationError
        What validation found: every error of the whole input.
    raw : Mapping[str, Any]
        The input, to find which parts of a location are fields and which are the tags of a union.
    model : type[BaseModel]
        The model of the whole input, to name the fields that exist.
    """
    return tuple(_problem_of(details, raw, model) for details in error.errors(include_url=False))


def _problem_of(details: ErrorDetails, raw: Mapping[str, Any], model: type[BaseModel]) -> Problem:
    location = strip_tags(details["loc"], raw)
    kind = details["type"]
    shown = show_value(location, details["input"])
    context = details.get("ctx", {})
    if kind == "trueup_value":
        return Problem(ProblemKind.NOT_ALLOWED, location, details["msg"], context["allowed"], context["action"])
    if kind == "missing":
        return Problem(
            ProblemKind.MISSING_FIELD, location, "the field is missing", _describe_field(model, raw, location), "add it"
        )
    if kind == "extra_forbidden":
        return _unknown_field(location, raw, model)
    if kind == "union_tag_not_found":
        return Problem(
            ProblemKind.MISSING_FIELD, (*location, "type"), "the field is missing",
            "binance_spot, binance_usdm or importable", "add it",
        )  # fmt: skip
    if kind == "union_tag_invalid":
        expected = str(context.get("expected_tags", "")).replace("'", "")
        return Problem(
            ProblemKind.NOT_ALLOWED, (*location, "type"), f"'{context.get('tag')}' is none of them", expected
        )
    if kind in _BOUNDS:
        return Problem(
            ProblemKind.OUT_OF_RANGE,
            location,
            f"{shown} is out of range",
            _describe_field(model, raw, location) or _BOUNDS[kind].format_map(context),
        )
    if kind in ("enum", "literal_error"):
        return Problem(ProblemKind.NOT_ALLOWED, location, f"{shown} is none of them", str(context.get("expected", "")))
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern"))
        allowed = PATTERN_WORDS.get(pattern, f"text that matches {pattern}")
        return Problem(ProblemKind.NOT_ALLOWED, location, f"{shown} is not of the right form", allowed)
    allowed = _describe_field(model, raw, location) or details["msg"]
    return Problem(ProblemKind.WRONG_TYPE, location, f"{shown} is of the wrong type", allowed)


_BOUNDS = {
    "greater_than": "above {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "below {lt}",
    "less_than_equal": "{le} or less",
    "string_too_short": "text of at least {min_length} characters",
    "finite_number": "a finite number",
}


def show_value(location: Location, value: Any) -> str:
    """Return a value for a message, unless it is or may hold a secret."""
    if is_secret_name(location) or isinstance(value, Mapping | list | tuple | BaseModel):
        return "the value"
    text = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)
    if has_password(text):
        return "the value"
    return text if len(text) <= SHOWN_VALUE_CHARS_MAX else text[:SHOWN_VALUE_CHARS_MAX] + "..."


def strip_tags(location: tuple[int | str, ...], raw: Mapping[str, Any]) -> Location:
    """Drop from a location what is no field of the input: pydantic puts the tag of a union among them."""
    kept: list[str | int] = []
    here: Any = raw
    for index, part in enumerate(location):
        if isinstance(here, Mapping) and part in here:
            here = here[str(part)]
        elif isinstance(here, list | tuple) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif index + 1 < len(location) or part == "[key]" or (isinstance(here, Mapping) and here.get("type") == part):
            continue
        kept.append(part)
    return tuple(kept)


def _unknown_field(location: Location, raw: Mapping[str, Any], model: type[BaseModel]) -> Problem:
    name = str(location[-1])
    if location[-2:] == ("reconciliation", "preset"):
        allowed = ", ".join(ReconciliationPreset)
        return Problem(ProblemKind.NOT_ALLOWED, location, "there is no such preset", allowed)
    parent = model_at(model, raw, location[:-1])
    known = sorted(parent.model_fields) if parent is not None else []
    alike = difflib.get_close_matches(name, known, n=1, cutoff=SUGGESTION_CUTOFF)
    action = f"did you mean '{alike[0]}'?" if alike else "remove it"
    return Problem(ProblemKind.UNKNOWN_FIELD, location, f"'{name}' is unknown here", ", ".join(known), action)


def model_at(model: type[BaseModel], raw: Any, location: Location) -> type[BaseModel] | None:
    """Return the model of the section at `location`, following lists, tables by name and unions by their ``type``."""
    annotation: Any = model
    here: Any = raw
    for part in location:
        candidates = [one for one in _choices(annotation, here) if _is_model(one)]
        if candidates:
            field = candidates[0].model_fields.get(str(part))
            annotation = None if field is None else field.annotation
        else:
            arguments = typing.get_args(annotation)
            annotation = arguments[-1] if typing.get_origin(annotation) is dict else arguments[0] if arguments else None
        here = _child(here, part)
        if annotation is None:
            return None
    models = [one for one in _choices(annotation, here) if _is_model(one)]
    return models[0] if models else None


def _child(here: Any, part: str | int) -> Any:
    try:
        return here[part]
    except (KeyError, IndexError, TypeError):
        return None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _choices(annotation: Any, value: Any) -> list[Any]:
    """Return the members of a union that `value` may be, the one of its ``type`` first and alone."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _choices(typing.get_args(annotation)[0], value)
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return [annotation]
    members = [member for each in typing.get_args(annotation) for member in _choices(each, value)]
    tag = value.get("type") if isinstance(value, Mapping) else None
    tagged = [
        member
        for member in members
        if _is_model(member)
        and "type" in member.model_fields
        and tag in typing.get_args(member.model_fields["type"].annotation)
    ]
    return tagged or members


def _describe_field(model: type[BaseModel], raw: Mapping[str, Any], location: Location) -> str:
    """Return what a field takes, in words: its type and its bounds."""
    parent = model_at(model, raw, location[:-1]) if location else None
    field = parent.model_fields.get(str(location[-1])) if parent is not None else None
    if field is None:
        return ""
    from trueup.config.describe import describe_field

    return describe_field(field)
