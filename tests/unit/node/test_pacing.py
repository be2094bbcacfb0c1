"""What a start-up lets go of is freed in pieces, and the event loop gets its turns meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import weakref

from trueup.node.pacing import PIECE_MAX, let_go

COUNT = 5 * PIECE_MAX


class Record:
    """Something that can be watched going."""


def test_lists_and_indexes_are_emptied_a_piece_at_a_time() -> None:
    records = [Record() for _ in range(COUNT)]
    watched = weakref.WeakSet(records)
    index = {(str(number), ""): record for number, record in enumerate(records)}
    left: list[int] = []

    async def free() -> None:
        async def look() -> None:
            while True:
                left.append(len(watched))
                await asyncio.sleep(0)

        looking = asyncio.create_task(look())
        await asyncio.sleep(0)
        await let_go([records, index])
        looking.cancel()

    asyncio.run(free())
    assert not records
    assert not index
    assert not watched
    steps = [before - after for before, after in itertools.pairwise(left)]
    assert max(steps) <= PIECE_MAX
    assert sum(step > 0 for step in steps) >= COUNT // PIECE_MAX - 1
