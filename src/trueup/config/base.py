"""What every section of the configuration has in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

OFF_WORDS = frozenset({"off", "none", "null"})


class Section(BaseModel):
    """A frozen section: unknown fields refused, infinite and not-a-number refused, values kept out of error texts.

    ``hide_input_in_errors`` is there because an input may be a secret that was put in the wrong place.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        validate_default=True,
        use_attribute_docstrings=True,
        ser_json_inf_nan="strings",
    )


def fault(message: str, *, allowed: str, action: str = "") -> PydanticCustomError:
    """Return a validation error that carries what is allowed and what to do, as every error of trueup does."""
    # The texts go through the context: a brace in them must not be taken for a template.
    return PydanticCustomError("trueup_value", "{message}", {"message": message, "allowed": allowed, "action": action})


def _read_off(value: Any) -> Any:
    """Take ``"off"`` for None: TOML and environment variables have no null."""
    return None if isinstance(value, str) and value.strip().lower() in OFF_WORDS else value


def _refuse_boolean(value: Any) -> Any:
    """Refuse ``true`` where a number belongs: it would silently become 1."""
    if isinstance(value, bool):
        raise fault("a boolean stands where a number belongs", allowed="a number")
    return value


Off = BeforeValidator(_read_off)
Number = BeforeValidator(_refuse_boolean)

Milliseconds = Annotated[int, Number]
Minutes = Annotated[int, Number]
Count = Annotated[int, Number]
Seconds = Annotated[float, Number]
PositiveSeconds = Annotated[float, Number, Field(gt=0)]
"""A duration in seconds above zero."""
