"""What a configuration costs at the venue, in weight and in seconds, before it is run. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from trueup.venues.binance.paging import windows_spanned
from trueup.venues.binance.profiles import WEEK_MS, VenueProfile
from trueup.venues.binance.settings import HardeningSettings

BUSY_SHARE: Final = 0.5
"""Steady state may take this share of what reads may use: the rest is for a gap's repair, which reads it all once."""
MINUTE_SECS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightQuestion:
    """What is to be traded, and how often it is to be looked at.

    Parameters
    ----------
    profile : VenueProfile
        The venue.
    instruments : int
        Instruments with an order or a position, at most: the worst case is that all are alive.
    conditional : int
        Of these, the ones with conditional orders.
    lookback_secs : float or None
        How far back the start reads; None reads all that the venue keeps.
    deep_reads_at_start : int
        How often the start reads everything: a verified start reads, applies and reads again.
    latency_ms : float
        Round trip to the venue.
    open_check_interval_secs, position_check_interval_secs : float or None
        The periodic looks; None looks never.
    deep_look_interval_secs : float or None
        How often everything is read again.
    settings : HardeningSettings
        Bounds of the client.
    start_secs_max : float or None
        What the start may take; None does not ask.
    """

    profile: VenueProfile
    instruments: int
    conditional: int = 0
    lookback_secs: float | None = None
    deep_reads_at_start: int = 1
    latency_ms: float = 100.0
    open_check_interval_secs: float | None = None
    position_check_interval_secs: float | None = None
    deep_look_interval_secs: float | None = None
    settings: HardeningSettings = field(default_factory=HardeningSettings)
    start_secs_max: float | None = None


@dataclass(frozen=True, slots=True)
class WeightPlan:
    """What it costs.

    Parameters
    ----------
    start_requests, start_weight : int
        Of a start, at least: an account whose lists have more than one page costs more.
    start_secs : float
        How long the start takes at the given latency, waits for budget included.
    steady_weight : float
        Weight in a minute of steady state.
    weight_limit : int
        What the venue grants in a minute.
    problems : tuple of str
        Why it does not fit; empty when it does.
    """

    start_requests: int
    start_weight: int
    start_secs: float
    steady_weight: float
    weight_limit: int
    problems: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Return whether the configuration can be run."""
        return not self.problems


def plan_weight(question: WeightQuestion) -> WeightPlan:
    """Return what a configuration costs, and whether it fits.

    Parameters
    ----------
    question : WeightQuestion
        The configuration.

    Returns
    -------
    WeightPlan
    """
    profile = question.profile
    connect = profile.connection
    connect_weight = sum(profile.weigh(method, path) for method, path in connect)
    lists_weight, lists_requests = _lists(profile)
    history_weight, history_requests = _history(question)
    reads = question.deep_reads_at_start
    again_weight, again_requests = _again(question, history_weight, history_requests)
    weight = connect_weight + reads * lists_weight + history_weight + (reads - 1) * again_weight
    requests = len(connect) + reads * lists_requests + history_requests + (reads - 1) * again_requests
    start_secs = _start_secs(question, len(connect), history_requests, weight)
    steady = _steady(question, lists_weight, again_weight)
    return WeightPlan(
        requests, weight, start_secs, steady, profile.weight_limit, _problems(question, start_secs, steady)
    )


def _lists(profile: VenueProfile) -> tuple[int, int]:
    """Return weight and number of the questions for all symbols at once."""
    paths = [profile.open_orders]
    if profile.prefix == "/fapi":
        paths += ["/fapi/v1/openAlgoOrders", "/fapi/v3/positionRisk"]
    return sum(profile.weigh("GET", path) for path in paths), len(paths)


def _history(question: WeightQuestion) -> tuple[int, int]:
    """Return weight and number of the questions for each symbol's history."""
    profile = question.profile
    span_ms = WEEK_MS - 1 if question.lookback_secs is None else int(question.lookback_secs * 1_000)
    windows = windows_spanned(0, span_ms, profile.history_window_ms)
    fill_windows = 1 if question.lookback_secs is None else windows
    orders = question.instruments * windows
    fills = question.instruments * fill_windows
    weight = orders * profile.weigh("GET", profile.all_orders) + fills * profile.weigh("GET", profile.fills)
    if profile.prefix != "/fapi":
        return weight, orders + fills
    conditional = question.conditional * windows
    return weight + conditional * profile.weigh("GET", "/fapi/v1/allAlgoOrders"), orders + fills + conditional


def _again(question: WeightQuestion, history_weight: int, history_requests: int) -> tuple[int, int]:
    """Return weight and number of the questions for histories that were read before and have not moved: see `memo`."""
    if question.profile.prefix != "/fapi" or question.instruments <= question.settings.direct_symbols_max:
        return history_weight, history_requests
    return 2 * question.profile.weigh("GET", "/fapi/v1/income"), 2


def _start_secs(question: WeightQuestion, connect_requests: int, history_requests: int, weight: int) -> float:
    latency_secs = question.latency_ms / 1_000
    rounds = -(-history_requests // question.settings.reads_in_parallel)
    asking_secs = latency_secs * (connect_requests + rounds + 2 * question.deep_reads_at_start)
    full_minutes = max(0, -(-weight // _for_reads(question)) - 1)
    # Each minute's budget lasts for that minute; only the last part is as quick as the requests are.
    return float(full_minutes * MINUTE_SECS + (asking_secs if full_minutes == 0 else asking_secs / (full_minutes + 1)))


def _steady(question: WeightQuestion, lists_weight: int, again_weight: int) -> float:
    profile = question.profile
    positions = profile.weigh("GET", "/fapi/v3/positionRisk") if profile.prefix == "/fapi" else 0
    looks = (
        (lists_weight - positions, question.open_check_interval_secs),
        (positions, question.position_check_interval_secs),
        (lists_weight + again_weight, question.deep_look_interval_secs),
        (profile.weigh("GET", profile.time_path), question.settings.clock_interval_secs),
        (1, question.settings.stream.renew_secs),
    )
    return sum(weight * MINUTE_SECS / interval for weight, interval in looks if interval)


def _for_reads(question: WeightQuestion) -> int:
    return question.profile.weight_limit - question.settings.leave_reserve


def _problems(question: WeightQuestion, start_secs: float, steady: float) -> tuple[str, ...]:
    problems = []
    most = _for_reads(question) * BUSY_SHARE
    if steady > most:
        problems.append(
            f"looking at {question.instruments} instruments as often as configured costs weight {steady:.0f} a minute; "
            f"{most:.0f} is the most that leaves room for repairs (the venue grants {question.profile.weight_limit}): "
            f"look less often, or trade fewer instruments on this account"
        )
    if question.start_secs_max is not None and start_secs > question.start_secs_max:
        problems.append(
            f"the start takes about {start_secs:.0f} s inside the venue's limits, and may take "
            f"{question.start_secs_max:.0f} s: allow more, read less far back, or trade fewer instruments"
        )
    return tuple(problems)
