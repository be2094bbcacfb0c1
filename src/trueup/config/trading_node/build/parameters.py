"""Pass parameters on to the engine's configuration classes, as far as the installed version knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from trueup.config.base import Section
from trueup.config.engine_versions import field_span, installed_version
from trueup.errors import ConfigValueError, EngineFieldError


def knows(engine_class: type[Any], parameter: str) -> bool:
    """Return whether the installed version's class has a parameter."""
    return parameter in engine_class.__struct_fields__


def known_parameters(engine_class: type[Any], section: Section, names: Mapping[str, str], where: str) -> dict[str, Any]:
    """Return the values of a section's fields under the engine's names.

    Parameters
    ----------
    engine_class : type
        The engine's configuration class.
    section : Section
        The settings.
    names : Mapping[str, str]
        The engine's parameter -> our field.
    where : str
        The section's dotted path, for the message.

    Raises
    ------
    EngineFieldError
        If a field was set on purpose and the installed class has no such parameter. A mere default is left out.
    """
    parameters: dict[str, Any] = {}
    for parameter, ours in names.items():
        value = getattr(section, ours)
        if knows(engine_class, parameter):
            parameters[parameter] = value
        elif ours in section.model_fields_set and value is not None:
            raise EngineFieldError(
                f"{where}.{ours} is set, and NautilusTrader {installed_version()} does not know it",
                allowed=f"NautilusTrader {field_span(engine_class.__name__, parameter).describe()}",
                action=f"install such a version, or remove {where}.{ours}",
            )
    return parameters


def validated[T](part: T) -> T:
    """Let the engine judge one of its configurations by its own rules, and return it.

    Raises
    ------
    ConfigValueError
        With the engine's own words, if it refuses.
    """
    try:
        part.validate()  # type: ignore[attr-defined]  # every configuration class of the engine has it; none is typed
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise ConfigValueError(
            f"the engine refuses its {type(part).__name__}: {error}",
            allowed=f"what NautilusTrader {installed_version()} accepts",
            action="correct the value",
        ) from None
    return part
