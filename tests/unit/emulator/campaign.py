"""Long campaigns in slices whose results add up, so that a campaign comes to its end also on a busy machine.

With ``TRUEUP_CAMPAIGN_RECORD=FILE`` each slice that passed is written to FILE as one line of JSON, and a slice that
stands there, of the same code, is not run again. ``python -m tests.unit.emulator.campaign FILE`` adds the lines up.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

VARIABLE: Final = "TRUEUP_CAMPAIGN_RECORD"
ROOT: Final = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice that passed.

    Parameters
    ----------
    campaign : str
        Which campaign, in words.
    code : str
        Digest of the code that ran; slices of other code do not count.
    seed : int
        What the slice began with; it gives the same slice again.
    counts : dict[str, int]
        What was done, by kind.
    cpu_secs, clock_secs : float
        What it took, this process and the ended children.
    """

    campaign: str
    code: str
    seed: int
    counts: dict[str, int]
    cpu_secs: float
    clock_secs: float


def digest(*places: str) -> str:
    """Return a digest of the Python files at or below `places`, which are relative to the repository."""
    found = hashlib.sha256()
    for place in places:
        path = ROOT / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            found.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return found.hexdigest()[:16]


def run(campaign: str, code: str, seed: int, work: Callable[[], Counter[str]]) -> dict[str, int]:
    """Do one slice, unless it is on record, and return its counts."""
    place = os.environ.get(VARIABLE)
    for kept in read(Path(place)) if place else ():
        if (kept.campaign, kept.code, kept.seed) == (campaign, code, seed):
            return kept.counts
    cpu_before, clock_before = _cpu_secs(), time.monotonic()
    counts = dict(work())
    done = Slice(campaign, code, seed, counts, _cpu_secs() - cpu_before, time.monotonic() - clock_before)
    if place:
        with Path(place).open("a", encoding="utf-8") as record:
            record.write(json.dumps(asdict(done)) + "\n")
    return counts


def read(path: Path) -> list[Slice]:
    """Return the slices on record; none without a file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [Slice(**json.loads(line)) for line in lines]


def total(slices: Iterable[Slice]) -> str:
    """Return a line per campaign and code: its seeds, what was done, and what it took."""
    groups: dict[tuple[str, str], list[Slice]] = {}
    for each in slices:
        groups.setdefault((each.campaign, each.code), []).append(each)
    lines: list[str] = []
    for (campaign, code), group in groups.items():
        counts: Counter[str] = Counter()
        for each in group:
            counts.update(each.counts)
        seeds = sorted(each.seed for each in group)
        lines.append(
            f"{campaign}, code {code}: seeds {seeds[0]} to {seeds[-1]} ({len(seeds)}),"
            f" {sum(each.cpu_secs for each in group):,.0f} s of CPU, {sum(each.clock_secs for each in group):,.0f} s;"
            f" {', '.join(f'{number:,} {kind}' for kind, number in counts.most_common())}"
        )
    return "\n".join(lines)


def _cpu_secs() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


if __name__ == "__main__":
    print(total(read(Path(sys.argv[1]))))
