"""Where and with what a benchmark ran."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("trueup", "nautilus_trader", "aiohttp", "uvloop", "orjson", "msgspec", "cryptography", "redis")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, the versions, and how busy the machine was with other work.

    Parameters
    ----------
    loop_ms : float
        CPU time of a fixed loop of a million additions, after the run: how fast a core was just then. The same core
        takes several times as long when its caches and its sibling are busy with other work.
    load_before, load_after : float
        Load average of the last minute around the run. Above the number of cores, something else was competing.
    """

    cpu: str
    cores: int
    memory_gib: float
    system: str
    python: str
    versions: dict[str, str]
    date: str
    loop_ms: float
    load_before: float
    load_after: float


def describe(load_before: float) -> Machine:
    """Describe this machine now; `load_before` is the load average when the run began."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        versions={name: found for name in PACKAGES if (found := _version(name))},
        date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        loop_ms=round(_loop_ms(), 1),
        load_before=round(load_before, 1),
        load_after=round(os.getloadavg()[0], 1),
    )


def _loop_ms() -> float:
    started = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number
    return (time.process_time() - started) * 1_000


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
