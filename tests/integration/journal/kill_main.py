"""Kill a writing process again and again: ``python -m`` this module ``PATH KILLS SEED``.

Each child goes on with the chain of the one before it and says what it knows to be on the disk; it is killed at a
random instant, from before its first transaction on. After each kill the whole journal is proven. Children are forked
from a process that has everything imported and no thread, so that hundreds of kills take seconds.
"""

from __future__ import annotations

import os
import random
import select
import signal
import struct
import sys
import time
from pathlib import Path

from tests.integration.journal.samples import change, prove, verdict
from trueup.errors import JournalError
from trueup.journal import Journal, JournalSettings, Place, Source
from trueup.journal.chain import Seal

KEY = b"a key that is long enough"
PAUSE_SECS_MAX = 0.02
"""Between the last word of a child and its death: a few transactions long."""
SETTINGS = JournalSettings(key=KEY, rows_max=1_000)


def write_for_ever(place: Place, said: int, seed: int) -> None:
    """Write until killed; tell through the pipe how many entries of this life are known to be on the disk."""
    chooser = random.Random(seed)
    journal = Journal.open(place, source=Source(trader_id="T-1"), settings=SETTINGS)
    number = 0
    while True:
        for _ in range(chooser.randrange(1, 40)):
            number += 1
            state, now_ns = chooser.choice(["NEW", "HEALING", "RESOLVED"]), time.time_ns()
            either = [verdict(number, time_ns=now_ns), change(number % 50, state, time_ns=now_ns)]
            journal.append(chooser.choice(either))
        if journal.flush(30.0):
            os.write(said, struct.pack("<q", number))


def live_and_die(place: Place, number: int, chooser: random.Random) -> int:
    """Let one writer live for a while and kill it; return how many entries it knew to be on the disk."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(place, writing, number)
        finally:
            os._exit(1)
    os.close(writing)
    known = 0
    with os.fdopen(reading, "rb", buffering=0) as told:
        for _ in range(chooser.randrange(4)):  # none: killed while it opens the journal
            if select.select([told], [], [], 60.0)[0]:
                known = struct.unpack("<q", told.read(8))[0]
        time.sleep(chooser.uniform(0.0, PAUSE_SECS_MAX))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, "the writer ended by itself"
        while chunk := told.read(8):
            known = struct.unpack("<q", chunk)[0]
    return known


def main(path: str, kills: str, seed: str) -> int:
    place, chooser = Place(path=Path(path)), random.Random(int(seed))
    before, proven = 0, 0
    for number in range(int(kills)):
        wrote = live_and_die(place, number, chooser)
        try:
            proof = prove(place, Seal(KEY))
        except JournalError:
            assert not before, "a journal that was there is gone"
            continue  # killed before there were tables
        assert proof.is_whole, proof.faults
        last = proof.chains[0].last if proof.chains else 0
        assert last >= before + wrote, f"{last} entries, {before} before and {wrote} more known to be on the disk"
        before, proven = last, proven + 1
    print(f"{proven} of {kills} kills proven, {before} entries")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
