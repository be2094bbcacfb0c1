"""Hold the commands that the documents show to the program: the words exist, and so does every option.

A line of a ``console`` block, or text in backquotes that begins with ``trueup``, is a command. A file of this
repository that a command names must be there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from trueup.cli.reference import help_of, options, subcommands

CONSOLE = re.compile(r"^```(?:console|bash|sh|shell)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(trueup(?: [^`\n]+)?)`")
COMMAND = re.compile(r"^\s*(?:\$ )?(?:\S*/)?(trueup(?:\s.*)?)$")
SHELL_ENDS = {"|", ">", ">>", "&&", "||", ";", "&", "2>", "<"}
REPOSITORY_FILE = re.compile(r"^(?:examples|docs|deploy|drills)/\S+\.\w+$")


def shown(text: str) -> Iterator[tuple[int, str]]:
    """Yield every command of a document with its line."""
    for block in CONSOLE.finditer(text):
        first = text.count("\n", 0, block.start(1)) + 1
        lines = block.group(1).splitlines()
        prompted = any(line.startswith("$ ") for line in lines)
        for number, line in enumerate(lines):
            if (match := COMMAND.match(line)) and (line.startswith("$ ") or not prompted):
                yield first + number, match.group(1)
    for inline in INLINE.finditer(text):
        yield text.count("\n", 0, inline.start()) + 1, inline.group(1)


def faults_of(command: str, root: Path) -> Iterator[str]:
    """Yield what is wrong with one command."""
    try:
        parts = shlex.split(command, comments=True)[1:]
    except ValueError as error:
        yield str(error)
        return
    ends = next((place for place, part in enumerate(parts) if part in SHELL_ENDS), len(parts))
    parts = parts[:ends]
    words: tuple[str, ...] = ()
    while parts and (below := subcommands(words)):
        if parts[0].startswith("-"):
            break
        # "list|show|verify" names several commands at once
        unknown = [name for name in parts[0].split("|") if name not in below]
        if unknown:
            yield f"'trueup {' '.join(words)}' has no command {unknown[0]!r}"
            return
        words, parts = (*words, parts[0].split("|")[0]), parts[1:]
    known = options(words)
    for part in parts:
        name = part.strip("[]").split("=")[0]
        if name.startswith("-") and len(name) > 1 and not re.fullmatch(r"-\d.*", name) and name not in known:
            yield f"'trueup {' '.join(words)}' has no option {name}; it knows {', '.join(sorted(known))}"
        if REPOSITORY_FILE.match(part) and not (root / part).exists():
            yield f"{part} is not there"
    assert help_of(words)


def command_faults(path: Path, text: str, root: Path) -> Iterator[str]:
    """Yield a line for every fault of the commands that a document shows."""
    for line, command in shown(text):
        for fault in faults_of(command, root):
            yield f"{path.relative_to(root)}:{line}: `{command}`: {fault}"
