"""What campaigns came to, kept: one line for each run of the command, appended and never rewritten.

Every episode follows from the campaign's seed and its number, its options too; so a line keeps the range, a digest of
all options that were drawn for it, what was counted, and each failing episode with its options in full.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from trueup._version import __version__
from trueup.drills.campaign.episode import Episode, draw_episode
from trueup.drills.campaign.result import EpisodeResult

DIGEST_CHARS = 12


class Failing(msgspec.Struct, frozen=True):
    """A failing episode of a slice: its name, its options, and what was wrong."""

    name: str
    options: dict[str, Any]
    complaints: tuple[str, ...]


class Slice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some consecutive episodes of one seed, run in one mode.

    Parameters
    ----------
    seed, first, episodes : int
        Which.
    mode : str
        Who reconciled.
    venue : str
        What they were run on: ``drill``, the simulated venue, or ``binance``, the emulator behind the real adapter.
    time : str
        When, in UTC.
    trueup, engine, code : str
        The versions, and a digest of the source of trueup that ran.
    options : str
        A digest of all options drawn.
    endings : dict[str, int]
        How many ended ``equal``, ``different``, ``not trading``.
    failing : tuple[Failing, ...]
        Episodes in which a promise of verified mode was broken.
    lost, doubled, traded_different : int
        Episodes with a lost fill at the end; with a fill doubled or invented at any moment; with a strategy that was
        started on a node that differed from the venue.
    sums : dict[str, int]
        Starts, kills, refused starts, restarts asked for, steps done and skipped, looks, orders, fills, faults struck.
    faults : dict[str, int]
        How often each kind struck.
    clean_secs : tuple[float, float], optional
        From the end of the faults to CLEAN and equal: the median and the longest.
    wall_secs, cpu_secs, load : float
        What it took, and the machine's load average at the end.
    """

    seed: int
    first: int
    episodes: int
    mode: str
    venue: str = "drill"
    time: str
    trueup: str
    engine: str
    code: str
    options: str
    endings: dict[str, int]
    failing: tuple[Failing, ...] = ()
    lost: int = 0
    doubled: int = 0
    traded_different: int = 0
    sums: dict[str, int] = {}
    faults: dict[str, int] = {}
    clean_secs: tuple[float, float] | None = None
    wall_secs: float = 0.0
    cpu_secs: float = 0.0
    load: float = 0.0


def slice_of(
    seed: int, mode: str, ran: Sequence[tuple[Episode, EpisodeResult]], *, wall_secs: float, cpu_secs: float
) -> Slice:
    """Return what is kept of the results of consecutive episodes in one mode."""
    results = [result for _, result in ran]
    clean = [result.clean_secs for result in results if result.clean_secs is not None]
    struck: Counter[str] = Counter()
    for result in results:
        struck.update(result.faults)
    names = ("starts", "kills", "refused", "asked", "done", "skipped", "looks", "orders", "fills")
    sums = {name: sum(getattr(result, name) for result in results) for name in names}
    return Slice(
        seed=seed,
        first=ran[0][0].index,
        episodes=len(ran),
        mode=mode,
        time=time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        trueup=__version__,
        engine=version("nautilus_trader"),
        code=code_digest(),
        options=options_digest(episode for episode, _ in ran),
        endings=dict(sorted(Counter(result.ending for result in results).items())),
        failing=tuple(
            Failing(result.name, episode.options.as_dict(), result.complaints)
            for episode, result in ran
            if result.failed and mode == "verified"
        ),
        lost=sum(_has(result.differences, "fill missing") for result in results),
        doubled=sum(
            "doubled" in (*result.seen, *(line.split(":")[0] for line in result.complaints)) for result in results
        ),
        traded_different=sum(
            "traded while different" in (*result.seen, *(line.split(":")[0] for line in result.complaints))
            for result in results
        ),
        sums={**sums, "faults": struck.total()},
        faults=dict(sorted(struck.items())),
        clean_secs=(round(median(clean), 1), round(max(clean), 1)) if clean else None,
        wall_secs=round(wall_secs, 1),
        cpu_secs=round(cpu_secs, 1),
        load=round(os.getloadavg()[0], 1),
    )


def _has(kinds: Iterable[str], what: str) -> bool:
    return any(kind.split(" x")[0] == what for kind in kinds)


def options_digest(episodes: Iterable[Episode]) -> str:
    """Return a digest of the options of episodes: the same range gives the same, on every machine."""
    digest = hashlib.sha256()
    for episode in episodes:
        digest.update(msgspec.json.encode([episode.name, episode.options.as_dict(), episode.scenario.steps]))
    return digest.hexdigest()[:DIGEST_CHARS]


def options_again(kept: Slice) -> str:
    """Return the digest that drawing a slice's episodes anew gives."""
    numbers = range(kept.first, kept.first + kept.episodes)
    return options_digest(draw_episode(kept.seed, number) for number in numbers)


def code_digest() -> str:
    """Return a digest of the source of trueup, the drills' records left out."""
    digest = hashlib.sha256()
    root = Path(str(files("trueup")))
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:DIGEST_CHARS]


def _path() -> Path:
    return Path(str(files("trueup.drills").joinpath("measured", "campaign.jsonl")))


def read_slices() -> tuple[Slice, ...]:
    """Return everything on record, oldest first."""
    path = _path()
    if not path.exists():
        return ()
    return tuple(msgspec.json.decode(line, type=Slice) for line in path.read_bytes().splitlines() if line)


def append(kept: Slice) -> None:
    """Put a slice on record, behind what is there."""
    with _path().open("ab") as record:
        record.write(msgspec.json.encode(kept) + b"\n")
