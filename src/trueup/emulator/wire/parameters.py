"""Parameters of a call as the venue reads them: query string, form body or both, or a WS API frame's ``params``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote_plus

import orjson

from trueup.emulator.engine.rejections import Rejection

_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_INTEGER: Final = re.compile(r"-?[0-9]{1,20}")
_NUMBER_RANGE: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_INTEGER_RANGE: Final = r"^[0-9]{1,20}$"
PARAMETERS_MAX: Final = 64  # no endpoint has half as many; more is an attack or a mistake


def missing(name: str) -> Rejection:
    """Return the venue's rejection of a mandatory parameter that is absent."""
    return Rejection(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def malformed(name: str) -> Rejection:
    """Return the venue's rejection of a parameter that cannot be read."""
    return Rejection(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, legal_range: str) -> Rejection:
    """Return the venue's rejection of characters that a parameter may not hold."""
    return Rejection(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal_range}'.")


def invalid(name: str) -> Rejection:
    """Return the venue's rejection of a well-formed value outside the allowed set."""
    return Rejection(-1130, f"Data sent for parameter '{name}' is not valid.")


def decode_form(raw: bytes, into: dict[str, str]) -> None:
    """Read ``a=b&c=d`` into `into`; a name sent again is refused as the venue refuses it.

    Raises
    ------
    Rejection
        -1101 for a repeated name or too many parameters.
    """
    if not raw:
        return
    text = raw.decode("utf-8", "replace")
    escaped = "%" in text or "+" in text
    for part in text.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        if escaped:
            name, value = unquote_plus(name), unquote_plus(value)
        if name in into:
            raise Rejection(-1101, f"Duplicate values for parameter '{name}'.")
        into[name] = value
    if len(into) > PARAMETERS_MAX:
        raise Rejection(-1101, "Too many parameters sent for this endpoint.")


def text_of(value: Any) -> str:
    """Return a JSON value of a WS API frame as the text that REST would have carried."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return orjson.dumps(value).decode()


class Parameters:
    """Read-only access to the parameters of one call, with the venue's errors.

    Parameters
    ----------
    values : Mapping[str, str]
        Decoded names and values. An empty value counts as absent.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return bool(self._values.get(name))

    def text(self, name: str) -> str | None:
        """Return the value, or ``None`` if it is absent or empty."""
        return self._values.get(name) or None

    def required_text(self, name: str) -> str:
        """Return the value, or reject the call with -1102."""
        value = self._values.get(name)
        if not value:
            raise missing(name)
        return value

    def integer(self, name: str) -> int | None:
        """Return the value as an integer; anything else is -1100."""
        value = self._values.get(name)
        if not value:
            return None
        if not _INTEGER.fullmatch(value):
            raise illegal(name, _INTEGER_RANGE)
        return int(value)

    def required_integer(self, name: str) -> int:
        """Return the value as an integer, or reject the call with -1102."""
        value = self.integer(name)
        if value is None:
            raise missing(name)
        return value

    def bounded(self, name: str, *, default: int, most: int, least: int = 1) -> int:
        """Return a page size: the default when absent, -1130 outside ``[least, most]``."""
        value = self.integer(name)
        if value is None:
            return default
        if value < least:
            raise invalid(name)
        # The venue serves its largest page when asked for more (assumed; no document says so).
        return min(value, most)

    def number(self, name: str) -> Decimal | None:
        """Return the value as an exact decimal; signs, exponents and words are -1100."""
        value = self._values.get(name)
        if not value:
            return None
        if not _NUMBER.fullmatch(value):
            raise illegal(name, _NUMBER_RANGE)
        return Decimal(value)

    def required_number(self, name: str) -> Decimal:
        """Return the value as an exact decimal, or reject the call with -1102."""
        value = self.number(name)
        if value is None:
            raise missing(name)
        return value

    def boolean(self, name: str) -> bool | None:
        """Return the value as a boolean.

        Capitalised forms are accepted: NautilusTrader 1.231.0 sends ``reduceOnly=True`` and trades with it.
        """
        value = self._values.get(name)
        if not value:
            return None
        lowered = value.lower()
        if lowered == "true":
            return True
        if lowered == "false":
            return False
        raise invalid(name)

    def choice(self, name: str, allowed: Collection[str], rejection: Rejection | None = None) -> str | None:
        """Return a value of a closed set, or raise `rejection` (-1130 unless given)."""
        value = self._values.get(name)
        if not value:
            return None
        if value not in allowed:
            raise rejection or invalid(name)
        return value

    def json_list(self, name: str, *, items_max: int) -> list[Any]:
        """Return a JSON array sent as text, or reject the call."""
        value = self.required_text(name)
        try:
            decoded = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise malformed(name) from None
        if not isinstance(decoded, list) or not decoded or len(decoded) > items_max:
            raise invalid(name)
        return decoded

    def mapping(self) -> Mapping[str, str]:
        """Return every decoded name and value."""
        return self._values
