"""What each sampled value of a soak may do, and where the bound comes from."""

from __future__ import annotations

from collections.abc import Collection

from trueup.drills.soak.plan import JOURNAL_ROWS_MAX
from trueup.drills.soak.trend import Bound
from trueup.journal.writer import PRUNE_ROWS

MIB = 1024 * 1024

RESIDENT = Bound(
    name="node_rss_bytes",
    title="Node: resident memory",
    per_hour_max=8.0 * MIB,
    why="as with memory of its own, which runs before 23 November 2026 did not sample",
    waits_for_purge=True,
)
BOUNDS: tuple[Bound, ...] = (
    Bound(
        name="venue_events",
        title="Venue: events, the node's orders among them",
        per_hour_min=5_000.0,
        why="a quarter of what the strategy's five actions a second come to: a node that may not trade proves nothing",
    ),
    Bound(
        name="node_private_bytes",
        title="Node: memory of its own",
        per_hour_max=8.0 * MIB,
        why="what 800 purge cycles of a native node grow by (8.4 MiB, docs/benchmarks.md); without the pages of program"
        " files, which the machine maps and drops as its other work goes",
        waits_for_purge=True,
    ),
    Bound(
        name="node_descriptors",
        title="Node: file descriptors",
        per_hour_max=1.0,
        why="one an hour: a leak of one at each of the reconnects would be over a hundred",
    ),
    Bound(name="node_threads", title="Node: threads", per_hour_max=1.0, why="one an hour, as with descriptors"),
    Bound(
        name="metric_series",
        title="Node: metric series",
        per_hour_max=5.0,
        why="labels have few values (docs/monitoring.md); a new kind of discrepancy may appear late",
    ),
    Bound(
        name="journal_rows",
        title="Journal: entries",
        ceiling=JOURNAL_ROWS_MAX + 1.2 * PRUNE_ROWS,
        why="`journal.rows_max` of 1,000, the 1,000 that may come between two cuts, and a write of 200",
    ),
    Bound(
        name="journal_bytes",
        title="Journal: bytes on disk",
        ceiling=16.0 * MIB,
        why="2,200 entries with their discrepancies take up to 6 MB, the write-ahead log 4 MiB and a write",
    ),
    Bound(
        name="store_keys",
        title="Store: keys",
        per_hour_max=500.0,
        why="an hour closes some 13,000 orders, and one in twenty-six that stays would show as this; how many an hour"
        " closes varies by some hundred with what the guard allows",
        waits_for_purge=True,
    ),
    Bound(
        name="store_used_bytes",
        title="Store: memory of its data",
        per_hour_max=1.0 * MIB,
        why="an order with its events takes about 2 KB there: 10,000 that stay would be 20 MB",
        waits_for_purge=True,
    ),
    Bound(
        name="loop_lag_p99_ms",
        title="Node: lag of its event loop (99th of 100)",
        per_hour_max=10.0,
        why="10 ms an hour: a loop that slows down has something that grows; the machine's other work moves it too",
        waits_for_purge=True,
    ),
    Bound(
        name="log_bytes",
        title="Node: log files",
        ceiling=5_000_000 * 4 * 1.1,
        why="`logs.file_size_bytes_max` of 5 MB, three rotated files and the present one",
    ),
)


def bounds_of(sampled: Collection[str]) -> tuple[Bound, ...]:
    """Return the bounds for what a run sampled: resident memory stands in where memory of its own is missing."""
    return tuple(RESIDENT if one.name == "node_private_bytes" and one.name not in sampled else one for one in BOUNDS)
