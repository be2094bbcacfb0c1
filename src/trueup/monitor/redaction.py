"""Keep secrets out of whatever is said: adapters quote what they are given, requests and signatures included."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

HIDDEN = "***"
SECRET_CHARS_MIN = 6
"""Shorter texts would blank ordinary words out; a real key has dozens of characters."""
_SIGNED = re.compile(
    r"((?:signature|listenKey|apiKey|X-MBX-APIKEY)[\"']?\s*[=:]\s*[\"']?)[A-Za-z0-9%+/=_-]{8,}", re.IGNORECASE
)
"""What a request of Binance's carries beside configured secrets: made at run time, so no list can hold it."""


class Redactor:
    """Blank secrets out of texts.

    Parameters
    ----------
    secret_texts : Iterable of str
        What must not be said. Parts of addresses and the like are given as they appear.
    """

    def __init__(self, secret_texts: Iterable[str] = ()) -> None:
        wanted = sorted({text for text in secret_texts if len(text) >= SECRET_CHARS_MIN}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, wanted))) if wanted else None

    def text(self, value: str) -> str:
        """Return a text without secrets."""
        if self._secrets is not None:
            value = self._secrets.sub(HIDDEN, value)
        return _SIGNED.sub(rf"\1{HIDDEN}", value)

    def texts(self, values: Iterable[str]) -> tuple[str, ...]:
        """Return several."""
        return tuple(map(self.text, values))

    def value(self, value: Any) -> Any:
        """Return a JSON value without secrets in any of its texts."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {name: self.value(one) for name, one in value.items()}
        return value
