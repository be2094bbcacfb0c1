"""How the words of a scenario are read: one step a line, by the first rule that fits the whole of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from trueup.errors import ConfigValueError

type Found = dict[str, str | None]
"""The named parts of a line; None for what was left out."""


class StepRules[Step]:
    """Read steps by rules.

    Parameters
    ----------
    grammar : str
        Every step there is, for a reader; it is shown where a line is not understood.
    *rules : tuple of (str, Callable[[Found], Step])
        A pattern with named parts, and what makes a step of them.
    """

    def __init__(self, grammar: str, *rules: tuple[str, Callable[[Found], Step]]) -> None:
        self._grammar = grammar
        self._rules = tuple((re.compile(pattern), build) for pattern, build in rules)

    def step(self, line: str) -> Step:
        """Return the step that a line says.

        Raises
        ------
        ConfigValueError
            If no step reads like this.
        """
        words = " ".join(line.split())
        for pattern, build in self._rules:
            if (found := pattern.fullmatch(words)) is not None:
                return build(found.groupdict())
        raise ConfigValueError(f"the step {words!r} is not understood", allowed=self._grammar)

    def steps(self, text: str) -> tuple[Step, ...]:
        """Return the steps of a text, one a line; ``#`` begins a remark."""
        lines = (line.split("#", maxsplit=1)[0].strip() for line in text.splitlines())
        return tuple(self.step(line) for line in lines if line)
