"""Hold the documents to the code: regenerate what is generated, follow every link, run every Python snippet.

Usage: ``python scripts/docs_check.py [--write]``. Exits 1 with one line per fault.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED: dict[str, str] = {
    "docs/reference/rules.md": "trueup.config.reference:render_rules",
    "docs/reference/configuration.md": "trueup.config.reference:render_configuration",
    "docs/reference/metrics.md": "trueup.ops.metrics_reference:render",
    "docs/scenarios.md": "trueup.drills.report:render",
    "docs/emulator.md": "trueup.emulator.reference:render",
}
"""Document to the function that renders it; the whole file is generated."""

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SNIPPET_TIMEOUT_SECS = 60


def rendered(target: str) -> str:
    module, function = target.split(":")
    return str(getattr(importlib.import_module(module), function)())


def generated_faults(*, write: bool) -> Iterator[str]:
    for name, target in GENERATED.items():
        path, text = ROOT / name, rendered(target)
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            yield f"{name}: differs from what {target} renders; run 'make generate'"


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])


def link_faults(path: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists():
            yield f"{path.relative_to(ROOT)}: link to {target}, which does not exist"


def snippet_faults(path: Path, text: str) -> Iterator[str]:
    for match in SNIPPET.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        done = subprocess.run(
            [sys.executable, "-W", "error::SyntaxWarning", "-c", match.group(1)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SNIPPET_TIMEOUT_SECS,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            yield f"{path.relative_to(ROOT)}:{line}: the Python snippet fails: {last}"


def main() -> int:
    write = "--write" in sys.argv[1:]
    faults = list(generated_faults(write=write))
    if not write:
        for path in documents():
            text = path.read_text(encoding="utf-8")
            faults += [*link_faults(path, text), *snippet_faults(path, text)]
    for fault in faults:
        print(fault)
    print(f"docs-check: {len(documents())} documents, {len(GENERATED)} generated, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
