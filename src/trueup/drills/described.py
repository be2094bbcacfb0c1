"""What every kind of scenario says of itself, and how a file of one is read."""

from __future__ import annotations

import tomllib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trueup.errors import ConfigFileError, ConfigValueError

Mode = Literal["native", "verified"]


class ScenarioPart(BaseModel):
    """A table of a scenario's file: frozen, and without a field that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NativeFact(ScenarioPart):
    """What the native engine was measured to do on 1.231.0, in the baseline's words.

    Parameters
    ----------
    converged : bool, optional
        Whether the node ended equal to the venue; None where the question does not arise (it never traded).
    wrong : str
        What was wrong.
    stable : bool
        Whether repeated runs agree in every difference.
    """

    converged: bool | None = None
    wrong: str = ""
    stable: bool = True


class VerifiedSpec(ScenarioPart):
    """What verified mode may honestly say where it cannot make the node equal to the venue.

    Parameters
    ----------
    honest : tuple[str, ...]
        Allowed outcomes beside an equal node under CLEAN: ``REFUSED`` (the node does not trade and says why),
        ``UNKNOWN``, or a kind of discrepancy.
    compare : str
        ``all``, or ``alive`` where closed history outside the venue's window, or outside the current life of a
        position, need not be in the node.
    settings : dict
        Fields of the settings of verified mode.
    """

    honest: tuple[str, ...] = ()
    compare: Literal["all", "alive"] = "all"
    settings: dict[str, Any] = Field(default_factory=dict)


class DescribedScenario(ScenarioPart):
    """A scenario, whatever its venue is.

    Parameters
    ----------
    id : str
        Its number, as the table has it.
    title, story : str
        What happens in one line, and what a reader should know beside.
    steps : str
        What happens, one step a line.
    native : NativeFact
        What the engine alone was measured to do.
    verified : VerifiedSpec
        What verified mode may do.
    """

    id: str
    title: str
    story: str = ""
    steps: str
    native: NativeFact = NativeFact()
    verified: VerifiedSpec = VerifiedSpec()

    @property
    def setting(self) -> tuple[str, ...]:
        """Return how node and venue are configured, in lines for a reader."""
        return ()


def read_toml(text: str, name: str) -> dict[str, Any]:
    """Return what a TOML text holds.

    Raises
    ------
    ConfigFileError
        If it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigFileError(
            f"the scenario {name} cannot be read: {error}", action="a scenario is a TOML file; see docs/drills.md"
        ) from error


def read_as[Kind: BaseModel](kind: type[Kind], document: dict[str, Any], name: str) -> Kind:
    """Return the scenario that a document describes.

    Raises
    ------
    ConfigValueError
        If a field or a step is wrong; all of them are named, with what would be right.
    """
    try:
        return kind.model_validate(document)
    except ConfigValueError as error:  # of a step
        allowed = "\n    ".join(["these steps, one a line", *error.allowed.splitlines()])
        raise ConfigValueError(f"the scenario {name} is wrong: {error.found}", allowed=allowed) from error
    except ValidationError as error:
        found = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False))
        raise ConfigValueError(
            f"the scenario {name} is wrong: {'; '.join(found)}", allowed=", ".join(kind.model_fields)
        ) from error
