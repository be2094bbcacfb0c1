"""What attaching needs to know, in one value: from the operator's file, the engine's own configuration, or by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from trueup.core.external import PolicyBook
from trueup.errors import ConfigValueError

# Looks at what is open cost two calls; a look at history costs more, so it is made when something is suspicious, and
# this often anyway. On Binance one such look of 50 symbols weighs about 500 of 2,400 a minute.
DEEP_INTERVAL_SECS = 60.0
# The second of two looks: long enough for a stream event that was under way when the first was made (measured lags lie
# below 200 ms), short enough that a lost fill is healed well within 15 s.
SECOND_LOOK_SECS = 1.0
OPEN_CHECK_INTERVAL_SECS = 5.0  # the plan's default
# Every order that rested since before the window of a look and filled in it is asked for once. A quoting strategy has
# dozens of them a minute; fifty cost 50 of 2,400 a minute and two seconds of a look. The engine's ten are meant for the
# few orders that its own retries leave over: an engine that says nothing else has the default here, too.
QUESTIONS_PER_LOOK = 50
ENGINE_QUERIES_PER_CYCLE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """Hold what the machinery of a node needs.

    Parameters
    ----------
    mode : str
        ``verified`` or ``native``.
    history : str
        ``current`` or ``full``: what a cold start rebuilds.
    startup_delay_secs : float
        Wait between the start of trading and the first continuous look.
    lookback_secs : float or None
        How far back a cold start asks; None for all that the venue gives.
    open_check_interval_secs : float or None
        Between two cheap looks; None for none.
    open_check_lookback_secs : float
        The furthest that a look while running asks back.
    deep_interval_secs : float
        Between two looks at history when nothing is suspicious.
    second_look_secs : float
        Between the two looks that come before acting.
    inflight_threshold_secs : float
        Age at which an unanswered order is asked for.
    submit_grace_secs : float
        Age before which "unknown order" proves nothing.
    query_timeout_secs : float
        One question to the venue.
    questions_per_look : int
        Questions about single orders in one look while running.
    question_delay_secs : float
        Between two of them.
    purge_buffer_secs : float or None
        Age at which closed orders may be purged; None where nothing is purged.
    purge_from_store : bool
        Whether they leave the store too.
    instrument_ids : frozenset of str or None
        The only instruments that take part; None for all that the node has loaded.
    startup_timeout_secs : float or None
        Bounds the start-up; None takes the node's own ``timeout_reconciliation``.
    state_dir : Path or None
        Where repairs and the last verified instant are kept across restarts; None takes the default.
    external : PolicyBook
        What is done with what nobody owns.
    """

    mode: str = "verified"
    history: str = "current"
    startup_delay_secs: float = 10.0
    lookback_secs: float | None = None
    open_check_interval_secs: float | None = OPEN_CHECK_INTERVAL_SECS
    open_check_lookback_secs: float = 3600.0
    deep_interval_secs: float = DEEP_INTERVAL_SECS
    second_look_secs: float = SECOND_LOOK_SECS
    inflight_threshold_secs: float = 5.0
    submit_grace_secs: float = 10.0
    query_timeout_secs: float = 10.0
    questions_per_look: int = QUESTIONS_PER_LOOK
    question_delay_secs: float = 0.1
    purge_buffer_secs: float | None = None
    purge_from_store: bool = False
    instrument_ids: frozenset[str] | None = None
    startup_timeout_secs: float | None = None
    state_dir: Path | None = None
    external: PolicyBook = field(default_factory=PolicyBook)

    @classmethod
    def of(cls, given: Any, engine: Any) -> Self:
        """Return the settings that an operator gave, be it the file's section, a mapping, or nothing.

        Parameters
        ----------
        given : ReconciliationConfig, NodeSettings, mapping or None
            With a mapping (or nothing), what is not named is taken from the engine's own configuration.
        engine : LiveExecutionEngine
            The node's.

        Raises
        ------
        ConfigValueError
            If a mapping names what does not exist.
        """
        if isinstance(given, cls):
            return given
        if given is None or isinstance(given, Mapping):
            return _with(cls._of_engine(engine), dict(given or {}))
        return cls._of_config(given)

    @classmethod
    def _of_config(cls, config: Any) -> Self:
        queries = config.max_single_order_queries_per_cycle
        delay_ms = config.single_order_query_delay_ms
        names = config.reconciliation_instrument_ids
        return cls(
            mode=str(config.mode),
            history=str(config.history),
            startup_delay_secs=float(config.startup_delay_secs),
            lookback_secs=None if not config.lookback_mins else config.lookback_mins * 60.0,
            open_check_interval_secs=config.open_check_interval_secs,
            open_check_lookback_secs=config.open_check_lookback_mins * 60.0,
            inflight_threshold_secs=config.inflight_check_threshold_ms / 1000,
            submit_grace_secs=config.submit_grace_ms / 1000,
            query_timeout_secs=config.query_timeout_secs,
            questions_per_look=QUESTIONS_PER_LOOK if queries is None else queries,
            question_delay_secs=0.1 if delay_ms is None else delay_ms / 1000,
            purge_buffer_secs=config.purge_closed_orders_buffer_mins * 60.0,
            purge_from_store=bool(config.purge_from_database),
            instrument_ids=None if names is None else frozenset(map(str, names)),
            state_dir=config.state_dir,
        )

    @classmethod
    def _of_engine(cls, engine: Any) -> Self:
        intervals = (engine.open_check_interval_secs, engine.position_check_interval_secs)
        given = [float(interval) for interval in intervals if interval]
        buffer_mins = engine.purge_closed_orders_buffer_mins
        purges = bool(engine.purge_closed_orders_interval_mins)
        names = engine.reconciliation_instrument_ids
        queries = engine.max_single_order_queries_per_cycle
        return cls(
            startup_delay_secs=float(engine.reconciliation_startup_delay_secs),
            lookback_secs=engine.reconciliation_lookback_mins * 60.0 or None,
            open_check_interval_secs=min(given, default=OPEN_CHECK_INTERVAL_SECS),
            inflight_threshold_secs=engine.inflight_check_threshold_ms / 1000,
            questions_per_look=QUESTIONS_PER_LOOK if queries == ENGINE_QUERIES_PER_CYCLE else queries,
            question_delay_secs=engine.single_order_query_delay_ms / 1000,
            purge_buffer_secs=(buffer_mins or 0) * 60.0 if purges else None,
            purge_from_store=bool(engine.purge_from_database),
            instrument_ids=frozenset(map(str, names)) or None,
        )


def _with(settings: NodeSettings, given: dict[str, Any]) -> Any:
    known = {one.name for one in fields(NodeSettings)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ConfigValueError(
            f"unknown settings: {', '.join(unknown)}", allowed=", ".join(sorted(known)), action="correct the names"
        )
    if given.get("state_dir") is not None:
        given["state_dir"] = Path(given["state_dir"])
    return replace(settings, **given)
