"""Refuse looks that a Binance account could not afford, before the venue does."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from trueup.errors import ConfigValueError
from trueup.node.settings import NodeSettings
from trueup.venues.binance.planner import BUSY_SHARE, WeightQuestion, plan_weight
from trueup.venues.binance.profiles import SPOT, USDM_FUTURES, VenueProfile
from trueup.venues.binance.settings import HardeningSettings

_logger = logging.getLogger("trueup.node")

READS_AT_START = 2
"""A verified start reads, applies, and reads again for the proof."""
ADAPTER_PROFILES = {
    "BinanceFuturesExecutionClient": USDM_FUTURES,
    "BinanceSpotExecutionClient": SPOT,
}
"""By the name of the adapter's class: a node without Binance must not load its adapter for this question."""


def check_venue_weight(clients: Iterable[Any], settings: NodeSettings, instrument_ids: Iterable[str] = ()) -> None:
    """Refuse intervals that ask for more than the venue grants, and warn of those that leave no room for repairs.

    ``trueup check`` plans a configuration file so; this is the same plan for a node that was built by hand.

    Parameters
    ----------
    clients : iterable of LiveExecutionClient
        The node's. Those that are not Binance's are not planned: nobody told what their venues grant.
    settings : NodeSettings
        What the operator wants.
    instrument_ids : iterable of str
        Instruments that take part beyond those that a client loads by name.

    Raises
    ------
    ConfigValueError
        If the looks of a client cost more than its venue grants.
    """
    if settings.open_check_interval_secs is None:
        return
    named = frozenset(instrument_ids) | (settings.instrument_ids or frozenset())
    for client in clients:
        profile = _profile(client)
        if profile is not None:
            _check(client, profile, settings, max(1, len(_loaded(client) | _at_venue(named, client))))


def _check(client: Any, profile: VenueProfile, settings: NodeSettings, instruments: int) -> None:
    hardening = getattr(client, "settings", None)
    question = WeightQuestion(
        profile=profile,
        instruments=instruments,
        lookback_secs=settings.lookback_secs,
        deep_reads_at_start=READS_AT_START,
        open_check_interval_secs=settings.open_check_interval_secs,
        position_check_interval_secs=settings.open_check_interval_secs,  # a cheap look asks for both
        deep_look_interval_secs=settings.deep_interval_secs,
        settings=hardening if isinstance(hardening, HardeningSettings) else HardeningSettings(),
    )
    plan = plan_weight(question)
    granted = plan.weight_limit - question.settings.leave_reserve
    said = (
        f"{client.id}: a look every {settings.open_check_interval_secs:g} s, and every "
        f"{settings.deep_interval_secs:g} s at the history of at least {instruments} instruments, costs weight "
        f"{plan.steady_weight:.0f} a minute"
    )
    if plan.steady_weight > granted:
        raise ConfigValueError(
            said,
            allowed=f"{granted} of the {plan.weight_limit} that the venue grants a minute",
            action="look less often (open_check_interval_secs, deep_interval_secs), or trade fewer instruments",
        )
    if plan.steady_weight > granted * BUSY_SHARE:
        _logger.warning("%s of %s: little is left to read everything again after a gap", said, granted)


def _profile(client: Any) -> VenueProfile | None:
    """Return what a Binance client's venue grants; None for any other client."""
    hardened = getattr(getattr(client, "gate", None), "profile", None)
    if isinstance(hardened, VenueProfile):
        return hardened
    names = (kind.__name__ for kind in type(client).__mro__)
    return next((ADAPTER_PROFILES[name] for name in names if name in ADAPTER_PROFILES), None)


def _loaded(client: Any) -> frozenset[str]:
    """Return the instruments that a client is told to load by name; none where it loads all."""
    provider = getattr(client, "_instrument_provider", None)
    return frozenset(str(one) for one in getattr(provider, "_load_ids_on_start", None) or ())


def _at_venue(instrument_ids: frozenset[str], client: Any) -> frozenset[str]:
    venue = str(client.venue)
    return frozenset(one for one in instrument_ids if one.rpartition(".")[2] == venue)
