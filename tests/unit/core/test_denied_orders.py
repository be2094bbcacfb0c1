"""Laws of a venue that neither lists nor knows working orders for a moment, while a node starts."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given

from tests.unit.core.test_laws import laws, lengths, look, losses, seeds, settings_for
from tests.unit.core.venue_model import Losses, VenueModel
from trueup.core import diff, plan
from trueup.core.two_look import absences
from trueup.model import Final, NodeSnapshot, VenueSnapshot


def denying(truth: VenueSnapshot, node: NodeSnapshot, random: Random) -> VenueSnapshot:
    """Return a reading in which some orders that work are neither listed nor known, nor any fill of them."""
    working = [one for one in truth.orders if not one.is_closed and one.client_order_id in node.order_by_client_id]
    gone = {one.venue_order_id for one in working if one.venue_order_id and random.random() < 0.7}
    names = {one.client_order_id for one in working if one.venue_order_id in gone and one.client_order_id}
    return replace(
        truth,
        orders=tuple(one for one in truth.orders if one.venue_order_id not in gone),
        fills=tuple(one for one in truth.fills if one.venue_order_id not in gone),
        unknown_orders=truth.unknown_orders | gone | names,
    )


def ended(seed: int, length: int, loss: Losses, *, sighted_before: bool) -> set[str | None]:
    """Return which of the orders that a venue denies are ended by a start that sees it so once, or again."""
    venue = VenueModel(random=Random(seed), losses=loss, is_claimed=True)
    venue.run(length)
    venue.damage()
    truth, node = look(venue)
    lie = denying(truth, node, Random(seed))
    found = diff(lie, node)
    first_seen = frozenset() if sighted_before else absences(found, lie)
    act_on = tuple(one for one in found if one.fingerprint not in first_seen)  # as `trueup.node.account` does
    made = plan(act_on, lie, node, settings_for(venue, at_startup=True))
    denied = {one.client_order_id for one in truth.orders} - {one.client_order_id for one in lie.orders}
    return denied & {step.order.client_order_id for step in made.steps if isinstance(step, Final)}


@laws
@given(seeds, lengths, losses)
def test_one_reading_that_denies_a_working_order_ends_it_in_no_node(seed: int, length: int, loss: Losses) -> None:
    assert not ended(seed, length, loss, sighted_before=False)


def test_two_readings_that_deny_it_are_believed() -> None:
    assert any(ended(seed, 20, Losses(), sighted_before=True) for seed in range(20))
