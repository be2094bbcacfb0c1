"""The table of the kept sweeps, for the document."""

from __future__ import annotations

from collections import Counter, defaultdict

from trueup.drills.sweep.points import LANES, read_target
from trueup.drills.sweep.result import Kill, Sweep, place_of, read_sweep, wrong


def render() -> str:
    """Return the sweeps' table: a line a lane, verified beside native."""
    verified = _kept("verified")
    native = _kept("native")
    lines = [
        "| lane | what is counted | events | verified: killed at | came back equal | native: killed at | equal |",
        "|---|---|---|---|---|---|---|",
    ]
    events = {} if verified is None else verified.events
    ours, theirs = _by_lane(verified), _by_lane(native)
    for lane, what in LANES.items():
        cells = [lane, what, str(events.get(lane, 0)), *_counts(ours[lane]), *_counts(theirs[lane])]
        lines.append(f"| {' | '.join(cells)} |")
    totals = [_counts([kill for kills in each.values() for kill in kills]) for each in (ours, theirs)]
    lines.append(f"| **all** | | {sum(events.values())} | {' | '.join(cell for pair in totals for cell in pair)} |")
    for sweep, mode in ((verified, "Verified"), (native, "Native")):
        if sweep is not None:
            lines += ["", *_words(sweep, mode)]
    return "\n".join(lines) + "\n"


def _kept(mode: str) -> Sweep | None:
    path = place_of("native" if mode == "native" else "verified")
    return read_sweep(path) if path.exists() else None


def _by_lane(sweep: Sweep | None) -> dict[str, list[Kill]]:
    lanes: dict[str, list[Kill]] = defaultdict(list)
    for kill in () if sweep is None else sweep.kills:
        if kill.deaths:
            lanes[read_target(kill.target).first.lane].append(kill)
    return lanes


def _counts(kills: list[Kill]) -> tuple[str, str]:
    if not kills:
        return "", ""
    good = len(kills) - len(wrong(kills))
    return str(len(kills)), f"{good} ({100 * good / len(kills):.0f} %)"


def _words(sweep: Sweep, mode: str) -> list[str]:
    reached = [kill for kill in sweep.kills if kill.deaths]
    twice = sum(kill.deaths > 1 for kill in reached)
    missed = len(sweep.kills) - len(reached)
    secs = sum(kill.secs for kill in sweep.kills)
    figures = f"{twice} of the kills twice in a row, {missed} points not reached (an event that did not happen again)"
    lines = [f"{mode}: {sweep.began}, {sweep.version}, {sweep.machine}; {figures}, {secs / 3_600:.1f} hours of runs."]
    kinds: Counter[str] = Counter()
    for kill in wrong(reached):
        found = [kill.failure.partition(":")[2].strip() or kill.failure] if kill.failure else kill.findings
        kinds.update({_kind(line) for line in found})
    if kinds:
        said = "; ".join(f"{name} {count}" for name, count in kinds.most_common(12))
        lines.append(f"What was wrong, and after how many kills: {said}.")
    return lines


def _kind(line: str) -> str:
    """Return a finding's kind: without when it was seen, whose it is and its figures."""
    words = line.partition(": ")[2] or line
    words = words.partition(": venue")[0]
    names = words.split()
    kept = [name for name in names if name.islower() and name.isalpha()]
    return " ".join(kept[:6]) or words[:60]
