"""What an operator writes: the emulator as a program, read from TOML or JSON."""

from __future__ import annotations

import hashlib
import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trueup.emulator.engine.clock import Clock, ManualClock, RealClock
from trueup.emulator.engine.enums import MarginType
from trueup.emulator.engine.settings import DEFAULT_FUNDING_INTERVAL_MS
from trueup.emulator.engine.settings import AccountSettings as EngineAccountSettings
from trueup.emulator.engine.settings import MarketSettings as EngineMarketSettings
from trueup.emulator.engine.settings import VenueSettings as EngineVenueSettings
from trueup.emulator.wire.limits import Limits
from trueup.emulator.wire.listen_keys import VALIDITY_MS
from trueup.emulator.wire.request_log import ENTRIES_MAX
from trueup.emulator.wire.stream_sockets import SocketLimits
from trueup.errors import ConfigFileError, ConfigValueError

LOOPBACK: Final = "127.0.0.1"
DEFAULT_ACCOUNT: Final = "main"
DEFAULT_START_MS: Final = 1_750_000_000_000
"""Where a manual clock starts unless told: 2025-06-15 15:06:40 UTC, inside no special minute of the venue."""

WALK_INTERVAL_MS: Final = 1_000
"""How often the market walks for somebody who wrote no configuration: 256 symbols take 10 ms per step (measured)."""


def derived_key(account_id: str) -> str:
    """Return the API key that an account gets when none is written: 64 letters and digits, the same every time."""
    return hashlib.sha256(f"trueup emulator key of {account_id}".encode()).hexdigest()


def derived_secret(account_id: str) -> str:
    """Return the HMAC secret that an account gets when none is written. It guards a loopback port, nothing else."""
    return hashlib.sha256(f"trueup emulator secret of {account_id}".encode()).hexdigest()


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountSettings(_Frozen):
    """An account that exists from the start.

    Parameters
    ----------
    account_id : str
        Our name of it.
    api_key, secret : str, optional
        Derived from the account id when absent.
    public_key : str, optional
        PEM of an Ed25519 or RSA public key; replaces the HMAC secret.
    deposits : dict[str, Decimal]
        First deposits by asset.
    """

    account_id: str = Field(default=DEFAULT_ACCOUNT, min_length=1, max_length=64)
    api_key: str = ""
    secret: str = ""
    public_key: str = ""
    deposits: dict[str, Decimal] = {"USDT": Decimal(100_000)}
    fee_tier: int = Field(default=0, ge=0, le=9)
    hedge_mode: bool = False
    leverage: int = Field(default=20, ge=1, le=125)
    margin_type: MarginType = MarginType.CROSSED

    def for_engine(self) -> EngineAccountSettings:
        """Return the engine's form, with key and secret filled in."""
        return EngineAccountSettings(
            account_id=self.account_id,
            api_key=self.api_key or derived_key(self.account_id),
            secret="" if self.public_key else (self.secret or derived_secret(self.account_id)),
            public_key=self.public_key,
            deposits=self.deposits,
            fee_tier=self.fee_tier,
            hedge_mode=self.hedge_mode,
            leverage=self.leverage,
            margin_type=self.margin_type,
        )


class MarketSettings(_Frozen):
    """The synthetic market; see the engine's settings for each field.

    Parameters
    ----------
    step_interval_ms : int
        Distance of the random walk's steps in the emulator's clock; 0 leaves the market still until told.
    step_symbols : tuple[str, ...]
        The symbols that walk; all when empty.
    tapes : dict[str, Path]
        Binance's public aggTrades files to replay, by symbol; the first line of each plays when the emulator starts.
    """

    seed: int = 7
    spread_ticks: int = Field(default=1, ge=1)
    levels: int = Field(default=20, ge=1, le=1_000)
    level_notional: Decimal = Decimal(250_000)
    volatility_bps: int = Field(default=4, ge=0, le=1_000)
    replenish: bool = True
    prints: bool = True
    step_interval_ms: int = Field(default=0, ge=0)
    step_symbols: tuple[str, ...] = ()
    tapes: dict[str, Path] = {}

    def for_engine(self) -> EngineMarketSettings:
        """Return the engine's form."""
        return EngineMarketSettings(**self.model_dump(exclude={"step_interval_ms", "step_symbols", "tapes"}))


class LimitSettings(_Frozen):
    """Weights and order counts; the defaults are the venue's."""

    enforced: bool = True
    weight_per_minute: int = Field(default=2_400, ge=1)
    orders_per_ten_secs: int = Field(default=300, ge=1)
    orders_per_minute: int = Field(default=1_200, ge=1)
    refusals_before_ban: int = Field(default=10, ge=0)

    def for_wire(self) -> Limits:
        """Return the wire's form."""
        return Limits(**self.model_dump())


class ClockSettings(_Frozen):
    """The emulator's clock: the machine's with an offset, or one that only steps when told."""

    kind: Literal["real", "manual"] = "real"
    offset_ms: int = 0
    start_ms: int = Field(default=DEFAULT_START_MS, ge=0)

    def build(self) -> Clock:
        """Return the clock."""
        return RealClock(self.offset_ms) if self.kind == "real" else ManualClock(self.start_ms)


class StreamSettings(_Frozen):
    """Bounds and timers of sockets; the defaults are the venue's, except `queue_max`, which it does not publish."""

    queue_max: int = Field(default=20_000, ge=1)
    frames_per_sec: int = Field(default=10, ge=1)
    ping_interval_ms: int = Field(default=3 * 60_000, ge=1)
    pong_timeout_ms: int = Field(default=10 * 60_000, ge=1)
    lifetime_ms: int = Field(default=24 * 3_600_000, ge=1)
    listen_key_validity_ms: int = Field(default=VALIDITY_MS, ge=1)

    def for_wire(self) -> SocketLimits:
        """Return the wire's form."""
        return SocketLimits(**self.model_dump(exclude={"listen_key_validity_ms"}))


class EmulatorSettings(_Frozen):
    """The emulator as a program.

    Parameters
    ----------
    host, port : str, int
        The venue's address; port 0 takes a free one.
    control_host, control_port : str, int
        The control port's address. Whoever reaches it owns the venue, so it stays on loopback unless
        `control_beyond_loopback` says otherwise.
    state : Path, optional
        Directory of the durable ledger; without one everything is forgotten at the end.
    symbols : tuple[str, ...]
        The symbols listed; all of the table when empty.
    synthetic_symbols : int
        How many perpetuals that no venue lists the table has besides, as ``SYNTHETIC0001USDT``: for loads beyond it.
    connections_max : int
        Connections of the venue's port; further ones are closed at once.
    requests_kept : int
        Length of the request log.
    """

    host: str = LOOPBACK
    port: int = Field(default=0, ge=0, le=65_535)
    control_host: str = LOOPBACK
    control_port: int = Field(default=0, ge=0, le=65_535)
    control_beyond_loopback: bool = False
    state: Path | None = None
    symbols: tuple[str, ...] = ()
    synthetic_symbols: int = Field(default=0, ge=0, le=9_999)
    funding_interval_ms: int = Field(default=DEFAULT_FUNDING_INTERVAL_MS, ge=0)
    trade_lite: bool = True
    accounts: tuple[AccountSettings, ...] = (AccountSettings(),)
    market: MarketSettings = MarketSettings()
    limits: LimitSettings = LimitSettings()
    clock: ClockSettings = ClockSettings()
    streams: StreamSettings = StreamSettings()
    connections_max: int = Field(default=15_000, ge=1)
    requests_kept: int = Field(default=ENTRIES_MAX, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _control_stays_inside(self) -> EmulatorSettings:
        if self.control_host not in (LOOPBACK, "::1", "localhost") and not self.control_beyond_loopback:
            raise ValueError("control_host is beyond loopback: set control_beyond_loopback = true to mean it")
        return self

    @model_validator(mode="after")
    def _accounts_are_distinct(self) -> EmulatorSettings:
        names = [account.account_id for account in self.accounts]
        if not names or len(set(names)) != len(names):
            raise ValueError("accounts must hold at least one account, each with its own account_id")
        return self

    def for_engine(self) -> EngineVenueSettings:
        """Return the engine's form."""
        return EngineVenueSettings(
            market=self.market.for_engine(),
            symbols=self.symbols,
            synthetic_symbols=self.synthetic_symbols,
            funding_interval_ms=self.funding_interval_ms,
            trade_lite=self.trade_lite,
        )


def walking(settings: EmulatorSettings) -> EmulatorSettings:
    """Return the settings with a market that steps its random walk once a second."""
    market = settings.market.model_copy(update={"step_interval_ms": WALK_INTERVAL_MS})
    return settings.model_copy(update={"market": market})


def read_settings(path: Path | None, **overrides: Any) -> EmulatorSettings:
    """Read settings from a TOML or JSON file (by its suffix) and put what a command line says over them.

    Parameters
    ----------
    path : Path, optional
        The file; defaults alone without one.
    **overrides
        Fields of `EmulatorSettings`; those that are ``None`` are left to the file.

    Raises
    ------
    ConfigFileError
        The file cannot be read or parsed.
    ConfigValueError
        A field is unknown or holds what is not allowed; the text names each one.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
            values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        except OSError as error:
            raise ConfigFileError(f"the configuration {path} cannot be read: {error.strerror}") from error
        except (UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigFileError(
                f"the configuration {path} cannot be parsed: {error}", allowed="TOML, or JSON in a file named *.json"
            ) from error
        if not isinstance(values, dict):
            raise ConfigFileError(f"the configuration {path} holds no table", allowed="a table of settings")
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        return EmulatorSettings.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'settings'}: {item['msg']}" for item in error.errors()
        )
        raise ConfigValueError(f"the emulator's settings cannot be used: {problems}") from error
