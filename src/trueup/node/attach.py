"""Attach trueup to a node: the public way in."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from trueup.claims.record import ClaimsFile
from trueup.core.external import PolicyBook
from trueup.errors import NodeError
from trueup.monitor.exporter import NodeExporter
from trueup.monitor.node_monitor import NodeMonitor
from trueup.monitor.redaction import Redactor
from trueup.node.claiming import NodeClaims
from trueup.node.handle import Handle
from trueup.node.outside import OutsideWatch
from trueup.node.outside_record import OutsideRecord
from trueup.node.own_journal import written_orders
from trueup.node.settings import NodeSettings
from trueup.node.sight import Sight, SightContext, SightSettings
from trueup.node.state import NodeState, default_state_dir
from trueup.node.store_watch import StoreWatch
from trueup.node.supervisor import Supervisor
from trueup.node.v1.binding import V1Binding
from trueup.node.v1.claims import claims_in_force
from trueup.node.v1.eyes import V1Eyes
from trueup.node.v1.holders import V1Holders
from trueup.node.v1.intervention import InterventionWatch
from trueup.node.v1.lifecycle import LifeCycleHooks
from trueup.node.v1.own_orders import OwnOrders
from trueup.node.v1.recovered import RecoveredStates
from trueup.node.v1.store import V1StoreWriter, store_of
from trueup.node.v1.versions import check_engine_version, engine_version


def attach(
    node: Any, settings: Any = None, *, sight: SightSettings | None = None, external: PolicyBook | None = None
) -> Handle:
    """Keep a node true to its venues, or (in native mode) observe how it does by itself.

    Call it once for each node, after ``node.build()`` and before ``node.run()``. Any execution client will do.

    Parameters
    ----------
    node : nautilus_trader.live.node.TradingNode
        The built node.
    settings : ReconciliationConfig, NodeSettings or mapping, optional
        What the operator wrote. With a mapping of `NodeSettings` fields, or nothing, the rest is taken from the
        engine's own configuration.
    sight : SightSettings, optional
        How the node is watched. Without it there is a monitor that logs to standard error, and nothing else;
        ``SightSettings.of(config)`` takes the sections of a whole configuration.
    external : PolicyBook, optional
        What is done with what nobody of the node made and nobody claims: ``config.external.book()``. Without it the
        node holds it for EXTERNAL. Only in verified mode.

    Returns
    -------
    Handle

    Raises
    ------
    EngineVersionError
        If the installed NautilusTrader is not one that trueup was checked against.
    ConfigValueError
        If the settings, or the node's own, do not allow it to be kept true.
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
    wanted = NodeSettings.of(settings, node.kernel.exec_engine)
    if external is not None:
        wanted = replace(wanted, external=external)
    watched = sight or SightSettings()
    handle = Handle()
    claims = claims_in_force(node)
    claims.tell(lambda strategy, line: handle.announcer.say("claims", strategy=strategy, line=line))
    RecoveredStates(node)
    verified = wanted.mode == "verified"
    node_dir = _state_dir(node, wanted)
    claims_file = ClaimsFile(node_dir)
    claims.restore(claims_file.read())
    supervisor = None
    if verified:
        state = NodeState(node_dir)
        binding = V1Binding(node, wanted, state)
        store = store_of(node)
        watch = None
        if store is not None and binding.whole_writer is not None and binding.store_aside is not None:
            writer = V1StoreWriter(node, binding.whole_writer, binding.store_aside)
            watch = StoreWatch(*store, writer, handle.announcer)
        supervisor = Supervisor(binding, wanted, handle, watch)
        outside = OutsideRecord(node_dir)
        watch_outside = OutsideWatch(wanted.external, outside, handle.announcer.say, binding.now_ns, binding.is_trading)
        supervisor.watch_outside(watch_outside)
        binding.install(supervisor.hooks())
    LifeCycleHooks(node, handle, startup_delay_secs=wanted.startup_delay_secs, observes=not verified).install()
    clients = tuple(one.id.value for one in node.kernel.exec_engine._clients.values())  # noqa: SLF001 - listed in names.py
    holders = V1Holders(node, claims)
    handle.bind_claims(
        NodeClaims(
            claims, holders, claims_file, handle, rounds=supervisor, clients=clients, policy_of=wanted.external.explain
        )
    )
    node.trueup_handle = handle
    own = binding.own if verified else OwnOrders(node)
    own.remember(written_orders(node, watched, node_dir))
    is_replaying = (lambda: binding.quiet_portfolio.is_replaying) if verified else (lambda: False)
    InterventionWatch(node, handle.announcer, own, is_replaying).install()
    _watch(node, handle, wanted, watched, node_dir)
    return handle


def _watch(node: Any, handle: Handle, wanted: NodeSettings, settings: SightSettings, node_dir: Path) -> None:
    """Bring to life what watches the node, and let it end with the node."""
    monitor, render_metrics = None, None
    eyes = V1Eyes(node, wanted.mode)
    redactor = Redactor((*settings.secret_texts, *eyes.secret_texts()))
    handle.announcer.redact_with(redactor)
    if settings.monitor.enabled:
        monitor = NodeMonitor(
            eyes,
            handle,
            settings.monitor,
            node.get_event_loop(),
            store=store_of(node),
            redactor=redactor,
            intervals_secs=_intervals_secs(node, wanted),
            startup_limit_secs=_startup_limit_secs(node, wanted),
        )
        render_metrics = NodeExporter(monitor).render
    context = SightContext(
        node=node,
        handle=handle,
        settings=settings,
        monitor=monitor,
        render_metrics=render_metrics,
        status=handle.status,
        verifies=wanted.mode == "verified",
        node_dir=node_dir,
    )
    sight = Sight(context)
    handle.bind_sight(sight, monitor)
    sight.start()
    dispose = node.dispose

    def dispose_and_close() -> None:
        try:
            dispose()
        finally:
            if sight.ends_with_node:
                sight.close()

    node.dispose = dispose_and_close


def _intervals_secs(node: Any, wanted: NodeSettings) -> dict[str, float]:
    """Return how often each check is made, those of the engine included that are on."""
    if wanted.mode == "verified":
        if wanted.open_check_interval_secs is None:
            return {}
        return {"cheap": wanted.open_check_interval_secs, "deep": wanted.deep_interval_secs}
    engine = node.kernel.exec_engine
    found = {
        "engine_inflight": engine.inflight_check_interval_ms / 1000,
        "engine_orders": engine.open_check_interval_secs or 0.0,
        "engine_positions": engine.position_check_interval_secs or 0.0,
    }
    return {check: float(secs) for check, secs in found.items() if secs}


def _startup_limit_secs(node: Any, wanted: NodeSettings) -> float | None:
    if wanted.mode != "verified":
        return None
    return float(wanted.startup_timeout_secs or node._config.timeout_reconciliation)  # noqa: SLF001 - kept nowhere else


def _state_dir(node: Any, settings: NodeSettings) -> Path:
    """Return where the node's state is kept; a node without a store has nothing to keep beyond its own life."""
    if settings.state_dir is not None:
        return settings.state_dir
    cache = node._config.cache  # noqa: SLF001 - the node keeps its configuration nowhere else
    database = None if cache is None else cache.database
    if database is None:
        # Removed with the node object: a restart of such a node is a cold start anyway.
        node.trueup_state_dir = tempfile.TemporaryDirectory(prefix="trueup-state-")
        return Path(node.trueup_state_dir.name)
    return default_state_dir(str(node.trader_id), f"{database.host or '127.0.0.1'}:{database.port or 6379}")
