"""Environment variables as a source of settings.

``TRUEUP_REDIS__HOST=db`` is ``[redis] host = "db"``; ``TRUEUP_CLIENTS__BINANCE__API_SECRET`` is the secret of the
client ``BINANCE``. A value that begins with ``[`` or ``{`` is read as JSON; every other one stays text until its field
reads it, so that an API key made of digits is not taken for a number.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

PREFIX = "TRUEUP_"
DELIMITER = "__"


def variable_name(field: str) -> str:
    """Return the variable for a dotted field: ``clients.BINANCE.api_key`` -> ``TRUEUP_CLIENTS__BINANCE__API_KEY``."""
    return PREFIX + DELIMITER.join(part.upper() for part in field.split("."))


def read_environment(environ: Mapping[str, str], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that variables give, nested as in the file.

    Parameters
    ----------
    environ : Mapping[str, str]
        The variables.
    fields : Mapping[str, Any]
        The top-level fields. A nested variable (with ``__``) of another name is kept, so that it is refused as unknown:
        a misspelt variable must not be overlooked. One without ``__`` is none of ours.
    """
    settings: dict[str, Any] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        parts = name.removeprefix(PREFIX).split(DELIMITER)
        parts = [parts[0].lower(), *_fold_parts(parts[0].lower(), parts[1:])]
        if "" in parts or (len(parts) == 1 and parts[0] not in fields):
            continue
        table = settings
        for part in parts[:-1]:
            child = table.setdefault(part, {})
            if not isinstance(child, dict):
                child = table[part] = {}
            table = child
        table[parts[-1]] = _read_value(environ[name])
    return settings


def _fold_parts(section: str, parts: list[str]) -> list[str]:
    """Fold the case of what follows the section; the names of clients are upper case, all else is lower."""
    if section == "clients" and parts:
        return [parts[0].upper(), *(part.lower() for part in parts[1:])]
    return [part.lower() for part in parts]


def _read_value(text: str) -> Any:
    if text.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except ValueError:
            return text  # the field that gets it says what it wants
    return text


class EnvironmentSource(PydanticBaseSettingsSource):
    """Give the process's variables to pydantic-settings."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str] | None = None) -> None:
        super().__init__(settings_cls)
        self._environ = os.environ if environ is None else environ

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the value of one top-level field."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return every setting that the variables give."""
        return read_environment(self._environ, self.settings_cls.model_fields)


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Merge nested tables; a later layer wins, table by table."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = merged.get(key)
            merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
