"""What the operator's policies leave unchecked, for an auditor that stands outside of the node.

The node and its auditor must mean the same by CLEAN, so the auditor divides by the node's own rule
(`trueup.core.unchecked`). It knows of the node what the file says, what the state directory keeps (claims that were
added at run time, who ever traded what; nothing where the auditor runs on another machine) and what the store shows.
What a strategy's class claims by itself it cannot know, before the store shows what came of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trueup.claims.record import ClaimsFile
from trueup.config.trading_node.claimants import claims_of
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.core.claims import Claim, Product
from trueup.core.external import PolicyBook
from trueup.core.owners import EXTERNAL_OWNER
from trueup.core.unchecked import SetAside, set_aside
from trueup.errors import ConfigFileError
from trueup.journal.configured import state_dir_of
from trueup.model.discrepancies import Discrepancy
from trueup.model.orders import OrderRecord
from trueup.model.positions import PositionRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot
from trueup.node.state import read_traders

_ADOPT_ALL = PolicyBook()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPolicies:
    """Hold the policies of one node for one account, and what tells whose an instrument is.

    Parameters
    ----------
    book : PolicyBook
        The policies; without any that ignores, nothing is set aside.
    claims : tuple of Claim
        Of the file.
    client : str
        The execution client whose account it is.
    state_dir : Path or None
        The node's state directory, which need not be there.
    """

    book: PolicyBook = _ADOPT_ALL
    claims: tuple[Claim, ...] = ()
    client: str = ""
    state_dir: Path | None = None

    @classmethod
    def of(cls, config: LiveTradingNodeConfig, client: str) -> AuditPolicies:
        """Return those of a file; none in native mode, where the node does not follow them either."""
        if config.reconciliation.mode != "verified":
            return NO_POLICIES
        return cls(book=config.external.book(), claims=claims_of(config), client=client, state_dir=state_dir_of(config))

    def divide(self, found: Iterable[Discrepancy], venue: VenueSnapshot, node: NodeSnapshot) -> SetAside:
        """Divide what differs into what counts and what goes unchecked; reads the state directory, so not on a loop.

        Parameters
        ----------
        found : iterable of Discrepancy
            Of one comparison.
        venue, node
            The snapshots that were compared.
        """
        discrepancies = tuple(found)
        if not self.book.ignored:
            return SetAside(kept=discrepancies)
        records: list[OrderRecord | PositionRecord] = [*node.orders, *node.positions]
        traded = {one.instrument_id for one in records if one.owner not in {None, EXTERNAL_OWNER}}
        traded |= self._traded_before()
        claims = (*self.claims, *self._claims_added())

        def is_ours(instrument_id: str) -> bool:
            return instrument_id in traded or any(self._may_cover(one, instrument_id) for one in claims)

        return set_aside(discrepancies, venue, node, self.book, is_ours=is_ours)

    def trouble(self) -> tuple[str, ...]:
        """Return why it is not known what goes unchecked; empty if it is."""
        if not self.book.ignored or self.state_dir is None:
            return ()
        try:
            ClaimsFile(self.state_dir).read()
        except ConfigFileError as error:
            return (error.found,)
        return ()

    def _claims_added(self) -> tuple[Claim, ...]:
        if self.state_dir is None:
            return ()
        try:
            return tuple(one.claim for one in ClaimsFile(self.state_dir).read())
        except ConfigFileError:
            return ()  # said by `trouble`: the verdict is not CLEAN

    def _traded_before(self) -> set[str]:
        return set() if self.state_dir is None else set(read_traders(self.state_dir))

    def _may_cover(self, claim: Claim, instrument_id: str) -> bool:
        # The product of an instrument is the node's knowledge: what any product would make claimed is checked.
        return any(claim.covers(instrument_id, product, self.client) for product in Product)


NO_POLICIES = AuditPolicies()
"""Everything is checked."""
