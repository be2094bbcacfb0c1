"""Change the core in one place at a time, and see whether its unit tests notice.

Usage: ``python -m scripts.mutation run [--sample N] [--seed S] [--module NAME] [--apart-from FILE]``, which goes on
where a run of the same results was ended; ``... again`` runs what survived once more, after tests were added; ``...
report`` writes docs/mutation.md. It needs cosmic-ray beside the development tools.

Every mutant runs in a fork of a process that has imported the test tools already, with the mutated module put in its
place at import: no file is changed, and a mutant costs the tests that run its line, quickest first, until one fails.
Hypothesis draws the same examples in every run (`derandomize`), and shrinks none.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import hypothesis
import pytest
from coverage import Coverage
from scripts.mutants import Mutant, changed_line, compiles, mutants_of, mutated, sample_of
from scripts.mutation_report import write_report

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "trueup" / "core"
TESTS = "tests/unit/core"
RESULTS = ROOT / TESTS / "mutation.json"
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-m", "not long", "--no-header", "--tb=line", "--assert=plain")
CPU_SECS_MAX = 60  # of one mutant: an endless loop is what it is for; the whole of the tests takes a sixth of it
WAIT_SECS_MAX = 900.0  # of one mutant, by the clock, on however busy a machine
EXAMPLES_MAX = 30  # of one law: what a mutant survives with so few it might not with more, so the figure errs low
TIMED_OUT = -1
BROKEN = 99
PAUSE_SECS = 0.005

type Covering = dict[str, dict[int, list[str]]]
"""Module to line to the tests that run it, quickest first."""


class _Loader(importlib.machinery.SourceFileLoader):
    """Load a module from other source than its file's."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Find one module before everybody else does."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source
        self.found = 0

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        self.found += 1
        loader = _Loader(fullname, str(self.path), self.source)
        return importlib.util.spec_from_file_location(fullname, self.path, loader=loader)


class _FewExamples:
    """Let every law draw few examples, whatever it asks for."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            law: Any = getattr(item, "obj", None)
            asked: Any = getattr(law, "_hypothesis_internal_use_settings", hypothesis.settings.default)
            few = hypothesis.settings(
                asked,
                max_examples=min(asked.max_examples, EXAMPLES_MAX),
                derandomize=True,
                deadline=None,  # a law that is slow on a busy machine has noticed no mutant
                suppress_health_check=list(hypothesis.HealthCheck),
            )
            if hasattr(law, "hypothesis"):
                law._hypothesis_internal_use_settings = few  # noqa: SLF001  # the plugin's only way to a law's settings


class _Contexts:
    """Tell coverage which test runs, and how long each took."""

    def __init__(self, coverage: Coverage) -> None:
        self.coverage = coverage
        self.secs: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.coverage.switch_context(item.nodeid)
        begun = time.monotonic()
        result = yield
        self.secs[item.nodeid] = time.monotonic() - begun
        self.coverage.switch_context("")
        return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("run", "again", "report"))
    parser.add_argument("--sample", type=int, default=None, help="how many mutants to draw (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", default=[], help="only this module of core, by its short name")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument(
        "--apart-from", type=Path, action="append", default=[], help="results whose mutants are left out"
    )
    chosen = parser.parse_args()
    if chosen.command == "report":
        write_report(chosen.results, ROOT)
        return 0
    _prepare()
    if chosen.command == "run":
        run(chosen.sample, chosen.seed, chosen.module, chosen.results, chosen.apart_from)
    else:
        again(chosen.results)
    return 0


def _prepare() -> None:
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.dont_write_bytecode = True
    hypothesis.settings.register_profile(
        "mutation", database=None, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate]
    )
    hypothesis.settings.load_profile("mutation")


def run(size: int | None, seed: int, modules: list[str], results: Path, apart_from: Sequence[Path] = ()) -> None:
    """Run a sample of the mutants and keep what came of each; what the results have already is not run again."""
    begun = time.monotonic()
    covering = _covering()
    every = {path.stem: mutants_of(f"trueup.core.{path.stem}", path) for path in sorted(PACKAGE.glob("*.py"))}
    left_out = {_place(row) for path in apart_from for row in _rows_of(path)}
    drawn_from = [one for found in every.values() for one in found if _place(one.as_json()) not in left_out]
    mutants = sample_of(drawn_from, size, seed)
    mutants = [one for one in mutants if not modules or one.module.rpartition(".")[2] in modules]
    body: dict[str, Any] = {"mutants_in_all": sum(map(len, every.values())), "seed": seed, "examples": EXAMPLES_MAX}
    body["per_module"] = {name: len(found) for name, found in every.items()}
    if results.exists() and json.loads(results.read_text(encoding="utf-8"))["seed"] != seed:
        raise SystemExit(f"{results} holds what another seed drew: give other --results, or that seed")
    rows = body["rows"] = _rows_of(results)
    done = {_place(row) for row in rows}
    for number, mutant in enumerate(mutants, start=1):
        if _place(mutant.as_json()) in done or (row := _row(mutant, covering)) is None:
            continue
        rows.append(row)
        results.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")  # a run that is ended keeps what it has
        if row["outcome"] == "survived":
            place = f"{mutant.module}:{mutant.line}"
            print(f"{number}/{len(mutants)} survived: {place}: {row['before']}  =>  {row['after']}", flush=True)
    killed = sum(row["outcome"] != "survived" for row in rows)
    print(f"{killed} of {len(rows)} killed ({killed / max(1, len(rows)):.1%}) in {time.monotonic() - begun:.0f} s")


def _rows_of(results: Path) -> list[dict[str, Any]]:
    if not results.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(results.read_text(encoding="utf-8"))["rows"]
    return rows


def _place(row: dict[str, Any]) -> tuple[str, str, int]:
    return (row["module"], row["operator"], row["occurrence"])


def again(results: Path) -> None:
    """Run what survived once more; a change whose place the code no longer has is looked for by its line."""
    body = json.loads(results.read_text(encoding="utf-8"))
    body.setdefault("noticed_at_first", sum(row["outcome"] != "survived" for row in body["rows"]))
    covering = _covering()
    for row in body["rows"]:
        if row["outcome"] != "survived":
            continue
        mutant = _found_again(row)
        fresh = _row(mutant, covering) if mutant is not None else None
        row.update(fresh or {"outcome": "gone"})
        print(f"{row['outcome']}: {row['module']}:{row['line']}: {row['before']}  =>  {row['after']}", flush=True)
        results.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


def _found_again(row: dict[str, Any]) -> Mutant | None:
    path = PACKAGE / f"{row['module'].rpartition('.')[2]}.py"
    source = path.read_text(encoding="utf-8")
    for mutant in mutants_of(row["module"], path):
        if mutant.operator == row["operator"]:
            text = mutated(mutant, source)
            if changed_line(source, text) == (row["before"], row["after"]):
                return mutant
    return None


def _row(mutant: Mutant, covering: Covering) -> dict[str, str | int] | None:
    path = PACKAGE / f"{mutant.module.rpartition('.')[2]}.py"
    source = path.read_text(encoding="utf-8")
    text = mutated(mutant, source)
    if not compiles(text):
        return None
    before, after = changed_line(source, text)
    tests = covering.get(mutant.module, {}).get(mutant.line)
    status = _in_fork(lambda: _test(_Finder(mutant.module, path, text), tests or [TESTS]))
    outcome = {0: "survived", TIMED_OUT: "timeout"}.get(status, "killed")
    if status in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED, BROKEN):
        raise RuntimeError(f"{mutant}: the tests could not be run")
    return {**mutant.as_json(), "before": before, "after": after, "outcome": outcome, "tests": len(tests or [])}


def _test(finder: _Finder, tests: list[str]) -> int:
    sys.meta_path.insert(0, finder)
    status = int(pytest.main([*OPTIONS, *tests], plugins=[_FewExamples()]))
    if not finder.found:
        raise RuntimeError(f"{finder.name} was imported before its mutant could be")
    return status


def _covering() -> Covering:
    """Run the tests once without a change; return which of them run which line."""
    kept = ROOT / ".mutation-covering.json"

    def measure() -> int:
        coverage = Coverage(data_file=None, source=[str(PACKAGE)], config_file=False)
        coverage.set_option("run:core", "ctrace")
        coverage.start()
        contexts = _Contexts(coverage)
        status = int(pytest.main([*OPTIONS, TESTS], plugins=[contexts, _FewExamples()]))
        coverage.stop()
        data = coverage.get_data()
        covering: Covering = {}
        for file in data.measured_files():
            lines = data.contexts_by_lineno(file)
            covering[f"trueup.core.{Path(file).stem}"] = {
                line: sorted(tests, key=contexts.secs.__getitem__)
                for line, tests in lines.items()
                if "" not in tests  # run at import: any test may notice
            }
        kept.write_text(json.dumps(covering), encoding="utf-8")
        return status

    if status := _in_fork(measure):
        raise SystemExit(f"the tests fail without any mutant (exit {status})")
    covering = json.loads(kept.read_text(encoding="utf-8"))
    kept.unlink()
    return {name: {int(line): tests for line, tests in lines.items()} for name, lines in covering.items()}


def _in_fork(work: Callable[[], int]) -> int:
    """Run work in a fork, its output thrown away; return its status, or `TIMED_OUT`."""
    child = os.fork()
    if child == 0:
        status = BROKEN
        try:
            quiet = os.open(os.environ.get("MUTATION_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECS_MAX, CPU_SECS_MAX + 5))
            status = work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    ends_at = time.monotonic() + WAIT_SECS_MAX
    while time.monotonic() < ends_at:
        done, waited = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(waited)
            return TIMED_OUT if code in (-signal.SIGXCPU, -signal.SIGKILL) else code
        time.sleep(PAUSE_SECS)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return TIMED_OUT


if __name__ == "__main__":
    sys.exit(main())
