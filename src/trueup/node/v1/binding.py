"""The binding to NautilusTrader 1.222 to 1.231: hooks on one node's instances, nothing patched globally."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

from nautilus_trader.model.enums import OmsType

from trueup.core.owners import Owner, OwnEvidence
from trueup.errors import ConfigValueError
from trueup.model.snapshots import NodeSnapshot
from trueup.model.steps import Step
from trueup.node.applied import Applied
from trueup.node.binding import Hooks, Needed
from trueup.node.settings import NodeSettings
from trueup.node.state import NodeState
from trueup.node.v1.apply import EXTERNAL_OWNER, Applier, OwnerChoice
from trueup.node.v1.aside import StoreAside
from trueup.node.v1.claims import claims_in_force
from trueup.node.v1.holding import events_held, handle_safely
from trueup.node.v1.moving import Moved, OwnerMover
from trueup.node.v1.names import check_engine_names
from trueup.node.v1.outside import V1Outside
from trueup.node.v1.own_orders import OwnOrders
from trueup.node.v1.quiet_portfolio import QuietPortfolio
from trueup.node.v1.repair import Repairs
from trueup.node.v1.scope import InstrumentScope
from trueup.node.v1.shared_names import rename_on_stream
from trueup.node.v1.snapshot import CacheReader
from trueup.node.v1.snapshots import PromisedLives
from trueup.node.v1.store import cache_config, store_of
from trueup.node.v1.versions import check_engine_version, engine_version
from trueup.node.v1.whole_writer import WholeWriter
from trueup.node.venue_weight import check_venue_weight
from trueup.venues.draft import VenueReading
from trueup.venues.limits import ReadLimits
from trueup.venues.reader import VenueReader

_logger = logging.getLogger("trueup.node")

ATOMIC_ORDERS_MAX = 1_000
"""A whole reading of so many orders takes about 20 ms the first time, less later, and is then of one instant."""
SLICED_TRIES_MAX = 2
"""Of a reading in slices that events cut into; then all is read in one piece, whatever that holds the event loop."""
VERIFIED_KEY = "trueup-verified-{account_id}"
INVENTING_REFUSED = "trueup applies only fills that the venue reported"


class V1Account:
    """One execution client and its account; see `trueup.node.binding.AccountPort`."""

    def __init__(self, binding: V1Binding, client: Any, settings: NodeSettings, state: NodeState) -> None:
        self._binding = binding
        self._client = client
        engine, cache = binding.engine, binding.cache
        self._repairs = Repairs(
            cache, client.account_id, state.ledger, client.oms_type, binding.now_ns, binding.recount_portfolio
        )
        self._outside = V1Outside(engine, cache, client)
        self._mover = OwnerMover(
            cache,
            client,
            self._repairs,
            self._oms_of,
            binding.recount_portfolio,
            self._own_of,
        )
        self._applier = Applier(engine, cache, client, binding.owners, self._repairs, binding.clock_ns)
        self._cache_reader = CacheReader(cache, client.account_id, binding.in_scope, client.id)
        limits = ReadLimits(
            query_timeout_secs=settings.query_timeout_secs,
            questions_max=max(settings.questions_per_look, 1),
            question_delay_secs=settings.question_delay_secs,
        )
        self._reader = VenueReader(client, clock_ns=binding.now_ns, in_scope=binding.in_scope, limits=limits)

    @property
    def account_id(self) -> str:
        """Return the account."""
        return str(self._client.account_id)

    @property
    def reader(self) -> VenueReader:
        """Return what reads the venue."""
        return self._reader

    def is_cold(self) -> bool:
        """Return whether the node holds nothing of the account."""
        return not any(self.holds()) and not self._cache_reader.size()

    def holds(self) -> tuple[bool, bool]:
        """Return whether there are open orders, and open positions."""
        return self._cache_reader.holds()

    def now_ns(self) -> int:
        """Return the time by the node's clock."""
        return self._binding.now_ns()

    def changes(self) -> int:
        """Return the engine's count of handled events."""
        return int(self._binding.engine.event_count)

    async def snapshot_alive(self) -> NodeSnapshot:
        """Read what is alive, of one instant: many orders in slices, as long as nothing changes in between."""
        if self._cache_reader.alive() > ATOMIC_ORDERS_MAX:
            for _ in range(SLICED_TRIES_MAX):
                before, now_ns = self.changes(), self._binding.now_ns()
                snapshot = await self._cache_reader.read_alive_in_slices(now_ns)
                if self.changes() == before:
                    return snapshot
        return self._cache_reader.read_alive(self._binding.now_ns())

    async def snapshot_all(self, known_from_ns: int | None, needed: Needed | None = None) -> NodeSnapshot:
        """Read everything: a small cache whole at one instant, of a large one what is needed, in slices."""
        self._binding.scope.remember()
        now_ns = self._binding.now_ns()
        if self._cache_reader.size() <= ATOMIC_ORDERS_MAX:
            return self._cache_reader.read_all_now(now_ns, known_from_ns)
        return await self._cache_reader.read_all(now_ns, known_from_ns, needed)

    def verified_ns(self) -> int | None:
        """Return the last proof that the store remembers."""
        held = self._binding.cache.get(VERIFIED_KEY.format(account_id=self.account_id))
        return int(held) if held is not None and held.isdigit() else None

    def remember_verified(self, time_ns: int) -> None:
        """Write the proof to the store, behind all that it is about: what the store loses, the proof goes with."""
        aside = self._binding.store_aside
        if aside is not None and aside.is_behind:
            return
        self._binding.cache.add(VERIFIED_KEY.format(account_id=self.account_id), str(time_ns).encode())

    def known_traders(self) -> Mapping[str, frozenset[str]]:
        """Return who ever traded what."""
        return self._binding.state.traders()

    def claims(self) -> Mapping[str, str]:
        """Return the explicit claims."""
        return self._binding.claims.claimed_on(self.client_id)

    @property
    def client_id(self) -> str:
        """Return the execution client."""
        return str(self._client.id)

    def _oms_of(self, owner: str) -> Any:
        """Return how the engine nets what a strategy fills: by the strategy's own word, else the client's."""
        strategy = self._binding.claims.strategy(owner)
        own = None if strategy is None else strategy.oms_type
        return self._client.oms_type if own in {None, OmsType.UNSPECIFIED} else own

    def _own_of(self, client_order_id: str) -> Owner | None:
        return self.own_evidence().owner_of(client_order_id)

    @property
    def outside(self) -> V1Outside:
        """Return the orders that nobody owns."""
        return self._outside

    def unowned(self) -> frozenset[str]:
        """Return the instruments on which something alive belongs to nobody."""
        return self._mover.instruments()

    def examining(self, instrument_id: str, owner: str, found: list[str]) -> Iterator[None]:
        """Find why what nobody owns cannot be given to a strategy, piece by piece."""
        return self._mover.examining(instrument_id, owner, found)

    def moving(self, instrument_ids: Iterable[str], owner: str, moved: list[Moved]) -> Iterator[None]:
        """Give what nobody owns on some instruments to a strategy, piece by piece."""
        self._cache_reader.forget()
        return self._mover.moving(instrument_ids, owner, moved)

    def settle_claims(self) -> tuple[str, ...]:
        """Give what nobody owns to the strategies that sent it, or claim it by now; return in words what moved."""
        claims, lines = self.claims(), []
        by_owner: dict[str, list[str]] = {}
        for instrument_id in sorted(self._mover.instruments()):
            owner = self._mover.rightful(instrument_id, claims.get(instrument_id))
            if owner is None:
                continue
            if obstacle := self._mover.obstacle(instrument_id, owner):
                line = f"{instrument_id} is {owner}'s, and what nobody owns there stays as it is: {obstacle}"
                self._binding.claims.say(owner, line)
                lines.append(line)
            else:
                by_owner.setdefault(owner, []).append(instrument_id)
        for owner, instrument_ids in by_owner.items():
            self._cache_reader.forget()
            for moved in self._mover.move(instrument_ids, owner):
                self._binding.claims.say(owner, moved.line)
                lines.append(moved.line)
        return tuple(lines)

    def own_evidence(self) -> OwnEvidence:
        """Return what tells the node's own orders."""
        return self._binding.own.evidence

    def drain(self) -> int:
        """Apply what waits in the engine's event queue."""
        return self._binding.drain()

    def begin(self, reading: VenueReading) -> Applied:
        """Begin to apply a plan."""
        return self._applier.begin(reading)

    def apply(self, step: Step) -> None:
        """Apply one step."""
        self._applier.apply(step)

    def end(self) -> None:
        """Let go of the reading."""
        self._applier.end()

    @asynccontextmanager
    async def long_replay(self, *, store_at_end: bool) -> AsyncIterator[None]:
        """Leave the portfolio out but for closes, collect what its statistics record, and store the outcome alone."""
        aside = self._binding.store_aside if store_at_end else None
        try:
            with self._binding.quiet_portfolio.during_replay():
                async with nullcontext() if aside is None else aside.during_replay():
                    yield
        finally:
            self._binding.promised_lives.keep(asyncio.get_running_loop())

    def restore_unfinished(self) -> tuple[str, ...]:
        """Put back what a killed repair had purged."""
        return self._repairs.restore_unfinished()

    def take_repairs(self) -> tuple[str, ...]:
        """Return the repairs made since the last call."""
        return self._repairs.take_begun()

    def finish_repairs(self, repair_ids: Iterable[str]) -> None:
        """Forget repairs that the store has."""
        self._repairs.finish(repair_ids)


def _gap_hook(client: Any, hooks: Hooks) -> Callable[[Any], Awaitable[None]]:
    """Return what a client that notices gaps of its event stream calls; it has an account only once it is connected."""

    async def after_gap(gap: Any) -> None:
        await hooks.after_gap(str(client.account_id), str(getattr(gap, "reason", "unknown")))

    return after_gap


class V1Binding:
    """One 1.x node; see `trueup.node.binding.NodeBinding`.

    Parameters
    ----------
    node : TradingNode
        Built, and not yet run.
    settings : NodeSettings
        What the operator wants.
    state : NodeState
        What the node remembers across restarts.

    Raises
    ------
    EngineVersionError
        If the engine is not one that this binding was checked against.
    ConfigValueError
        If the node is configured so that it cannot be kept true.
    """

    def __init__(self, node: Any, settings: NodeSettings, state: NodeState) -> None:
        self.engine_version = engine_version()
        check_engine_version(self.engine_version)
        self.engine = node.kernel.exec_engine
        check_engine_names(self.engine)
        if self.engine.filter_unclaimed_external_orders:
            raise ConfigValueError(
                "filter_unclaimed_external_orders is set: orders that the venue works would stay unknown to the node",
                allowed="false in verified mode",
                action="remove it; claim the instruments whose external orders a strategy shall own",
            )
        clients = self.engine._clients.values()  # noqa: SLF001 - listed in names.py
        claimed = (one.value for one in self.engine.get_external_order_claims_instruments())
        check_venue_weight(clients, settings, claimed)
        self.cache = node.kernel.cache
        self.quiet_portfolio = QuietPortfolio(node.kernel.portfolio, self.cache, node.kernel.msgbus)
        self.promised_lives = PromisedLives(self.cache, self.is_trading)
        self._node = node
        self.clock_ns: Callable[[], int] = node.kernel.clock.timestamp_ns
        self._settings = settings
        self.state = state
        self._accounts: dict[str, V1Account] = {}
        self.scope = InstrumentScope(self.cache, settings.instrument_ids)
        self.claims = claims_in_force(node)
        store = store_of(node)
        self.whole_writer = None if store is None else WholeWriter(self.cache, *store, cache_config(node))
        self.store_aside = None if self.whole_writer is None else StoreAside(self.cache, self.whole_writer)
        self.owners = OwnerChoice(self.engine)
        self.own = OwnOrders(node)

    def now_ns(self) -> int:
        """Return the node's clock."""
        return int(self.clock_ns())

    def in_scope(self, instrument_id: str) -> bool:
        """Return whether an instrument is, or was, loaded in the node and not excluded by the operator."""
        return instrument_id in self.scope

    def install(self, hooks: Hooks) -> None:
        """Replace on this engine what invents, and what reconciles at the start."""
        engine = self.engine
        # trueup makes these looks; both attributes are read when the engine's loop starts.
        engine.open_check_interval_secs = None
        engine.position_check_interval_secs = None

        async def reconcile_execution_state(timeout_secs: float = 10.0) -> bool:
            try:
                return await hooks.start_up(timeout_secs)
            finally:
                engine._startup_reconciliation_event.set()  # noqa: SLF001 - listed in names.py

        def resolve_inflight_order(order: Any) -> None:
            # The engine would reject or cancel it now. Its questions go on; the answer is the venue's alone.
            engine._clear_recon_tracking(order.client_order_id)  # noqa: SLF001 - listed in names.py
            hooks.suspect(order.instrument_id.value)

        def generate_inferred_fill(order: Any, report: Any, instrument: Any) -> Any:
            hooks.suspect(order.instrument_id.value)
            raise ValueError(INVENTING_REFUSED)  # the engine catches this very type and applies nothing

        self.own.decide_for_stream(
            engine, self.owners.seed_for, lambda: self.owners.is_decided, self._claim_on, self.state.traders
        )
        rename_on_stream(engine._clients.values())  # noqa: SLF001 - listed in names.py
        self._node.kernel.msgbus.subscribe("events.order.*", self._on_order_event)
        engine.reconcile_execution_state = reconcile_execution_state
        engine._resolve_inflight_order = resolve_inflight_order  # noqa: SLF001 - listed in names.py
        engine._generate_inferred_fill = generate_inferred_fill  # noqa: SLF001 - listed in names.py
        for client in engine._clients.values():  # noqa: SLF001 - listed in names.py
            if callable(subscribe := getattr(client, "on_gap", None)):
                subscribe(_gap_hook(client, hooks))

    def _claim_on(self, report: Any) -> Any:
        """Return the strategy that claims what a report is about, None where there is none."""
        clients = self.engine._clients.values()  # noqa: SLF001 - listed in names.py
        client = next((one.id.value for one in clients if one.account_id == report.account_id), "")
        return self.claims.owner_on(report.instrument_id, client)

    def _on_order_event(self, event: Any) -> None:
        """Remember who trades what. A handler that raises would end the process, so nothing leaves it."""
        try:
            owner = event.strategy_id.value
            if owner != EXTERNAL_OWNER:
                self.state.remember_trader(event.instrument_id.value, owner)
        except Exception:
            _logger.exception("who traded what could not be remembered")

    def accounts(self) -> tuple[V1Account, ...]:
        """Return one port for each execution client that has an account."""
        self.scope.remember()
        for client in list(self.engine._clients.values()):  # noqa: SLF001 - listed in names.py
            if client.account_id is not None and client.id.value not in self._accounts:
                self._accounts[client.id.value] = V1Account(self, client, self._settings, self.state)
        return tuple(self._accounts.values())

    def drain(self) -> int:
        """Handle at once every event that waits in the engine's queue, as the engine itself would."""
        events = self.engine._evt_queue  # noqa: SLF001 - listed in names.py
        drained = 0
        while not events.empty():
            event = events.get_nowait()
            if event is None:  # the engine is stopping: leave it its own signal
                events.put_nowait(event)
                break
            handle_safely(self.engine, event)
            drained += 1
        return drained

    @contextmanager
    def events_held(self) -> Iterator[None]:
        """Let no event change the node's books until the end, and handle those that came then, in their order."""
        self.drain()
        with events_held(self.engine):
            yield

    def recount_portfolio(self) -> None:
        """Let the portfolio count its positions anew; before the trader runs the kernel does it by itself."""
        if self.is_trading():
            self._node.kernel.portfolio.initialize_positions()

    def is_trading(self) -> bool:
        """Return whether the trader runs."""
        return bool(self._node.trader.is_running)
