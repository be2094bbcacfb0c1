"""Read a configuration file, tolerantly: report every problem at once and keep what is sound.

A reader that stops at the first problem makes an operator run it ten times for ten problems. So a field with a problem
is left out and the rest is validated again, until what is left is valid; the rules then judge that rest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trueup.config.problems import Problem, ProblemKind, problems_of
from trueup.config.trading_node.environment import merge, read_environment, variable_name
from trueup.config.trading_node.live_config import LiveTradingNodeConfig, no_other_sources
from trueup.config.trading_node.secret_values import REFERENCE, Location, is_literal_secret, walk
from trueup.config.trading_node.secrets_file import parse_toml, read_secrets, read_text
from trueup.errors import ConfigError, ConfigValueError

ROUNDS_MAX = 20
"""Each round removes at least one field; the nesting is four deep, so a handful is enough for any file."""


# Stand-ins for missing required fields. They keep a section, and the index of its neighbours, for the rules to judge;
# a configuration that needed one has a problem, so it is never handed out as sound.
_STAND_INS = {
    "environment": "TESTNET",
    "venue": "MISSING",
    "strategy_path": "missing.module:Missing",
    "actor_path": "missing.module:Missing",
    "exec_algorithm_path": "missing.module:Missing",
    "config_path": "missing.module:Missing",
}


@dataclass(frozen=True, slots=True)
class LoadedConfig[C: LiveTradingNodeConfig]:
    """A file as it was read.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        Its text, to find the line of a field.
    config : LiveTradingNodeConfig
        What is sound of it.
    problems : tuple[Problem, ...]
        What is not.
    """

    path: Path
    text: str
    config: C
    problems: tuple[Problem, ...]

    def require(self) -> C:
        """Return the configuration if it has no problem at all.

        Raises
        ------
        ConfigValueError
            With every problem, one a line.
        """
        if not self.problems:
            return self.config
        count = len(self.problems)
        lines = "".join(f"\n  {problem.kind} {problem}" for problem in self.problems)
        raise ConfigValueError(
            f"{self.path} has {count} problem{'s' if count > 1 else ''}:{lines}",
            action=f"correct {'them' if count > 1 else 'it'}; 'trueup check {self.path}' tells more",
        )


def load[C: LiveTradingNodeConfig](
    path: Path, model: type[C], environ: Mapping[str, str] | None = None
) -> LoadedConfig[C]:
    """Read a file with its secrets file and the environment.

    Parameters
    ----------
    path : Path
        The TOML file.
    model : type[LiveTradingNodeConfig]
        What to make of it.
    environ : Mapping[str, str], optional
        The environment variables; the process's own by default.

    Raises
    ------
    ConfigFileError
        If the file cannot be read or is not TOML. Every other problem is returned.
    """
    variables = os.environ if environ is None else environ
    text = read_text(path)
    raw = parse_toml(path, text)
    problems = [_literal_secret(location) for location, value in walk(raw) if is_literal_secret(location, value)]
    for problem in problems:
        _remove(raw, problem.location)
    problems += _fill_references(raw, variables)
    from_environment = read_environment(variables, model.model_fields)
    secrets, secret_problems = _read_secrets_file(path, merge(raw, from_environment))
    problems += secret_problems
    merged = merge(raw, secrets, from_environment)
    _absolute_secrets_file(path, merged)
    config, more = _validate(merged, model)
    return LoadedConfig(path, text, config, (*problems, *more))


def _literal_secret(location: Location) -> Problem:
    names = [str(part) for part in location]
    variable = variable_name(".".join(names)) if not any(isinstance(part, int) for part in location) else "its variable"
    return Problem(
        ProblemKind.LITERAL_SECRET,
        location,
        "a secret is written out in the file",
        f'the environment variable {variable}, the file that secrets_file names, or a reference such as "${{NAME}}"',
        "remove it from the file, and replace it at the venue or server: it must be taken for known",
    )


def _fill_references(raw: dict[str, Any], variables: Mapping[str, str]) -> list[Problem]:
    """Replace every ``${NAME}`` by its variable, in place; return a problem for each that is not set."""
    problems: list[Problem] = []
    for location, value in list(walk(raw)):
        if not isinstance(value, str) or "${" not in value:
            continue
        unset = [
            match["name"]
            for match in REFERENCE.finditer(value)
            if match["name"] not in variables and match["default"] is None
        ]
        if unset:
            problems.append(
                Problem(
                    ProblemKind.MISSING_VARIABLE,
                    location,
                    f"the environment variable {', '.join(unset)} is not set",
                    f"{unset[0]} set where the node starts, or a default: ${{{unset[0]}:-value}}",
                    "set it, or correct its name",
                )
            )
            _remove(raw, location)
            continue
        _replace(
            raw, location, REFERENCE.sub(lambda match: variables.get(match["name"], match["default"] or ""), value)
        )
    return problems


def _read_secrets_file(path: Path, settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    named = settings.get("secrets_file")
    if not isinstance(named, str):
        return {}, []
    try:
        return read_secrets(path.parent / named), []
    except ConfigError as error:
        problem = Problem(ProblemKind.BAD_SECRETS_FILE, ("secrets_file",), error.found, error.allowed, error.action)
        return {}, [problem]


def _absolute_secrets_file(path: Path, settings: dict[str, Any]) -> None:
    if isinstance(settings.get("secrets_file"), str):
        settings["secrets_file"] = str((path.parent / settings["secrets_file"]).absolute())


def _validate[C: LiveTradingNodeConfig](raw: dict[str, Any], model: type[C]) -> tuple[C, tuple[Problem, ...]]:
    problems: list[Problem] = []
    for _ in range(ROUNDS_MAX):
        try:
            with no_other_sources():
                return model(**raw), tuple(problems)
        except ValidationError as error:
            found = problems_of(error, raw, model)
            problems += [one for one in found if not any(one.location == known.location for known in problems)]
            # Lists last index first, so that a removal does not move the others.
            for problem in sorted(found, key=lambda one: [str(part).zfill(6) for part in one.location], reverse=True):
                if problem.kind is ProblemKind.MISSING_FIELD:
                    _fill_in(raw, problem.location)
                else:
                    _remove(raw, problem.location)
    with no_other_sources():
        return model(), tuple(problems)


def _parent(raw: Any, location: Location) -> Any:
    here = raw
    for part in location[:-1]:
        here = here[part]
    return here


def _remove(raw: dict[str, Any], location: Location) -> None:
    """Remove what is at `location`; the whole section, if the section itself is at fault."""
    try:
        if location:
            del _parent(raw, location)[location[-1]]
    except (KeyError, IndexError, TypeError):
        return  # an earlier removal took it along


def _fill_in(raw: dict[str, Any], location: Location) -> None:
    """Put a stand-in where a required field is missing, so that its section stays to be judged; else remove that."""
    stand_in = _STAND_INS.get(str(location[-1]))
    if stand_in is None:
        _remove(raw, location[:-1])
    else:
        _replace(raw, location, stand_in)


def _replace(raw: dict[str, Any], location: Location, value: str) -> None:
    _parent(raw, location)[location[-1]] = value
