"""What is told of claims: plain values, the same from a live node and from a stopped one's files."""

from __future__ import annotations

import msgspec


class ClaimLine(msgspec.Struct, frozen=True, kw_only=True):
    """Tell of one claim.

    Parameters
    ----------
    claimant, subject : str
        The strategy, and in words what it claims.
    origin : str
        ``file``, ``strategy`` (its own configuration) or ``run time``.
    is_in_force : bool
        False while the strategy of a claim that was added at run time is not in the node.
    who, reason, time_ns
        Of a claim that was added at run time.
    """

    claimant: str
    subject: str
    origin: str
    is_in_force: bool = True
    who: str = ""
    reason: str = ""
    time_ns: int = 0


class ClaimList(msgspec.Struct, frozen=True, kw_only=True):
    """Tell of every claim of a node."""

    claims: tuple[ClaimLine, ...] = ()


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what one owner holds on an instrument in the node: open orders, and its position."""

    owner: str
    open_orders: int = 0
    position: str = "0"


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Tell who owns what on one instrument, and by which rule.

    Parameters
    ----------
    instrument_id, client : str
        The instrument, and the client whose account it is about (empty where there is one account, or none is known).
    owner : str
        Whose it is what appears there.
    rule : str
        Why, in words.
    policy : str
        Which policy holds for what nobody owns.
    yielding : tuple of str
        Claims that match as well, and do not decide.
    holdings : tuple of Holding
        What is held now; of a live node alone.
    """

    instrument_id: str
    owner: str
    rule: str
    client: str = ""
    policy: str = ""
    yielding: tuple[str, ...] = ()
    holdings: tuple[Holding, ...] = ()


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what came of adding or removing a claim: lines for the operator, and the verdict after it."""

    lines: tuple[str, ...]
    verdict: str = ""
