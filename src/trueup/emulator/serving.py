"""The emulator until a signal ends it: what ``trueup emulator serve`` runs."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import importlib.util
import resource
import signal
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import orjson

from trueup.emulator.server import Emulator, Ready
from trueup.emulator.settings import EmulatorSettings

YOUNG_OBJECTS: Final = 5_000
"""Containers made and not yet freed before the collector looks for cycles among them. Python's 700 are reached inside
one long answer: over 2,500 reads it ran 206 times, for up to 10 ms, and found nothing (measured on a busy core)."""


def serve(settings: EmulatorSettings, announce: Callable[[str], None]) -> None:
    """Run the emulator until SIGINT or SIGTERM.

    Parameters
    ----------
    announce : Callable[[str], None]
        Receives the one JSON line that says where the emulator is, once it can be used.

    Raises
    ------
    EmulatorError
        A port is taken, or the state directory is locked or damaged.
    """
    _raise_descriptor_limit()
    # kill -USR1 writes every thread's stack to stderr: the first thing to know of a program that does not answer.
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, announce))


async def _serve(settings: EmulatorSettings, announce: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with Emulator(settings) as emulator:
        # What stands at the start lives to the end. Out of the collector's sight a full collection over 100,000 orders
        # takes 31 instead of 80 ms (measured on a busy core), and it holds up every client.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
        announce(ready_line(emulator.ready))
        await ended.wait()


def ready_line(ready: Ready) -> str:
    """Return the JSON line that says where the emulator is."""
    return orjson.dumps({"ready": True, **asdict(ready)}).decode()


def _raise_descriptor_limit() -> None:
    # Each client costs a descriptor; the soft limit of many shells is 1,024.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it is installed: it comes with NautilusTrader and is faster; nothing depends on it."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
