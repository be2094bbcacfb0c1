"""What the configured Binance clients cost at the venue: the weight planner's question and answer for each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from trueup.config.reconciliation.config import ReconciliationMode
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.venues import BinanceClientConfig
from trueup.node.settings import DEEP_INTERVAL_SECS
from trueup.venues.binance.planner import BUSY_SHARE, WeightQuestion, plan_weight
from trueup.venues.binance.profiles import SPOT, USDM_FUTURES

LATENCY_MS = 100.0
"""Round trip assumed: a machine that is not in the venue's region. Nearer ones start sooner, at the same weight."""
VERIFIED_READS_AT_START = 2
"""A verified start reads, applies, and reads again for the proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueCost:
    """What one hardened client costs.

    Parameters
    ----------
    client : str
        Its name in the configuration.
    instruments : int
        How many were counted: those listed, or claimed, at its venue; the worst case is that all are alive.
    at_least : bool
        Whether there may be more: the client loads every instrument, or names none.
    start_requests, start_weight : int
        Of a start, at least: lists of more than one page cost more.
    start_secs : float
        How long the start takes, waits for the venue's budget included.
    start_secs_max : float
        What it may take; infinite in native mode, where the engine never enforces its limit.
    steady_weight : float
        Weight in a minute of steady state.
    reads_weight : int
        What reads may use of the venue's minute.
    weight_limit : int
        The venue's minute.
    """

    client: str
    instruments: int
    at_least: bool
    start_requests: int
    start_weight: int
    start_secs: float
    start_secs_max: float
    steady_weight: float
    reads_weight: int
    weight_limit: int

    @property
    def is_start_too_long(self) -> bool:
        """Return whether the start cannot end in time."""
        return self.start_secs > self.start_secs_max

    @property
    def is_steady_too_heavy(self) -> bool:
        """Return whether the looks ask for more than the venue grants."""
        return self.steady_weight > self.reads_weight

    @property
    def is_busy(self) -> bool:
        """Return whether the looks leave no room to read everything again after a gap."""
        return self.steady_weight > self.reads_weight * BUSY_SHARE

    @property
    def line(self) -> str:
        """Return the cost in words."""
        counted = f"{'at least ' if self.at_least else ''}{self.instruments} instrument"
        return (
            f"{self.client}: {counted}{'' if self.instruments == 1 else 's'}. "
            f"A cold start takes {self.start_requests} requests, weight {self.start_weight}, about "
            f"{self.start_secs:.1f} s at {LATENCY_MS:.0f} ms; steady state takes weight {self.steady_weight:.0f} a "
            f"minute. The venue grants {self.weight_limit} a minute"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the cost for JSON, which has no infinity."""
        form = asdict(self)
        if self.start_secs_max == float("inf"):
            form["start_secs_max"] = None
        return {**form, "latency_ms": LATENCY_MS}


def venue_costs(config: LiveTradingNodeConfig) -> tuple[VenueCost, ...]:
    """Return what each hardened Binance client costs; of the adapter's own client nothing is planned.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The settings.
    """
    return tuple(
        _cost(config, name, client)
        for name, client in config.clients.items()
        if isinstance(client, BinanceClientConfig) and client.execution and client.hardened
    )


def _cost(config: LiveTradingNodeConfig, name: str, client: BinanceClientConfig) -> VenueCost:
    settings = config.reconciliation
    verified = settings.mode is ReconciliationMode.VERIFIED
    open_secs = settings.open_check_interval_secs
    instruments = _instruments(config, client)
    question = WeightQuestion(
        profile=USDM_FUTURES if client.is_futures else SPOT,
        instruments=len(instruments),
        lookback_secs=settings.lookback_mins * 60.0 if settings.lookback_mins else None,
        deep_reads_at_start=VERIFIED_READS_AT_START if verified else 1,
        latency_ms=LATENCY_MS,
        open_check_interval_secs=open_secs,
        # A verified look asks for working orders and positions together.
        position_check_interval_secs=open_secs if verified else settings.position_check_interval_secs,
        deep_look_interval_secs=DEEP_INTERVAL_SECS if verified and open_secs is not None else None,
    )
    plan = plan_weight(question)
    return VenueCost(
        client=f"clients.{name}",
        instruments=len(instruments),
        at_least=client.load_all or not client.instrument_ids,
        start_requests=plan.start_requests,
        start_weight=plan.start_weight,
        start_secs=round(plan.start_secs, 3),
        start_secs_max=config.timeouts.reconciliation_secs if verified else float("inf"),
        steady_weight=round(plan.steady_weight, 1),
        reads_weight=plan.weight_limit - question.settings.leave_reserve,
        weight_limit=plan.weight_limit,
    )


def _instruments(config: LiveTradingNodeConfig, client: BinanceClientConfig) -> frozenset[str]:
    claimed = (one for strategy in config.strategies for one in strategy.claims.instrument_ids)
    return frozenset(one for one in (*client.instrument_ids, *claimed) if one.rpartition(".")[2] == client.venue)
