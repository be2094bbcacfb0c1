"""Look at the journal's place: would a node be able to write there?"""

from __future__ import annotations

from trueup.config.rules.live import JOURNAL_UNUSABLE
from trueup.config.rules.rule import Finding
from trueup.config.trading_node.live_config import LiveTradingNodeConfig


def probe_journal(config: LiveTradingNodeConfig) -> tuple[Finding, ...]:
    """Look at the file or ask the server, within seconds and without writing."""
    from trueup.journal.configured import place_of, probe, state_dir_of

    if not config.journal.enabled:
        return ()
    found = probe(place_of(config.journal, state_dir_of(config)))
    return (Finding(JOURNAL_UNUSABLE, "journal.url", found),) if found else ()
