"""Claims of a live node: list, explain, add and remove them while it trades."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from trueup.claims.record import RECORDS_MAX, ClaimRecord, ClaimsFile
from trueup.claims.telling import claim_line, explained, held_text
from trueup.claims.values import Changed, ClaimList, Explained
from trueup.core.claims import Claim, ClaimBook, Product, is_pattern, pattern_problem
from trueup.core.owners import EXTERNAL_OWNER
from trueup.errors import ClaimRefusedError, ConfigValueError
from trueup.model.phase import Phase
from trueup.model.verdicts import VerdictState
from trueup.node.binding import AccountPort, MovedToOwner
from trueup.node.claiming_ports import Claims, Holders, Rounds
from trueup.node.pacing import collector_off, in_slices

if TYPE_CHECKING:
    from trueup.node.handle import Handle

_logger = logging.getLogger("trueup.node")

MOVES_TOLD_MAX = 50
"""Instruments of one claim that are told one by one."""


class NodeClaims:
    """List, explain and change the claims of one node. On the node's event loop.

    Parameters
    ----------
    claims, holders : Claims, Holders
        Of the binding.
    file : ClaimsFile
        Where what is added is kept.
    handle : Handle
        The node's.
    rounds : Rounds or None
        What keeps the node true; None in native mode, where nothing is moved.
    clients : tuple of str
        The names of the execution clients.
    policy_of : Callable[[str], str]
        Which policy holds for what nobody owns on an instrument, in words.
    """

    def __init__(
        self,
        claims: Claims,
        holders: Holders,
        file: ClaimsFile,
        handle: Handle,
        *,
        rounds: Rounds | None = None,
        clients: tuple[str, ...] = (),
        policy_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._claims = claims
        self._holders = holders
        self._file = file
        self._handle = handle
        self._rounds = rounds
        self._clients = clients
        self._policy_of = policy_of
        self._moving: asyncio.Future[list[str]] | None = None

    # -- looking -----------------------------------------------------------------------------------------------------

    def all(self) -> ClaimList:
        """Return every claim, those of strategies that are not there, too."""
        told = {one.claim: one for one in self._claims.kept}
        lines = [
            claim_line(claim, self._claims.origin_of(claim), told.get(claim)) for claim in self._claims.book.claims
        ]
        waiting = [one for one in told.values() if not self._claims.has_strategy(one.claimant)]
        lines += [claim_line(one.claim, "run time", one, is_in_force=False) for one in waiting]
        return ClaimList(claims=tuple(lines))

    def explain(self, instrument_id: str, client: str = "") -> Explained:
        """Return who owns what on an instrument, and why.

        Raises
        ------
        ClaimRefusedError
            If the text is no instrument id.
        """
        if problem := self._holders.problem_of_id(instrument_id):
            raise ClaimRefusedError(f"'{instrument_id}' is no instrument id: {problem}")
        client = client or (self._clients[0] if len(self._clients) == 1 else "")
        product = self._holders.product_of(instrument_id)
        covering = self._claims.book.covering(instrument_id, product, client)
        return explained(
            instrument_id,
            client=client,
            covering=covering,
            origin_of=self._claims.origin_of,
            traders=self._traders(instrument_id),
            policy=self._policy_of(instrument_id),
            holdings=self._holders.holdings(instrument_id, client),
        )

    def _traders(self, instrument_id: str) -> frozenset[str]:
        if self._rounds is None:
            return frozenset()
        traders: frozenset[str] = frozenset()
        for port in self._rounds.ports():
            traders |= port.known_traders().get(instrument_id, frozenset())
        return traders

    # -- changing ----------------------------------------------------------------------------------------------------

    async def add(
        self,
        strategy: str,
        text: str,
        *,
        products: Iterable[str] = (),
        client: str = "",
        reason: str = "",
        who: str = "",
    ) -> Changed:
        """Let a strategy claim an instrument, or what matches a pattern, from now on and after a restart.

        What nobody owns there becomes the strategy's: open orders, and the position. All of it or nothing.

        Parameters
        ----------
        strategy : str
            The strategy's id.
        text : str
            An instrument id, or a pattern.
        products : iterable of str
            What a pattern is narrowed to.
        client : str
            The execution client whose account it is about; empty for every one.
        reason, who : str
            Kept with it.

        Raises
        ------
        ClaimRefusedError
            With what stands against it; nothing was changed.
        """
        claim = self._claim(strategy, text, products, client)
        self._check_claim(claim)
        await self._check_truth(claim)
        record = ClaimRecord.of(claim, who=who, reason=reason, time_ns=time.time_ns())
        if self._rounds is None:
            self._refuse_moves(claim)
            lines = await self._put(record, {})
        else:
            rounds = self._rounds
            self._moving = asyncio.ensure_future(rounds.between_looks(lambda: self._put_and_move(record)))
            lines = await asyncio.shield(self._moving)  # who asked may go away; half a move must not stay
        verdict = await self._verdict()
        return Changed(lines=tuple(lines), verdict=verdict)

    async def remove(self, strategy: str, text: str, *, client: str = "", reason: str = "", who: str = "") -> Changed:
        """Let go of a claim that was added at run time. What it gave to the strategy stays the strategy's.

        Raises
        ------
        ClaimRefusedError
            If there is none, or if it stands in the file.
        """
        for record in self._claims.kept:
            if (record.claimant, record.text, record.client) == (strategy, text, client):
                kept = tuple(one for one in self._claims.kept if one is not record)
                self._write(kept)
                self._claims.remove(record.claim)
                line = f"no longer: {record.claim.explain()}; removed by {who or 'Python'}"
                self._claims.say(strategy, f"{line}: {reason}" if reason else line)
                return Changed(lines=(line, *self._left_behind(strategy, text)))
        for claim in self._claims.book.claims:
            if (claim.claimant, claim.text, claim.client) == (strategy, text, client):
                where = "the file" if self._claims.origin_of(claim) == "file" else "the strategy's own configuration"
                raise ClaimRefusedError(
                    f"{claim.explain()} in {where}: removed here, it would be back after the next start",
                    allowed="claims that were added at run time",
                    action=f"take it out of {where}, and start the node again",
                )
        raise ClaimRefusedError(
            f"{strategy} has no claim {text}{f' on {client}' if client else ''}",
            allowed="what `trueup claims list` shows, spelt the same",
        )

    # -- parts -------------------------------------------------------------------------------------------------------

    def _claim(self, strategy: str, text: str, products: Iterable[str], client: str) -> Claim:
        pattern = is_pattern(text)
        problem = pattern_problem(text) if pattern else self._holders.problem_of_id(text)
        narrowed = tuple(products)
        if not problem and narrowed and not pattern:
            problem = "products narrow patterns alone"
        unknown = [one for one in narrowed if one not in list(Product)]
        if not problem and unknown:
            problem = f"there is no product {', '.join(unknown)}"
        if problem:
            raise ClaimRefusedError(
                f"'{text}' cannot be claimed: {problem}",
                allowed="an instrument id such as BTCUSDT-PERP.BINANCE, or a pattern such as BTC*-PERP.BINANCE",
            )
        if client and client not in self._clients:
            raise ClaimRefusedError(
                f"there is no execution client {client}", allowed=", ".join(self._clients) or "none is known yet"
            )
        kinds = tuple(Product(one) for one in narrowed)
        return Claim(claimant=strategy, text=text, is_pattern=pattern, products=kinds, client=client)

    def _check_claim(self, claim: Claim) -> None:
        if not self._claims.has_strategy(claim.claimant):
            raise ClaimRefusedError(
                f"there is no strategy {claim.claimant} in the node",
                allowed=", ".join(self._claims.strategies()) or "there are no strategies",
            )
        if claim in self._claims.book.claims:
            raise ClaimRefusedError(f"{claim.explain()} already ({self._claims.origin_of(claim)})")
        if len(self._claims.kept) >= RECORDS_MAX:
            raise ClaimRefusedError(f"{RECORDS_MAX} claims were added at run time", action="claim by patterns")
        try:
            self._claims.book.with_claims([claim])
        except ConfigValueError as error:
            raise ClaimRefusedError(error.found, allowed=error.allowed, action=error.action) from None

    async def _check_truth(self, claim: Claim) -> None:
        """Refuse while the node is not proven true: what is moved must be what the venue has."""
        if self._rounds is None:
            return
        if self._handle.phase not in {Phase.RECONCILED, Phase.MONITORING}:
            raise ClaimRefusedError(
                f"the node is {self._handle.phase}, and nothing about its account is proven yet",
                action="claim in the file before the start, or wait until it is RECONCILED",
            )
        outcome = await self._handle.true_up()
        if outcome.verdict is not VerdictState.CLEAN:
            raise ClaimRefusedError(
                f"the verdict is {outcome.verdict}, and who owns what is not moved on what is not proven: "
                + "; ".join(outcome.lines[:3]),
                action=f"let it become CLEAN, and claim {claim.subject} again",
            )

    def _refuse_moves(self, claim: Claim) -> None:
        book = self._claims.book.with_claims([claim])
        for instrument_id in sorted(self._holders.instruments_held(claim.client)):
            if not self._decides(book, claim, instrument_id, claim.client):
                continue
            strangers = [
                one for one in self._holders.holdings(instrument_id, claim.client) if one.owner != claim.claimant
            ]
            if strangers:
                held = held_text(strangers[0])
                raise ClaimRefusedError(
                    f"{strangers[0].owner} holds {held} on {instrument_id}, and in native mode trueup moves nothing",
                    action='close it at the venue, or set mode = "verified"',
                )

    def _decides(self, book: ClaimBook, claim: Claim, instrument_id: str, client: str) -> bool:
        return book.claim_on(instrument_id, self._holders.product_of(instrument_id), client) == claim

    async def _put_and_move(self, record: ClaimRecord) -> list[str]:
        """Check every instrument, write the claim down, put it in force, move.

        In slices of the event loop: no event changes the node's books meanwhile, and what is new by a strategy's own
        hand is that strategy's, and none of what is moved.
        """
        claim = record.claim
        assert self._rounds is not None, "in native mode nothing is moved"
        self._check_claim(claim)  # the node went on since it was checked
        book = self._claims.book.with_claims([claim])
        moves: dict[AccountPort, list[str]] = {}
        obstacles: list[str] = []
        for port in self._rounds.ports():
            if claim.client not in ("", port.client_id):
                continue
            unowned = port.unowned()
            await asyncio.sleep(0)
            for instrument_id in sorted(self._holders.instruments_held(port.client_id)):
                if not self._decides(book, claim, instrument_id, port.client_id):
                    continue
                if obstacle := await self._obstacle(port, instrument_id, claim.claimant):
                    obstacles.append(f"{instrument_id}: {obstacle}")
                elif instrument_id in unowned:
                    moves.setdefault(port, []).append(instrument_id)
        if obstacles:
            more = f"; and {len(obstacles) - 3} more instruments" if len(obstacles) > 3 else ""
            raise ClaimRefusedError(
                "; ".join(obstacles[:3]) + more,
                action="close or cancel it at the venue, or by the strategy that owns it, and claim again",
            )
        return await self._put(record, moves)

    async def _obstacle(self, port: AccountPort, instrument_id: str, claimant: str) -> str:
        await asyncio.sleep(0)
        strangers = self._strangers(instrument_id, port.client_id, claimant)
        if not_so := strangers or self._holders.why_not(claimant, instrument_id):
            return not_so
        await asyncio.sleep(0)
        found: list[str] = []
        await in_slices(port.examining(instrument_id, claimant, found), _nothing)
        return "; ".join(found)

    def _strangers(self, instrument_id: str, client: str, claimant: str) -> str:
        """Return what other strategies hold: whatever came there next would be split between two."""
        held = [
            f"{one.owner} holds {held_text(one)}"
            for one in self._holders.holdings(instrument_id, client)
            if one.owner not in (claimant, EXTERNAL_OWNER)
        ]
        return " and ".join(held)

    async def _put(self, record: ClaimRecord, moves: Mapping[AccountPort, list[str]]) -> list[str]:
        claim = record.claim
        self._write((*self._claims.kept, record))  # before anything moves: a kill now, and the next start moves it
        by = f"added by {record.who or 'Python'}" + (f": {record.reason}" if record.reason else "")
        self._claims.say(claim.claimant, f"{claim.explain()}; {by}")
        self._claims.add(record)
        moved: list[MovedToOwner] = []
        with collector_off():  # a full collection in the middle of 10,000 orders takes 100 ms
            for port, names in moves.items():
                await in_slices(port.moving(names, claim.claimant, moved), _nothing)
        for one in moved:
            self._claims.say(claim.claimant, one.line)
            self._holders.hand_over(one, claim.claimant)
        lines = [claim.explain(), *(one.line for one in moved[:MOVES_TOLD_MAX])]
        if len(moved) > MOVES_TOLD_MAX:
            lines.append(f"and {len(moved) - MOVES_TOLD_MAX} more instruments")
        return lines

    def _write(self, records: tuple[ClaimRecord, ...]) -> None:
        try:
            self._file.write(records)
        except OSError as error:
            raise ClaimRefusedError(
                f"it cannot be written down: {error}; a claim that a restart forgets would split what it gave",
                action=f"make {self._file.path.parent} writable",
            ) from None

    def _left_behind(self, strategy: str, text: str) -> tuple[str, ...]:
        if is_pattern(text):
            return ()
        held = [one for one in self._holders.holdings(text, "") if one.owner == strategy]
        return tuple(f"{strategy} keeps {held_text(one)} on {text}" for one in held)

    async def _verdict(self) -> str:
        if self._rounds is None:
            return ""
        return str((await self._handle.true_up()).verdict)


def _nothing(_: None) -> None:
    """Do nothing with a turn: what there is to do was done to get it."""
