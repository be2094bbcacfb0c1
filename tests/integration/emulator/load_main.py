"""A load on a durable venue, to be killed: ``python -m tests.integration.emulator.load_main``.

For each line ``DIR SEED FROM`` of its input it forks a process that runs the load on DIR from command FROM on, and
prints its pid; when that was killed it prints ``end``. A fork has every module, so that a trial costs no start of an
interpreter. Command ``n`` of a seed is always the same, at the same time. After each group the journal is synced, and
only then the number of commands done is printed.
"""

from __future__ import annotations

import os
import random
import sys
from decimal import Decimal
from pathlib import Path

from tests.unit.emulator.engine.arrange import BTC, ETH, START_MS, SYMBOLS
from trueup.emulator.engine.clock import ManualClock
from trueup.emulator.engine.enums import OrderType, Side, TimeInForce
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.settings import AccountSettings, VenueSettings
from trueup.emulator.engine.values import OrderRequest
from trueup.emulator.engine.venue import Venue

SETTINGS = VenueSettings(symbols=SYMBOLS)
GROUP = 4
CHECKPOINT_EVERY = 40
"""Commands between checkpoints: few, so that kills fall into them too."""


def clock_at(number: int) -> ManualClock:
    """Return a clock that stands where command `number` runs."""
    return ManualClock(START_MS + number * 50)


def apply(venue: Venue, seed: int, number: int) -> None:
    """Run command `number`."""
    chance = random.Random(seed * 1_000_003 + number)
    if number == 0:
        venue.create_account(AccountSettings("one", api_key="1"))
        return
    if number == 1:
        venue.create_account(AccountSettings("two", api_key="2"))
        return
    account = chance.choice(["one", "two"])
    symbol = chance.choice([BTC, ETH])
    rules = venue.symbol(symbol)
    side = chance.choice([Side.BUY, Side.SELL])
    quantity = rules.round_quantity(Decimal(chance.randint(200, 2_000)) / venue.mark_price(symbol).mark)
    try:
        match chance.randrange(6):
            case 0:
                venue.place_order(account, OrderRequest(symbol, side, OrderType.MARKET, quantity=quantity))
            case 1:
                venue.cancel_all_orders(account, symbol)
            case 2:
                venue.step_market()
            case 3:
                trigger = rules.round_price(venue.mark_price(symbol).mark * (1 + Decimal(side.sign) / 1_000))
                venue.place_algo_order(
                    account,
                    OrderRequest(symbol, side, OrderType.STOP_MARKET, quantity=quantity, trigger_price=trigger),
                )
            case _:
                price = rules.round_price(venue.mark_price(symbol).mark * (1 - Decimal(side.sign) / 5_000))
                venue.place_order(
                    account,
                    OrderRequest(
                        symbol,
                        side,
                        OrderType.LIMIT,
                        time_in_force=TimeInForce.GTC,
                        quantity=quantity,
                        price=price,
                    ),
                )
    except Rejection:
        return  # part of the load


def run(directory: Path, seed: int, number: int) -> None:
    """Run from command `number` on until killed."""
    clock = clock_at(number)
    venue = Venue.recover(directory, SETTINGS, clock=clock)
    while True:
        for _ in range(GROUP):
            apply(venue, seed, number)
            number += 1
            clock.advance(50)
        venue.journal.sync()
        _tell(str(number))
        if number % CHECKPOINT_EVERY == 0:
            venue.checkpoint()


def _tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # whole or not at all: a pipe takes a short line at once


def main() -> None:
    """Fork a load per line of the input."""
    for line in sys.stdin:
        directory, seed, number = line.rsplit(maxsplit=2)
        pid = os.fork()
        if not pid:
            run(Path(directory), int(seed), int(number))
        _tell(f"pid {pid}")
        os.waitpid(pid, 0)
        _tell("end")


if __name__ == "__main__":
    main()
