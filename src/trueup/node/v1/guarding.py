"""The guard of a 1.x node, made from what its sight knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trueup.config.sight.guard import GuardConfig
from trueup.guard.making import make_guard
from trueup.guard.part import GuardPart
from trueup.node.claiming_served import ServedClaims
from trueup.node.v1.store import store_of
from trueup.node.v1.trading_state import V1TradingState

if TYPE_CHECKING:
    from trueup.node.sight import SightContext


def guard_of(context: SightContext) -> GuardPart:
    """Return the guard of a node; without a section of its own it has the default policy and takes no commands."""
    # The file's own state directory first: that of a node without a store is gone with its process.
    directory = context.settings.state_dir or context.node_dir
    assert directory is not None, "a guard keeps its record in the node's state directory"
    node = context.node
    store = store_of(node)
    part = make_guard(
        context.settings.guard or GuardConfig(),
        V1TradingState(node),
        context.handle,
        loop=node.get_event_loop(),
        trader_id=node.trader_id.value,
        instance_id=node.instance_id.value,
        directory=directory,
        address=None if store is None else store[0],
        verifies=context.verifies,
    )
    part.requests.serve("claims", ServedClaims(context.handle.claims))
    if context.monitor is not None:
        context.monitor.show_guard(part.status)
    return part
