"""What an operator names on the command line: a journal, or the configuration of a node that has one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trueup.errors import ConfigValueError, JournalUnavailableError
from trueup.journal.anchor import Anchor, anchors_of
from trueup.journal.chain import KEY_BYTES_MIN, PLAIN, Seal
from trueup.journal.place import FILE_NAME, Place

PASSWORD = "TRUEUP_JOURNAL__PASSWORD"  # noqa: S105 - the name of a variable
SECRET_KEY = "TRUEUP_JOURNAL__SECRET_KEY"  # noqa: S105 - the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Hold where a journal is, what seals it, and where its anchors are."""

    place: Place
    seal: Seal
    state_dir: Path | None

    def anchors(self) -> tuple[Anchor, ...]:
        """Return the anchors that are kept on this machine."""
        return anchors_of(self.place, self.state_dir)


def target_of(named: str, environ: Mapping[str, str] | None = None) -> Target:
    """Find the journal that is meant.

    Parameters
    ----------
    named : str
        A ``trueup.toml``, a journal's file, the directory of one, or a PostgreSQL URL.
    environ : Mapping, optional
        Gives password and key where no configuration does; the process's own by default.

    Raises
    ------
    TrueupError
        If the configuration cannot be read, has no journal, or its section holds an error.
    """
    variables = os.environ if environ is None else environ
    if named.endswith(".toml"):
        return _of_config(Path(named), variables)
    key = variables.get(SECRET_KEY, "")
    if key and len(key.encode()) < KEY_BYTES_MIN:
        raise ConfigValueError(f"{SECRET_KEY} is too short", allowed=f"{KEY_BYTES_MIN} characters or more")
    place = Place.parse(named, variables.get(PASSWORD, ""))
    if place.path is not None and place.path.is_dir():
        place = Place(path=place.path / FILE_NAME)
    return Target(place=place, seal=Seal(key.encode()) if key else PLAIN, state_dir=None)


def _of_config(path: Path, variables: Mapping[str, str]) -> Target:
    # Only here: the whole configuration costs half a second of imports, and a journal's own name needs none of it.
    from trueup.config.trading_node.live_config import LiveTradingNodeConfig
    from trueup.config.trading_node.loading import load
    from trueup.journal.configured import place_of, seal_of, state_dir_of

    # Tolerant: a key of the venue that is not set here does not keep anybody from reading the journal.
    loaded = load(path, LiveTradingNodeConfig, variables)
    wrong = [problem for problem in loaded.problems if problem.location[:1] in {("journal",), ("secrets_file",)}]
    if wrong:
        lines = "".join(f"\n  {problem}" for problem in wrong)
        raise ConfigValueError(f"the journal of {path} cannot be found:{lines}", action=f"see 'trueup check {path}'")
    journal = loaded.config.journal
    if not journal.enabled:
        raise JournalUnavailableError(f"{path} keeps no journal", action="set enabled = true in its [journal] section")
    state_dir = state_dir_of(loaded.config)
    return Target(place=place_of(journal, state_dir), seal=seal_of(journal), state_dir=state_dir)
