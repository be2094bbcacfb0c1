"""The auditor: which accounts it looks at, how far back, how often, with which key."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from trueup.config.base import Count, Number, Off, PositiveSeconds, Seconds, Section, fault
from trueup.config.reconciliation.instrument_ids import InstrumentIdText
from trueup.config.sight.ops import DEFAULT_PORT, OpsConfig
from trueup.config.trading_node.forms import CLIENT_NAME, TRADER_ID
from trueup.config.trading_node.redis import RedisConfig
from trueup.config.trading_node.venues import AnyCase, HttpUrl, KeyType, VenueEnvironment, VenueName
from trueup.model.guard import GuardState

ACCOUNT_NAME = r"^[a-z][a-z0-9_]*$"
"""Of an audited account. Lower case, as environment variables are folded: ``TRUEUP_AUDIT__ACCOUNTS__DESK__API_KEY``."""

WATCH_PORT = DEFAULT_PORT + 1
"""Beside the node's, which is often on the same machine."""

AuditAccountName = Annotated[str, Field(pattern=ACCOUNT_NAME)]


class ExpectedHistory(StrEnum):
    """What of the venue's history a node is expected to hold."""

    SINCE_BIRTH = "since_birth"
    """What happened since the node first connected on its store, and what is alive; purged orders excepted."""
    WINDOW = "window"
    """Everything inside the lookback window."""
    ALIVE = "alive"
    """Open orders, and the present life cycle of each position."""


class AuditAccountConfig(Section):
    """Configure one audited account. What is left out is taken from the client that it names, or from the file."""

    client: Annotated[str, Field(pattern=CLIENT_NAME)] | None = None
    """A client of this file whose venue, environment, address and instruments hold; by default the one of this name."""

    exchange: Literal["binanceusdm"] = "binanceusdm"
    """The venue, as `ccxt` names it."""

    environment: Annotated[VenueEnvironment, AnyCase] | None = None
    """``LIVE``, ``TESTNET`` or ``DEMO``; the client's, where there is one, else it must be given."""

    base_url_http: HttpUrl | None = None
    """REST address instead of the environment's own."""

    venue: VenueName | None = None
    """The venue as it stands after the last dot of the node's instrument ids."""

    account_id: str | None = Field(default=None, min_length=1)
    """The node's name of the account; by default the only one of that venue in its store."""

    trader_id: Annotated[str, Field(pattern=TRADER_ID)] | None = None
    """The node's trader id; the file's by default."""

    redis: RedisConfig | None = None
    """The node's store; the file's by default."""

    key_type: Annotated[KeyType, AnyCase] | None = None
    """``HMAC`` or ``Ed25519``."""

    api_key: SecretStr | None = None
    """A key that may read and do nothing else. Without it the client's own key is used, and pointed out."""

    api_secret: SecretStr | None = None
    """Its secret."""

    instrument_ids: tuple[InstrumentIdText, ...] = ()
    """Instruments to read besides those that the venue or the node name."""

    enabled: bool = True
    """Whether it is audited."""

    @model_validator(mode="after")
    def _key_with_secret(self) -> Self:
        if (self.api_key is None) is not (self.api_secret is None):
            raise fault("api_key stands without api_secret, or the other way round", allowed="both, or neither")
        return self


class AuditConfig(Section):
    """Configure the auditor: ``trueup audit`` and ``trueup watch``.

    Every execution client of the file is an audited account by itself, named as the client in lower case. A table
    ``[audit.accounts.NAME]`` gives one its own read-only key, or adds an account of another node, store or venue.
    """

    lookback_hours: Annotated[float, Number] = Field(default=24.0, gt=0, le=24 * 90)
    """How far back orders and fills are compared. The venue forgets orders after 90 days."""

    expect: ExpectedHistory = ExpectedHistory.SINCE_BIRTH
    """What of that history the node must hold: ``since_birth``, ``window`` or ``alive``."""

    looks_max: Count = Field(default=4, ge=2, le=20)
    """Looks at both sides in one audit: two that agree, and more for what is on its way."""

    second_look_secs: PositiveSeconds = Field(default=1.0, le=60)
    """Pause between two looks."""

    store_lag_secs: Seconds = Field(default=2.0, ge=0, le=600)
    """How long an event may be on its way from the venue into the node's store before it counts as missing there."""

    submit_grace_secs: Seconds = Field(default=15.0, ge=0, le=600)
    """How long a request may be on its way: an order that the venue does not know, a cancel, an amendment."""

    query_timeout_secs: PositiveSeconds = Field(default=10.0, le=120)
    """Limit of one question to the venue."""

    audit_timeout_secs: PositiveSeconds = Field(default=120.0, le=3_600)
    """Limit of the audit of one account; what was not read by then is not covered."""

    balance_tolerance: Annotated[float | None, Number, Off] = Field(default=None, ge=0)
    """How far a balance's total may lie apart, in its own currency, before it differs; ``off`` does not compare
    balances. Fees and profits reach the venue's figure before the node's, so allow what a second of trading moves."""

    questions_max: Count = Field(default=200, ge=0, le=10_000)
    """Questions about single orders in one look."""

    weight_share: Annotated[float, Number] = Field(default=0.25, gt=0, le=1)
    """Share of the venue's request weight per minute that the auditor may use. The venue counts by address, and a node
    that shares it with the auditor must do with the rest."""

    source_address: str | None = Field(default=None, min_length=1)
    """Address of this machine to ask the venue from: one of its own has a weight of its own."""

    discover_symbols: bool = True
    """Ask for fee and profit payments, which name symbols that neither the node nor the open positions do."""

    report_other_writers: bool = True
    """Count a second node on the same account as a discrepancy."""

    discrepancies_shown_max: Count = Field(default=1_000, ge=1, le=100_000)
    """Differences that a report lists one by one; the rest is counted."""

    interval_secs: PositiveSeconds = Field(default=60.0, le=86_400)
    """Pause between two audits of `watch`."""

    jitter_share: Annotated[float, Number] = Field(default=0.1, ge=0, le=0.5)
    """Share of the interval by which each pause differs at random, so that many auditors do not ask in step."""

    backoff_secs_max: PositiveSeconds = Field(default=600.0, le=86_400)
    """Longest pause after audits that could not be made; it doubles up to this."""

    full_read_interval_secs: Annotated[PositiveSeconds | None, Off] = 3_600.0
    """How often `watch` reads the whole window again instead of what is new; ``off`` for never."""

    demand_guard: Annotated[GuardState | None, Off, AnyCase] = None
    """What `watch` demands of the live node while a critical difference or another writer stands: ``REDUCING`` or
    ``HALTED``; needs ``guard.control_key``. ``off`` demands nothing."""

    ops: OpsConfig = OpsConfig(port=WATCH_PORT)
    """Where ``trueup watch`` serves metrics, health and the status page."""

    accounts: dict[AuditAccountName, AuditAccountConfig] = Field(default_factory=dict)
    """Accounts by name."""

    @field_validator("demand_guard")
    @classmethod
    def _stricter_than_active(cls, state: GuardState | None) -> GuardState | None:
        if state is GuardState.ACTIVE:
            raise fault("audit.demand_guard is ACTIVE, which demands nothing", allowed="REDUCING, HALTED or off")
        return state

    @property
    def secrets(self) -> list[SecretStr | None]:
        """Return every secret of the section, to be blanked out wherever it may turn up."""
        found: list[SecretStr | None] = [self.ops.auth_token]
        for account in self.accounts.values():
            found += [account.api_key, account.api_secret]
            found.append(None if account.redis is None else account.redis.password)
        return found
