"""What a configuration leaves unchecked: the other half of an honest answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trueup.config.reconciliation.config import History, ReconciliationMode
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.config.trading_node.venues import BinanceClientConfig


@dataclass(frozen=True, slots=True)
class Unchecked:
    """One thing that nobody will look at.

    Parameters
    ----------
    subject : str
        What.
    consequence : str
        What may go unnoticed.
    remedy : str
        What would close the gap; empty if nothing in the settings can.
    """

    subject: str
    consequence: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it for JSON."""
        return {"subject": self.subject, "consequence": self.consequence, "remedy": self.remedy}


def what_is_unchecked(config: LiveTradingNodeConfig, *, live: bool = False) -> tuple[Unchecked, ...]:
    """Return what stays unchecked under `config`, at run time and by this very check.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The settings.
    live : bool
        Whether the store and the venue were asked too.
    """
    return tuple(one for part in _PARTS for one in part(config)) + tuple(_by_this_check(config, live=live))


def _start_up(config: LiveTradingNodeConfig) -> Iterator[Unchecked]:
    settings = config.reconciliation
    if not settings.enabled:
        yield Unchecked(
            "everything at start-up",
            "what happened while the node was down is not learned",
            "reconciliation.enabled = true",
        )
    if settings.lookback_mins:
        yield Unchecked(
            f"history older than {settings.lookback_mins} minutes at start-up",
            "orders and fills from before are not asked for; positions from before have no history",
            "leave reconciliation.lookback_mins out",
        )
    if settings.mode is ReconciliationMode.VERIFIED and settings.history is History.CURRENT:
        yield Unchecked(
            "closed orders and finished positions of a cold start",
            "a node without a store gets what is alive: open orders and the current life of each position",
            'reconciliation.history = "full"',
        )


def _continuous(config: LiveTradingNodeConfig) -> Iterator[Unchecked]:
    settings = config.reconciliation
    if settings.open_check_interval_secs is None:
        yield Unchecked(
            "open orders while the node runs",
            "a lost acceptance, cancel or fill on the stream is not noticed before the next restart",
            "set reconciliation.open_check_interval_secs",
        )
    yield Unchecked(
        f"closed orders older than {settings.open_check_lookback_mins} minutes while the node runs",
        "a late correction of the venue to such an order is not noticed",
        "raise reconciliation.open_check_lookback_mins, with the purge buffer",
    )
    if settings.mode is ReconciliationMode.NATIVE:
        yield from _native(config)


def _native(config: LiveTradingNodeConfig) -> Iterator[Unchecked]:
    settings = config.reconciliation
    verified = 'reconciliation.mode = "verified"'
    yield Unchecked(
        "positions opened at the venue by others while the node runs",
        "the engine sees them, fails to adopt them, and gives up after its retries, until the next start",
        verified,
    )
    yield Unchecked(
        "whether a successful start-up is true",
        "the engine reports success with stale, split or missing positions; nothing compares the result",
        verified,
    )
    yield Unchecked(
        "how long start-up reconciliation takes",
        "the engine takes timeouts.reconciliation_secs and never enforces it: a hung query hangs the start for ever",
        verified,
    )
    if settings.position_check_interval_secs is None:
        yield Unchecked(
            "positions while the node runs",
            "a lost fill that closed its order is not noticed",
            "set reconciliation.position_check_interval_secs",
        )
    if settings.effective("open_check_open_only"):
        yield Unchecked(
            "orders that are open in the node and gone at the venue",
            "a lost cancel or rejection leaves them open for ever",
            verified,
        )
    yield Unchecked(
        "commission, price and trade id of fills that a poll finds",
        "the engine infers them: average price, no commission, an invented trade id",
        verified,
    )


def _filters(config: LiveTradingNodeConfig) -> Iterator[Unchecked]:
    settings = config.reconciliation
    if settings.reconciliation_instrument_ids:
        yield Unchecked(
            f"every instrument but {', '.join(settings.reconciliation_instrument_ids)}",
            "orders and positions of other instruments on the account are not looked at",
            "leave reconciliation.reconciliation_instrument_ids out",
        )
    if settings.filtered_client_order_ids:
        yield Unchecked(
            f"the orders {', '.join(settings.filtered_client_order_ids)}",
            "they are left out at start-up",
            "leave reconciliation.filtered_client_order_ids out",
        )
    if settings.filter_position_reports:
        yield Unchecked(
            "positions at start-up", "any difference stays", "leave reconciliation.filter_position_reports out"
        )
    if settings.filter_unclaimed_external_orders:
        yield Unchecked(
            "external orders that nobody claims",
            "they rest at the venue, unknown to the node",
            "leave reconciliation.filter_unclaimed_external_orders out",
        )


def _clients(config: LiveTradingNodeConfig) -> Iterator[Unchecked]:
    if not any(client.execution for client in config.clients.values()):
        yield Unchecked("every venue", "no execution client is configured", "add a [clients.NAME] section")
    for name, client in config.clients.items():
        if not client.execution:
            yield Unchecked(f"orders and positions of {name}", "the client has no execution part")
        elif isinstance(client, BinanceClientConfig) and not client.load_all and client.instrument_ids:
            yield Unchecked(
                f"instruments that {name} does not load",
                "orders and positions on any other symbol of the account are dropped in silence: they are not in "
                "the cache",
                f"clients.{name}.load_all = true",
            )
        elif isinstance(client, BinanceClientConfig) and not client.load_all:
            yield Unchecked(
                f"every instrument of {name}",
                "it loads none, so every report of the venue is dropped",
                f"set clients.{name}.instrument_ids or load_all",
            )
    if config.reconciliation.mode is ReconciliationMode.NATIVE:
        yield Unchecked(
            "balances",
            "the engine takes what the venue says and compares nothing",
            'reconciliation.mode = "verified"',
        )


def _strategies(config: LiveTradingNodeConfig) -> Iterator[Unchecked]:
    for index, strategy in enumerate(config.strategies):
        if not strategy.traded_instrument_ids and not strategy.claims.claim_all:
            yield Unchecked(
                f"whether strategies[{index}] claims all that it trades",
                "neither its config table nor instrument_ids says what it trades",
                f"set strategies[{index}].instrument_ids",
            )


def _by_this_check(config: LiveTradingNodeConfig, *, live: bool) -> Iterator[Unchecked]:
    if config.strategies or config.actors or config.exec_algorithms:
        yield Unchecked(
            "import paths and config tables of strategies and actors",
            "this check runs no code of yours; the node's start does",
        )
    if live:
        return
    yield Unchecked("the store and the venue themselves", "this check asked neither", "trueup check --live")
    missing = config.missing_credentials()
    if missing:
        yield Unchecked(
            f"credentials: {', '.join(variable for _, variable in missing)}",
            f"not set here; the node needs them for {', '.join(field for field, _ in missing)}",
            "set them where the node starts",
        )


_PARTS: tuple[Callable[[LiveTradingNodeConfig], Iterator[Unchecked]], ...] = (
    _start_up,
    _continuous,
    _filters,
    _clients,
    _strategies,
)
