"""Judge a node while an episode runs: what must never be seen, however the venue behaves. Pure: values in, words out.

The comparer of the drills says what differs from the venue's truth; what the node says of itself is only ever held
against that. Four things are never allowed in verified mode:

- a fill booked twice, or one that the venue never had, at any moment;
- a strategy that is started under anything but CLEAN, or, if nothing happened at the venue since the node's process
  began, on a node that differs from it;
- CLEAN, confirmed by a look that began after the last thing that happened, over another position than the venue's;
- the same over any difference, once `UNSEEN_SECS_MAX` have passed since venue and strategy did anything: history
  outside of working orders and positions is read at the deep interval, and a verdict says how old it is.

An order that the strategy sent or touched less than `SUBMIT_GRACE_SECS` before a start, that nobody has answered and
the venue does not know, is under way and no difference: its request may have been in the network when its sender died.

A look that began before the venue's last lie (an empty or shortened list given as whole) is not judged: no reader can
tell it from the truth. Nor is a start, until the node has been seen equal since: a start reads from the last proof on,
and what a proof missed by a lie is found by the looks that follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trueup.drills.compare import Difference, Finding, compare
from trueup.drills.records import NodeOrder, NodeSight
from trueup.drills.venue import Truth

UNSEEN_SECS_MAX = 8.0
"""The deep interval (2 s), the second look (0.3 s), the grace of a submit (1.5 s), a round of hung queries (2 x 1 s),
and 2 s for a busy machine."""

SUBMIT_GRACE_SECS = 1.5  # of the episodes' nodes: `trueup.drills.scenario.VERIFIED_FAST`
UNANSWERED = frozenset({"SUBMITTED", "PENDING_UPDATE", "PENDING_CANCEL"})
DOUBLED = (Difference.FILL_DUPLICATED, Difference.FILL_INVENTED)
POSITION = (Difference.POSITION_QUANTITY, Difference.POSITION_OPPOSED)
NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the drill knows when it looks.

    Parameters
    ----------
    now_ns, changed_ns, lied_ns : int
        The time, when anything last happened at the venue, and when it last lied; on the monotonic clock.
    launched_ns : int
        When the node's process began.
    first : bool
        Whether this is the first look at a started strategy in this life of the node.
    tainted : bool
        Whether the venue has lied since the node was last seen equal.
    touched_ns : Mapping[str, int]
        When the strategy last sent, amended or cancelled an order, by its client order id.
    """

    now_ns: int
    changed_ns: int
    lied_ns: int
    launched_ns: int
    first: bool
    tainted: bool = False
    touched_ns: Mapping[str, int] = field(default_factory=dict)

    def began_ns(self, sight: NodeSight) -> int:
        """Return when the look began that confirms a verdict, or an instant before it.

        The word of a start-up is as old as its end; its reading began at some time after its process did.
        """
        return self.launched_ns if sight.looked_ns <= sight.started_ns else sight.looked_ns

    def is_under_way(self, order: NodeOrder) -> bool:
        """Return whether an order that the venue does not know may yet reach it."""
        touched_ns = self.touched_ns.get(order.client_order_id, 0)
        is_recent = self.launched_ns - touched_ns < SUBMIT_GRACE_SECS * NS
        return is_recent and order.status in UNANSWERED and not order.fills


def differences(truth: Truth, sight: NodeSight, *, optional: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """Return what differs in orders, fills and positions, and positions with two owners.

    Parameters
    ----------
    truth, sight
        Both sides.
    optional : frozenset of str
        Venue order ids of closed orders that the last cold start did not have to rebuild.
    """
    comparison = compare(truth, sight.state, optional=optional)
    split = [found for found in comparison.ownership if found.what is Difference.OWNER_SPLIT]
    return (*comparison.findings, *split)


def violations(
    found: Sequence[Finding], sight: NodeSight, moment: Moment, *, unseen_secs: float = UNSEEN_SECS_MAX
) -> Iterator[str]:
    """Yield what must never be seen, of one look at a node in verified mode.

    Parameters
    ----------
    found : Sequence[Finding]
        What differs, by `differences`.
    sight : NodeSight
        The node.
    moment : Moment
        When.
    unseen_secs : float
        How long history outside of working orders and positions may be unread under CLEAN.
    """
    for finding in found:
        if finding.what in DOUBLED:
            yield f"doubled: {finding}"
    if sight.started and sight.started_under != "CLEAN":
        yield f"traded unverified: the strategy was started under {sight.started_under or 'no verdict'}"
    if moment.first and not moment.tainted and moment.changed_ns < moment.launched_ns:
        sent = {order.client_order_id for order in sight.state.orders if moment.is_under_way(order)}
        yield from (
            f"traded while different: {finding}"
            for finding in found
            if not (finding.what is Difference.ORDER_INVENTED and finding.subject in sent)
        )
    if sight.standing == "CLEAN" and moment.began_ns(sight) > max(moment.changed_ns, moment.lied_ns):
        happened_ns = max(moment.changed_ns, *moment.touched_ns.values(), 0)
        is_overdue = moment.now_ns - happened_ns > unseen_secs * NS
        yield from (f"CLEAN while different: {finding}" for finding in found if is_overdue or finding.what in POSITION)
