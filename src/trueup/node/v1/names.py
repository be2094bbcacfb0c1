"""Every private name of the engine that trueup uses, as data, and the check that they are there.

1.x is frozen at 1.231.0, so these names cannot change under a version that was checked. The check is for what nobody
foresaw: a fork, a patched build, another plug-in that replaced a method.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from trueup.errors import EngineVersionError


@dataclass(frozen=True, slots=True)
class PrivateName:
    """Hold one name of the execution engine that is not public, its parameters, and what it is needed for.

    ``parameters`` is None for what is no function, or is compiled and has no signature to read.
    """

    name: str
    parameters: tuple[str, ...] | None
    needed_for: str


ENGINE_NAMES = (
    PrivateName("_clients", None, "to find the execution clients to read the venue with"),
    PrivateName("_startup_reconciliation_event", None, "the engine's loop waits for it before its in-flight check"),
    PrivateName("_external_order_claims", None, "to release the claims of a strategy that is removed"),
    PrivateName("_inferred_fill_ts", None, "a mark that makes the engine drop older real fills"),
    PrivateName("_evt_queue", None, "to apply what the stream said before comparing"),
    PrivateName("_handle_event_with_tracking", ("event",), "to apply an event at once instead of through the queue"),
    PrivateName("_handle_queue_exception", ("e", "queue_name"), "so that a failing event ends as the engine wants it"),
    PrivateName("_resolve_inflight_order", ("order",), "replaced: it rejects or cancels without the venue's word"),
    PrivateName("_generate_inferred_fill", ("order", "report", "instrument"), "replaced: it invents fills"),
    PrivateName("_clear_recon_tracking", ("client_order_id",), "so that the in-flight check goes on asking"),
)
OBSERVED_NAMES = (
    PrivateName(
        "_generate_order",
        ("report", "is_external"),
        "to count external and synthetic orders, and to know their account",
    ),
    PrivateName("_generate_inferred_fill", ("order", "report", "instrument"), "to count invented fills"),
    PrivateName("_check_inflight_orders", (), "to time the engine's own check"),
    PrivateName("_check_orders_consistency", (), "to time the engine's own check"),
    PrivateName("_check_positions_consistency", (), "to time the engine's own check"),
)
"""What the monitor listens to and never replaces: an engine that lacks one is watched less closely, not refused."""
DATABASE_PLACE_NAMES = ("__reduce_cython__", "__setstate_cython__")
"""By what a cache is pickled, and its database set aside during a long replay (`trueup.node.v1.aside`).

A cache without them is not refused: the engine writes each event as it comes, as it does by itself.
"""
PICKLING_MODULES = ("nautilus_trader.cache.cache", "nautilus_trader.portfolio.portfolio")
"""Modules whose names ``pickle`` and ``uuid`` are replaced during a long replay (`trueup.node.v1.snapshots`)."""
PUBLIC_NAMES = (
    "reconcile_execution_state",
    "reconcile_execution_report",
    "get_external_order_claim",
    "get_reconciliation_task",
    "evt_qsize",
)


def check_engine_names(engine: Any) -> None:
    """Refuse an engine that lacks one of the names, or whose functions take other parameters.

    Raises
    ------
    EngineVersionError
        Naming every one that is missing or different.
    """
    problems = [f"{name} is missing" for name in PUBLIC_NAMES if not hasattr(engine, name)]
    for wanted in ENGINE_NAMES:
        if not hasattr(engine, wanted.name):
            problems.append(f"{wanted.name} is missing ({wanted.needed_for})")
        elif wanted.parameters is not None:
            found = tuple(
                parameter.name
                for parameter in inspect.signature(getattr(engine, wanted.name)).parameters.values()
                if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
            )
            if found != wanted.parameters:
                problems.append(f"{wanted.name} takes {found} instead of {wanted.parameters}")
    if problems:
        raise EngineVersionError(
            "the execution engine is not the one that trueup was checked against: " + "; ".join(problems),
            allowed="an unmodified LiveExecutionEngine of NautilusTrader 1.222.0 to 1.231.0",
            action="install an unmodified NautilusTrader, and attach trueup before anything else that replaces methods",
        )
