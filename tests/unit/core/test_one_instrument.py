"""What is done on an instrument follows from what both sides have of it: no other has to be read to heal it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given

from tests.unit.core.test_laws import NODE_READ_NS, history, laws, lengths, losses, seeds, settings_for, since
from tests.unit.core.venue_model import INSTRUMENTS, SECOND, Losses
from trueup.core import diff, plan
from trueup.model import NodeSnapshot


def of_one(node: NodeSnapshot, instrument_id: str) -> NodeSnapshot:
    """Return what a node has of an instrument, as if it had nothing else."""
    return replace(
        node,
        orders=tuple(one for one in node.orders if one.instrument_id == instrument_id),
        positions=tuple(one for one in node.positions if one.instrument_id == instrument_id),
    )


@laws
@given(seeds, lengths, losses)
@example(7, 40, Losses(lose_event=0.4, down_from=0.7, corruptions=3, never_sent=2))
def test_what_is_found_and_done_on_an_instrument_does_not_depend_on_another(
    seed: int, length: int, loss: Losses
) -> None:
    venue = history(seed, length, loss)
    for share in (0.0, 0.5, 0.9):
        start_ns = int(1_000 * SECOND + share * (venue.time_ns - 1_000 * SECOND))
        truth = since(venue.snapshot(), start_ns)
        node = venue.node.snapshot(NODE_READ_NS, start_ns)
        found = diff(truth, node)
        for instrument_id in INSTRUMENTS:
            alone = of_one(node, instrument_id)
            found_alone = diff(truth, alone)
            ours = [one for one in found if one.subject.instrument_id == instrument_id]
            assert [one for one in found_alone if one.subject.instrument_id == instrument_id] == ours
            for at_startup in (True, False):
                terms = settings_for(venue, at_startup=at_startup)
                made = plan(ours, truth, node, terms, observed=found)
                assert plan(ours, truth, alone, terms, observed=found_alone) == made
