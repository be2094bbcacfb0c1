"""Write docs/mutation.md from the results of `scripts.mutation`."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

HEAD = """# Mutation testing of the core

`src/trueup/core` decides what is different and what is done about it. That a test runs a line does not say that it
would notice a wrong one. So its code is changed in one place at a time (`<` for `<=`, `and` for `or`, a
condition turned round, a number one off, a statement left out) and its unit tests are run against each change.

```sh
make mutation ARGS="--sample 300 --seed 9"                   # every mutant without --sample; goes on where it was ended
python -m scripts.mutation again --results .mutation.json    # what survived, after tests were added
python -m scripts.mutation report                            # this page, from what is on record
```

The changes are [cosmic-ray](https://cosmic-ray.readthedocs.io)'s, one or two of its operators a kind of place, and two
of our own (`in` and `not in`; a call or an augmented assignment left out). Each runs in a fork, with the tests that run
its line, quickest first; laws draw {examples} examples, a fraction of what they do in the suite, so that the figure
errs low. No file is touched. Annotations, type aliases and the arguments of a class's decorator are left as they are.
Only `tests/unit/core` counts.
"""


def write_report(results: Path, root: Path) -> None:
    """Write the page."""
    body = json.loads(results.read_text(encoding="utf-8"))
    reasons: dict[str, str] = json.loads((results.parent / "mutation_survivors.json").read_text(encoding="utf-8"))
    rows = [row for row in body["rows"] if row["outcome"] != "gone"]
    survivors = [row for row in rows if row["outcome"] == "survived"]
    explained = [row for row in survivors if _name(row) in reasons]
    lines = [HEAD.format(examples=body["examples"]), *_samples(body, rows)]
    missed = len(survivors) - len(explained)
    lines += [
        f"Tests were then added for what this sample had shown, too: {len(rows) - len(survivors)} of its changes are",
        f"noticed now, {len(explained)} of the others are explained below, and {missed} are not. That says what is",
        "held now, and is no estimate of the rest.",
        "",
    ]
    lines += ["| module | possible | drawn | noticed now | |", "|---|---:|---:|---:|---:|"]
    lines += _table(rows, body["per_module"])
    lines += ["", "## What was not noticed", ""]
    lines += [_told(row, reasons) for row in sorted(survivors, key=lambda row: (row["module"], row["line"]))]
    (root / "docs" / "mutation.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _samples(body: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    """Return what each sample showed before any test was written for it."""
    lines = ["| sample | drawn | noticed at first | | the tests knew of |", "|---|---:|---:|---:|---|"]
    first = body.get("noticed_at_first", sum(row["outcome"] != "survived" for row in rows))
    samples = [
        *body.get("earlier", ()),
        {"seed": body["seed"], "drawn": body.get("drawn", len(rows)), "noticed": first},
    ]
    for number, one in enumerate(samples, start=1):
        knew = "none" if number == 1 else f"the {number - 1} before" if number > 2 else "the one before"
        share = f"{one['noticed'] / one['drawn']:.1%}"
        lines.append(f"| {number} (seed {one['seed']}) | {one['drawn']} | {one['noticed']} | {share} | {knew} |")
    last = samples[-1]
    low, high = _interval(last["noticed"], last["drawn"])
    share = f"{last['noticed'] / last['drawn']:.1%} of {last['drawn']}"
    of_all = f"{low:.1%} to {high:.1%} of all {body['mutants_in_all']:,} possible ones, with 95 % confidence"
    return [
        *lines,
        "",
        f"**{share} changes that no test had been written for were noticed**",
        f"({of_all}).",
        "The last sample has no change in common with those before, and was run in the order that its seed draws until",
        "time was up.",
        "",
    ]


def _interval(hits: int, count: int) -> tuple[float, float]:
    """Return Wilson's interval of a share, at 95 per cent."""
    z, share = 1.96, hits / count
    middle, spread = (
        share + z * z / (2 * count),
        z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)),
    )
    return (middle - spread) / (1 + z * z / count), (middle + spread) / (1 + z * z / count)


def _table(rows: list[dict[str, Any]], possible: dict[str, int]) -> list[str]:
    drawn = Counter(_module(row) for row in rows)
    noticed = Counter(_module(row) for row in rows if row["outcome"] != "survived")
    return [
        f"| `{name}` | {possible[name]} | {count} | {noticed[name]} | {noticed[name] / count:.0%} |"
        for name, count in sorted(drawn.items())
    ]


def _told(row: dict[str, Any], reasons: dict[str, str]) -> str:
    why = reasons.get(_name(row), "Not noticed: no test of the core depends on it.")
    return f"- `{_module(row)}`, line {row['line']}: `{row['before']}` became `{row['after']}`. {why}"


def _module(row: dict[str, Any]) -> str:
    return str(row["module"]).rpartition(".")[2]


def _name(row: dict[str, Any]) -> str:
    """Return what names a change whatever line it stands on."""
    return f"{_module(row)}: {row['before']} => {row['after']}"
