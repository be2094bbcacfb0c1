"""Verified mode inside a drill's node: attach trueup through its public interface, and ask it for its verdict."""

from __future__ import annotations

import math
import time
from typing import Any, Protocol, Self

from nautilus_trader.live.node import TradingNode

import trueup
from trueup.drills.records import NodeSpec, NodeVerdict


class _Handle(Protocol):
    """What the drills use of the public handle."""

    @property
    def phase(self) -> Any: ...

    @property
    def failure(self) -> str: ...

    @property
    def announcer(self) -> Any: ...

    @property
    def last_verdict(self) -> Any: ...

    @property
    def verdict_age_secs(self) -> float: ...

    async def true_up(self) -> Any: ...


class VerifiedNode:
    """A node under trueup.

    Parameters
    ----------
    node : TradingNode
        The node, built and not yet run.
    handle : _Handle
        What attaching returned.
    """

    def __init__(self, node: TradingNode, handle: _Handle) -> None:
        self._node = node
        self._handle = handle

    @classmethod
    def attach(cls, node: TradingNode, spec: NodeSpec) -> Self:
        """Attach trueup to a node."""
        return cls(node, trueup.attach(node, spec.verified))

    @property
    def announcer(self) -> Any:
        """Return what tells the node's life cycle."""
        return self._handle.announcer

    def refusal(self) -> str:
        """Return why the node does not trade, or nothing while it may yet."""
        return self._handle.failure if _name(self._handle.phase) == "ERROR" else ""

    def standing(self) -> str:
        """Return the verdict that stands, or nothing before the first."""
        standing = self._handle.last_verdict
        return "" if standing is None else _name(standing)

    def looked_ns(self) -> int:
        """Return when the look began that confirms it, on the monotonic clock; 0 if there was none."""
        now_ns = time.monotonic_ns()  # read first: a process that is put aside between the two looks older, not younger
        age_secs = self._handle.verdict_age_secs
        return 0 if math.isinf(age_secs) else now_ns - round(age_secs * 1e9)

    async def verdict(self) -> NodeVerdict:
        """Run a true-up on demand and return what it says."""
        standing = self.standing()
        outcome = await self._handle.true_up()
        return NodeVerdict(
            verdict=_name(outcome.verdict),
            standing=standing,
            phase=_name(self._handle.phase),
            trading_state=self._node.kernel.risk_engine.trading_state.name,
            discrepancies=tuple(outcome.lines),
            kinds=tuple(sorted({_name(found.kind) for found in outcome.discrepancies})),
        )


def _name(value: Any) -> str:
    return str(getattr(value, "name", value)).upper()
