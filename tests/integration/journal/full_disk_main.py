"""Meet a disk that takes no more, and one that does again: ``python -m`` this module ``PATH``.

The limit on the size of files is the operating system's own: every write beyond it fails, as on a full disk.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

from tests.integration.journal.samples import NODE, change, prove
from trueup.journal import Journal, JournalSettings, Place


def main(path: str) -> int:
    place = Place(path=Path(path))
    journal = Journal.open(place, source=NODE, settings=JournalSettings(queue_max=100))
    for number in range(20):
        assert journal.append(change(number))
    assert journal.flush(30.0)
    written = journal.status().records
    files = [Path(path), Path(path + "-wal")]
    largest = max(file.stat().st_size for file in files)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))

    accepted = sum(journal.append(change(number)) for number in range(20, 220))
    assert not journal.flush(2.0)
    failing = journal.status()
    assert failing.state == "FAILING", failing
    assert failing.error
    assert failing.dropped == 200 - accepted > 0, "the queue holds 100, and what is beyond is counted"

    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert journal.flush(60.0)
    deadline = time.monotonic() + 30
    while journal.status().state != "OK" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert journal.status().state == "OK"
    assert journal.close(30.0)
    proof = prove(place)
    assert proof.is_whole, proof.faults
    assert proof.chains[0].last == written + accepted + 1, "and one entry that says how many were dropped"
    print(f"{written} written before, {accepted} while it was full, {failing.dropped} dropped: {failing.error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or os.EX_OK)
