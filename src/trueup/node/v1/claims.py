"""Claims by pattern in one 1.x node: on what is loaded and on what loads later, released with their strategy.

The engine knows claims by exact instrument alone, keeps those of a strategy that was removed (adding it again is
refused), and keeps the first half of a strategy's claims that it refused (measured on 1.222.0 and 1.231.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nautilus_trader.model.enums import InstrumentClass
from nautilus_trader.model.identifiers import InstrumentId, StrategyId

from trueup.claims.record import ClaimRecord
from trueup.core.claims import EVERYTHING, Claim, ClaimBook, Product
from trueup.errors import ConfigValueError

PRODUCTS = {
    InstrumentClass.SPOT: Product.SPOT,
    InstrumentClass.SWAP: Product.PERPETUAL,
    InstrumentClass.FUTURE: Product.FUTURE,
    InstrumentClass.OPTION: Product.OPTION,
}
"""The engine's classes of instruments that a claim can be narrowed to; all others are `Product.OTHER`."""


class EngineClaims:
    """Put the claims of all strategies of one node in force.

    Parameters
    ----------
    node : TradingNode
        With its strategies in it.
    given : mapping of str to tuple of Claim, optional
        What the operator's file claims, by strategy id, beside what the strategies claim themselves.

    Raises
    ------
    ConfigValueError
        If one instrument could have two owners, now or when it loads later.
    """

    def __init__(self, node: Any, given: Mapping[str, tuple[Claim, ...]] | None = None) -> None:
        self._engine, self._trader, self._cache = node.kernel.exec_engine, node.trader, node.kernel.cache
        self._by_id: dict[InstrumentId, StrategyId] = getattr(self._engine, "_external_order_claims", {})
        self._native = self._engine.get_external_order_claim
        self._native_instruments = self._engine.get_external_order_claims_instruments
        self._found: dict[tuple[str, str], StrategyId | None] = {}
        self._account_now: Any = None
        self._kept: dict[Claim, ClaimRecord] = {}
        self._in_file: frozenset[Claim] = frozenset()
        self._tell: Callable[[str, str], None] = lambda strategy, line: None
        claims: list[Claim] = []
        for strategy in self._trader.strategies():
            file_claims = (given or {}).get(strategy.id.value, ())
            self._in_file |= frozenset(file_claims)
            claims += file_claims
            ids = {claim.text for claim in file_claims if not claim.is_pattern}
            patterns = [claim for claim in file_claims if claim.is_pattern]
            for claim in _claims_of(strategy):
                if claim.text not in ids and any(one.covers(claim.text, None) for one in patterns):
                    # The engine was given it in a pattern's place, before there was anything to look patterns up in.
                    self._by_id.pop(InstrumentId.from_str(claim.text), None)
                else:
                    claims.append(claim)
        self._book = ClaimBook.of(claims)

    @property
    def book(self) -> ClaimBook:
        """Return the claims in force."""
        return self._book

    def install(self) -> None:
        """Let the engine ask here, and hear which strategies come and go."""
        self._engine.get_external_order_claim = self.owner_of
        self._engine.get_external_order_claims_instruments = self.instruments
        if callable(generate := getattr(self._engine, "_generate_order", None)):
            self._engine._generate_order = self._generating(generate)  # noqa: SLF001 - listed in names.py
        for name, wrapped in (
            ("add_strategy", self._adding),
            ("remove_strategy", self._removing),
            ("clear_strategies", self._clearing),
        ):
            setattr(self._trader, name, wrapped(getattr(self._trader, name)))

    def tell(self, tell: Callable[[str, str], None]) -> None:
        """Call something with the strategy and a line whenever claims change."""
        self._tell = tell

    def owner_of(self, instrument_id: InstrumentId) -> StrategyId | None:
        """Return the strategy that claims an instrument: by the engine's own book of ids, else by ours.

        The engine asks without an account; while it makes an order of a report, it is the report's.
        """
        owner: StrategyId | None = self._native(instrument_id)
        return owner or self._by_book(instrument_id, self._client_of(self._account_now))

    def owner_on(self, instrument_id: InstrumentId, client: str) -> StrategyId | None:
        """Return the strategy that claims an instrument on the account of one client."""
        owner: StrategyId | None = self._native(instrument_id)
        return owner or self._by_book(instrument_id, client)

    def claimed_on(self, client: str) -> dict[str, str]:
        """Return which strategy claims each instrument on the account of one client."""
        named = {one.value for one in self._native_instruments()}
        named |= {claim.text for claim in self._book.claims if not claim.is_pattern}
        if any(claim.is_pattern for claim in self._book.claims):
            named |= {one.value for one in self._cache.instrument_ids()}
        owners = {name: self.owner_on(InstrumentId.from_str(name), client) for name in named}
        return {name: owner.value for name, owner in owners.items() if owner is not None}

    def instruments(self) -> set[InstrumentId]:
        """Return every instrument that is claimed: by id, or loaded and claimed by a pattern, on any account."""
        claimed: set[InstrumentId] = self._native_instruments()
        clients = {"", *(claim.client for claim in self._book.claims)}
        ids = {claim.text for claim in self._book.claims if not claim.is_pattern}
        claimed |= {InstrumentId.from_str(one) for one in ids}
        if any(claim.is_pattern for claim in self._book.claims):
            loaded = self._cache.instrument_ids()
            claimed |= {one for one in loaded if any(self._by_book(one, client) is not None for client in clients)}
        return claimed

    # -- what is added at run time -----------------------------------------------------------------------------------

    @property
    def kept(self) -> tuple[ClaimRecord, ...]:
        """Return what was added at run time, the oldest first; of a strategy that is not there, too."""
        return tuple(self._kept.values())

    def restore(self, records: Iterable[ClaimRecord]) -> None:
        """Put in force what an earlier process was told; what is a strategy's that is not there waits for it.

        Raises
        ------
        ConfigValueError
            If the file, changed meanwhile, says something else, with both names.
        """
        records = tuple(records)
        self._kept = {one.claim: one for one in records}
        mine = [one.claim for one in records if self.has_strategy(one.claimant)]
        try:
            self._put(self._book.with_claims(mine))
        except ConfigValueError as error:
            raise ConfigValueError(
                f"a claim that was added at run time contradicts the file: {error.found}",
                allowed="one claimant for each account and instrument, whoever said it first",
                action="take it out of the file, or: trueup claims remove FILE STRATEGY INSTRUMENT",
            ) from None

    def add(self, record: ClaimRecord) -> None:
        """Put one more claim in force.

        Raises
        ------
        ConfigValueError
            If it contradicts those in force.
        """
        self._put(self._book.with_claims([record.claim]))
        self._kept[record.claim] = record

    def remove(self, claim: Claim) -> None:
        """Let go of a claim that was added at run time."""
        self._kept.pop(claim, None)
        self._put(self._book.without_claim(claim))

    def origin_of(self, claim: Claim) -> str:
        """Return where a claim comes from: ``run time``, ``file`` or ``strategy``."""
        if claim in self._kept:
            return "run time"
        return "file" if claim in self._in_file else "strategy"

    def has_strategy(self, name: str) -> bool:
        """Return whether a strategy is in the node."""
        return self.strategy(name) is not None

    def strategy(self, name: str) -> Any:
        """Return a strategy of the node, None if there is none of that name."""
        return next((one for one in self._trader.strategies() if one.id.value == name), None)

    def strategies(self) -> tuple[str, ...]:
        """Return the names of the node's strategies."""
        return tuple(sorted(one.value for one in self._trader.strategy_ids()))

    def product_of(self, instrument_id: InstrumentId) -> Product | None:
        """Return the product of a loaded instrument, None for one that is not."""
        instrument = self._cache.instrument(instrument_id)
        return None if instrument is None else PRODUCTS.get(instrument.instrument_class, Product.OTHER)

    def say(self, strategy: str, line: str) -> None:
        """Tell of a change of who owns what."""
        self._tell(strategy, line)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _by_book(self, instrument_id: InstrumentId, client: str) -> StrategyId | None:
        key = (instrument_id.value, client)
        if key not in self._found:
            product = self.product_of(instrument_id)
            owner = self._book.owner_of(instrument_id.value, product, client)
            if product is None:  # it may load yet, and only then is its product known
                return None if owner is None else StrategyId(owner)
            self._found[key] = None if owner is None else StrategyId(owner)
        return self._found[key]

    def _generating(self, generate: Callable[..., Any]) -> Callable[..., Any]:
        def generate_order(report: Any, is_external: bool = True) -> Any:
            # Which client's it is, is looked up when it is asked for: of 50,000 orders of a replay, never.
            self._account_now = report.account_id
            try:
                return generate(report, is_external)
            finally:
                self._account_now = None

        return generate_order

    def _client_of(self, account_id: Any) -> str:
        if account_id is None:
            return ""
        clients = self._engine._clients.values()  # noqa: SLF001 - listed in names.py
        return next((one.id.value for one in clients if one.account_id == account_id), "")

    def _adding(self, add: Callable[[Any], None]) -> Callable[[Any], None]:
        def add_strategy(strategy: Any) -> None:
            kept = [claim for claim in self._kept if claim.claimant == strategy.id.value]
            self._book.with_claims((*_claims_of(strategy), *kept))  # refused before the engine has taken half of it
            before = dict(self._by_id)
            try:
                add(strategy)
            except BaseException:
                self._by_id.clear()
                self._by_id.update(before)
                raise
            if strategy in self._trader.strategies() and (claims := (*_claims_of(strategy), *kept)):
                self._put(self._book.with_claims(claims))
                for claim in claims:
                    self._tell(strategy.id.value, claim.explain())

        return add_strategy

    def _removing(self, remove: Callable[[Any], None]) -> Callable[[Any], None]:
        def remove_strategy(strategy_id: Any) -> None:
            remove(strategy_id)
            for claim in self._release(strategy_id):
                self._tell(strategy_id.value, f"no longer: {claim.explain()}; the strategy was removed")

        return remove_strategy

    def _clearing(self, clear: Callable[[], None]) -> Callable[[], None]:
        def clear_strategies() -> None:
            strategy_ids = self._trader.strategy_ids()
            clear()
            for strategy_id in set(strategy_ids) - set(self._trader.strategy_ids()):
                self._release(strategy_id)  # as every node that ends does: nothing to tell

        return clear_strategies

    def _release(self, strategy_id: StrategyId) -> list[Claim]:
        for instrument_id in [one for one, owner in self._by_id.items() if owner == strategy_id]:
            del self._by_id[instrument_id]
        released = [claim for claim in self._book.claims if claim.claimant == strategy_id.value]
        self._put(self._book.without(strategy_id.value))
        return released

    def _put(self, book: ClaimBook) -> None:
        self._book = book
        self._found.clear()


def _claims_of(strategy: Any) -> tuple[Claim, ...]:
    """Return what a strategy claims itself: the engine's ids, and patterns if its configuration has them."""
    name, config = strategy.id.value, strategy.config
    products = tuple(Product(one) for one in getattr(config, "claim_products", ()))
    patterns = (EVERYTHING,) if getattr(config, "claim_all", False) else getattr(config, "claim_patterns", ())
    return (
        *(Claim(claimant=name, text=str(one)) for one in strategy.external_order_claims),
        *(Claim(claimant=name, text=one, is_pattern=True, products=products) for one in patterns),
    )


def claims_in_force(node: Any, given: Mapping[str, tuple[Claim, ...]] | None = None) -> EngineClaims:
    """Return the claims of a node, and put them in force unless they are.

    Raises
    ------
    ConfigValueError
        If one instrument could have two owners.
    """
    claims: EngineClaims | None = getattr(node, "trueup_claims", None)
    if claims is None:
        claims = EngineClaims(node, given)
        claims.install()
        node.trueup_claims = claims
    return claims
