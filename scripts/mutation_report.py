"""Write docs/mutation.md from the results of `scripts.mutation`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

HEAD = """# Mutation testing of the core

`src/trueup/core` decides what is different and what is done about it. That a test runs a line does not say that it
would notice a wrong one. So its code is changed in one place at a time (`<` for `<=`, `and` for `or`, a
condition turned round, a number one off, a statement left out) and its unit tests are run against each change.

```sh
pip install 'cosmic-ray>=8.4'                                # into the development environment
python -m scripts.mutation run --sample 500 --seed 1         # every mutant without --sample
python -m scripts.mutation again                             # what survived, after tests were added
python -m scripts.mutation report                            # this page
```

The changes are [cosmic-ray](https://cosmic-ray.readthedocs.io)'s, one or two of its operators a kind of place, and two
of our own (`in` and `not in`; a call or an augmented assignment left out). Each runs in a fork, with the tests that run
its line, quickest first; laws draw {examples} examples, a fraction of what they do in the suite, so that the figure
errs low. Annotations, type aliases and the arguments of a class's decorator are not changed. Only `tests/unit/core`
counts.
"""


def write_report(results: Path, root: Path) -> None:
    """Write the page."""
    body = json.loads(results.read_text(encoding="utf-8"))
    reasons: dict[str, str] = json.loads((results.parent / "mutation_survivors.json").read_text(encoding="utf-8"))
    rows = [row for row in body["rows"] if row["outcome"] != "gone"]
    survivors = [row for row in rows if row["outcome"] == "survived"]
    explained = [row for row in survivors if _name(row) in reasons]
    killed = len(rows) - len(survivors)
    lines = [HEAD.format(examples=body["examples"])]
    share = f"{killed} were noticed ({killed / len(rows):.0%})"
    lines.append(
        f"Of {body['mutants_in_all']:,} possible changes {len(rows)} were run, drawn with the seed {body['seed']}: "
        f"{share}; {len(explained)} of the {len(survivors)} others change nothing that can be seen, as said below.\n"
    )
    if "noticed_at_first" in body:
        lines.append(
            f"**At first {body['noticed_at_first']} of them were noticed**; tests were then added for what this sample "
            "had shown. So its present figure says that these are held now, and is no estimate for the rest: that is "
            "the first figure, or a sample of another seed.\n"
        )
    lines += ["| module | possible | drawn | noticed | |", "|---|---:|---:|---:|---:|"]
    lines += _table(rows, body["per_module"])
    lines += ["", "## What was not noticed", ""]
    lines += [_told(row, reasons) for row in sorted(survivors, key=lambda row: (row["module"], row["line"]))]
    (root / "docs" / "mutation.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


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
