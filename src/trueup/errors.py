"""The errors of trueup, drawn once.

::

    TrueupError                      exit 2   cannot run
    ├── ConfigError                           what an operator wrote cannot be used
    │   ├── ConfigFileError                   the file cannot be read or parsed
    │   ├── ConfigValueError                  a field holds what is not allowed
    │   └── ClaimRefusedError                 a claim that a running node does not take or let go of
    ├── EngineError                           the installed NautilusTrader, or a node of it
    │   ├── EngineVersionError                a version that trueup was not checked against
    │   ├── EngineFieldError                  a parameter that the installed version does not know
    │   └── NodeError                         a node subprocess died, hung or spoke out of turn
    ├── StoreError                            the Redis or Valkey store of a node
    │   ├── StoreUnavailableError             no server, no answer, or access refused
    │   ├── StoreLockedError                  another server owns the data directory
    │   └── StoreCorruptError                 a key that cannot be decoded
    ├── VenueError                            the venue, or the way to it
    │   ├── VenueUnavailableError             no answer, or an answer that is not the venue's
    │   └── VenueRefusedError                 the venue answered with an error code
    ├── JournalError                          the durable record of discrepancies and verdicts
    │   ├── JournalUnavailableError           no file, no server, no space, or held by somebody else
    │   └── JournalForeignError               not a journal, or one of a later version
    ├── EndpointError                         the ops endpoint of a node cannot listen
    ├── OpsFilesError                         files to deploy beside a node: rules, dashboards, runbooks
    └── EmulatorError                         the venue emulator as a program

Every error says what was found, what is allowed and what to do. A user sees that text, never a traceback.
"""

from __future__ import annotations

from typing import ClassVar


class TrueupError(Exception):
    """The base of every error that trueup raises on purpose.

    Parameters
    ----------
    found : str
        What was found, in a sentence without its full stop.
    allowed : str, optional
        What would have been accepted.
    action : str, optional
        What the reader should do next.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, found: str, *, allowed: str = "", action: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.allowed = allowed
        self.action = action

    def __str__(self) -> str:
        lines = [self.found]
        if self.allowed:
            lines.append(f"  allowed: {self.allowed}")
        if self.action:
            lines.append(f"  do: {self.action}")
        return "\n".join(lines)


class ConfigError(TrueupError):
    """What an operator wrote cannot be used."""


class ConfigFileError(ConfigError):
    """A configuration file cannot be read or parsed."""


class ConfigValueError(ConfigError):
    """A field holds what is not allowed."""


class ClaimRefusedError(ConfigError):
    """A running node does not take a claim, or does not let go of one; nothing was changed."""

    exit_code: ClassVar[int] = 1


class EngineError(TrueupError):
    """The installed NautilusTrader, or a node of it, cannot serve."""


class EngineVersionError(EngineError):
    """The installed NautilusTrader is a version that trueup was not checked against."""


class EngineFieldError(EngineError):
    """A parameter is set that the installed NautilusTrader does not know."""


class NodeError(EngineError):
    """A node subprocess died, hung or spoke out of turn."""


class StoreError(TrueupError):
    """The Redis or Valkey store of a node cannot serve."""


class StoreUnavailableError(StoreError):
    """No server answers at the store's address, or it refuses access."""


class StoreLockedError(StoreError):
    """Another server owns the data directory."""


class StoreCorruptError(StoreError):
    """A key of the store cannot be decoded."""


class VenueError(TrueupError):
    """The venue, or the way to it, cannot serve."""


class VenueUnavailableError(VenueError):
    """The venue gives no answer, or one that is not the venue's."""


class VenueRefusedError(VenueError):
    """The venue answered with an error code."""


class JournalError(TrueupError):
    """The journal cannot serve."""


class JournalUnavailableError(JournalError):
    """The journal cannot be reached, read or written to now."""


class JournalForeignError(JournalError):
    """What stands at the journal's place is not a journal, or one that only a later version can read."""


class EndpointError(TrueupError):
    """The ops endpoint cannot listen: the port is taken, or the address is none of this machine's."""


class OpsFilesError(TrueupError):
    """Files to deploy beside a node cannot be found or written."""


class EmulatorError(TrueupError):
    """The venue emulator cannot start or go on."""
