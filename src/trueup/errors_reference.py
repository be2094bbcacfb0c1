"""The reference of the errors: what each means, and what somebody who meets it does first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trueup.errors import TrueupError

FIRST_STEPS: Final = {
    "TrueupError": "Read the line behind `do:`; it says what to change.",
    "ConfigError": "`trueup check FILE` lists everything that is wrong with a file at once, each with its line.",
    "ConfigFileError": "Look at the path and the line that the message names; a TOML file is read as UTF-8.",
    "ConfigValueError": "`allowed:` says what the field takes; [the configuration](configuration.md) lists all fields.",
    "EngineError": "The installed NautilusTrader is named in the message; `pip show nautilus_trader` shows it, too.",
    "EngineVersionError": "Install a version that the message names. trueup reaches into the engine, so a version that "
    "it was not checked against is refused, not tried with money.",
    "EngineFieldError": "Remove the field, or install the version that knows it.",
    "NodeError": "A drill or a demonstration lost its node; run it with `--keep` or `--keep-logs` and read the log.",
    "StoreError": "The address in `[redis]` is what the node, the auditor and the guard read.",
    "StoreUnavailableError": "Start the server, or mend host, port, user and password. A node under trueup does not "
    "start without the store that it was told to have, unless the configuration allows a cold start.",
    "StoreLockedError": "Another server still owns the directory: end it, or choose another directory.",
    "StoreCorruptError": "The key is named. Back up the store before anything else; what the venue still tells can be "
    "had again from it by a cold start.",
    "VenueError": "A verdict without the venue's answer is UNKNOWN, never CLEAN.",
    "VenueUnavailableError": "Look at the venue's status page and at the way to it; trueup asks again by itself.",
    "VenueRefusedError": "The venue's code is in the message: wrong key, forbidden address, a clock that is off, too "
    "many requests.",
    "JournalError": "The node goes on without its journal and says so; what was written stays.",
    "JournalUnavailableError": "Make space, end what holds the file, or start the server; what waited is written then.",
    "JournalForeignError": "Name another path: what stands there is not written to.",
    "EndpointError": "Choose another port in `[ops]`, or 0 for a free one.",
    "OpsFilesError": "Choose an empty directory, or `--force` to write over what an earlier export wrote.",
    "EmulatorError": "Choose another port, or another directory for its state.",
}
"""The first thing to do, by error."""


def render() -> str:
    """Return the document of all errors, in Markdown."""
    lines = [
        "# Errors",
        "",
        "<!-- Generated from src/trueup/errors.py; change it there. -->",
        "",
        "Every error of trueup is a `trueup.errors.TrueupError` and has three parts: what was found, what is allowed,",
        "what to do. A command prints them on standard error, without a traceback, and exits with the error's code. In",
        "Python they are the fields `found`, `allowed` and `action`.",
        "",
        "| Error | What it means | First |",
        "|---|---|---|",
        *(_row(depth, kind) for depth, kind in _tree()),
        "",
        f"All exit with {TrueupError.exit_code}.",
        "",
    ]
    return "\n".join(lines)


def _tree(kind: type[TrueupError] = TrueupError, depth: int = 0) -> Iterator[tuple[int, type[TrueupError]]]:
    yield depth, kind
    for below in kind.__subclasses__():
        if below.__module__ == TrueupError.__module__:
            yield from _tree(below, depth + 1)


def _row(depth: int, kind: type[TrueupError]) -> str:
    meaning = " ".join((kind.__doc__ or "").split("Parameters")[0].split())
    first = FIRST_STEPS.get(kind.__name__, "Do what the message says.")
    return f"| {'&nbsp;&nbsp;' * depth}`{kind.__name__}` | {meaning} | {first} |"
