"""The versions of NautilusTrader that this binding was checked against."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from trueup.errors import EngineVersionError

ENGINE_PACKAGE = "nautilus_trader"
VERSION_OLDEST = (1, 222, 0)
VERSION_NEWEST = (1, 231, 0)
"""1.231.0 is the last release of the 1.x line: nothing newer can appear under this binding."""


@cache  # it cannot change while a process runs, and each reading of a package's metadata takes milliseconds
def engine_version() -> str:
    """Return the version of the installed NautilusTrader.

    Raises
    ------
    EngineVersionError
        If it is not installed at all.
    """
    try:
        return version(ENGINE_PACKAGE)
    except PackageNotFoundError:
        raise EngineVersionError(
            "NautilusTrader is not installed", allowed=_allowed(), action="install nautilus_trader==1.231.0"
        ) from None


def check_engine_version(found: str) -> tuple[int, int, int]:
    """Refuse a version that this binding was not checked against.

    Parameters
    ----------
    found : str
        The version as the package gives it, such as ``1.231.0``.

    Returns
    -------
    tuple[int, int, int]

    Raises
    ------
    EngineVersionError
        If the version cannot be read, is a pre-release, or lies outside the checked range.
    """
    parts = found.split(".")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise _refusal(found)
    numbers = (int(parts[0]), int(parts[1]), int(parts[2]))
    if not VERSION_OLDEST <= numbers <= VERSION_NEWEST:
        raise _refusal(found)
    return numbers


def _allowed() -> str:
    oldest, newest = (".".join(map(str, numbers)) for numbers in (VERSION_OLDEST, VERSION_NEWEST))
    return f"{oldest} to {newest}"


def _refusal(found: str) -> EngineVersionError:
    return EngineVersionError(
        f"NautilusTrader {found} is not a version that trueup was checked against",
        allowed=_allowed(),
        action="install a version in that range; trueup does not guess at the inside of another engine",
    )
