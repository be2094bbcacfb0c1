"""Make the guard of a node from what the node is and what its operator wrote."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from trueup.config.sight.guard import GuardConfig
from trueup.guard.book import GuardBook
from trueup.guard.eyes import HandleEyes
from trueup.guard.node_guard import Effect, NodeGuard
from trueup.guard.part import GuardPart
from trueup.store.connection import StoreAddress


class TradingStateEffect(Effect, Protocol):
    """A trading state that tells when somebody changes it."""

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call something after every change."""

    def skew_secs(self) -> float | None:
        """Return how far the venue's clock is from ours, None where no client measures it."""


def make_guard(
    config: GuardConfig,
    effect: TradingStateEffect,
    handle: Any,
    *,
    loop: Any,
    trader_id: str,
    instance_id: str,
    directory: Path,
    address: StoreAddress | None,
    verifies: bool,
) -> GuardPart:
    """Make a guard that listens to its node and is not started yet.

    Parameters
    ----------
    config : GuardConfig
        What the operator wrote.
    effect : TradingStateEffect
        The engine's trading state.
    handle : Handle
        The node's handle.
    loop : asyncio.AbstractEventLoop
        The node's.
    trader_id, instance_id : str
        The node.
    directory : Path
        Its state directory.
    address : StoreAddress or None
        Its store.
    verifies : bool
        Whether the node is in verified mode.
    """
    eyes = HandleEyes(handle, time.time_ns, verifies=verifies)

    def make(book: GuardBook, keep: Callable[[GuardBook], None]) -> NodeGuard:
        return NodeGuard(
            config.policy(),
            effect,
            eyes,
            say=handle.announcer.say,
            now_ns=time.time_ns,
            book=book,
            verifies=verifies,
            history_max=config.history_max,
            keep=keep,
        )

    key = config.control_key
    part = GuardPart(
        make,
        loop=loop,
        say=handle.announcer.say,
        trader_id=trader_id,
        instance_id=instance_id,
        directory=directory,
        address=address,
        key=None if key is None else key.get_secret_value().encode(),
        window_secs=config.clock_window_secs,
        verdict=lambda: str(eyes.verdict() or "NONE"),
        skew_secs=effect.skew_secs,
        watches_store=not verifies,
    )
    effect.on_change(part.poke)
    handle.announcer.observe(part.hear)
    handle.after_looks(part.guard.looked)
    return part
