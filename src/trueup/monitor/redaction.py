"""Keep secrets out of whatever is said: adapters quote what they are given, requests and signatures included."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable, Mapping
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
        if isinstance(value, Mapping):
            return {name: self.value(one) for name, one in value.items()}
        return value


LOGGERS = ("trueup.node", "trueup.monitor", "trueup.journal", "trueup.guard", "trueup.ops")
"""Loggers of what runs in a node; nothing else in the process is touched."""


class RedactingFilter(logging.Filter):
    """Blank secrets out of log records, tracebacks included. One of the parts that watch a node.

    Parameters
    ----------
    redactor : Redactor
        What does it.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("redaction")
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; it is always logged."""
        record.msg, record.args = self._redactor.text(record.getMessage()), ()
        if record.exc_info:
            lines = traceback.format_exception(*record.exc_info)
            record.exc_text = self._redactor.text("".join(lines)).rstrip()
            record.exc_info = None
        return True

    def start(self) -> None:
        """Put the filter on the loggers of a node."""
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def close(self) -> None:
        """Take it off again."""
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)
