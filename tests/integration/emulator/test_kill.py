"""kill -9 at any moment of a load: what was acknowledged is there again, and nothing half done.

Twice over, for two promises. The engine alone under a load that is the same in memory: its whole state is exactly that
of the acknowledged commands, or of one group more. And the whole emulator under traders that remember: whatever an
answer or an event told them is in the ledger.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.emulator.load import Remembered, trade_until_it_dies
from tests.integration.emulator.load_main import GROUP, SETTINGS, apply, clock_at
from tests.unit.emulator import campaign
from tests.unit.emulator.engine.arrange import fingerprint
from trueup.emulator import ControlClient, EmulatorProcess
from trueup.emulator.engine.venue import Venue

KILLS = {"engine": 10, "emulator": 4}
KILLS_LONG = 100
KILLS_PER_SLICE = 10
"""A slice begins with an empty ledger: each comparison reads all of it."""

CODE = campaign.digest(
    "src/trueup/emulator", *(f"tests/integration/emulator/{name}.py" for name in ("test_kill", "load", "load_main"))
)
EMULATOR = {"symbols": ["BTCUSDT"], "limits": {"enforced": False}}

# --- the engine -------------------------------------------------------------------------------------------------------


class Reference:
    """The same load in memory, never killed: what the state must be after each command."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.number = 0
        self.clock = clock_at(0)
        self.venue = Venue(SETTINGS, clock=self.clock)

    def run_to(self, number: int) -> bytes:
        """Run on to command `number` and return the state."""
        while self.number < number:
            apply(self.venue, self.seed, self.number)
            self.number += 1
            self.clock.advance(50)
        return fingerprint(self.venue)


class Loads:
    """The process that forks loads; see `load_main`."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.integration.emulator.load_main"]
        root = Path(__file__).parents[3]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked, self._told = self._process.stdin, self._process.stdout

    def close(self) -> None:
        """End it; no load runs any more."""
        self._asked.close()
        self._process.wait(10)
        self._told.close()

    def run_and_kill(self, directory: Path, seed: int, number: int, chance: random.Random) -> int:
        """Run the load from command `number`, kill it at a random moment, and return the last number acknowledged."""
        self._asked.write(f"{directory} {seed} {number}\n")
        self._asked.flush()
        pid, acknowledged, groups = 0, number, chance.randint(1, 30)
        while not pid or groups > 0:
            match self._told.readline().split():
                case ["pid", text]:
                    pid = int(text)
                case [text]:
                    acknowledged = int(text)
                    groups -= 1
        time.sleep(chance.random() / 50)
        os.kill(pid, signal.SIGKILL)
        while (line := self._told.readline().strip()) != "end":  # printed before the kill: acknowledged too
            acknowledged = int(line)
        return acknowledged


@pytest.fixture
def loads() -> Iterator[Loads]:
    running = Loads()
    yield running
    running.close()


def kill_engine(loads: Loads, directory: Path, seed: int, kills: int) -> Counter[str]:
    chance = random.Random(seed)
    reference = Reference(seed)
    number = 0
    for _ in range(kills):
        acknowledged = loads.run_and_kill(directory, seed, number, chance)
        recovered = Venue.recover(directory, SETTINGS, clock=clock_at(acknowledged))
        recovered.ledger.check_invariants()
        found = fingerprint(recovered)
        recovered.close()
        # A group that was durable but not yet acknowledged may be there; then all of it is.
        matches = next(
            ([after] for after in (acknowledged, acknowledged + GROUP) if reference.run_to(after) == found), []
        )
        assert matches, f"the state after a kill is neither that of {acknowledged} commands nor of one group more"
        number = matches[0]
        if reference.number != number:  # the reference ran a group too far to look
            reference = Reference(seed)
            reference.run_to(number)
    return Counter({"kills": kills, "commands acknowledged": number})


def test_kills_at_random_moments_leave_the_engine_in_the_very_state_it_acknowledged(
    tmp_path: Path, loads: Loads
) -> None:
    counts = kill_engine(loads, tmp_path, seed=1, kills=KILLS["engine"])

    assert counts["commands acknowledged"] > KILLS["engine"] * GROUP


@pytest.mark.long
@pytest.mark.timeout(900)  # a slice takes some seconds of a core
@pytest.mark.parametrize("seed", range(KILLS_LONG // KILLS_PER_SLICE))
def test_a_hundred_kills_leave_the_engine_in_the_very_state_it_acknowledged(
    tmp_path: Path, loads: Loads, seed: int
) -> None:
    counts = campaign.run(
        "kills of the engine", CODE, seed, lambda: kill_engine(loads, tmp_path, seed, KILLS_PER_SLICE)
    )

    assert counts["kills"] == KILLS_PER_SLICE


# --- the whole emulator -----------------------------------------------------------------------------------------------


async def _load_and_kill(emulator: EmulatorProcess, memory: Remembered, seed: int, after_secs: float) -> None:
    before = len(memory.placed)
    trading = asyncio.create_task(trade_until_it_dies(emulator.ready, memory, seed))
    for _ in range(6_000):
        if len(memory.placed) > before or trading.done():
            break
        await asyncio.sleep(0.005)
    if len(memory.placed) == before:
        os.kill(emulator.pid, signal.SIGUSR1)
        await asyncio.sleep(1.0)
        raise AssertionError(f"no order was acknowledged ({trading}): {emulator.errors}")
    await asyncio.sleep(after_secs)
    await asyncio.to_thread(emulator.kill)
    async with asyncio.timeout(30):
        await trading


def _compare(control: ControlClient, memory: Remembered) -> None:
    """Hold the ledger to everything that was ever acknowledged, and to nothing that nobody asked for."""
    orders = {order.order_id: order for order in control.orders("main")}
    for order_id, answer in memory.placed.items():
        order = orders[order_id]
        assert order.client_order_id == answer["clientOrderId"]
        assert order.quantity == Decimal(answer["origQty"])
    for order_id in memory.cancelled:
        assert orders[order_id].status == "CANCELED"
    for order_id, quantity in memory.filled.items():
        assert orders[order_id].executed_quantity == Decimal(quantity)
    trades = {trade.trade_id: trade for trade in control.trades("main")}
    for trade_id, (order_id, price, quantity) in memory.trades.items():
        trade = trades[trade_id]
        assert (trade.order_id, trade.price, trade.quantity) == (order_id, Decimal(price), Decimal(quantity))
    # Each trader had at most one request on its way when the venue died; what that became, nobody was told.
    assert len(orders) - len(memory.placed) <= memory.in_flight
    control.check_invariants()


def kill_emulator(state: Path, seed: int, kills: int) -> Counter[str]:
    chance = random.Random(seed)
    memory = Remembered()
    with EmulatorProcess(state=state, settings=EMULATOR) as emulator:
        emulator.control.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
        for kill in range(kills):
            asyncio.run(_load_and_kill(emulator, memory, kill, chance.uniform(0.0, 0.4)))
            emulator.start()
            _compare(emulator.control, memory)
        assert emulator.errors == ""
    return Counter({"kills": kills, "orders acknowledged": len(memory.placed), "fills told": len(memory.trades)})


def test_a_killed_emulator_comes_back_with_everything_it_told_its_clients(tmp_path: Path) -> None:
    counts = kill_emulator(tmp_path / "state", seed=1, kills=KILLS["emulator"])

    assert counts["fills told"] > 0


@pytest.mark.long
@pytest.mark.timeout(900)  # a slice takes half a minute of a core
@pytest.mark.parametrize("seed", range(KILLS_LONG // KILLS_PER_SLICE))
def test_a_hundred_kills_lose_nothing_that_clients_were_told(tmp_path: Path, seed: int) -> None:
    counts = campaign.run(
        "kills of the emulator", CODE, seed, lambda: kill_emulator(tmp_path / "state", seed, KILLS_PER_SLICE)
    )

    assert counts["kills"] == KILLS_PER_SLICE
