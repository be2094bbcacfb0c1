"""Claims in words, for a person to read; the same for a live node and a stopped one. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from trueup.claims.record import ClaimRecord
from trueup.claims.values import ClaimLine, ClaimList, Explained, Holding
from trueup.core.claims import Claim
from trueup.core.owners import EXTERNAL_OWNER

WHERE = {"file": "in the file", "strategy": "in its own configuration", "run time": "added at run time"}


def explained(
    instrument_id: str,
    *,
    client: str,
    covering: tuple[Claim, ...],
    origin_of: Callable[[Claim], str],
    traders: frozenset[str],
    policy: str,
    holdings: tuple[Holding, ...] = (),
) -> Explained:
    """Return who owns what appears on an instrument: an explicit claim, else the only trader, else nobody."""
    if covering:
        first = covering[0]
        rule = f"{first.explain()}, {WHERE[origin_of(first)]}"
        owner = first.claimant
    elif len(traders) == 1:
        (owner,) = traders
        rule = "nobody claims it, and only this strategy of the node ever traded it"
    else:
        owner = EXTERNAL_OWNER
        rule = "nobody claims it" + (f", and several traded it: {', '.join(sorted(traders))}" if traders else "")
    return Explained(
        instrument_id=instrument_id,
        client=client,
        owner=owner,
        rule=rule,
        policy=policy,
        yielding=tuple(f"{one.explain()}, {WHERE[origin_of(one)]}" for one in covering[1:]),
        holdings=holdings,
    )


def claim_line(claim: Claim, origin: str, record: ClaimRecord | None, *, is_in_force: bool = True) -> ClaimLine:
    """Return one claim as it is told."""
    who, reason, time_ns = (record.who, record.reason, record.time_ns) if record else ("", "", 0)
    return ClaimLine(
        claimant=claim.claimant,
        subject=claim.subject,
        origin=origin,
        is_in_force=is_in_force,
        who=who,
        reason=reason,
        time_ns=time_ns,
    )


def held_text(one: Holding) -> str:
    """Return in words what an owner holds."""
    orders = [f"{one.open_orders} open orders"] if one.open_orders else []
    return " and ".join([*orders, *([f"a position of {one.position}"] if one.position != "0" else [])])


def tell_list(told: ClaimList) -> list[str]:
    """Return the claims, one line each."""
    if not told.claims:
        return ["no claims: what is found at the venue belongs to EXTERNAL"]
    lines = []
    for one in told.claims:
        where = WHERE[one.origin]
        if one.time_ns:
            when = datetime.fromtimestamp(one.time_ns / 1e9, tz=UTC)
            where += f" by {one.who or 'Python'} at {when:%Y-%m-%d %H:%M:%S} UTC"
        if one.reason:
            where += f": {one.reason}"
        waits = "" if one.is_in_force else f"; not in force: there is no strategy {one.claimant}"
        lines.append(f"{one.claimant} claims {one.subject}  ({where}{waits})")
    return lines


def tell_explained(told: Explained) -> list[str]:
    """Return who owns what, and why."""
    on = f" on {told.client}" if told.client else ""
    lines = [f"{told.instrument_id}{on}: what appears there belongs to {told.owner}", f"  because: {told.rule}"]
    lines += [f"  matches too, and yields to an id: {one}" for one in told.yielding]
    if told.owner == EXTERNAL_OWNER and told.policy:
        lines.append(f"  policy: {told.policy}")
    lines += [f"  held now: {one.owner}: {held_text(one)}" for one in told.holdings]
    return lines
