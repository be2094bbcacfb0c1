"""Write ``docs/scenarios.md``: every scenario, and what each mode makes of it, from what is on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from trueup.drills.described import DescribedScenario
from trueup.drills.grammar import GRAMMAR
from trueup.drills.measured import Measured, read_measured
from trueup.drills.scenario import Scenario, scenarios

_HEAD = """# Scenarios

<!-- Generated from the scenarios in src/trueup/drills/scenarios and the results in src/trueup/drills/measured. -->

Each row is a drill: a simulated venue whose truth is known exactly, a real `TradingNode` in a process of its own with
an ordinary execution client and a real store, and faults as data. Nodes are killed with SIGKILL. At the end a comparer
that shares no code with the core compares orders (status, quantity, price, filled quantity), fills (trade ids, no
duplicates, quantity, price, commission), net positions and average prices with the venue's.

*Native* is the engine alone (NautilusTrader 1.231.0). *Verified* is the same node with trueup attached. "Equal" means
that nothing differed; the time counts from the last thing that happened. Ownership is named where it is wrong. Run one
and see the differences, a line each (`--lines 1000` for all of many):

```console
$ trueup drill run 4b
$ trueup drill run 4b --mode native
$ trueup drill show 4b
```

Durations: a row marked with a factor states the engine's real thresholds and runs with all of them, and all waits,
multiplied by that factor; `--real-time` runs it unscaled.
"""


_WORDS = """## The words of a scenario

A scenario is a TOML file in `src/trueup/drills/scenarios`: the node's configuration, how the venue works, and the
steps, one a line in these words. Anything else is refused when the file is read.

```text
{grammar}
```

`silently`: the event is lost. `cold`: the store is emptied before. `natively`: without trueup in either mode, to leave
behind what the native engine leaves. `routed`: the order names its client, without which the engine makes no targeted
query. Faults: queries (`orders`, `order`, `fills`, `positions`, `account`) can `fail`, `hang`, be `empty`, `truncated`
or `newest_first`, or give `no_average_price`; commands (`submit`, `cancel`, `modify`) can be `lost_before` or
`lost_after` they take effect, or `reject`; the stream (`push`) can `lose`, `delay`, `duplicate` or `reorder`.
"""


def render() -> str:
    """Return the document."""
    ordered = sorted(scenarios(), key=lambda scenario: GROUPS.index(scenario.group))
    numbers = {scenario.id for scenario in ordered}
    native = {number: one for number, one in read_measured("native").items() if number in numbers}
    verified = {number: one for number, one in read_measured("verified").items() if number in numbers}
    parts = [_HEAD, _summary(native, verified)]
    for group, members in groupby(ordered, key=lambda scenario: scenario.group):
        parts.append("\n".join((f"## {group.capitalize()}", "", *table(members, native, verified))))
    parts.append(_WORDS.format(grammar=GRAMMAR))
    return "\n".join(parts)


GROUPS = (
    "restart",
    "external",
    "history",
    "submit",
    "lost fill",
    "stream",
    "failing venue",
    "position",
    "store",
    "hedging",
    "amendment",
    "damage",
)
"""The order of the sections."""


def _summary(native: Mapping[str, Measured], verified: Mapping[str, Measured]) -> str:
    lines = ["| | scenarios | equal to the venue | different | not trading |", "|---|---|---|---|---|"]
    for name, results in (("native", native), ("verified", verified)):
        if not results:
            continue
        equal = sum(result.converged is True for result in results.values())
        different = sum(result.converged is False for result in results.values())
        stopped = sum(not result.trading for result in results.values())
        lines.append(f"| {name} | {len(results)} | {equal} | {different} | {stopped} |")
    return "\n".join([*lines, ""])


def table(
    members: Iterable[DescribedScenario], native: Mapping[str, Measured], verified: Mapping[str, Measured]
) -> Iterator[str]:
    """Yield the lines of a table: a scenario a row, and what each mode made of it."""
    yield "| # | what happens | native | what is wrong in native | verified | s |"
    yield "|---|---|---|---|---|---|"
    for scenario in members:
        scale = scenario.scale if isinstance(scenario, Scenario) else 1
        factor = "" if scale == 1 else f" (x {scale:g})"
        one, other = native.get(scenario.id), verified.get(scenario.id)
        cells = (
            scenario.id,
            _cell(scenario.title) + factor,
            _native(one, stable=scenario.native.stable),
            _wrong(scenario, one),
            _verified(other),
            "" if other is None or other.equal_after_secs is None else f"{other.equal_after_secs:.1f}",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _native(result: Measured | None, *, stable: bool) -> str:
    if result is None:
        return "not measured"
    if not result.trading:
        return "**does not trade**"
    after = "" if result.equal_after_secs is None else f", {result.equal_after_secs:.1f} s"
    word = f"equal{after}" if result.converged else "**different**"
    return word if stable else f"{word} (varies)"


def _wrong(scenario: DescribedScenario, result: Measured | None) -> str:
    if result is None:
        return ""
    found = [*result.differences, *result.ownership]
    words = [_cell(scenario.native.wrong)] if scenario.native.wrong and (found or not result.trading) else []
    if found:
        words.append(f"({', '.join(found)})")
    return " ".join(words)


def _verified(result: Measured | None) -> str:
    if result is None:
        return "not measured"
    if not result.trading:
        return f"refuses to trade: {_cell(result.refused)}"
    if result.verdict == "CLEAN":
        return "CLEAN"
    return f"{result.verdict}: {', '.join(result.kinds)}"


if __name__ == "__main__":
    import sys

    sys.stdout.write(render())
