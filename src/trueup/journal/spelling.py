"""How texts and data are spelt in the journal: bounded, printable, without secrets, the same on every database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson

from trueup.journal.values import Entry

LINE_CHARS_MAX = 500
"""A line is read by a person; what does not fit belongs into the data."""
NAME_CHARS_MAX = 160
"""The longest identifier of the engine's is a position id of about 100 characters."""
DATA_BYTES_MAX = 16 * 1024
"""100 steps of 150 characters fit. Without a bound one entry could fill the disk."""
CUT_CHARS = 2_000
"""How much of data beyond the bound is kept."""
BLANK = "***"
_NAMES = ("topic", "state", "severity", "account_id", "instrument_id", "fingerprint", "subject")


class Spelling:
    """Spell entries.

    Parameters
    ----------
    secrets : iterable of str
        Texts that must never be written: an adapter's error may quote what it was given.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(sorted({one for one in secrets if one}, key=len, reverse=True))
        # In JSON text a quotation mark or a backslash of a secret is escaped.
        self._escaped = tuple(orjson.dumps(one).decode()[1:-1] for one in self._secrets)

    def entry(self, entry: Entry) -> Entry:
        """Return the entry with every text bounded and printable; its data are left to `data`."""
        line = self.text(entry.line, LINE_CHARS_MAX)
        changed: dict[str, Any] = {} if line == entry.line else {"line": line}
        for name in _NAMES:
            given = getattr(entry, name)
            spelt = self.text(given)
            if spelt != given:
                changed[name] = spelt
        return replace(entry, **changed) if changed else entry

    def text(self, text: str, chars_max: int = NAME_CHARS_MAX) -> str:
        """Return a text that every database takes and no terminal obeys, with secrets blanked out."""
        for secret in self._secrets:
            text = text.replace(secret, BLANK)
        if not text.isprintable():
            # PostgreSQL refuses NUL, UTF-8 refuses lone surrogates, and terminals obey escape characters.
            text = "".join(one if one.isprintable() else " " for one in text)
        return text if len(text) <= chars_max else text[: chars_max - 1] + "…"

    def data(self, data: Mapping[str, Any], more: Mapping[str, Any] = MappingProxyType({})) -> str:
        """Return data as JSON text with sorted keys.

        Parameters
        ----------
        data : Mapping
            Cut when longer than the bound.
        more : Mapping
            The journal's own fields, which are never cut.
        """
        text = _dumped(dict(data))
        if len(text) > DATA_BYTES_MAX:
            text = _dumped({"cut_from_bytes": len(text), "begins": text[:CUT_CHARS].decode(errors="replace")})
        spelt = text.decode()
        for secret in self._escaped:
            spelt = spelt.replace(secret, BLANK)
        if not more:
            return spelt
        return _dumped({**orjson.loads(spelt), **more}).decode()


def _dumped(data: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(data, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError, RecursionError):
        # Lone surrogates, whole numbers beyond 64 bits, a mapping that holds itself: nothing that a node should say.
        return orjson.dumps({"unwritable": ascii(sorted(map(str, data)))[:CUT_CHARS]})
