"""The audited accounts of a configuration file: every execution client, and what ``[audit.accounts]`` adds or changes.

An account that cannot be audited (a venue without a reader) is not left out: it is one whose verdict is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from trueup.audit.account import AccountAuditor
from trueup.audit.node_store import RedisNode
from trueup.audit.policies import NO_POLICIES, AuditPolicies
from trueup.audit.rules import AuditRules
from trueup.config.live.binance import default_address, permissions_address
from trueup.config.live.store import address_of
from trueup.config.reconciliation.config import ReconciliationConfig
from trueup.config.sight.audit import AuditAccountConfig, AuditConfig
from trueup.config.trading_node.environment import variable_name
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.redis import RedisConfig
from trueup.config.trading_node.venues import BinanceClientConfig, KeyType
from trueup.errors import ConfigValueError
from trueup.store.redis_keys import StoreKeys
from trueup.venues.ccxt_binance import SymbolNames
from trueup.venues.ccxt_client import CcxtClient, CcxtSettings
from trueup.venues.ccxt_reader import CcxtBinanceReader

DEFAULT_VENUE: Final = "BINANCE"
_NOTHING: Final = AuditAccountConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """Hold one account of a file, before anything is connected.

    Parameters
    ----------
    name : str
        Its name in reports.
    exchange : str
        The venue, as `ccxt` names it; empty where no reader exists.
    settings : AuditAccountConfig
        What the operator wrote of it.
    client : BinanceClientConfig or None
        The client whose settings hold where those are silent.
    refusal : str
        Why it cannot be audited; empty where it can.
    """

    name: str
    exchange: str = ""
    settings: AuditAccountConfig = _NOTHING
    client: BinanceClientConfig | None = None
    refusal: str = ""


def plan_accounts(config: LiveTradingNodeConfig) -> tuple[AccountPlan, ...]:
    """Return the accounts of a file, in its order: clients first.

    Raises
    ------
    ConfigValueError
        If an account names a client that does not exist, or there is nothing to audit.
    """
    wanted = dict(config.audit.accounts)
    plans: list[AccountPlan] = []
    for name, client in config.clients.items():
        account = name.lower()
        key = next((one for one, each in wanted.items() if each.client == name), account if account in wanted else None)
        settings = wanted.pop(key) if key is not None else _NOTHING
        if not client.execution or not settings.enabled:
            continue
        if isinstance(client, BinanceClientConfig) and client.is_futures:
            plans.append(AccountPlan(name=key or account, exchange=settings.exchange, settings=settings, client=client))
        else:
            refusal = f"clients.{name} is of type {client.type}, and the auditor reads binance_usdm only"
            plans.append(AccountPlan(name=key or account, settings=settings, refusal=refusal))
    for name, settings in wanted.items():
        if settings.client is not None:
            raise ConfigValueError(
                f"audit.accounts.{name}.client is {settings.client}, and there is no such client",
                allowed=", ".join(config.clients) or "no client at all: leave it out",
                action="correct the name",
            )
        if settings.enabled:
            plans.append(AccountPlan(name=name, exchange=settings.exchange, settings=settings))
    if not plans:
        raise ConfigValueError(
            "the file has no account to audit",
            allowed="an execution client in [clients.NAME], or an account in [audit.accounts.NAME]",
            action="add one",
        )
    return tuple(plans)


def build_auditor(plan: AccountPlan, config: LiveTradingNodeConfig) -> AccountAuditor:
    """Return the auditor of one account; nothing is connected before its first audit.

    Raises
    ------
    ConfigValueError
        If the key, the store or the environment is missing.
    """
    settings, client = plan.settings, plan.client
    venue = settings.venue or (client.venue if client is not None else DEFAULT_VENUE)
    redis = settings.redis or config.redis
    if redis is None:
        raise ConfigValueError(
            f"account {plan.name} has no store: what a node keeps to itself cannot be read from outside",
            allowed="[redis], or [audit.accounts.NAME.redis]",
            action="give the node a store",
        )
    if redis.use_instance_id:
        raise ConfigValueError(
            "redis.use_instance_id puts an id into every key that only the running node knows",
            allowed="false",
            action="leave it out: a node that uses it also forgets everything at a restart",
        )
    trader_id = settings.trader_id or config.trader_id
    rules = AuditRules.of(config.audit, _purge_buffer_secs(config.reconciliation))
    instruments = set(settings.instrument_ids)
    if client is not None and not config.audit.discover_symbols:
        instruments.update(client.instrument_ids)  # else the venue says which of them traded, for less weight
    rules = replace(rules, instrument_ids=frozenset(map(str, instruments)), notes=tuple(_notes(plan)))
    reader = CcxtBinanceReader(
        CcxtClient(_ccxt_settings(plan, config.audit)),
        SymbolNames(venue),
        questions_max=config.audit.questions_max,
        discover_symbols=config.audit.discover_symbols,
        expired_is_canceled=client is not None and client.treat_expired_as_canceled,
    )
    node = _node(redis, trader_id, venue, settings)
    return AccountAuditor(plan.name, plan.exchange, reader, node, rules, _policies(plan, config, trader_id))


def _policies(plan: AccountPlan, config: LiveTradingNodeConfig, trader_id: str) -> AuditPolicies:
    """Return what the file's own node leaves unchecked; what another node does stands in another file."""
    if trader_id != config.trader_id:
        return NO_POLICIES
    names = (name for name, client in config.clients.items() if client is plan.client)
    return AuditPolicies.of(config, next(names, ""))


def _node(redis: RedisConfig, trader_id: str, venue: str, settings: AuditAccountConfig) -> RedisNode:
    keys = StoreKeys(trader_id, use_trader_prefix=redis.use_trader_prefix)
    return RedisNode(address_of(redis), keys, venue, settings.account_id)


def _ccxt_settings(plan: AccountPlan, audit: AuditConfig) -> CcxtSettings:
    settings, client = plan.settings, plan.client
    at_venue = _as_client(plan)
    own_key = settings.api_key is not None
    key, secret = settings.api_key, settings.api_secret
    if not own_key and client is not None:
        key, secret = client.api_key, client.api_secret
    if key is None or secret is None or not key.get_secret_value() or not secret.get_secret_value():
        raise ConfigValueError(
            f"account {plan.name} has no key to read with",
            allowed=f"{variable_name(f'audit.accounts.{plan.name}.api_key')} and its _API_SECRET",
            action="make a key at the venue that may only read, and give it by these variables",
        )
    key_type = settings.key_type or (client.key_type if client is not None and not own_key else KeyType.HMAC)
    return CcxtSettings(
        exchange=plan.exchange,
        address=(settings.base_url_http or at_venue.base_url_http or default_address(at_venue)).rstrip("/"),
        api_key=key.get_secret_value(),
        api_secret=secret.get_secret_value(),
        is_ed25519=key_type is KeyType.ED25519,
        is_public_venue=settings.base_url_http is None and permissions_address(at_venue) is not None,
        query_timeout_secs=audit.query_timeout_secs,
        weight_share=audit.weight_share,
        source_address=audit.source_address or "",
        proxy_url="" if at_venue.proxy_url is None else at_venue.proxy_url.get_secret_value(),
    )


def _as_client(plan: AccountPlan) -> BinanceClientConfig:
    """Return a client's settings for the account's world: its own client's, or made from what the account says."""
    environment = plan.settings.environment
    if plan.client is not None:
        return plan.client if environment is None else plan.client.model_copy(update={"environment": environment})
    if environment is None:
        raise ConfigValueError(
            f"audit.accounts.{plan.name} names no environment, and no client that has one",
            allowed="LIVE, TESTNET or DEMO",
            action="say which of the venue's worlds the account is in",
        )
    return BinanceClientConfig(type="binance_usdm", environment=environment)


def _notes(plan: AccountPlan) -> Iterator[str]:
    if plan.settings.api_key is None and plan.client is not None:
        yield (
            "the auditor reads with the node's own key, which may trade: give it one that may only read "
            f"({variable_name(f'audit.accounts.{plan.name}.api_key')})"
        )


def _purge_buffer_secs(config: ReconciliationConfig) -> float | None:
    if not config.purge_from_database or not config.purge_closed_orders_interval_mins:
        return None
    return float(config.purge_closed_orders_buffer_mins or 0) * 60
