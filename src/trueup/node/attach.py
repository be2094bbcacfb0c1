"""Attach trueup to a node: the public way in."""

from __future__ import annotations

from typing import Any

from trueup.errors import NodeError
from trueup.node.handle import Handle
from trueup.node.v1.lifecycle import LifeCycleHooks
from trueup.node.v1.versions import check_engine_version, engine_version


def attach(node: Any, settings: Any) -> Handle:
    """Keep a node true to its venues, or (in native mode) observe how it does by itself.

    Call it once for each node, after ``node.build()`` and before ``node.run()``. Any execution client will do.

    Parameters
    ----------
    node : nautilus_trader.live.node.TradingNode
        The built node.
    settings : ReconciliationConfig
        What the operator wrote.

    Returns
    -------
    Handle

    Raises
    ------
    EngineVersionError
        If the installed NautilusTrader is not one that trueup was checked against.
    NodeError
        If the node is not built, already runs, or already has trueup attached.
    """
    check_engine_version(engine_version())
    if not node.is_built():
        raise NodeError("the node is not built", action="call node.build() before attach")
    if node.is_running():
        raise NodeError("the node already runs", action="attach before node.run()")
    if getattr(node, "trueup_handle", None) is not None:
        raise NodeError("the node already has trueup attached", action="attach once for each node")
    handle = Handle()
    node.trueup_handle = handle
    LifeCycleHooks(node, handle, startup_delay_secs=float(settings.startup_delay_secs)).install()
    return handle
