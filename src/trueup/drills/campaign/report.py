"""Write ``docs/campaign.md``: what is on record of campaigns, native beside verified."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from trueup.drills.campaign.record import Slice, read_slices
from trueup.drills.scenario import found_episodes

TARGET = 2_000
HEADINGS = (
    "mode",
    "episodes",
    "equal at the end",
    "different",
    "not trading",
    "with a lost fill",
    "with a doubled fill",
    "traded while different",
    "asked",
    "broken promises",
)

CAUSES = {
    ("20261122-190", "1d3da207aac8"): (
        "the judge, which took a node for one with a store whose store had written nothing down when it was killed"
    ),
    ("20261122-328", "53a0d1afc904"): (
        "the node: an order without a name was told by the stream between the plan and its application, the engine"
        " named it, and the plan made it once more; repaired"
    ),
    ("20261122-380", "53a0d1afc904"): (
        "the judge, which asked a start that rebuilds everything for a closed order without fills that the venue had"
        " kept from it, in a list that it gave as whole"
    ),
    ("20261122-384", "53a0d1afc904"): (
        "the node: a store that held the first proof and no order was taken for an empty one, and what closed unfilled"
        " since that proof was not expected; repaired"
    ),
    ("20261122-445", "53a0d1afc904"): (
        "the node: after a start on an empty store that was never proven, the next one took `full` for `current`;"
        " repaired"
    ),
    ("20261122-1255", "00393db6754a"): (
        "the node: lists of orders that were empty for a moment, at a start, and answers about single orders that were"
        " empty with them, made it purge orders that had filled and whose fills the venue listed; older than the proof"
        " that followed, no look asked for them again; repaired"
    ),
    ("20261122-1600", "5d984b2b76a6"): (
        "the node: what nobody owns was given to its claimant before the start healed a position of two owners, which"
        " forbade it, and the restart that the node had asked for was refused; repaired. The judge did not count that"
        " before, so the slice 1550 to 1699 has this episode as not trading and not as broken"
    ),
}
"""Why an episode broke a promise, by its name and the digest of the code that ran: looked into by hand."""

_HEAD = """# Campaigns

<!-- Generated from src/trueup/drills/measured/campaign.jsonl. -->

An episode is a random market, a strategy that trades in it, other clients of the account, faults, and kills, all drawn
from a seed; at its end every fault heals, and the node must become CLEAN and equal to the venue's truth within 20 s,
and one more restart must change nothing. [The guide](drills.md) says how they are drawn and judged, and how to run
them. What is drawn is the same on every machine; what a node makes of it in which millisecond is not.

A *lost* fill is missing at the end (at the last look before it, where the node did not trade at the end), a *doubled*
one was booked twice, or was never the venue's, at any moment.
*Traded while different*: a strategy was started on a node that differed from the venue. *Asked*: at the end the node
said DISCREPANT and asked its operator for a restart, which it got.
"""


def render() -> str:
    """Return the document."""
    slices = read_slices()
    parts = [_HEAD]
    if not slices:
        return "\n".join([*parts, "Nothing is on record yet.", ""])
    parts.append(_together(slices))
    parts.append("\n".join(_table(slices)))
    parts.append("\n".join(_faults(slices)))
    parts.append("\n".join(_failing(slices)))
    return "\n".join(parts)


def _of(slices: Sequence[Slice], mode: str) -> list[Slice]:
    return [one for one in slices if one.mode == mode]


def _last_runs(slices: Sequence[Slice]) -> dict[tuple[str, int, int], bool]:
    """Return for every different episode, a seed's number on a venue, whether its last run kept every promise."""
    runs = {}
    for one in slices:
        failed = {each.name for each in one.failing}
        for number in range(one.first, one.first + one.episodes):
            runs[one.venue, one.seed, number] = f"{one.seed}-{number}" not in failed
    return runs


def _together(slices: Sequence[Slice]) -> str:
    verified = _of(slices, "verified")
    runs = _last_runs(verified)
    kept = sum(runs.values())
    lines = [
        f"{len(runs):,} different verified episodes are on record, of {TARGET:,} that are aimed at.",
        f"In its last run {kept:,} of them kept every promise.",
        "",
        "Every run counts in this table, those before a repair too:",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for mode in ("native", "verified"):
        mine = _of(slices, mode)
        endings: Counter[str] = Counter()
        for one in mine:
            endings.update(one.endings)
        broken = str(sum(len(one.failing) for one in mine)) if mode == "verified" else "promises nothing"
        cells = [
            mode,
            sum(one.episodes for one in mine),
            *(endings[ending] for ending in ("equal", "different", "not trading")),
            *(sum(getattr(one, name) for one in mine) for name in ("lost", "doubled", "traded_different")),
            sum(one.sums.get("asked", 0) for one in mine),
            broken,
        ]
        lines.append(f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else cell for cell in cells)} |")
    return "\n".join([*lines, ""])


def _table(slices: Sequence[Slice]) -> Iterator[str]:
    yield "## Slices"
    yield ""
    yield "The options of an episode follow from seed and number; the digest of all that were drawn is kept."
    yield ""
    yield (
        "| time (UTC) | seed | episodes | mode | equal | broken | kills | faults | orders | fills | CLEAN after, s "
        "(median, longest) | CPU s an episode | load | code | options |"
    )
    yield "|---|---:|---|---|---:|---:|---:|---:|---:|---:|---|---:|---:|---|---|"
    for one in slices:
        after = "" if one.clean_secs is None else f"{one.clean_secs[0]}, {one.clean_secs[1]}"
        cells = [
            one.time,
            str(one.seed),
            f"{one.first} to {one.first + one.episodes - 1}",
            one.mode,
            str(one.endings.get("equal", 0)),
            str(len(one.failing)) if one.mode == "verified" else "",
            *(f"{one.sums[name]:,}" for name in ("kills", "faults", "orders", "fills")),
            after,
            f"{one.cpu_secs / one.episodes:.1f}",
            str(one.load),
            f"`{one.code}`",
            f"`{one.options}`",
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _faults(slices: Sequence[Slice]) -> Iterator[str]:
    yield "## Faults that struck verified nodes"
    yield ""
    struck: Counter[str] = Counter()
    for one in _of(slices, "verified"):
        struck.update(one.faults)
    yield "| fault | times |"
    yield "|---|---:|"
    for kind, number in sorted(struck.items()):
        yield f"| {kind} | {number:,} |"
    yield ""


def _failing(slices: Sequence[Slice]) -> Iterator[str]:
    yield "## Broken promises on record"
    yield ""
    verified = _of(slices, "verified")
    failing = [(one, each) for one in verified for each in one.failing]
    kept = {f"{seed}-{number}" for (_, seed, number), is_kept in _last_runs(verified).items() if is_kept}
    if not failing:
        yield "None."
    for one, each in failing:
        yield f"- {each.name} ({one.time}, code `{one.code}`): {'; '.join(each.complaints)}"
        since = "every promise kept when it was run again" if each.name in kept else "not run again since"
        cause = CAUSES.get((each.name, one.code), "not known yet")
        yield f"  - Cause: {cause}; {since}."
    yield ""
    yield "## Found"
    yield ""
    yield "What campaigns failed on, kept small and run with every change (`src/trueup/drills/found`):"
    yield ""
    for scenario in found_episodes():
        yield f"- `{scenario.id}`: {scenario.title}"
    yield ""


if __name__ == "__main__":
    import sys

    sys.stdout.write(render())
