"""Know the own orders of one 1.x node without its cache: what tells them, and whose an order of the stream is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from trueup.core.order_names import NameSays, OrderNames
from trueup.core.owners import EXTERNAL_OWNER, OwnerBook, OwnerSource, OwnEvidence
from trueup.node.own_journal import OWN_ORDERS_MAX, WrittenOrders

_logger = logging.getLogger("trueup.node")


class OwnOrders:
    """Tell the own orders of one node.

    Parameters
    ----------
    node : TradingNode
        With its strategies in it.
    """

    def __init__(self, node: Any) -> None:
        self._trader = node.trader
        self._trader_id = str(node.trader_id)
        self._journalled: dict[str, str] = {}
        self._sent: dict[str, None] = {}
        self._evidence = OwnEvidence()
        self._strategies: frozenset[str] | None = None

    def remember(self, written: WrittenOrders) -> None:
        """Add what the journal says."""
        self._journalled |= written.owners
        self._sent |= dict.fromkeys(written.sent)
        self._strategies = None

    def has_sent(self, client_order_id: str) -> bool:
        """Return whether an order is known to have been sent by this node, by its name or by the journal."""
        return client_order_id in self._sent or self.evidence.names.read(client_order_id).says is NameSays.OURS

    @property
    def evidence(self) -> OwnEvidence:
        """Return what tells the own orders, with the strategies that the node has now."""
        strategies = frozenset(str(one) for one in self._trader.strategy_ids())
        if strategies != self._strategies:
            self._strategies = strategies
            self._evidence = OwnEvidence(names=OrderNames.of(self._trader_id, strategies), journalled=self._journalled)
        return self._evidence

    def note(self, client_order_id: str, owner: str, *, sent: bool) -> bool:
        """Take in whose an order is; return whether the journal has to say it, because nothing else does.

        Parameters
        ----------
        client_order_id, owner : str
            The order and its strategy.
        sent : bool
            Whether the strategy sent it; else it was given to it.
        """
        if owner == EXTERNAL_OWNER or self._journalled.get(client_order_id) == owner:
            return False
        reading = self.evidence.names.read(client_order_id)
        if reading.strategies == (owner,):
            return False
        for held in (self._journalled, self._sent):
            while len(held) >= OWN_ORDERS_MAX:
                held.pop(next(iter(held)))
        self._journalled[client_order_id] = owner
        if sent:
            self._sent[client_order_id] = None
        return True

    def decide_for_stream(
        self,
        engine: Any,
        seed_for: Callable[[str | None, Callable[[], object]], None],
        is_decided: Callable[[], bool],
        claim_on: Callable[[Any], Any],
        traders: Callable[[], Mapping[str, frozenset[str]]],
    ) -> None:
        """Decide whose an order is that the engine makes of a report that comes while it trades.

        The engine asks its claims alone: an own order that its cache has lost, and what a hand does on an instrument
        that one strategy alone trades, would be EXTERNAL until the next start.

        Parameters
        ----------
        engine : LiveExecutionEngine
            Of the node; one that makes orders elsewhere is left as it is.
        seed_for : callable
            Run something with an owner decided; None leaves the engine's own answer.
        is_decided : callable
            Whether the plan has decided already: 50,000 orders of a history need no second answer.
        claim_on : callable
            Return the strategy that claims what a report is about, None where there is none.
        traders : callable
            Return who ever traded what.
        """
        generate = getattr(engine, "_generate_order", None)
        if not callable(generate):
            return

        def generated(report: Any, is_external: bool = True) -> Any:
            if is_decided():
                return generate(report, is_external)
            owner = self._owner_of(report, claim_on, traders) if is_external else None
            made: list[Any] = []
            seed_for(owner, lambda: made.append(generate(report, is_external)))
            return made[0]

        engine._generate_order = generated  # noqa: SLF001 - listed in names.py

    def _owner_of(
        self, report: Any, claim_on: Callable[[Any], Any], traders: Callable[[], Mapping[str, frozenset[str]]]
    ) -> str | None:
        try:
            claimed = claim_on(report)
            instrument_id = report.instrument_id.value
            book = OwnerBook(
                claims={} if claimed is None else {instrument_id: claimed.value},
                traders=traders(),
                evidence=self.evidence,
            )
            name = None if report.client_order_id is None else report.client_order_id.value
            owner = book.owner_of_order(instrument_id, name)
        except Exception:
            _logger.exception("whose an order is could not be told; the engine decides")
            return None
        return None if owner.source in _ENGINES_OWN else owner.name


_ENGINES_OWN = frozenset({OwnerSource.CLAIM, OwnerSource.NOBODY})
"""What the engine answers so by itself."""
