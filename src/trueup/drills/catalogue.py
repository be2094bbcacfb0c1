"""Every scenario with a promise of its own, on whichever venue: by number, and from a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from trueup.drills.binance.scenario import BinanceScenario, binance_scenarios
from trueup.drills.described import read_as, read_toml
from trueup.drills.network.scenario import NetworkScenario, network_scenarios
from trueup.drills.own.scenario import OwnScenario, own_scenarios
from trueup.drills.scenario import Scenario, scenarios
from trueup.errors import ConfigFileError, ConfigValueError

AnyScenario = Scenario | BinanceScenario

ELSEWHERE: Final = {
    "O": "trueup drill run --config trueup.toml",
    "N": "trueup drill network",
}
"""What runs the scenarios of other kinds, by the letter of their numbers: they have no native column."""


def elsewhere() -> tuple[OwnScenario | NetworkScenario, ...]:
    """Return the scenarios for one's own strategy, and those of the network."""
    return (*own_scenarios(), *network_scenarios())


def every_scenario() -> tuple[AnyScenario, ...]:
    """Return all of them: those on the simulated venue, then those on the Binance adapter.

    Raises
    ------
    ConfigValueError
        If a file is wrong.
    """
    return (*scenarios(), *binance_scenarios())


def split(chosen: Iterable[AnyScenario]) -> tuple[list[Scenario], list[BinanceScenario]]:
    """Return those on the simulated venue, and those on the Binance adapter, each in the order given."""
    simulated, on_binance = [], []
    for scenario in chosen:
        if isinstance(scenario, BinanceScenario):
            on_binance.append(scenario)
        else:
            simulated.append(scenario)
    return simulated, on_binance


def named_scenario(name: str) -> AnyScenario:
    """Return the scenario of a number, or of a file.

    Parameters
    ----------
    name : str
        A number as the table has it, or the path of a ``.toml`` file. A file with a field `venue` is one on the Binance
        adapter.

    Raises
    ------
    ConfigValueError
        If there is none, or the file holds something else.
    ConfigFileError
        If the file cannot be read.
    """
    if not name.endswith(".toml"):
        for scenario in every_scenario():
            if scenario.id == name:
                return scenario
        if any(other.id == name for other in elsewhere()):
            raise ConfigValueError(
                f"the scenario {name} is run by another command", action=f"run `{ELSEWHERE[name[0]]} {name}`"
            )
        raise ConfigValueError(
            f"there is no scenario {name!r}", allowed="one of those that `trueup drill list` prints, or a .toml file"
        )
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFileError(f"the scenario {name} cannot be read: {error}", action="name an existing file") from error
    document = read_toml(text, name)
    return read_as(BinanceScenario, document, name) if "venue" in document else read_as(Scenario, document, name)
