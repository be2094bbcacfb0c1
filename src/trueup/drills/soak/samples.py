"""Sample a node, its store, its journal and its venue from outside: no part of the node is asked to count itself."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
import redis

from trueup.emulator.client import ControlClient
from trueup.errors import NodeError
from trueup.model.guard import GuardState
from trueup.monitor.status import NodeStatus

ANSWER_SECS_MAX = 10.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SEC = os.sysconf("SC_CLK_TCK")


class Sample(msgspec.Struct, frozen=True):
    """Hold what was seen at one moment.

    Parameters
    ----------
    at_secs : float
        Since the node began to trade.
    values : dict of str to float
        By name, the unit last; a value that could not be read is not there.
    verdict, phase : str
        The node's own word.
    """

    at_secs: float
    values: dict[str, float]
    verdict: str = ""
    phase: str = ""


def process_values(pid: int, prefix: str) -> dict[str, float]:
    """Return memory, descriptors, threads and processor time of a process; nothing of one that is gone."""
    root = Path("/proc") / str(pid)
    try:
        pages, shared = map(int, (root / "statm").read_text().split()[1:3])
        fields = (root / "stat").read_text().rpartition(")")[2].split()
        descriptors = len(list((root / "fd").iterdir()))
    except (OSError, IndexError):
        return {}
    user, system, threads = int(fields[11]), int(fields[12]), int(fields[17])
    return {
        f"{prefix}_rss_bytes": float(pages * _PAGE_BYTES),
        f"{prefix}_private_bytes": float((pages - shared) * _PAGE_BYTES),
        f"{prefix}_descriptors": float(descriptors),
        f"{prefix}_threads": float(threads),
        f"{prefix}_cpu_secs": (user + system) / _TICKS_PER_SEC,
    }


def directory_bytes(directory: Path, pattern: str = "*") -> float:
    """Return the bytes of every file below a directory whose name fits."""
    total = 0
    for path in directory.rglob(pattern):
        with contextlib.suppress(OSError):  # a file that was rotated away meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return float(total)


def families(metrics: str) -> Counter[str]:
    """Return how many series each metric family has, from Prometheus' text."""
    return Counter(
        line.split("{", maxsplit=1)[0].split(" ", maxsplit=1)[0]
        for line in metrics.splitlines()
        if line and not line.startswith("#")
    )


def _fetch(url: str) -> bytes:
    with urlopen(url, timeout=ANSWER_SECS_MAX) as answer:  # noqa: S310 - the node's own loopback address
        body: bytes = answer.read()
        return body


class Sampler:
    """Read everything there is to read of one soak.

    Parameters
    ----------
    node_pid, venue_pid : int
        The processes.
    ops_url : str
        The node's ops endpoint.
    store_url : str
        Its store.
    store_directory, log_directory, state_directory : Path
        Where store, engine and node keep their files.
    control : ControlClient
        The venue's control port.
    """

    def __init__(
        self,
        *,
        node_pid: int,
        venue_pid: int,
        ops_url: str,
        store_url: str,
        store_directory: Path,
        log_directory: Path,
        state_directory: Path,
        control: ControlClient,
    ) -> None:
        self._node_pid = node_pid
        self._venue_pid = venue_pid
        self._ops_url = ops_url
        self._store_directory = store_directory
        self._log_directory = log_directory
        self._state_directory = state_directory
        self._control = control
        self._store = redis.Redis.from_url(store_url, socket_timeout=ANSWER_SECS_MAX)
        self._began = time.monotonic()
        self.failures: Counter[str] = Counter()
        self.families: Counter[str] = Counter()
        self.status: NodeStatus | None = None

    def close(self) -> None:
        """Close the store's connection."""
        self._store.close()

    def take(self) -> Sample:
        """Return a sample now.

        Raises
        ------
        NodeError
            If the node's process is gone.
        """
        at_secs = time.monotonic() - self._began
        values = process_values(self._node_pid, "node")
        if not values:
            raise NodeError("the node's process has ended", action="read its log in the soak's directory")
        values |= process_values(self._venue_pid, "venue")
        values["log_bytes"] = directory_bytes(self._log_directory, "*.jsonl")
        values["store_file_bytes"] = directory_bytes(self._store_directory)
        verdict = phase = ""
        self.status = None
        with self._counted("metrics"):
            text = _fetch(f"{self._ops_url}/metrics")
            self.families = families(text.decode())
            values["metric_series"] = float(self.families.total())
            values["metric_bytes"] = float(len(text))
        with self._counted("status"):
            status = msgspec.json.decode(_fetch(f"{self._ops_url}/status.json"))
            (node,) = status.get("nodes", (status,))
            self.status = msgspec.convert(node, NodeStatus)
            verdict, phase = self.status.verdict, self.status.phase
            values |= _status_values(self.status)
        with self._counted("store"):
            values["store_keys"] = float(self._store.dbsize())
            values["store_used_bytes"] = float(self._store.info("memory")["used_memory_dataset"])
        with self._counted("journal"):
            values |= self._journal_values()
        with self._counted("venue"):
            health = self._control.health()
            values["venue_events"] = float(health.sequence)
            values["venue_internal_errors"] = float(health.internal_errors + health.journal_failures)
        return Sample(at_secs, values, verdict, phase)

    def _journal_values(self) -> dict[str, float]:
        path = next(self._state_directory.rglob("journal.sqlite3"), None)
        if path is None:
            return {}
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=ANSWER_SECS_MAX)) as journal:
            rows = journal.execute("SELECT count(*) FROM entries").fetchone()[0]
            discrepancies = journal.execute("SELECT count(*) FROM discrepancies").fetchone()[0]
            written = journal.execute("SELECT sum(head_sequence) FROM chains").fetchone()[0] or 0
        size = sum(one.stat().st_size for one in path.parent.glob("journal.sqlite3*"))
        return {
            "journal_rows": float(rows),
            "journal_discrepancies": float(discrepancies),
            "journal_written": float(written),
            "journal_bytes": float(size),
        }

    @contextlib.contextmanager
    def _counted(self, what: str) -> Iterator[None]:
        """Count what could not be read: a busy machine's late answer ends no soak, and leaves a hole that shows."""
        try:
            yield
        except (OSError, URLError, redis.RedisError, sqlite3.Error, msgspec.MsgspecError, KeyError) as error:
            self.failures[f"{what}: {type(error).__name__}"] += 1


def _status_values(node: NodeStatus) -> dict[str, float]:
    values = {
        "open_orders": float(node.orders.open),
        "discrepancies_open": float(node.pending_discrepancies),
        "events_dropped": float(node.events_dropped),
        "is_held": float(node.guard.state != GuardState.ACTIVE),
    }
    if node.loop.lag_ms_p99 is not None:
        values["loop_lag_p99_ms"] = float(node.loop.lag_ms_p99)
    return values
