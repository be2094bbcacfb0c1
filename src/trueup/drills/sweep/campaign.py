"""Run the session once for every kill point, some at a time."""

from __future__ import annotations

import asyncio
import os
import platform
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from trueup.drills.fleet import Fleet
from trueup.drills.scenario import Mode
from trueup.drills.stage import DrillError
from trueup.drills.sweep.points import LANES, Point, Target, read_target
from trueup.drills.sweep.result import Kill, Sweep, place_of, read_sweep, write_sweep
from trueup.drills.sweep.run import SweepRun
from trueup.drills.sweep.session import session

CONCURRENT_RUNS = 2
"""A run is mostly the start of nodes: two keep two cores busy."""
DOUBLES_EVERY = 8
"""One point in so many is followed by a second kill, in the start that comes after it."""
SECOND_LANES = ("told", "engine", "venue", "read", "write")
SECOND_NUMBER_MAX = 12
"""The second kill falls into the first so many events of a start: later ones may be after it."""

Events = dict[tuple[int, str], list[str]]


async def list_events(mode: Mode) -> Events:
    """Run the session undisturbed and return its events, by life and lane.

    Raises
    ------
    DrillError
        If it could not be completed, or did not end well: then no kill proves anything.
    """
    async with Fleet() as fleet, fleet.place("reference") as at:
        run = SweepRun(session(), mode, at, None)
        kill = await run.run()
        if kill.failure or (mode == "verified" and kill.findings):
            raise DrillError(f"the undisturbed session did not end well: {kill.failure or '; '.join(kill.findings)}")
        return run.events()


def targets_of(events: Events, count: int | None = None) -> tuple[Target, ...]:
    """Return where to kill: every event, or evenly spread ones, and here and there twice in a row.

    Parameters
    ----------
    events : dict
        Of an undisturbed session.
    count : int, optional
        How many; the lanes share it evenly as far as they have events, so that the two hundred writes of a life do not
        crowd out its repairs.
    """
    lanes: dict[str, list[Point]] = {lane: [] for lane in LANES}
    for (life, lane), labels in sorted(events.items()):
        lanes[lane].extend(Point(life, lane, number) for number in range(1, len(labels) + 1))
    shares = _shares({lane: len(points) for lane, points in lanes.items()}, count)
    chosen = [point for lane, points in lanes.items() for point in _spread(points, shares[lane])]
    rng = random.Random(0)  # the same second kills in every sweep
    targets = []
    for index, point in enumerate(sorted(chosen)):
        again = None
        if index % DOUBLES_EVERY == DOUBLES_EVERY - 1:
            again = Point(point.life + 1, rng.choice(SECOND_LANES), rng.randint(1, SECOND_NUMBER_MAX))
        targets.append(Target(point, again))
    return tuple(targets)


def _shares(sizes: dict[str, int], count: int | None) -> dict[str, int]:
    """Return how many points each lane gets: all, or the same number, the rest of small lanes going to the others."""
    left = sum(sizes.values()) if count is None else min(count, sum(sizes.values()))
    shares = dict.fromkeys(sizes, 0)
    while left > 0:
        for lane, size in sizes.items():
            if left > 0 and shares[lane] < size:
                shares[lane] += 1
                left -= 1
    return shares


def _spread(points: Sequence[Point], count: int) -> list[Point]:
    if count >= len(points):
        return list(points)
    return [points[int((index + 0.5) * len(points) / count)] for index in range(count)]


async def run_targets(
    targets: Iterable[Target],
    mode: Mode,
    on_kill: Callable[[Kill], None],
    *,
    events: Events | None = None,
    concurrent: int = CONCURRENT_RUNS,
    keep: Path | None = None,
) -> list[Kill]:
    """Kill at every target and return what came of it, in the order given.

    Parameters
    ----------
    targets : Iterable of Target
        Where.
    mode : {'native', 'verified'}
        Who reconciles.
    on_kill : Callable
        Called with each result as it comes.
    events : dict, optional
        Of the undisturbed session: they name what a point in the node's inside is.
    concurrent : int
        How many at a time.
    keep : Path, optional
        Where to keep the nodes' logs.
    """
    places = asyncio.Semaphore(concurrent)
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(Fleet(keep))

        async def one(target: Target) -> Kill:
            async with places, fleet.place(f"{target}-{mode}".replace(":", ".")) as at:
                kill = await SweepRun(session(), mode, at, target).run()
            kill = _named(kill, target, events or {})
            on_kill(kill)
            return kill

        return list(await asyncio.gather(*map(one, targets)))


def _named(kill: Kill, target: Target, events: Events) -> Kill:
    """Return a kill with the name of its event, where only the inside of the node could have said it."""
    labels = events.get((target.first.life, target.first.lane), [])
    if kill.event or target.first.number > len(labels):
        return kill
    return msgspec.structs.replace(kill, event=labels[target.first.number - 1])


def record_kills(kills: Iterable[Kill], events: Events, loads: Sequence[float], mode: Mode) -> None:
    """Put kills on record: a sweep of every event in place of the old one, single points in place of their own.

    Parameters
    ----------
    kills : Iterable of Kill
        What came of each.
    events : dict
        Of the undisturbed session; empty where only single points were run.
    loads : Sequence of float
        Of the machine, while it ran.
    mode : {'native', 'verified'}
        Who reconciled.
    """
    path = place_of(mode)
    before = read_sweep(path) if path.exists() and not events else None
    by_target = {kill.target: kill for kill in (() if before is None else before.kills)}
    by_target |= {kill.target: kill for kill in kills}
    counted: Counter[str] = Counter() if before is None else Counter(before.events)
    for (_, lane), labels in events.items():
        counted[lane] += len(labels)
    load = f"{min(loads):.0f} to {max(loads):.0f}"
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {load}"
    sweep = Sweep(
        began=datetime.now(UTC).isoformat(timespec="seconds") if before is None else before.began,
        version=f"nautilus_trader {version('nautilus_trader')}",
        machine=machine if before is None else before.machine,
        events={lane: counted[lane] for lane in LANES if counted[lane]},
        kills=sorted(by_target.values(), key=lambda kill: read_target(kill.target).first),
    )
    write_sweep(sweep, path)
