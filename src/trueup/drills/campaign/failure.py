"""A failing episode, made small, as a scenario file that anybody can run again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.drills.campaign.episode import Episode
from trueup.drills.campaign.result import EpisodeResult


@dataclass(frozen=True, slots=True)
class Failure:
    """One failing episode.

    Parameters
    ----------
    result : EpisodeResult
        What was wrong with the whole one.
    path : Path
        The file with the small one.
    steps, steps_before : int
        How many lines are left, and of how many.
    runs : int
        How many runs it took to find them.
    """

    result: EpisodeResult
    path: Path
    steps: int
    steps_before: int
    runs: int

    @property
    def command(self) -> str:
        """Return the command that reproduces it."""
        return f"trueup drill run {self.path} --mode {self.result.mode}"


def write_failure(directory: Path, episode: Episode, result: EpisodeResult, lines: Sequence[str], runs: int) -> Failure:
    """Write the scenario file of a failing episode and return where it is."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{episode.name}.toml"
    before = episode.scenario.steps.splitlines()
    failure = Failure(result, path, len(lines), len(before), runs)
    scenario = episode.scenario
    head = [
        f"# Episode {episode.index} of the campaign with seed {episode.seed}, {len(lines)} of its {len(before)} steps.",
        f"# Run it again: {failure.command}",
        f"# The whole of it: trueup drill campaign --seed {episode.seed} --first {episode.index} --episodes 1",
        *(f"# {line}" for line in result.complaints),
    ]
    body = [
        f"id = {json.dumps(scenario.id)}",
        f"group = {json.dumps(scenario.group)}",
        f"title = {json.dumps(scenario.title)}",
        f"story = {json.dumps(scenario.story)}",
        f"preset = {json.dumps(scenario.preset)}",
        f"conduct = {json.dumps(scenario.conduct)}",
        f"reconciliation_timeout_secs = {scenario.reconciliation_timeout_secs}",
        f"hedging = {json.dumps(scenario.hedging)}",
        f"lists_flat = {json.dumps(scenario.lists_flat)}",
        f"claims = {json.dumps(list(scenario.claims))}",
        "",
        'steps = """',
        *lines,
        '"""',
        "",
        "[verified]",
        f"settings = {{ history = {json.dumps(scenario.verified.settings['history'])} }}",
    ]
    path.write_text("\n".join([*head, "", *body]) + "\n", encoding="utf-8")
    return failure
