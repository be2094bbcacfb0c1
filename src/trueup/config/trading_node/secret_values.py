"""Secrets: where they may stand, and how a place that may not hold one is found.

A secret may come from an environment variable (``TRUEUP_CLIENTS__BINANCE__API_SECRET``), from the file that
``secrets_file`` names, or by reference to a variable of another name (``api_secret = "${BINANCE_API_SECRET}"``).
Written out in the configuration it would end in version control, in a backup and on a screen: it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

SECRET_NAMES = frozenset(
    {
        "api_key",
        "api_secret",
        "apikey",
        "apisecret",
        "secret",
        "secret_key",
        "private_key",
        "privatekey",
        "password",
        "passphrase",
        "access_token",
        "auth_token",
        "control_key",
        "wallet_address_private_key",
        "mnemonic",
    }
)
"""Names of fields that hold a secret wherever they stand, in the tables of strategies and other clients too."""

SECRETS_TABLE = "secrets"
"""A table of this name holds nothing but secrets."""

REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
"""``${NAME}`` or ``${NAME:-default}``, as shells and compose files write it."""

Location = tuple[str | int, ...]


def is_secret_name(location: Location) -> bool:
    """Return whether the field at `location` holds a secret."""
    names = [part.lower() for part in location if isinstance(part, str)]
    if not names:
        return False
    return names[-1].replace("-", "_") in SECRET_NAMES or SECRETS_TABLE in names[:-1]


def walk(value: Any, location: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Yield every leaf of nested tables and lists with its location."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from walk(child, (*location, str(key)))
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from walk(child, (*location, index))
    else:
        yield location, value


def is_literal_secret(location: Location, value: Any) -> bool:
    """Return whether a secret stands at `location` in so many words, rather than by reference.

    A URL with a user's password in it is one too, whatever its field is called.
    """
    if not isinstance(value, str):
        return is_secret_name(location) and value is not None
    if is_secret_name(location):
        return bool(value) and (REFERENCE.fullmatch(value) is None or ("${" in value and ":-" in value))
    return has_password(value)


def has_password(text: str) -> bool:
    """Return whether `text` is a URL with a password in it."""
    if "://" not in text or "@" not in text:
        return False
    try:
        password = urlsplit(text).password
    except ValueError:
        return True  # cannot be read as a URL: better refused than shown
    return password is not None and REFERENCE.fullmatch(password) is None
