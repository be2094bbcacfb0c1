"""The journal: handing over, writing, listing 100,000 discrepancies, proving them, and a simulated week."""

from __future__ import annotations

import gc
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.result import Figure, Result, percentile
from trueup.journal import Entry, EntryKind, Journal, JournalReader, JournalSettings, Place, Query, Source
from trueup.journal.export import ExportFormat, export, whole_file
from trueup.journal.query import Order
from trueup.journal.recorder import JournalRecorder
from trueup.journal.rows import ENTRY_COLUMNS, entry_row
from trueup.journal.verify import verify
from trueup.node.announcer import Announcer

DISCREPANCIES: Final = 100_000
HANDOVERS: Final = 20_000
HANDED_AT_ONCE: Final = 10
LIST_MS_MAX: Final = 200.0
HANDOVER_US_MAX: Final = 10.0
REPETITIONS: Final = 7
WEEK_DAYS: Final = 7
LOOK_SECS: Final = 5
DAY_NS: Final = 86_400 * 1_000_000_000
NODE: Final = Source(trader_id="BENCH-001")
KINDS: Final = ("FILL_MISSING", "ORDER_STATUS", "POSITION_QUANTITY", "ORDER_MISSING_IN_NODE")


def run(quick: bool) -> Result:
    """Measure one journal in a file."""
    count = DISCREPANCIES // 20 if quick else DISCREPANCIES
    days = 1 if quick else WEEK_DAYS
    with tempfile.TemporaryDirectory(prefix="trueup-journal-") as name:
        directory = Path(name)
        place = Place(path=directory / "journal.sqlite3")
        filled, cpu_us = _fill(place, count)
        size_mib = sum(file.stat().st_size for file in directory.iterdir()) / 2**20
        figures = [
            *_handovers(directory, 2_000 if quick else HANDOVERS),
            Figure("Entries written, of discrepancies, durable", "entries/s", (count / filled,)),
            Figure("The writer's thread: CPU time of an entry", "µs", (cpu_us,), better="less"),
            Figure("Size of the file", "MiB", (size_mib,), better="less", note=f"{count:,} discrepancies"),
            *_lists(place, count),
            _command(place),
            *_whole(place, directory, count),
            *_week(directory / "week.sqlite3", days),
        ]
    return Result(
        title="The journal",
        measured=(
            f"One journal in a SQLite file with {count:,} discrepancies of 4 kinds on 50 instruments, each with one"
            " entry in the chain; lists of the newest 100 by the reader that `trueup journal list` uses, and the whole"
            " command as a process; a proof and an export of the whole. Handing over: one event of a check to the"
            f" recorder, {HANDOVERS:,} times, {HANDED_AT_ONCE} at once, while the writer's thread works. The simulated"
            f" week: {days} days of checks every {LOOK_SECS} s, each tenth a deep one, an hour of every day with a"
            " verdict that changes at every check, and 200 discrepancies a day that come and go, as fast as they are"
            " taken."
        ),
        excludes=(
            "The file is in the temporary directory; what a commit costs there is that disk's affair.",
            (
                "Handing over is what the journal adds to an event that the node's announcer makes anyway; the writer's"
                " thread competes for the interpreter meanwhile, as in a node."
            ),
            "PostgreSQL is not measured: over a network it is the network's time.",
            "The command includes the start of Python and the imports of the whole program.",
        ),
        figures=tuple(figures),
    )


def _discrepancy(number: int, time_ns: int, state: str = "CONFIRMED") -> Entry:
    instrument = f"SYM{number % 50:02d}USDT-PERP.BINANCE"
    return Entry(
        kind=EntryKind.DISCREPANCY,
        time_ns=time_ns,
        line=f"fill {number} of order O-{number} missing in node: nothing -> BUY 0.010 @ 64250.10 (+0.010)",
        topic=KINDS[number % 4],
        state=state,
        severity="CRITICAL" if number % 3 else "WARNING",
        account_id="BINANCE_USDM-master",
        instrument_id=instrument,
        fingerprint=_fingerprint(number),
        subject=f"fill {number} of order O-{number}",
        data={"venue": "BUY 0.010 @ 64250.10", "node": None, "looks": 2, "before": "NEW"},
    )


def _fingerprint(number: int) -> str:
    return hashlib.blake2b(str(number).encode(), digest_size=8).hexdigest()


def _fill(place: Place, count: int) -> tuple[float, float]:
    """Write the discrepancies; return the seconds it took, and the process's CPU microseconds for each."""
    settings = JournalSettings(queue_max=count + 1, rows_max=10 * count)
    now_ns = time.time_ns() - count * 1_000_000
    made = [_discrepancy(number, now_ns + number * 1_000_000) for number in range(count)]
    began, cpu = time.perf_counter(), time.process_time()
    journal = Journal.open(place, source=NODE, settings=settings)
    for one in made:
        journal.append(one)
    assert journal.flush(600.0), journal.status()
    secs, cpu_secs = time.perf_counter() - began, time.process_time() - cpu
    assert journal.close(60.0)
    return secs, cpu_secs / count * 1e6


def _handovers(directory: Path, count: int) -> Iterator[Figure]:
    """Hand events over as a node's loop does: a few, then something else while the writer's thread works."""
    announcer = Announcer()
    settings = JournalSettings(queue_max=count * 2)
    place = Place(path=directory / "handover.sqlite3")
    recorder = JournalRecorder(announcer, place=place, source=NODE, settings=settings, about={})
    recorder.start()
    took: list[float] = []
    cpu_secs = 0.0
    for number in range(count // HANDED_AT_ONCE):
        events = [_Event("look", number, _look("cheap", "CLEAN")) for _ in range(HANDED_AT_ONCE)]
        cpu = time.thread_time()
        for event in events:
            before = time.perf_counter()
            recorder.hear(event)
            took.append((time.perf_counter() - before) * 1e6)
        cpu_secs += time.thread_time() - cpu
        time.sleep(0.001)
    assert recorder.status().dropped == 0
    recorder.close()
    yield Figure("Handing an event over: median", "µs", (percentile(took, 0.5),), HANDOVER_US_MAX, better="less")
    yield Figure("Handing an event over: p99", "µs", (percentile(took, 0.99),), better="less")
    cpu_us = cpu_secs / count * 1e6
    yield Figure("Handing an event over: CPU time of who does it", "µs", (cpu_us,), HANDOVER_US_MAX, better="less")


def _lists(place: Place, count: int) -> Iterator[Figure]:
    some = _fingerprint(count // 2)
    queries = {
        "the newest": Query(),
        "those that stand": Query(open_only=True),
        "of one kind and one instrument": Query(kinds=("FILL_MISSING",), instrument_id="SYM08USDT-PERP.BINANCE"),
        "critical ones of one account": Query(severities=("CRITICAL",), account_id="BINANCE_USDM-master"),
        "by 4 digits of a fingerprint": Query(fingerprint=some[:4]),
        "that nothing matches": Query(severities=("INFO",)),
    }
    with JournalReader.open(place) as reader:
        for name, query in queries.items():
            times = tuple(_timed_ms(partial(reader.discrepancies, query)) for _ in range(REPETITIONS))
            yield Figure(f"List of 100 of {count:,}, {name}", "ms", times, LIST_MS_MAX, better="less")
        times = tuple(_timed_ms(partial(reader.entries, Query())) for _ in range(REPETITIONS))
        yield Figure(f"List of the newest 100 of {count:,} entries", "ms", times, LIST_MS_MAX, better="less")


def _command(place: Place) -> Figure:
    command = [sys.executable, "-m", "trueup", "journal", "list", str(place)]
    work = partial(subprocess.run, command, check=True, capture_output=True)
    times = tuple(_timed_ms(work) for _ in range(REPETITIONS))
    return Figure("The command `trueup journal list`, from its start to its end", "ms", times, better="less")


def _whole(place: Place, directory: Path, count: int) -> Iterator[Figure]:
    with JournalReader.open(place) as reader:
        began = time.perf_counter()
        proof = verify(reader)
        secs = time.perf_counter() - began
        assert proof.is_whole
        yield Figure("Proof of the whole journal", "entries/s", (count / secs,))
        query = Query(limit=None, order=Order.OLDEST_FIRST)
        for form in ExportFormat:
            began = time.perf_counter()
            with whole_file(directory / f"export.{form}", force=True) as file:
                export(map(entry_row, reader.each_entry(query)), ENTRY_COLUMNS, form, file)
            yield Figure(f"Export as {form}", "entries/s", (count / (time.perf_counter() - began),))


def _week(path: Path, days: int) -> Iterator[Figure]:
    announcer = Announcer()
    recorder = JournalRecorder(announcer, place=Place(path=path), source=NODE, about={})
    recorder.start()
    journal = recorder.journal
    assert journal is not None
    hear = recorder.hear
    start_ns = time.time_ns() - days * DAY_NS
    resident: list[float] = []
    looks = 0
    for day in range(days):
        for number in range(86_400 // LOOK_SECS):
            time_ns = start_ns + day * DAY_NS + number * LOOK_SECS * 1_000_000_000
            flaps = number < 720 and number % 2
            hear(
                _Event("look", time_ns, _look("deep" if number % 10 == 0 else "cheap", "UNKNOWN" if flaps else "CLEAN"))
            )
            looks += 1
            if number % 86 == 0:
                for state in ("NEW", "HEALING", "RESOLVED"):
                    hear(_Event("discrepancy", time_ns, _change(day * 200 + number // 86, state)))
            if number % 2_000 == 0:
                assert journal.flush(60.0)
        assert journal.flush(60.0)
        gc.collect()
        resident.append(_resident_mib())
    rows, dropped = recorder.status().records, recorder.status().dropped
    assert dropped == 0
    recorder.close()
    size_mib = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*")) / 2**20
    yield Figure(
        f"Simulated {days} days: checks for each row written", "checks", (looks / rows,), note=f"{rows:,} rows"
    )
    yield Figure(f"Simulated {days} days: size of the file at the end", "MiB", (size_mib,), better="less")
    if days > 1:
        grown = resident[-1] - resident[0]
        yield Figure("Growth of resident memory, end of day 1 to end of day 7", "MiB", (grown,), 8.0, better="less")


class _Event:
    """One event of a node, without its announcer's clock."""

    __slots__ = ("data", "kind", "time_ns")

    def __init__(self, kind: str, time_ns: int, data: dict[str, Any]) -> None:
        self.kind, self.time_ns, self.data = kind, time_ns, data


def _look(check: str, verdict: str) -> dict[str, Any]:
    deep = "complete" if check == "deep" else "not_asked"
    coverage = {"ORDERS_OPEN": "complete", "POSITIONS": "complete", "FILLS": deep, "ORDERS_CLOSED": deep}
    return {"account_id": "B-1", "check": check, "verdict": verdict, "coverage": coverage, "secs": 0.1}


def _change(number: int, state: str) -> dict[str, Any]:
    return {
        "fingerprint": f"{number:016x}",
        "account_id": "B-1",
        "kind": "FILL_MISSING",
        "severity": "CRITICAL",
        "instrument_id": "BTCUSDT-PERP.BINANCE",
        "state": state,
        "line": f"fill {number} missing in node",
        "looks": 2,
    }


def _timed_ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


def _resident_mib() -> float:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1_024
    raise AssertionError("the system does not tell resident memory")
