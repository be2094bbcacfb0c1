"""What ``trueup claims`` does: ask the live node through its store, or read a stopped one's files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from trueup.claims.record import ClaimRecord, ClaimsFile
from trueup.claims.telling import claim_line, explained
from trueup.claims.values import Changed, ClaimList, Explained
from trueup.config.trading_node.claimants import claims_of
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.core.claims import ClaimBook
from trueup.errors import ClaimRefusedError, StoreUnavailableError
from trueup.guard.control import Unanswered, user_name
from trueup.guard.message import RefusalReason
from trueup.guard.operator import operator_control
from trueup.guard.record import GuardFile
from trueup.journal.configured import state_dir_of

TOPIC = "claims"
ANSWER_SECS_MAX = 30.0
"""A claim looks at the venue before and after; on a large account each look takes seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told[T]:
    """Hold what was told, and why it is not the live node's word (empty where it is)."""

    data: T
    not_live: str = ""


class ClaimsDesk:
    """Ask and change the claims of the node that one file configures.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The file.
    timeout_secs : float
        How long to wait for a live node's answer.
    """

    def __init__(self, config: LiveTradingNodeConfig, *, timeout_secs: float = ANSWER_SECS_MAX) -> None:
        self._config = config
        self._who = user_name()
        directory = state_dir_of(config)
        self._file = ClaimsFile(directory)
        self._lock = GuardFile(directory)
        self._has_key = config.guard.control_key is not None
        self._control = operator_control(config, who=self._who, timeout_secs=timeout_secs)

    def all(self) -> Told[ClaimList]:
        """Return every claim."""
        data, why = self._ask("list", {})
        if data is not None:
            return Told(data=msgspec.convert(data, ClaimList))
        lines = [claim_line(one, "file", None) for one in claims_of(self._config)]
        lines += [claim_line(one.claim, "run time", one) for one in self._file.read()]
        return Told(data=ClaimList(claims=tuple(lines)), not_live=why)

    def explain(self, instrument_id: str, client: str = "") -> Told[Explained]:
        """Return who owns what on an instrument, and why."""
        data, why = self._ask("explain", {"instrument_id": instrument_id, "client": client})
        if data is not None:
            return Told(data=msgspec.convert(data, Explained))
        in_file = claims_of(self._config)
        added = [one.claim for one in self._file.read()]
        # Not checked against each other: the file names strategies by their place, the record by their ids.
        covering = ClaimBook((*in_file, *added)).covering(instrument_id, None, client)
        told = explained(
            instrument_id,
            client=client,
            covering=covering,
            origin_of=lambda claim: "file" if claim in in_file else "run time",
            traders=frozenset(),
            policy=self._config.external.book().explain(instrument_id),
        )
        return Told(data=told, not_live=why)

    def add(self, strategy: str, text: str, *, products: tuple[str, ...], client: str, reason: str) -> Changed:
        """Let a strategy of the live node claim something.

        Raises
        ------
        ClaimRefusedError
            If the node refuses, or none answers: who owns what is changed by the node alone.
        """
        arguments = {
            "strategy": strategy,
            "text": text,
            "products": ",".join(products),
            "client": client,
            "reason": reason,
        }
        data, why = self._ask("add", arguments)
        if data is None:
            raise ClaimRefusedError(
                f"NO ANSWER: {why}",
                allowed="a live node with a store and a control key",
                action="for a node that is stopped, write the claim into its file",
            )
        return msgspec.convert(data, Changed)

    def remove(self, strategy: str, text: str, *, client: str, reason: str) -> Changed:
        """Let go of a claim that was added at run time, of a live node or a stopped one.

        Raises
        ------
        ClaimRefusedError
            If the node refuses, or is alive and does not answer.
        """
        arguments = {"strategy": strategy, "text": text, "client": client, "reason": reason}
        data, why = self._ask("remove", arguments)
        if data is not None:
            return msgspec.convert(data, Changed)
        with self._lock.claimed() as is_stopped:
            if not is_stopped:
                raise ClaimRefusedError(f"NO ANSWER: the node is alive and cannot be asked: {why}")
            return self._strike(strategy, text, client)

    def _strike(self, strategy: str, text: str, client: str) -> Changed:
        kept = self._file.read()
        gone = [one for one in kept if (one.claimant, one.text, one.client) == (strategy, text, client)]
        if not gone:
            raise ClaimRefusedError(
                f"{strategy} has no claim {text} that was added at run time",
                allowed=", ".join(_spelt(one) for one in kept) or f"none is kept in {self._file.path}",
            )
        self._file.write(tuple(one for one in kept if one not in gone))
        return Changed(lines=(f"no longer: {gone[0].claim.explain()}; removed by {self._who} from {self._file.path}",))

    def _ask(self, act: str, arguments: dict[str, str]) -> tuple[Any, str]:
        """Return the live node's answer, or None and why there is none.

        Raises
        ------
        ClaimRefusedError
            If the node answers that it will not.
        """
        if self._control is None:
            return None, "the node has no store through which it could be asked"
        if not self._has_key:
            return None, "there is no guard.control_key to ask the node with"
        try:
            got = self._control.ask(TOPIC, act, {name: value for name, value in arguments.items() if value})
        except StoreUnavailableError as error:
            return None, error.found
        if isinstance(got, Unanswered):
            return None, got.why
        if not got.done:
            found = "REFUSED by the node: " if got.code == RefusalReason.NOT_ALLOWED else "FAILED in the node: "
            raise ClaimRefusedError(found + got.why)
        return got.data, ""


def _spelt(one: ClaimRecord) -> str:
    return f"{one.claimant} {one.text}" + (f" on {one.client}" if one.client else "")
