"""The clients of a node: Binance spot, Binance USD-M futures, and any other adapter by its import path."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from trueup.config.base import Count, Milliseconds, Minutes, Off, Section, fault
from trueup.config.reconciliation.instrument_ids import InstrumentIdText
from trueup.config.trading_node.forms import CLIENT_NAME, IMPORT_PATH

ImportPath = Annotated[str, Field(pattern=IMPORT_PATH)]
VenueName = Annotated[str, Field(pattern=CLIENT_NAME)]
"""A venue as it stands after the last dot of an instrument id."""


class PositionMode(StrEnum):
    """How the venue's account nets positions."""

    NETTING = "NETTING"
    """One position per instrument (Binance: one-way mode)."""
    HEDGING = "HEDGING"
    """A long and a short leg side by side."""


class VenueEnvironment(StrEnum):
    """Which of the venue's worlds to trade in."""

    LIVE = "LIVE"
    TESTNET = "TESTNET"
    DEMO = "DEMO"


class KeyType(StrEnum):
    """The kind of an API key."""

    HMAC = "HMAC"
    ED25519 = "Ed25519"


class MarginType(StrEnum):
    """How margin is kept."""

    CROSS = "CROSS"
    ISOLATED = "ISOLATED"


def _fold_case(value: Any) -> Any:
    """Take words in any case: operators write ``testnet`` and ``TESTNET``."""
    if isinstance(value, str):
        return "Ed25519" if value.lower() == "ed25519" else value.upper()
    return value


AnyCase = BeforeValidator(_fold_case)


def _check_url(schemes: tuple[str, ...]) -> AfterValidator:
    allowed = " or ".join(f"{scheme}://host[:port][/path]" for scheme in schemes)

    def check(value: str) -> str:
        try:
            parts = urlsplit(value)
            valid = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            valid = False
        if not valid:
            raise fault("this is not the address of such an interface", allowed=allowed)
        return value.rstrip("/")

    return AfterValidator(check)


HttpUrl = Annotated[str, _check_url(("http", "https"))]
WebSocketUrl = Annotated[str, _check_url(("ws", "wss"))]


class RoutingConfig(Section):
    """Which orders a client takes besides those of its own venue."""

    default: bool = False
    """Take every order that no other client takes."""

    venues: tuple[VenueName, ...] = ()
    """Take the orders of these venues."""


class ClientConfig(Section):
    """What every client has."""

    venue: VenueName
    """The venue of its instruments. Two clients of one node need two names: the engine refuses a second one."""

    position_mode: Annotated[PositionMode, AnyCase] = PositionMode.NETTING
    """How the account nets positions. Only ``NETTING`` is built; ``trueup check --live`` asks the venue."""

    instrument_ids: tuple[InstrumentIdText, ...] = ()
    """Instruments to load."""

    data: bool = True
    """Whether the node has a data client. Without it instruments never reach the cache."""

    execution: bool = True
    """Whether the node has an execution client."""

    routing: RoutingConfig = RoutingConfig()
    """Orders of other venues that it takes."""

    @model_validator(mode="after")
    def _instruments_of_its_venues(self) -> Self:
        served = {self.venue, *self.routing.venues}
        foreign = [one for one in self.instrument_ids if one.rpartition(".")[2] not in served]
        if foreign and not self.routing.default:
            raise fault(
                f"instruments of another venue: {', '.join(foreign)}",
                allowed=f"instrument ids that end in .{' or .'.join(sorted(served))}",
                action="put the venue's name behind the symbol's dot, or set the client's venue",
            )
        return self


class BinanceClientConfig(ClientConfig):
    """Configure a client of Binance, spot or USD-M futures, at any address."""

    type: Literal["binance_spot", "binance_usdm"]
    """``binance_spot`` or ``binance_usdm``."""

    venue: VenueName = "BINANCE"
    """The venue of its instruments. Two clients of one node need two names: the engine refuses a second one."""

    environment: Annotated[VenueEnvironment, AnyCase]
    """``LIVE``, ``TESTNET`` or ``DEMO``; has no default, so that nobody trades live by omission."""

    key_type: Annotated[KeyType, AnyCase] = KeyType.HMAC
    """``HMAC`` or ``Ed25519``; spot user streams need Ed25519 on newer engines."""

    api_key: SecretStr | None = None
    """API key. Only from the environment or the secrets file."""

    api_secret: SecretStr | None = None
    """API secret, or the private key (PKCS#8, base64 or PEM) of an Ed25519 key. Only from there too."""

    hardened: bool = True
    """Whether the execution client is trueup's hardened one; ``false`` takes the adapter's own, unrepaired."""

    base_url_http: HttpUrl | None = None
    """REST address instead of the environment's own."""

    base_url_ws: WebSocketUrl | None = None
    """Market stream address instead of the environment's own."""

    base_url_ws_api: WebSocketUrl | None = None
    """WebSocket API address (Ed25519 keys) instead of the environment's own; from 1.223 on."""

    base_url_ws_stream: WebSocketUrl | None = None
    """User stream address instead of the environment's own (futures)."""

    proxy_url: SecretStr | None = None
    """Proxy for REST and streams; with a password in it only from the environment or the secrets file."""

    us: bool = False
    """Binance US."""

    load_all: bool = False
    """Load every instrument of the venue."""

    query_commission_rates: bool = False
    """Ask for the account's commission rates, per symbol."""

    update_instruments_interval_mins: Annotated[Minutes | None, Off] = Field(default=60, ge=1)
    """Minutes between two loads of the instruments."""

    recv_window_ms: Milliseconds = Field(default=5_000, ge=1, le=60_000)
    """How old a signed request may be when it arrives; the venue allows 60,000 at most."""

    max_retries: Annotated[Count | None, Off] = Field(default=None, ge=1, le=100)
    """Further attempts of a submit, cancel or amend."""

    retry_delay_initial_ms: Annotated[Milliseconds | None, Off] = Field(default=None, ge=1)
    """First delay between such attempts."""

    retry_delay_max_ms: Annotated[Milliseconds | None, Off] = Field(default=None, ge=1)
    """Longest delay between such attempts."""

    use_gtd: bool = True
    """Send good-till-date orders as such."""

    use_reduce_only: bool = True
    """Send the reduce-only instruction."""

    use_position_ids: bool = True
    """Give the venue's position ids to the engine."""

    use_trade_lite: bool = False
    """Take the venue's early, lighter fill events."""

    treat_expired_as_canceled: bool = False
    """Take an expired order for a cancelled one."""

    futures_leverages: dict[str, Annotated[Count, Field(ge=1, le=125)]] = Field(default_factory=dict)
    """Leverage to set at start, per symbol (USD-M)."""

    futures_margin_types: dict[str, Annotated[MarginType, AnyCase]] = Field(default_factory=dict)
    """Margin type to set at start, per symbol (USD-M)."""

    @model_validator(mode="after")
    def _futures_settings_on_futures(self) -> Self:
        if self.type == "binance_spot" and (self.futures_leverages or self.futures_margin_types):
            raise fault(
                "futures_leverages or futures_margin_types on a spot client",
                allowed='these only with type = "binance_usdm"',
            )
        return self

    @property
    def is_futures(self) -> bool:
        """Whether this is the USD-M futures venue."""
        return self.type == "binance_usdm"


class ImportableClientConfig(ClientConfig):
    """Configure a client of any other adapter by the import paths of its configurations and factories."""

    type: Literal["importable"]
    """``importable``."""

    data_config_path: ImportPath | None = None
    """Class of the data client's configuration."""

    data_factory_path: ImportPath | None = None
    """Class of the data client's factory."""

    exec_config_path: ImportPath | None = None
    """Class of the execution client's configuration."""

    exec_factory_path: ImportPath | None = None
    """Class of the execution client's factory."""

    data_config: dict[str, Any] = Field(default_factory=dict)
    """Fields of the data client's configuration."""

    exec_config: dict[str, Any] = Field(default_factory=dict)
    """Fields of the execution client's configuration."""

    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    """Secret fields of both configurations. Only from the environment or the secrets file."""

    @model_validator(mode="after")
    def _paths_for_what_is_on(self) -> Self:
        wanted = {
            "data": self.data and (not self.data_config_path or not self.data_factory_path),
            "exec": self.execution and (not self.exec_config_path or not self.exec_factory_path),
        }
        lacking = [kind for kind, is_lacking in wanted.items() if is_lacking]
        if lacking:
            raise fault(
                f"no {' nor '.join(f'{kind}_config_path and {kind}_factory_path' for kind in lacking)}",
                allowed="both paths for each client that the node has",
                action="give the paths, or set data = false or execution = false",
            )
        return self


AnyClientConfig = Annotated[BinanceClientConfig | ImportableClientConfig, Field(discriminator="type")]
"""One client, told apart by its ``type``."""
