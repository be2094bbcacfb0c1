"""One reading of a node's store: orders, fills, positions, balances, and what is wrong with it. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trueup.errors import StoreError
from trueup.model.balances import BalanceRecord
from trueup.model.coverage import Coverage, FailedQuery, KindCoverage, RecordKind, Window
from trueup.model.identifiers import only_account_of
from trueup.model.snapshots import NodeSnapshot
from trueup.store.fold_orders import StoredOrder
from trueup.store.fold_positions import StoredPosition, mark_synthetic


class ProblemKind(StrEnum):
    """What can be wrong with a store, apart from not answering."""

    CORRUPT = "CORRUPT"  # an entry that cannot be decoded, or makes no sense after those before it
    WRONG_TYPE = "WRONG_TYPE"  # a key of another type than the node gives it
    NO_TRADER = "NO_TRADER"  # no key of this trader at all
    CUT_SHORT = "CUT_SHORT"  # a bound of the reader was reached
    ORDER_WITHOUT_EVENTS = "ORDER_WITHOUT_EVENTS"  # indexed, but its list is gone: the node will not load it
    ORDER_NOT_INDEXED = "ORDER_NOT_INDEXED"  # a list of events that no index names
    OPEN_INDEX_DIFFERS = "OPEN_INDEX_DIFFERS"  # index:orders_open says otherwise than the order's events
    POSITION_WITHOUT_EVENTS = "POSITION_WITHOUT_EVENTS"  # indexed, but its list is gone
    INSTRUMENT_MISSING = "INSTRUMENT_MISSING"  # a position of an instrument that is not stored: it will not be loaded


_SPOILING = frozenset({ProblemKind.CORRUPT, ProblemKind.WRONG_TYPE, ProblemKind.NO_TRADER, ProblemKind.CUT_SHORT})
"""Kinds after which records may be missing from the reading although the node has them."""


@dataclass(frozen=True, slots=True, order=True)
class StoreProblem:
    """One thing that is wrong with a store.

    Parameters
    ----------
    kind : ProblemKind
        What sort.
    key : str
        The key.
    text : str
        What was found, in a clause.
    entry : int or None
        The index of the entry in a list, from 0.
    """

    kind: ProblemKind
    key: str
    text: str
    entry: int | None = None

    def __str__(self) -> str:
        where = self.key if self.entry is None else f"{self.key}, entry {self.entry}"
        return f"{where}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAccount:
    """An account's last state."""

    account_id: str
    time_ns: int
    balances: tuple[BalanceRecord, ...]
    event_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReading:
    """What one node's store held, between two instants.

    The reads of several keys are not atomic and the node writes behind its own cache: a difference seen once proves
    nothing. `settled` tells that two readings in a row were equal.

    Parameters
    ----------
    trader_id : str
        The trader.
    started_ns, ended_ns : int
        When the reading began and ended.
    orders : tuple of StoredOrder
        By client order id.
    positions : tuple of StoredPosition
        By position id; closed ones included.
    accounts : tuple of StoredAccount
        By account id.
    problems : tuple of StoreProblem
        By kind and key.
    settled : bool
        Whether a second reading found the same.
    """

    trader_id: str
    started_ns: int
    ended_ns: int
    orders: tuple[StoredOrder, ...]
    positions: tuple[StoredPosition, ...]
    accounts: tuple[StoredAccount, ...]
    problems: tuple[StoreProblem, ...] = ()
    settled: bool = False

    def says_the_same_as(self, other: StoreReading) -> bool:
        """Return whether another reading found the same, whatever the time."""
        return (
            self.orders == other.orders
            and self.positions == other.positions
            and self.accounts == other.accounts
            and self.problems == other.problems
        )

    @property
    def event_counts(self) -> dict[str, int]:
        """How many events of each order are stored, by client order id."""
        return {order.record.name: order.event_count for order in self.orders}

    @property
    def account_ids(self) -> tuple[str, ...]:
        """Every account that a record names, in order."""
        named = {account.account_id for account in self.accounts}
        named.update(order.account_id for order in self.orders if order.account_id)
        named.update(position.account_id for position in self.positions if position.account_id)
        return tuple(sorted(named))

    def snapshot(self, account_id: str | None = None, *, known_from_ns: int | None = None) -> NodeSnapshot:
        """Return the node's state for one account.

        An order that was never submitted names no account: it belongs to the only account whose id begins with the name
        of its venue, else to none.

        Parameters
        ----------
        account_id : str, optional
            The account; may be left out where there is only one.
        known_from_ns : int, optional
            See `NodeSnapshot`.

        Raises
        ------
        StoreError
            If no account is given and there is not exactly one.
        """
        accounts = self.account_ids
        if account_id is None:
            if len(accounts) != 1:
                raise StoreError(
                    f"trader {self.trader_id} has {len(accounts)} accounts stored: {', '.join(accounts) or 'none'}",
                    action="name the account",
                )
            (account_id,) = accounts
        orders = [
            order
            for order in self.orders
            if (order.account_id or only_account_of(order.record.instrument_id, accounts)) == account_id
        ]
        synthetic = frozenset(
            (fill.client_order_id, fill.trade_id) for order in orders for fill in order.fills if fill.synthetic
        )
        return NodeSnapshot(
            account_id=account_id,
            started_ns=self.started_ns,
            ended_ns=self.ended_ns,
            orders=tuple(order.record for order in orders),
            fills=tuple(fill for order in orders for fill in order.fills),
            positions=tuple(
                mark_synthetic(position, synthetic).record
                for position in self.positions
                if position.account_id == account_id
            ),
            balances=next((account.balances for account in self.accounts if account.account_id == account_id), ()),
            coverage=self.coverage,
            known_from_ns=known_from_ns,
            venue_ids=tuple(
                (order.record.instrument_id, former, order.record.name)
                for order in orders
                for former in order.former_venue_order_ids
            ),
        )

    @property
    def coverage(self) -> Coverage:
        """How far the reading reached. What is corrupt, or beyond a bound, is not covered."""
        spoilt = tuple(
            FailedQuery(query=f"read {problem.key}", reason=problem.text)
            for problem in self.problems
            if problem.kind in _SPOILING
        )
        window = Window(0, self.ended_ns)
        whole = KindCoverage(asked=window, got=window)
        failed = KindCoverage(asked=window, got=window, failures=spoilt)
        orders = failed if _concerns(spoilt, ":orders:", ":index:") else whole
        return Coverage(
            orders_open=orders,
            orders_closed=orders,
            fills=orders,
            positions=failed if _concerns(spoilt, ":positions:", ":instruments:") else whole,
            balances=failed if _concerns(spoilt, ":accounts:") else whole,
        )

    def covers(self, kind: RecordKind) -> bool:
        """Return whether nothing of this kind can be missing from the reading."""
        return self.coverage.of(kind).is_complete


def _concerns(failures: tuple[FailedQuery, ...], *parts: str) -> bool:
    """Return whether a failure is about one of these parts of the store, or about the store as a whole."""
    every = (":orders:", ":index:", ":positions:", ":instruments:", ":accounts:")
    for failure in failures:
        if any(part in failure.query for part in parts) or not any(part in failure.query for part in every):
            return True
    return False
