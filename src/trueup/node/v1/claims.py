"""Claims by pattern in one 1.x node: on what is loaded and on what loads later, released with their strategy.

The engine knows claims by exact instrument alone, keeps those of a strategy that was removed (adding it again is
refused), and keeps the first half of a strategy's claims that it refused (measured on 1.222.0 and 1.231.0).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nautilus_trader.model.enums import InstrumentClass
from nautilus_trader.model.identifiers import InstrumentId, StrategyId

from trueup.core.claims import EVERYTHING, Claim, ClaimBook, Product

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
        self._found: dict[str, StrategyId | None] = {}
        self._tell: Callable[[str, str], None] = lambda strategy, line: None
        claims: list[Claim] = []
        for strategy in self._trader.strategies():
            file_claims = (given or {}).get(strategy.id.value, ())
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
        """Return the strategy that claims an instrument: by the engine's own book of ids, else by a pattern."""
        owner: StrategyId | None = self._native(instrument_id)
        return owner or self._by_pattern(instrument_id)

    def instruments(self) -> set[InstrumentId]:
        """Return every instrument that is claimed: by id, or loaded and claimed by a pattern."""
        claimed: set[InstrumentId] = self._native_instruments()
        if any(claim.is_pattern for claim in self._book.claims):
            claimed |= {one for one in self._cache.instrument_ids() if self._by_pattern(one) is not None}
        return claimed

    def _by_pattern(self, instrument_id: InstrumentId) -> StrategyId | None:
        name = instrument_id.value
        if name not in self._found:
            instrument = self._cache.instrument(instrument_id)
            product = None if instrument is None else PRODUCTS.get(instrument.instrument_class, Product.OTHER)
            owner = self._book.owner_of(name, product)
            if instrument is None:  # it may load yet, and only then is its product known
                return None if owner is None else StrategyId(owner)
            self._found[name] = None if owner is None else StrategyId(owner)
        return self._found[name]

    def _adding(self, add: Callable[[Any], None]) -> Callable[[Any], None]:
        def add_strategy(strategy: Any) -> None:
            self._book.with_claims(_claims_of(strategy))  # refused before the engine has taken half of it
            before = dict(self._by_id)
            try:
                add(strategy)
            except BaseException:
                self._by_id.clear()
                self._by_id.update(before)
                raise
            if strategy in self._trader.strategies() and (claims := _claims_of(strategy)):
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
