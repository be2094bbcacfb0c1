"""Read what an operator types to narrow a journal down. Pure: the caller gives the time."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from trueup.core.lifecycle import LifeState
from trueup.errors import ConfigValueError
from trueup.journal.anchor import Anchor
from trueup.journal.settings import NS_PER_SECOND
from trueup.journal.values import EntryKind
from trueup.model.discrepancies import DiscrepancyKind, Severity
from trueup.model.verdicts import VerdictState

TIME_ALLOWED = "2026-11-22 or 2026-11-22T14:00:00+01:00 (UTC without an offset), or how long ago: 90s, 30m, 2h, 7d"
LATER_STATES = frozenset({"ACTIVE", "REDUCING", "HALTED", "PLANNED", "APPLIED", "PRESENT", "LOST", "BEHIND"})
"""Of the guard, of steps and of the store."""
PHASES = frozenset({"INITIALIZING", "RECONCILING", "RECONCILED", "MONITORING", "ERROR"})
KINDS = frozenset({*map(str, EntryKind), *map(str, DiscrepancyKind)})
STATES = frozenset({*map(str, LifeState), *map(str, VerdictState), *LATER_STATES, *PHASES})
SEVERITIES = frozenset(map(str, Severity))

_AGO = re.compile(r"(\d{1,6})\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_FINGERPRINT = re.compile(r"[0-9a-f]{1,64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_ns_of(text: str, now_ns: int, option: str) -> int:
    """Return an instant in nanoseconds since the epoch.

    Parameters
    ----------
    text : str
        A date, a time, or how long ago.
    now_ns : int
        The time now.
    option : str
        For the error.

    Raises
    ------
    ConfigValueError
        If it is none of them.
    """
    ago = _AGO.fullmatch(text.strip().lower())
    if ago is not None:
        return now_ns - int(ago[1]) * _SECONDS[ago[2]] * NS_PER_SECOND
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigValueError(f"{option} is {text!r:.60}", allowed=TIME_ALLOWED) from None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    span = instant - _EPOCH  # in whole microseconds, which a floating point timestamp would not keep
    return ((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds) * 1_000


def words_of(given: Iterable[str], known: frozenset[str], option: str) -> tuple[str, ...]:
    """Return words of a closed vocabulary, in capitals.

    Raises
    ------
    ConfigValueError
        If one is not in it: a typing error would otherwise look like an empty journal.
    """
    words = tuple(word.strip().upper().replace("-", "_") for word in given)
    for word in words:
        if word not in known:
            alike = difflib.get_close_matches(word, known, n=1)
            raise ConfigValueError(
                f"{option} is {word!r:.60}",
                allowed=", ".join(sorted(known)),
                action=f"did you mean {alike[0]}?" if alike else "",
            )
    return words


def anchor_of(text: str) -> Anchor:
    """Return the head that somebody kept elsewhere.

    Raises
    ------
    ConfigValueError
        If it is not of the form in which the log says it.
    """
    try:
        return Anchor.parse(text)
    except ValueError:
        raise ConfigValueError(
            f"--anchor is {text!r:.120}",
            allowed="CHAIN:NUMBER:HASH as the log has it, with 64 digits in the hash",
        ) from None


def fingerprint_of(text: str, option: str) -> str:
    """Return a fingerprint or the beginning of one.

    Raises
    ------
    ConfigValueError
        If it is not hexadecimal.
    """
    found = text.strip().lower()
    if _FINGERPRINT.fullmatch(found) is None:
        raise ConfigValueError(f"{option} is {text!r:.60}", allowed="hexadecimal digits, the first ones are enough")
    return found
