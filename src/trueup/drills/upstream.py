"""Faults of the engine's own reconciliation, by version: run, put on record, and made a table of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from trueup.drills.judge import complaints
from trueup.drills.outcome import Outcome
from trueup.drills.scenario import Scenario, find_scenario

ISSUES: Final = "https://github.com/nautechsystems/nautilus_trader/issues/"

HEAD: Final = """\
# Faults of the engine's own reconciliation

<!-- Generated from src/trueup/drills/upstream.toml and the results in src/trueup/drills/measured. -->

Each row is a fault of NautilusTrader's built-in reconciliation that was reported or found by measuring, with the
[scenarios](scenarios.md) that show it. Under a version stands how many of the row's scenarios ended
wrong on that version with the engine alone: fills lost, doubled or invented, wrong orders or positions, owners lost, or
a node that does not trade. **0** means that this version does it right in these scenarios. The last column counts,
over all versions, the runs with trueup attached that ended equal to the venue under CLEAN, those that were refused or
reported honestly, and those that broke a promise.

A fault is in the engine as measured; an issue's number stands where an issue describes it or its like, and does not say
that the issue is about exactly this scenario. Run a row's scenarios on the installed engine, both ways:

```console
$ trueup drill run 4c 4f
$ trueup drill upstream U01
```
"""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault.

    Parameters
    ----------
    id : str
        Its number here.
    what : str
        What goes wrong, in a sentence.
    source : list[str]
        Issues and changes of the engine that describe it or its like; empty if it was found by measuring.
    scenarios : list[str]
        The numbers of the scenarios that show it.
    """

    id: str
    what: str
    source: list[str]
    scenarios: list[str]


class Ended(msgspec.Struct, frozen=True):
    """How one scenario ended on one version.

    Parameters
    ----------
    native : str
        ``right``, or what was wrong with the engine alone.
    verified : str
        ``CLEAN``, the honest outcome, or ``BROKEN`` and why.
    """

    native: str
    verified: str


type Record = dict[str, dict[str, Ended]]
"""Version of the engine, number of the scenario, how it ended."""


class _File(msgspec.Struct, frozen=True):
    fault: list[Fault]


def _path(*parts: str) -> Path:
    return Path(str(files("trueup.drills").joinpath(*parts)))


def faults() -> list[Fault]:
    """Return all faults, in the order of their numbers."""
    return msgspec.toml.decode(_path("upstream.toml").read_bytes(), type=_File).fault


def engine_version() -> str:
    """Return the version of the installed engine."""
    return version("nautilus_trader")


def scenarios_of(chosen: Iterable[Fault]) -> list[Scenario]:
    """Return every scenario that the faults name, once."""
    return [find_scenario(name) for name in dict.fromkeys(name for fault in chosen for name in fault.scenarios)]


def ended(scenario: Scenario, native: Outcome, verified: Outcome) -> Ended:
    """Put both runs of a scenario into a word each."""
    broken = complaints(scenario, verified)
    # A scenario says what is honest on the newest version. On an older one, to refuse or to name more is honest, too.
    if broken and (_is_untrue(verified) or verified.failure):
        word = f"BROKEN {'; '.join(broken)}"
    elif not verified.trading:
        word = "REFUSED"
    else:
        word = verified.verdict.verdict if verified.verdict is not None else "BROKEN no verdict"
    return Ended(native=_wrong(native), verified=word)


def _is_untrue(outcome: Outcome) -> bool:
    """Return whether CLEAN was said, or stood, over a difference, or a trading node said nothing."""
    if not outcome.trading:
        return False
    if outcome.verdict is None:
        return True
    return outcome.verdict.verdict == "CLEAN" or (outcome.verdict.standing == "CLEAN" and not outcome.unaided)


def _wrong(outcome: Outcome) -> str:
    if outcome.failure:
        return outcome.failure
    if not outcome.trading:
        return "does not trade"
    comparison = outcome.comparison
    if comparison is None:
        return "was not compared"
    lost = sorted({found.what.value for found in comparison.ownership})
    return ", ".join([*comparison.kinds, *lost]) or "right"


def read_record() -> Record:
    """Return what is on record; nothing if nothing was recorded."""
    path = _path("measured", "upstream.json")
    return msgspec.json.decode(path.read_bytes(), type=Record) if path.exists() else {}


def record(engine: str, results: Mapping[str, Ended]) -> None:
    """Put results of one version on record, in place of what was there of the same scenarios."""
    kept = read_record()
    kept[engine] = {**kept.get(engine, {}), **results}
    ordered = {one: kept[one] for one in sorted(kept, key=_numbers)}
    text = msgspec.json.format(msgspec.json.encode(ordered), indent=1)
    _path("measured", "upstream.json").write_bytes(text + b"\n")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def render() -> str:
    """Return the document, in Markdown."""
    kept = read_record()
    versions = list(kept)
    lines = [
        HEAD,
        f"| # | fault | source | scenarios | {' | '.join(versions)} | verified |",
        f"|---|---|---|---|{'---|' * len(versions)}---|",
    ]
    for fault in faults():
        counts = [_count(fault, kept[one]) for one in versions]
        sources = ", ".join(f"[{one}]({ISSUES}{one[1:]})" for one in fault.source) or "measured"
        cells = (fault.id, fault.what, sources, ", ".join(fault.scenarios), *counts, _verified(fault, kept))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", _sums(kept), ""])


def _count(fault: Fault, results: Mapping[str, Ended]) -> str:
    known = [results[name].native for name in fault.scenarios if name in results]
    if not known:
        return "not run"
    wrong = sum(word != "right" for word in known)
    return f"{wrong} of {len(known)}" if wrong else f"**0** of {len(known)}"


def _verified(fault: Fault, kept: Record) -> str:
    words = [results[name].verified for results in kept.values() for name in fault.scenarios if name in results]
    clean = words.count("CLEAN")
    broken = sum(word.startswith("BROKEN") for word in words)
    honest = len(words) - clean - broken
    parts = ((clean, f"{clean} CLEAN"), (honest, f"{honest} reported"), (broken, f"**{broken} broken**"))
    return ", ".join(text for number, text in parts if number)


def _sums(kept: Record) -> str:
    lines = ["## In numbers", "", "| engine | scenarios | native wrong | verified CLEAN | reported | broken |"]
    lines.append("|---|---|---|---|---|---|")
    for engine, results in kept.items():
        words = [one.verified for one in results.values()]
        clean, broken = words.count("CLEAN"), sum(word.startswith("BROKEN") for word in words)
        wrong = sum(one.native != "right" for one in results.values())
        lines.append(f"| {engine} | {len(words)} | {wrong} | {clean} | {len(words) - clean - broken} | {broken} |")
    return "\n".join(lines)
