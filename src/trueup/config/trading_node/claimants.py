"""The claims of all strategies of a configuration, by the place of each strategy in it."""

from __future__ import annotations

from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.core.claims import Claim


def claims_of(config: LiveTradingNodeConfig) -> tuple[Claim, ...]:
    """Return every claim, each strategy named ``strategies[N]`` as everywhere in messages about the file."""
    return tuple(
        claim
        for index, strategy in enumerate(config.strategies)
        for claim in strategy.claims.claims_of(f"strategies[{index}]")
    )
