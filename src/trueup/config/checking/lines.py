"""Find the line of a field in a TOML file, as well as a light reading can: for editors and code review."""

from __future__ import annotations

import re

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\"'-]+)\s*=")
_INDEX = re.compile(r"\[(\d+)\]")


def line_of(text: str, field: str) -> int:
    """Return the line of `field`, or of the nearest section that holds it, counted from 1.

    Parameters
    ----------
    text : str
        The file.
    field : str
        Dotted path with indexes, such as ``strategies[0].config_path``.
    """
    best_line, best_length = 1, 0
    for line, path in _paths(text):
        if (field == path or field.startswith((f"{path}.", f"{path}["))) and len(path) > best_length:
            best_line, best_length = line, len(path)
    return best_line


def _paths(text: str) -> list[tuple[int, str]]:
    """Return each line that opens a table or sets a key, with its dotted path."""
    paths: list[tuple[int, str]] = []
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _TABLE.match(line):
            table = _open_table(_unquoted(match[2]), is_list=match[1] == "[[", counts=counts)
            paths.append((number, table))
        elif match := _KEY.match(line):
            key = _unquoted(match[1])
            paths.append((number, f"{table}.{key}" if table else key))
    return paths


def _open_table(name: str, *, is_list: bool, counts: dict[str, int]) -> str:
    """Return the path of a table, with the index of every list of tables on its way."""
    if is_list:
        counts[name] = counts.get(name, -1) + 1
    parts: list[str] = []
    for part in name.split("."):
        parts.append(part)
        plain = ".".join(_INDEX.sub("", one) for one in parts)
        if plain in counts:
            parts[-1] = f"{part}[{counts[plain]}]"
    return ".".join(parts)


def _unquoted(name: str) -> str:
    return name.replace('"', "").replace("'", "").replace(" ", "")
