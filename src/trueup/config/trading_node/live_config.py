"""The whole configuration of a live node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from trueup.config.reconciliation.config import ReconciliationConfig
from trueup.config.reconciliation.external import ExternalConfig
from trueup.config.reconciliation.presets import ReconciliationPreset
from trueup.config.sight.audit import AuditConfig
from trueup.config.sight.guard import GuardConfig
from trueup.config.sight.journal import JournalConfig
from trueup.config.sight.monitor import MonitorConfig
from trueup.config.sight.ops import OpsConfig
from trueup.config.trading_node.components import ActorComponent, AlgorithmComponent, StrategyComponent
from trueup.config.trading_node.engine import EngineConfig, RiskConfig, TimeoutsConfig
from trueup.config.trading_node.environment import DELIMITER, PREFIX, EnvironmentSource, variable_name
from trueup.config.trading_node.forms import CLIENT_NAME, TRADER_ID
from trueup.config.trading_node.logs import LogsConfig
from trueup.config.trading_node.redis import RedisConfig
from trueup.config.trading_node.secrets_file import SecretsFileSource
from trueup.config.trading_node.venues import AnyClientConfig, BinanceClientConfig

if TYPE_CHECKING:
    from nautilus_trader.config import TradingNodeConfig

    from trueup.config.trading_node.build import ClientFactories

ClientName = Annotated[str, Field(pattern=CLIENT_NAME)]
TraderIdText = Annotated[str, Field(pattern=TRADER_ID)]

_FILE_ALONE: ContextVar[bool] = ContextVar("_FILE_ALONE", default=False)


@contextmanager
def no_other_sources() -> Iterator[None]:
    """Validate what is given and nothing else: the loader has already merged the sources."""
    token = _FILE_ALONE.set(True)
    try:
        yield
    finally:
        _FILE_ALONE.reset(token)


class LiveTradingNodeConfig(BaseSettings):
    """Configure a live node: from Python, from a TOML file, from environment variables.

    What is given in Python wins over environment variables (``TRUEUP_`` + section + ``__`` + field), these over the
    secrets file, and that over the TOML file.

    Raises
    ------
    pydantic.ValidationError
        If a field is unknown, of the wrong type or not allowed. Values never appear in the text.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
    )

    trader_id: TraderIdText = "TRADER-001"
    """The node's identity, and the prefix of its keys in the store."""

    secrets_file: Path | None = None
    """A TOML file of the same sections that holds only secrets; relative to the configuration file."""

    reconciliation: ReconciliationConfig = ReconciliationConfig()
    """How the node is kept true to the venue. ``preset = "conservative"`` begins from a preset."""

    external: ExternalConfig = ExternalConfig()
    """What is done with orders and positions that nobody of this node made and nobody claims."""

    redis: RedisConfig | None = None
    """The store. Without it nothing survives a restart."""

    logs: LogsConfig = LogsConfig()
    """Logging."""

    timeouts: TimeoutsConfig = TimeoutsConfig()
    """Time-outs of the node's life cycle."""

    risk: RiskConfig = RiskConfig()
    """Limits before an order leaves."""

    engine: EngineConfig = EngineConfig()
    """Switches of the engines."""

    monitor: MonitorConfig = MonitorConfig()
    """The monitor in the node."""

    ops: OpsConfig = OpsConfig()
    """The ops endpoint."""

    journal: JournalConfig = JournalConfig()
    """The durable record of discrepancies, verdicts, steps and guard changes."""

    guard: GuardConfig = GuardConfig()
    """The guard, which holds the node back while it is not true."""

    audit: AuditConfig = AuditConfig()
    """The auditor, which looks at node and venue from outside."""

    clients: dict[ClientName, AnyClientConfig] = Field(default_factory=dict)
    """Clients by name."""

    strategies: tuple[StrategyComponent, ...] = ()
    """Strategies."""

    actors: tuple[ActorComponent, ...] = ()
    """Actors."""

    exec_algorithms: tuple[AlgorithmComponent, ...] = ()
    """Execution algorithms."""

    load_state: bool = True
    """Load the state that strategies saved."""

    save_state: bool = True
    """Save the state of strategies at the stop."""

    @field_validator("reconciliation", mode="before")
    @classmethod
    def _begin_from_preset(cls, value: Any) -> Any:
        """Put a preset's values beneath the section's own; an unknown name stays, to be refused as a field."""
        if not isinstance(value, Mapping) or value.get("preset") not in list(ReconciliationPreset):
            return value
        rest = {key: each for key, each in value.items() if key != "preset"}
        return {**ReconciliationPreset(value["preset"]).values, **rest}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say which sources there are, the strongest first."""
        if _FILE_ALONE.get():
            return (init_settings,)
        environment = EnvironmentSource(settings_cls)
        named_file = init_settings().get("secrets_file") or environment().get("secrets_file")
        return (init_settings, environment, SecretsFileSource(settings_cls, named_file))

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a TOML file, the secrets file that it names, and the environment.

        Raises
        ------
        ConfigFileError
            If a file cannot be read or is not TOML.
        ConfigValueError
            If anything in it is not allowed. The text lists every problem, each with its field.
        """
        from trueup.config.trading_node.loading import load

        return load(Path(path), cls).require()

    def missing_credentials(self) -> tuple[tuple[str, str], ...]:
        """Return each credential that a client needs and nobody gave: its field, and the variable for it."""
        wanted = [
            f"clients.{name}.{field}"
            for name, client in self.clients.items()
            if isinstance(client, BinanceClientConfig) and client.execution
            for field in ("api_key", "api_secret")
            if getattr(client, field) is None or not getattr(client, field).get_secret_value()
        ]
        return tuple((field, variable_name(field)) for field in wanted)

    def secret_texts(self) -> tuple[str, ...]:
        """Return the text of every secret, for the one purpose of blanking it out wherever it may turn up."""
        secrets = [None if self.redis is None else self.redis.password, self.ops.auth_token]
        secrets += [*self.audit.secrets, *self.guard.secrets, self.journal.password, self.journal.secret_key]
        for client in self.clients.values():
            if isinstance(client, BinanceClientConfig):
                secrets += [client.api_key, client.api_secret, client.proxy_url]
            else:
                secrets += client.secrets.values()
        texts = {secret.get_secret_value() for secret in secrets if secret is not None}
        return tuple(sorted(filter(None, texts), key=len, reverse=True))

    def build(self) -> TradingNodeConfig:
        """Build the engine's own configuration.

        Returns
        -------
        TradingNodeConfig
            Validated by the engine's own rules (``validate()``), ready for ``TradingNode``.

        Raises
        ------
        ConfigValueError
            If a credential is missing, an import path leads nowhere, or hedging is asked for.
        EngineVersionError
            If the installed NautilusTrader is not one of 1.222 to 1.231.
        EngineFieldError
            If a parameter is set that the installed version does not know.
        """
        from trueup.config.trading_node.build import build_config

        return build_config(self)

    def client_factories(self) -> ClientFactories:
        """Return the factories of the configured clients, to be added to a ``TradingNode``.

        Raises
        ------
        ConfigValueError
            If an import path leads nowhere.
        """
        from trueup.config.trading_node.build import client_factories

        return client_factories(self)
