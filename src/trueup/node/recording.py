"""The journal of one node, as its settings want it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from trueup._version import __version__
from trueup.journal.configured import NO_STORE, place_of, settings_of
from trueup.journal.recorder import JournalRecorder
from trueup.journal.values import Source
from trueup.node.state import default_state_dir
from trueup.node.v1.versions import engine_version

if TYPE_CHECKING:
    from trueup.node.sight import SightContext


def journal_dir(node: Any, wanted: Path | None, node_dir: Path | None) -> Path:
    """Return the directory of a node's journal, unless its section names a place.

    Parameters
    ----------
    node : TradingNode
        The node.
    wanted : Path or None
        What the settings say.
    node_dir : Path or None
        The node's state directory.
    """
    # The directory of a node without a store goes with the node; its journal must not.
    is_passing = getattr(node, "trueup_state_dir", None) is not None
    kept_dir = None if is_passing else node_dir
    return wanted or kept_dir or default_state_dir(str(node.trader_id), NO_STORE)


def recorder_of(context: SightContext) -> JournalRecorder | None:
    """Return what records a node, and have its monitor show how the journal is; None where the settings leave it out.

    Raises
    ------
    ConfigValueError
        If the journal's place cannot be used.
    """
    settings, handle = context.settings, context.handle
    journal = settings.journal
    if journal is None or not journal.enabled:
        return None
    trader_id = str(context.node.trader_id)
    state_dir = journal_dir(context.node, settings.state_dir, context.node_dir)
    recorder = JournalRecorder(
        handle.announcer,
        place=place_of(journal, state_dir),
        source=Source(trader_id=trader_id, role="node", instance=journal.instance),
        settings=settings_of(journal, state_dir=state_dir, secrets=settings.secret_texts),
        about={
            "trueup_version": __version__,
            "engine_version": engine_version(),
            "instance_id": str(context.node.kernel.instance_id),
            "config_fingerprint": settings.config_fingerprint,
        },
        at_the_end=lambda: {"phase": handle.phase.value, "failure": handle.failure},
    )
    if context.monitor is not None:
        context.monitor.show_journal(recorder.status)
    return recorder
