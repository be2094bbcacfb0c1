"""Ask everything that a configuration names."""

from __future__ import annotations

import asyncio

from trueup.config.live.binance import BinanceReader, default_address
from trueup.config.live.journal import probe_journal
from trueup.config.live.store import probe_store
from trueup.config.live.venue import probe_binance
from trueup.config.rules.live import CREDENTIALS_MISSING, VENUE_NOT_PROBED
from trueup.config.rules.rule import Finding
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.venues import BinanceClientConfig


def probe_all(config: LiveTradingNodeConfig) -> tuple[Finding, ...]:
    """Ask the store, the journal and every venue; return what is wrong.

    Bounded: each question has a time-out of its own, and the venues are asked side by side.
    """
    findings = [
        Finding(CREDENTIALS_MISSING, field, f"{field} has no value", f"the environment variable {variable}")
        for field, variable in config.missing_credentials()
    ]
    if config.redis is not None:
        findings += probe_store(config.redis)
    findings += probe_journal(config)
    findings += asyncio.run(_probe_venues(config))
    return tuple(findings)


async def _probe_venues(config: LiveTradingNodeConfig) -> list[Finding]:
    without_key = {field.split(".")[1] for field, _ in config.missing_credentials()}
    findings: list[Finding] = []
    questions = []
    for name, client in config.clients.items():
        if not client.execution or name in without_key:
            continue
        if isinstance(client, BinanceClientConfig):
            reader = BinanceReader(client, client.base_url_http or default_address(client))
            questions.append(probe_binance(reader, config, name))
        else:
            findings.append(Finding(VENUE_NOT_PROBED, f"clients.{name}", f"clients.{name} is of type importable"))
    for found in await asyncio.gather(*questions):
        findings += found
    return findings
