"""The secrets file: a TOML file of the same sections that holds nothing but secrets."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from trueup.config.trading_node.secret_values import is_secret_name, walk
from trueup.errors import ConfigFileError, ConfigValueError

PROXY_FIELD = "proxy_url"
"""May hold a password, so it may stand here though it need not."""


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    ConfigFileError
        If it cannot be read, is not UTF-8 or not TOML. The text never quotes the file: it may hold secrets.
    """
    return parse_toml(path, read_text(path))


def read_text(path: Path) -> str:
    """Read a file's text; see `read_toml`."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigFileError(f"{path} is not UTF-8 text", allowed="a TOML file", action="save it as UTF-8") from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigFileError(
            f"{path} cannot be read: {reason}", allowed="a TOML file", action="check the path and its permissions"
        ) from error


def parse_toml(path: Path, text: str) -> dict[str, Any]:
    """Parse a file's text; see `read_toml`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigFileError(
            f"{path} is not TOML: {error}", allowed="a TOML file", action="correct it at that place"
        ) from None


def read_secrets(path: Path) -> dict[str, Any]:
    """Read a secrets file.

    Raises
    ------
    ConfigFileError
        If it cannot be read.
    ConfigValueError
        If it holds anything that is not a secret: settings in two places are settings nobody finds.
    """
    secrets = read_toml(path)
    for location, _ in walk(secrets):
        if not is_secret_name(location) and location[-1] != PROXY_FIELD:
            field = ".".join(str(part) for part in location)
            raise ConfigValueError(
                f"{path}: {field} is not a secret",
                allowed="passwords, API keys and API secrets, in the sections that they belong to",
                action="move it to the configuration file",
            )
    return secrets


class SecretsFileSource(PydanticBaseSettingsSource):
    """Give the secrets file to pydantic-settings."""

    def __init__(self, settings_cls: type[BaseSettings], path: Any) -> None:
        super().__init__(settings_cls)
        self._path = Path(path) if path else None

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the value of one top-level field."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return every secret that the file gives."""
        return read_secrets(self._path) if self._path is not None else {}
