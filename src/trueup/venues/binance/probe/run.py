"""Run the experiments: the adapter's client and ours, one after the other, each on an account of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from trueup.config.engine_versions import installed_version
from trueup.emulator.process import EmulatorProcess
from trueup.venues.binance.probe import reading_cases as reading
from trueup.venues.binance.probe import trading_cases as trading
from trueup.venues.binance.probe.bench import Bench, Sighting
from trueup.venues.binance.repairs import REPAIR_BY_ID, REPAIRS, Repair

CASE_SECS_MAX: Final = 40.0

Case = Callable[[Bench], Awaitable[Sighting]]
CASES: Final = MappingProxyType(
    {
        "BN01": reading.warm_restart,
        "BN02": reading.failed_list,
        "BN03": reading.hung_question,
        "BN04": trading.refused_listen_key,
        "BN05": trading.accepted_but_503,
        "BN06": trading.outcome_unknown,
        "BN07": trading.stopped_in_flight,
        "BN08": trading.lost_fill_event,
        "BN09": trading.fills_of_a_gap,
        "BN10": reading.long_history,
        "BN11": reading.old_order,
        "BN12": reading.flat_symbols,
        "BN13": reading.over_the_limit,
        "BN14": reading.conditional_history,
        "BN15": trading.silent_stream,
        "BN16": trading.skewed_clock,
        "BN17": reading.side_by_side,
        "BN18": trading.cancel_of_a_filled_order,
        "BN19": reading.followed_conditional,
        "BN20": reading.expired_in_match,
    }
)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one experiment showed on the installed version.

    Parameters
    ----------
    repair : Repair
        Which repair.
    adapter, hardened : Sighting
        What the adapter's client did, and ours.
    duration_secs : float
        How long both took.
    """

    repair: Repair
    adapter: Sighting
    hardened: Sighting
    duration_secs: float

    @property
    def is_needed(self) -> bool:
        """Return whether the adapter still has the fault."""
        return self.adapter.faulty

    @property
    def is_repaired(self) -> bool:
        """Return whether ours does not have it."""
        return not self.hardened.faulty


def run_case(emulator: EmulatorProcess, repair_id: str, *, hardened: bool) -> Sighting:
    """Run one experiment with one client, and return what it showed; an error of the client is a fault."""

    async def run() -> Sighting:
        loop = asyncio.get_running_loop()
        # What a client leaves in background tasks the engine logs; the loop's own complaint would only repeat it.
        loop.set_exception_handler(lambda _loop, _context: None)
        try:
            return await asyncio.wait_for(CASES[repair_id](Bench(emulator, hardened=hardened)), CASE_SECS_MAX)
        except Exception as error:
            return Sighting(faulty=True, detail=f"{type(error).__name__}: {error}")

    return asyncio.run(run())


def run_probe(repair_ids: Iterable[str] | None = None) -> list[ProbeResult]:
    """Run experiments against an emulator of their own.

    Parameters
    ----------
    repair_ids : iterable of str, optional
        Which; all of them when absent.

    Returns
    -------
    list of ProbeResult
        In the order of their ids.
    """
    wanted = [REPAIR_BY_ID[one] for one in repair_ids] if repair_ids is not None else list(REPAIRS)
    results = []
    with EmulatorProcess() as emulator:
        emulator.control.pause_market()
        for repair in sorted(wanted, key=lambda one: one.id):
            begun = time.monotonic()
            adapter = run_case(emulator, repair.id, hardened=False)
            hardened = run_case(emulator, repair.id, hardened=True)
            results.append(ProbeResult(repair, adapter, hardened, time.monotonic() - begun))
    return results


def as_records(results: Iterable[ProbeResult]) -> list[dict[str, Any]]:
    """Return results as plain data, for JSON."""
    return [
        {
            "engine": installed_version(),
            "id": result.repair.id,
            "title": result.repair.title,
            "adapter_has_the_fault": result.adapter.faulty,
            "adapter_saw": result.adapter.detail,
            "hardened_has_the_fault": result.hardened.faulty,
            "hardened_saw": result.hardened.detail,
            "duration_secs": round(result.duration_secs, 3),
        }
        for result in results
    ]
