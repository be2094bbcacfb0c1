"""The reference of the commands: what each says of itself when asked for help, in the order of the list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from typer.testing import CliRunner

WIDTH: Final = 100
HEAD: Final = """\
# Commands

<!-- Generated from the commands; change them there. -->

What every command says when it is asked with `--help`. All of them exit 0 when all is well, 1 when node and venue
differ or a check found an error, 2 when they cannot run or read, 3 when not everything could be compared, and 130 when
interrupted; where a command means something else by a code, its help says so.
"""

_LISTED = re.compile(r"^  ([a-z][a-z-]*)(?:\s{2,}\S.*)?$")
_OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][\w-]*")


@cache
def help_of(words: tuple[str, ...] = ()) -> str:
    """Return what a command says of itself, its trailing blanks removed.

    Parameters
    ----------
    words : tuple[str, ...]
        The command's words behind ``trueup``.

    Returns
    -------
    str
        The text; empty if there is no such command.
    """
    from trueup.cli.app import app

    done = CliRunner().invoke(
        app, [*words, "--help"], prog_name="trueup", env={"COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH)}
    )
    return "" if done.exit_code else "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def subcommands(words: tuple[str, ...] = ()) -> list[str]:
    """Return the names that a group lists under ``Commands:``; none for a command that is no group."""
    _, found, listed = help_of(words).partition("\nCommands:\n")
    return [match[1] for line in listed.splitlines() if (match := _LISTED.match(line))] if found else []


def options(words: tuple[str, ...]) -> frozenset[str]:
    """Return the options that a command names."""
    return frozenset(_OPTION.findall(help_of(words)))


def commands(words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command that is no group."""
    below = subcommands(words)
    if not below:
        yield words
    for name in below:
        yield from commands((*words, name))


def render() -> str:
    """Return the document of all commands, in Markdown."""
    parts = [HEAD, "```console\n$ trueup --help\n" + help_of() + "\n```\n"]
    for words in commands():
        name = " ".join(("trueup", *words))
        parts.append(f"## {name}\n\n```console\n$ {name} --help\n{help_of(words)}\n```\n")
    return "\n".join(parts)
