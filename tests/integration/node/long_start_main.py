"""A node whose start replays a history onto a store: ``python -m tests.integration.node.long_start_main CASE ...``.

What a long history is, is set down to sixty orders, and a batch to one instrument, so that a start of a second has
what a start of 50,000 orders has: several transactions of several pieces each.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import redis

from tests.integration.node.sim import ETH, TRUTH
from tests.integration.node.verified_main import STORE_SAID, Life, say
from trueup.node import account
from trueup.node.v1 import whole_writer
from trueup.store.bulk import BulkWriter

ORDERS = 60
FIRST_NS = 1_790_000_000_000_000_000
account.LONG_REPLAY_STEPS_MIN = 50
whole_writer.BATCH_ORDERS = 1  # type: ignore[misc]  # as large as the test wants it
whole_writer.PIECE_ORDERS = 10  # type: ignore[misc]  # as above
REFUSE, TAKE = 1, 0


def history() -> None:
    """Let the venue have bought sixty times on two instruments, and let it work one order."""
    for number in range(ORDERS):
        name, time_ns = f"V-{number}", FIRST_NS + number * 1_000_000_000
        order = TRUTH.order(name, "BUY", "1.000", f"{100 + number % 7}.0", time_ns=time_ns)
        if number % 2:
            order.instrument_id = str(ETH.id)
        order.status = "FILLED"
        TRUTH.fill(f"T-{number}", name, "1.000", f"{100 + number % 7}.0", time_ns + 1)
    TRUTH.order("V-W", "BUY", "1.000", "90.0", time_ns=FIRST_NS)


class Failpoint:
    """Do something when the writer comes to its n-th call of a method, and something after it."""

    def __init__(self, method: str, call: int, act: Any, then: Any = None) -> None:
        native, self.calls = getattr(BulkWriter, method), 0

        def failing(writer: BulkWriter, *args: Any) -> Any:
            self.calls += 1
            if self.calls == call:
                act()
            try:
                return native(writer, *args)
            finally:
                if self.calls == call and then is not None:
                    then()

        setattr(BulkWriter, method, failing)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def set_limit(port: int, limit: int) -> None:
    with redis.Redis(port=port) as client:
        client.config_set("maxmemory", limit)


async def _told(life: Life) -> None:
    await life.wait_until(lambda: life.handle.phase.value == "MONITORING", within_secs=30)
    tell_counts(life)


def tell_counts(life: Life) -> None:
    cache = life.node.cache
    say(
        "counts",
        orders={order.client_order_id.value: order.event_count for order in cache.orders()},
        positions={position.id.value: str(position.signed_decimal_qty()) for position in cache.positions()},
    )


async def _leveled(life: Life) -> None:
    """Wait until the store has everything, and prove the account once more."""
    await life.wait_until(lambda: life.handle.phase.value == "MONITORING", within_secs=30)
    say("start_the_store")
    await life.wait_until(lambda: "PRESENT" in STORE_SAID, within_secs=60)
    await life.handle.true_up()
    tell_counts(life)


def tell_proof(port: int, event: Any) -> None:
    """Say, when the store is found to lack something, whether it has a proof of the account all the same."""
    if event.kind == "store" and event.data["state"] == "BEHIND":
        with redis.Redis(port=port) as client:
            say("proof", held=[key.decode() for key in client.keys("*trueup-verified*")])


def main(case: str, port: str, state_dir: str, server_pid: str = "") -> int:
    history()
    script = _told
    if case == "dies-amid":
        Failpoint("commit", 1, die)  # all of the first instrument is queued
    elif case == "dies-between":
        Failpoint("queue", 6, die)  # the first instrument has its place, the second has not
    elif case == "refused":
        Failpoint("queue", 2, lambda: set_limit(int(port), REFUSE), lambda: set_limit(int(port), TAKE))
        script = _leveled
    elif case == "store-dies":
        Failpoint("queue", 6, lambda: os.kill(int(server_pid), signal.SIGKILL))
        script = _leveled
    settings: dict[str, Any] = {"state_dir": state_dir, "startup_timeout_secs": 60.0}
    life = Life(None, int(port), **settings)
    if case == "refused":
        life.handle.listen(lambda event: tell_proof(int(port), event))
    return life.run(script)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
