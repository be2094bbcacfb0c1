"""An operator's way to the live node of a configuration file."""

from __future__ import annotations

from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.guard.book import Source
from trueup.guard.control import GuardControl


def operator_control(config: LiveTradingNodeConfig, *, who: str, timeout_secs: float) -> GuardControl | None:
    """Return the way to a live node; None where the file names no store, so that nothing can reach it.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The file.
    who : str
        The operator.
    timeout_secs : float
        How long to wait for the node's answer.
    """
    if config.redis is None:
        return None
    from trueup.config.live.store import address_of

    key = config.guard.control_key
    return GuardControl(
        address_of(config.redis),
        None if key is None else key.get_secret_value(),
        config.trader_id,
        source=Source.OPERATOR,
        who=who,
        timeout_secs=timeout_secs,
    )
