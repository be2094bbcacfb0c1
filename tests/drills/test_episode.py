"""What campaigns draw, how they make a failure small, and what they keep: pure parts, no node."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueup.drills.campaign import record
from trueup.drills.campaign.episode import draw_episode
from trueup.drills.campaign.failure import write_failure
from trueup.drills.campaign.minimise import minimise, signature
from trueup.drills.campaign.options import COMMAND_FAULTS, PUSH_FAULTS, QUERY_FAULTS
from trueup.drills.campaign.record import Slice, options_again, read_slices, slice_of
from trueup.drills.campaign.report import render
from trueup.drills.campaign.result import EpisodeResult
from trueup.drills.catalogue import named_scenario
from trueup.drills.grammar import parse_steps
from trueup.drills.scenario import found_episodes
from trueup.drills.steps import KillNode, StartNode, StopNode

DOCUMENT = Path(__file__).parents[2] / "docs" / "campaign.md"


@given(seed=st.integers(0, 2**31), index=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_the_same_seed_draws_the_same_episode_and_every_kill_is_followed_by_a_start(seed: int, index: int) -> None:
    one, other = draw_episode(seed, index), draw_episode(seed, index)
    assert one == other
    steps = parse_steps(one.scenario.steps)
    downs = [step for step in steps if isinstance(step, KillNode | StopNode)]
    starts = [step for step in steps if isinstance(step, StartNode)]
    assert isinstance(steps[0], StartNode)
    assert len(starts) == len(downs) + 1
    assert len(downs) >= one.options.kills


def test_a_hundred_episodes_have_every_kind_of_fault_and_none_has_all() -> None:
    episodes = [draw_episode(7, number) for number in range(100)]
    every = {f"{group} {kind}" for group, kinds in GROUPS for kind in kinds}
    drawn = [set(episode.options.fault_kinds) for episode in episodes]
    assert set.union(*drawn) == every
    assert every not in drawn
    text = "\n".join(episode.scenario.steps for episode in episodes)
    for word in ("silently", "twice", "delayed", "reorder", "cold", "pending", "node stop", "external", "hang", "leg"):
        assert word in text


GROUPS = (("push", PUSH_FAULTS), ("command", COMMAND_FAULTS), ("query", QUERY_FAULTS))


@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=1, max_size=4)))
)
@settings(max_examples=80, deadline=None)
async def test_a_failure_is_reduced_to_exactly_the_lines_that_it_takes(case: tuple[int, set[int]]) -> None:
    count, needed = case
    lines = [str(number) for number in range(count)]

    async def fails(some: Sequence[str]) -> bool:
        return needed <= {int(line) for line in some}

    kept, _ = await minimise(lines, fails, runs_max=10_000)
    assert {int(line) for line in kept} == needed


async def test_the_search_for_less_ends_at_its_bounds() -> None:
    lines = [str(number) for number in range(64)]
    rng = random.Random(1)

    async def fails(_: Sequence[str]) -> bool:
        return rng.random() < 0.02

    _, runs = await minimise(lines, fails, runs_max=9)
    assert runs <= 9
    _, runs = await minimise(lines, fails, secs_max=0.0)
    assert runs <= 1


def test_a_failing_episode_becomes_a_file_that_reads_as_the_same_episode_with_fewer_steps(tmp_path: Path) -> None:
    episode = draw_episode(3, 4)
    result = EpisodeResult(name="3-4", mode="verified", ending="different", complaints=("doubled: fill T-1",))
    lines = episode.scenario.steps.splitlines()[:5]
    failure = write_failure(tmp_path, episode, result, lines, runs=11)
    read = named_scenario(str(failure.path))
    assert read.steps.strip().splitlines() == lines
    assert read.model_copy(update={"steps": "", "native": episode.scenario.native}) == episode.scenario.model_copy(
        update={"steps": ""}
    )
    text = failure.path.read_text()
    assert f"trueup drill run {failure.path} --mode verified" in text
    assert "--seed 3 --first 4 --episodes 1" in text
    assert signature(result.complaints[0]) == "doubled"


def test_a_slice_keeps_what_failed_with_its_options_and_is_appended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    episodes = [draw_episode(9, number) for number in (5, 6)]
    results = [
        EpisodeResult(name="9-5", mode="verified", ending="equal", clean_secs=1.5, starts=3, faults={"push lose": 2}),
        EpisodeResult(
            name="9-6",
            mode="verified",
            ending="different",
            complaints=("traded while different: fill T-1", "doubled: fill T-2"),
            differences=("fill missing x2",),
        ),
    ]
    kept = slice_of(9, "verified", list(zip(episodes, results, strict=True)), wall_secs=10.0, cpu_secs=8.0)
    assert (kept.first, kept.episodes, kept.endings) == (5, 2, {"different": 1, "equal": 1})
    assert (kept.lost, kept.doubled, kept.traded_different) == (1, 1, 1)
    assert [one.name for one in kept.failing] == ["9-6"]
    assert kept.failing[0].options == episodes[1].options.as_dict()
    assert kept.options == options_again(kept)
    path = tmp_path / "campaign.jsonl"
    monkeypatch.setattr(record, "_path", lambda: path)
    record.append(kept)
    record.append(kept)
    assert len(read_slices()) == 2
    assert read_slices()[0].failing[0].complaints == results[1].complaints


def test_what_is_on_record_can_be_drawn_again_and_is_what_the_document_says() -> None:
    slices: tuple[Slice, ...] = read_slices()
    assert slices
    for kept in slices:
        assert sum(kept.endings.values()) == kept.episodes
        assert kept.venue != "drill" or options_again(kept) == kept.options
    assert DOCUMENT.read_text() == render()


def test_every_found_episode_says_what_was_found_and_is_run_like_one() -> None:
    assert len(found_episodes()) >= 3
    folder = Path(record.__file__).parents[1] / "found"
    for scenario in found_episodes():
        assert scenario.conduct == "episode"
        assert (folder / f"{scenario.id}.toml").read_text().startswith("# Found by ")
