"""The settings of reconciliation: one set of fields, two modes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from trueup.config.base import Count, Milliseconds, Minutes, Off, PositiveSeconds, Seconds, Section, fault
from trueup.config.engine_versions import field_span, installed_version, parse_version
from trueup.config.reconciliation.instrument_ids import InstrumentIdText
from trueup.errors import EngineFieldError


class ReconciliationMode(StrEnum):
    """Who reconciles."""

    NATIVE = "native"
    """The engine, with exactly these parameters; trueup observes, audits, alerts, guards."""
    VERIFIED = "verified"
    """trueup, by applying only what the venue confirmed; the engine's own open-order and position polls are off."""


class History(StrEnum):
    """How much of the venue's past a cold start rebuilds."""

    CURRENT = "current"
    """What is alive: open orders, and the current life of each position."""
    FULL = "full"
    """Everything that the venue still tells."""


# The plan's field -> the engine's parameter. The order is the plan's.
PLAN_PARAMETERS: dict[str, str] = {
    "enabled": "reconciliation",
    "startup_delay_secs": "reconciliation_startup_delay_secs",
    "lookback_mins": "reconciliation_lookback_mins",
    "inflight_check_interval_ms": "inflight_check_interval_ms",
    "inflight_check_threshold_ms": "inflight_check_threshold_ms",
    "inflight_check_retries": "inflight_check_retries",
    "open_check_interval_secs": "open_check_interval_secs",
    "open_check_lookback_mins": "open_check_lookback_mins",
    "open_check_threshold_ms": "open_check_threshold_ms",
    "purge_closed_orders_interval_mins": "purge_closed_orders_interval_mins",
    "purge_closed_orders_buffer_mins": "purge_closed_orders_buffer_mins",
}

# Beyond the plan: optional, of the same name as the engine's parameter, passed on only when they are set.
ENGINE_PARAMETERS: tuple[str, ...] = (
    "reconciliation_instrument_ids",
    "filter_unclaimed_external_orders",
    "filter_position_reports",
    "filtered_client_order_ids",
    "generate_missing_orders",
    "open_check_open_only",
    "open_check_missing_retries",
    "max_single_order_queries_per_cycle",
    "single_order_query_delay_ms",
    "position_check_interval_secs",
    "position_check_lookback_mins",
    "position_check_threshold_ms",
    "position_check_retries",
    "own_books_audit_interval_secs",
    "allow_overfills",
    "purge_closed_positions_interval_mins",
    "purge_closed_positions_buffer_mins",
    "purge_account_events_interval_mins",
    "purge_account_events_lookback_mins",
    "purge_from_database",
    "convert_quote_qty_to_base",
)

# What the engine assumes where nothing is set (the same in every supported version): the rules reason with it.
ENGINE_DEFAULTS: dict[str, Any] = {
    "filter_unclaimed_external_orders": False,
    "filter_position_reports": False,
    "generate_missing_orders": True,
    "open_check_open_only": True,
    "open_check_missing_retries": 5,
    "position_check_interval_secs": None,
    "position_check_lookback_mins": 60,
    "position_check_retries": 3,
}

# The engine's polls that trueup replaces in verified mode (design: an event that arrives late is never booked twice).
REPLACED_POLLS: tuple[str, ...] = ("open_check_interval_secs", "position_check_interval_secs")


class ReconciliationConfig(Section):
    """Configure reconciliation, at start-up and while the node runs.

    The first eleven fields are the plan's, with its defaults and limits. The others are the remaining reconciliation
    parameters of NautilusTrader 1.222 to 1.231, left to the engine unless set, and the few that only trueup reads.

    Raises
    ------
    pydantic.ValidationError
        If a field is unknown, of the wrong type or beyond its limit, or if the in-flight threshold is shorter than the
        in-flight interval.
    """

    enabled: bool = Field(default=True)
    """Whether the node reconciles at start-up."""

    startup_delay_secs: Seconds = Field(default=10.0, ge=10.0)
    """Seconds between the start-up reconciliation and the first continuous check."""

    lookback_mins: Annotated[Minutes | None, Off] = Field(default=None, ge=0)
    """Minutes of history to ask the venue for at start-up; none or 0 for all that it gives."""

    inflight_check_interval_ms: Milliseconds = Field(default=2_000, ge=1_000)
    """Milliseconds between two looks at the orders that wait for an answer of the venue."""

    inflight_check_threshold_ms: Milliseconds = Field(default=5_000, ge=1_000)
    """Milliseconds after which an unanswered order is asked for; never less than the interval."""

    inflight_check_retries: Count = Field(default=5, ge=1)
    """Questions about one unanswered order before a verdict."""

    open_check_interval_secs: Annotated[Seconds | None, Off] = Field(default=5.0, ge=1.0)
    """Seconds between two looks at the open orders; ``"off"`` for none."""

    open_check_lookback_mins: Minutes = Field(default=60, ge=60)
    """Minutes back that the continuous check of orders looks."""

    open_check_threshold_ms: Milliseconds = Field(default=5_000, ge=1_000)
    """Milliseconds of quiet that an order must have had before a difference counts."""

    purge_closed_orders_interval_mins: Minutes = Field(default=10, ge=1)
    """Minutes between two purges of closed orders from the cache."""

    purge_closed_orders_buffer_mins: Minutes = Field(default=60, ge=0)
    """Minutes that a closed order stays in the cache at least."""

    # --- the engine's other parameters ---------------------------------------------------------------------------

    reconciliation_instrument_ids: tuple[InstrumentIdText, ...] | None = None
    """Reconcile only these instruments. Whatever else the account holds is never looked at."""

    filter_unclaimed_external_orders: bool | None = None
    """Drop external orders that no strategy claims; their exposure still appears as an invented order."""

    filter_position_reports: bool | None = None
    """Ignore the venue's positions at start-up."""

    filtered_client_order_ids: tuple[Annotated[str, Field(min_length=1)], ...] | None = None
    """Client order ids to leave out at start-up."""

    generate_missing_orders: bool | None = None
    """Whether the engine may invent orders to make its positions match the venue's (native mode only)."""

    open_check_open_only: bool | None = None
    """Ask for open orders alone (engine's default), or for the whole history at each look."""

    open_check_missing_retries: Annotated[Count | None, Off] = Field(default=None, ge=0)
    """Looks after which an order missing at the venue is resolved; only without `open_check_open_only`."""

    max_single_order_queries_per_cycle: Annotated[Count | None, Off] = Field(default=None, ge=1)
    """Bound on the questions about single orders in one look."""

    single_order_query_delay_ms: Annotated[Milliseconds | None, Off] = Field(default=None, ge=0)
    """Milliseconds between two questions about single orders."""

    position_check_interval_secs: Annotated[Seconds | None, Off] = Field(default=None, gt=0)
    """Seconds between two looks at the positions; none for no look (the engine's default)."""

    position_check_lookback_mins: Annotated[Minutes | None, Off] = Field(default=None, ge=1)
    """Minutes of fills to ask for when a position differs."""

    position_check_threshold_ms: Annotated[Milliseconds | None, Off] = Field(default=None, ge=0)
    """Milliseconds of quiet that a position must have had before a difference counts."""

    position_check_retries: Annotated[Count | None, Off] = Field(default=None, ge=0)
    """Attempts on one position before the engine gives it up for good."""

    own_books_audit_interval_secs: Annotated[Seconds | None, Off] = Field(default=None, gt=0)
    """Seconds between two audits of the own order books against the public ones."""

    allow_overfills: bool | None = None
    """Accept fills beyond an order's quantity instead of refusing them."""

    purge_closed_positions_interval_mins: Annotated[Minutes | None, Off] = Field(default=None, ge=1)
    """Minutes between two purges of closed positions."""

    purge_closed_positions_buffer_mins: Annotated[Minutes | None, Off] = Field(default=None, ge=0)
    """Minutes that a closed position stays in the cache at least."""

    purge_account_events_interval_mins: Annotated[Minutes | None, Off] = Field(default=None, ge=1)
    """Minutes between two purges of account events."""

    purge_account_events_lookback_mins: Annotated[Minutes | None, Off] = Field(default=None, ge=0)
    """Minutes of account events that are kept."""

    purge_from_database: bool | None = None
    """Purge from the store too, not only from memory."""

    convert_quote_qty_to_base: bool | None = None
    """Turn quote quantities into base quantities at submission."""

    # --- what only trueup reads ----------------------------------------------------------------------------------

    mode: ReconciliationMode = ReconciliationMode.VERIFIED
    """Who reconciles: ``verified`` (trueup, the default) or ``native`` (the engine alone)."""

    history: History = History.CURRENT
    """How much a cold start rebuilds: ``current`` (what is alive) or ``full`` (all that the venue tells)."""

    submit_grace_ms: Milliseconds = Field(default=10_000, ge=1_000)
    """Milliseconds after a submission in which "unknown order" proves nothing: twice the engine's own threshold."""

    query_timeout_secs: PositiveSeconds = Field(default=10.0, le=300.0)
    """Seconds before one question to the venue counts as failed; the engine has no such limit."""

    venue_outage_secs_max: PositiveSeconds = 300.0
    """The longest outage of the venue's REST interface to survive without a false verdict; the rules measure by it."""

    state_dir: Path | None = None
    """Directory of the repair ledger; by default one for each trader and store below ``~/.local/state/trueup``."""

    @field_validator("inflight_check_threshold_ms")
    @classmethod
    def _threshold_not_below_interval(cls, threshold_ms: int, info: ValidationInfo) -> int:
        # A field validator, not a model validator: it speaks even when another field is wrong too.
        interval_ms = info.data.get("inflight_check_interval_ms")
        if interval_ms is not None and threshold_ms < interval_ms:
            raise fault(
                f"inflight_check_threshold_ms is {threshold_ms}, below inflight_check_interval_ms ({interval_ms})",
                allowed=f"at least {interval_ms}",
                action="raise the threshold or lower the interval",
            )
        return threshold_ms

    def to_live_exec_engine_config(self) -> dict[str, Any]:
        """Return the plan's parameters under the engine's names, exactly these eleven.

        Returns
        -------
        dict[str, Any]
            Keyword arguments for ``LiveExecEngineConfig``. What a node really gets is `engine_parameters`.
        """
        return {parameter: getattr(self, field) for field, parameter in PLAN_PARAMETERS.items()}

    def engine_parameters(self, version: str | None = None) -> dict[str, Any]:
        """Return what a node's engine really gets: the plan's parameters, those set beyond it, no replaced poll.

        Parameters
        ----------
        version : str, optional
            NautilusTrader's version; the installed one by default.

        Returns
        -------
        dict[str, Any]
            Keyword arguments for ``LiveExecEngineConfig`` of that version, identifiers as text. In verified mode the
            engine's own open-order and position polls are None: trueup makes those looks.

        Raises
        ------
        EngineFieldError
            If a parameter is set that this version does not know.
        """
        parameters = self.to_live_exec_engine_config()
        for name in ENGINE_PARAMETERS:
            value = getattr(self, name)
            if value is None:
                continue
            self._require_known(name, version)
            parameters[name] = list(value) if isinstance(value, tuple) else value
        if self.mode is ReconciliationMode.VERIFIED:
            parameters.update(dict.fromkeys(REPLACED_POLLS))
        return parameters

    def unknown_engine_parameters(self, version: str | None) -> tuple[str, ...]:
        """Return the parameters that are set and that this version of NautilusTrader does not know."""
        parsed = parse_version(version)
        if parsed is None:
            return ()
        return tuple(
            name
            for name in ENGINE_PARAMETERS
            if getattr(self, name) is not None and not field_span("LiveExecEngineConfig", name).covers(parsed)
        )

    def effective(self, name: str) -> Any:
        """Return the value in force for an engine parameter: the one set here, else the engine's default."""
        value = getattr(self, name)
        return ENGINE_DEFAULTS.get(name) if value is None else value

    @staticmethod
    def _require_known(name: str, version: str | None) -> None:
        text = version or installed_version()
        parsed = parse_version(text)
        span = field_span("LiveExecEngineConfig", name)
        if parsed is not None and not span.covers(parsed):
            raise EngineFieldError(
                f"reconciliation.{name} is set, and NautilusTrader {text} does not know it",
                allowed=f"NautilusTrader {span.describe()}",
                action=f"install such a version, or remove reconciliation.{name}",
            )
