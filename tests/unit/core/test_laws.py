"""The laws of the core, over random venue histories and random losses of the node."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.core.engine_model import OWN, EngineModel
from tests.unit.core.venue_model import INSTRUMENTS, NOW, SECOND, Losses, VenueModel
from trueup.core import PlanSettings, compare, diff, plan
from trueup.model import (
    Coverage,
    Discrepancy,
    FailedQuery,
    Fill,
    Final,
    KindCoverage,
    NodeSnapshot,
    OpeningBalance,
    OrderRecord,
    Plan,
    RebuildInstrument,
    RefusalCode,
    Seed,
    VenueSnapshot,
    Window,
)
from trueup.node.applied import instrument_of

CLAIMS = dict.fromkeys(INSTRUMENTS, OWN)
NODE_READ_NS = NOW + 2 * SECOND

laws = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=80, derandomize=True)
campaign = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=4_000)


def history(seed: int, actions: int, losses: Losses, *, is_claimed: bool = True) -> VenueModel:
    venue = VenueModel(random=Random(seed), losses=losses, is_claimed=is_claimed)
    venue.run(actions)
    venue.damage()
    return venue


def settings_for(venue: VenueModel, *, at_startup: bool) -> PlanSettings:
    return PlanSettings(at_startup=at_startup, claims=CLAIMS if venue.is_claimed else {})


def look(venue: VenueModel, known_from_ns: int | None = 0) -> tuple[VenueSnapshot, NodeSnapshot]:
    return venue.snapshot(), venue.node.snapshot(NODE_READ_NS, known_from_ns)


def make_true(venue: VenueModel, *, at_startup: bool, known_from_ns: int | None = 0) -> Plan:
    truth, node = look(venue, known_from_ns)
    made = plan(diff(truth, node), truth, node, settings_for(venue, at_startup=at_startup))
    for step in made.steps:
        venue.node.apply(step)
    return made


def lines(discrepancies: tuple[Discrepancy, ...]) -> list[str]:
    return [discrepancy.explain() for discrepancy in discrepancies]


seeds = st.integers(0, 2**32)
lengths = st.integers(0, 40)
losses = st.builds(
    Losses,
    lose_event=st.sampled_from((0.0, 0.1, 0.4, 1.0)),
    down_from=st.sampled_from((0.0, 0.3, 0.7, 1.0)),
    corruptions=st.integers(0, 3),
    never_sent=st.integers(0, 2),
)
healable_losses = st.builds(
    Losses,
    lose_event=st.sampled_from((0.0, 0.1, 0.4)),
    down_from=st.sampled_from((0.3, 0.7, 1.0)),
    never_sent=st.integers(0, 2),
)


def check_startup_makes_the_node_equal(seed: int, length: int, loss: Losses, claimed: bool) -> None:
    venue = history(seed, length, loss, is_claimed=claimed)
    made = make_true(venue, at_startup=True)
    left = diff(*look(venue))
    assert not made.refused, [refusal.reason for refusal in made.refused]
    assert not left, lines(left)
    assert_equal_states(venue)


def assert_equal_states(venue: VenueModel) -> None:
    """Compare with the venue's own books, without the core."""
    for order in venue.orders.values():
        held = venue.node.orders.get(venue.node_name(order))
        assert held is not None, order
        assert (held.status, held.quantity, held.filled_quantity) == (
            order.status,
            order.quantity,
            order.filled_quantity,
        ), order
    booked = sorted((fill.instrument_id, fill.trade_id) for fills in venue.node.fills.values() for fill in fills)
    assert booked == sorted((fill.instrument_id, fill.trade_id) for fill in venue.fills)
    held_by_key: dict[tuple[str, str], float] = {}
    for position in venue.node.positions.values():
        key = (position.instrument_id, position.leg)
        held_by_key[key] = held_by_key.get(key, 0.0) + float(position.quantity)
        quantity, average = venue.held[(position.instrument_id, position.leg)]
        if quantity:
            assert float(position.average) == pytest.approx(float(average), rel=1e-9), key
    for key, (quantity, _) in venue.held.items():
        assert held_by_key.get(key, 0.0) == float(quantity), key


@laws
@given(seeds, lengths, losses, st.booleans())
def test_applying_the_plan_at_start_up_gives_the_venues_state(
    seed: int, length: int, loss: Losses, claimed: bool
) -> None:
    check_startup_makes_the_node_equal(seed, length, loss, claimed)


@pytest.mark.long
@campaign
@given(seeds, lengths, losses, st.booleans())
def test_applying_the_plan_at_start_up_gives_the_venues_state_in_a_long_campaign(
    seed: int, length: int, loss: Losses, claimed: bool
) -> None:
    check_startup_makes_the_node_equal(seed, length, loss, claimed)


@laws
@given(seeds, lengths, losses)
def test_applying_twice_changes_nothing(seed: int, length: int, loss: Losses) -> None:
    venue = history(seed, length, loss)
    make_true(venue, at_startup=True)
    before = venue.node.snapshot(NODE_READ_NS)
    again = make_true(venue, at_startup=True)
    assert again == Plan()
    assert venue.node.snapshot(NODE_READ_NS) == before


@laws
@given(seeds, lengths, st.booleans(), st.booleans())
def test_the_plan_for_equal_states_is_empty(seed: int, length: int, claimed: bool, at_startup: bool) -> None:
    venue = history(seed, length, Losses(), is_claimed=claimed)
    truth, node = look(venue)
    found = diff(truth, node, claims=CLAIMS if claimed else {})
    assert not found, lines(found)
    assert plan(found, truth, node, settings_for(venue, at_startup=at_startup)) == Plan()


@laws
@given(seeds, lengths, losses, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_the_input_lists_does_not_matter(
    seed: int, length: int, loss: Losses, shuffler: Random, at_startup: bool
) -> None:
    venue = history(seed, length, loss)
    truth, node = look(venue)
    found = diff(truth, node)
    made = plan(found, truth, node, settings_for(venue, at_startup=at_startup))
    shuffled_truth, shuffled_node = shuffled(truth, shuffler), shuffled(node, shuffler)
    found_again = diff(shuffled_truth, shuffled_node)
    assert found_again == found
    assert plan(found_again, shuffled_truth, shuffled_node, settings_for(venue, at_startup=at_startup)) == made


@laws
@given(seeds, lengths, losses)
def test_instruments_one_after_the_other_are_the_same_plan_and_give_the_venues_state(
    seed: int, length: int, loss: Losses
) -> None:
    venue = history(seed, length, loss)
    truth, node = look(venue)
    found = diff(truth, node)
    together = plan(found, truth, node, settings_for(venue, at_startup=True))
    apart = plan(found, truth, node, replace(settings_for(venue, at_startup=True), apart_steps_min=0))
    assert apart == replace(together, steps=tuple(sorted(together.steps, key=instrument_of)))
    just_short = replace(settings_for(venue, at_startup=True), apart_steps_min=len(together.steps) + 1)
    assert plan(found, truth, node, just_short) == together
    for step in apart.steps:
        venue.node.apply(step)
    assert not diff(*look(venue))
    assert_equal_states(venue)


def shuffled[S: (VenueSnapshot, NodeSnapshot)](snapshot: S, shuffler: Random) -> S:
    def mixed[T](records: tuple[T, ...]) -> tuple[T, ...]:
        copied = list(records)
        shuffler.shuffle(copied)
        return tuple(copied)

    return replace(
        snapshot,
        orders=mixed(snapshot.orders),
        fills=mixed(snapshot.fills),
        positions=mixed(snapshot.positions),
    )


@laws
@given(seeds, lengths, losses)
def test_at_run_time_every_step_is_accepted_and_what_stays_is_refused_with_a_reason(
    seed: int, length: int, loss: Losses
) -> None:
    venue = history(seed, length, loss)
    made = make_true(venue, at_startup=False)
    left = diff(*look(venue))
    refused = {fingerprint for refusal in made.refused for fingerprint in refusal.fingerprints}
    instruments = {refusal.instrument_id for refusal in made.refused}
    silent = [one for one in left if one.fingerprint not in refused and one.subject.instrument_id not in instruments]
    assert not silent, lines(tuple(silent))
    assert all(refusal.reason and refusal.action for refusal in made.refused)


@laws
@given(seeds, lengths, healable_losses)
def test_lost_events_alone_are_healed_at_run_time_or_wait_for_a_rebuild(seed: int, length: int, loss: Losses) -> None:
    """Reports cannot reopen an expired order for a late fill, nor average a position across zero."""
    venue = history(seed, length, loss)
    made = make_true(venue, at_startup=False)
    left = diff(*look(venue))
    assert {one.subject.instrument_id for one in left} <= {refusal.instrument_id for refusal in made.refused}
    assert {refusal.code for refusal in made.refused} <= {RefusalCode.NEEDS_REBUILD}


@laws
@given(seeds, lengths, losses, st.booleans())
def test_a_heal_at_run_time_and_a_start_up_after_it_end_in_the_venues_state(
    seed: int, length: int, loss: Losses, claimed: bool
) -> None:
    venue = history(seed, length, loss, is_claimed=claimed)
    make_true(venue, at_startup=False)
    make_true(venue, at_startup=True)
    assert not diff(*look(venue))
    assert_equal_states(venue)


@laws
@given(seeds, lengths, st.booleans())
def test_a_cold_start_rebuilds_what_is_alive_and_the_next_start_changes_nothing(
    seed: int, length: int, claimed: bool
) -> None:
    venue = history(seed, length, Losses(down_from=0.0), is_claimed=claimed)
    venue.node = EngineModel(claims=dict(venue.node.claims))
    made = make_true(venue, at_startup=True, known_from_ns=None)
    assert not made.refused
    assert not diff(*look(venue, None))
    for (instrument_id, leg), (quantity, average) in venue.held.items():
        held = [p for p in venue.node.positions.values() if (p.instrument_id, p.leg) == (instrument_id, leg)]
        assert sum(float(p.quantity) for p in held) == float(quantity)
        if quantity:
            assert float(held[0].average) == pytest.approx(float(average), rel=1e-9)
    for order in venue.orders.values():
        if order.is_open:
            assert venue.node.orders[venue.node_name(order)].filled_quantity == order.filled_quantity
    before = venue.node.snapshot(NODE_READ_NS, None)
    assert make_true(venue, at_startup=True, known_from_ns=None) == Plan()
    assert venue.node.snapshot(NODE_READ_NS, None) == before


@laws
@given(seeds, lengths, losses, st.sampled_from(("orders_open", "orders_closed", "fills", "positions")), st.booleans())
def test_a_hole_in_the_coverage_never_heals_from_absence(
    seed: int, length: int, loss: Losses, hole: str, at_startup: bool
) -> None:
    """Hide records behind a failed query: nothing may be ended, purged or moved because of what was not read."""
    venue = history(seed, length, loss)
    truth, node = look(venue)
    hidden = hide(truth, hole)
    made = plan(diff(hidden, node), hidden, node, settings_for(venue, at_startup=at_startup))
    for step in made.steps:
        if isinstance(step, Final):
            listed = hidden.order_by_venue_id.get((step.order.instrument_id, step.order.venue_order_id or ""))
            is_said = listed is not None and listed.status is step.order.status
            assert is_said or step.order.client_order_id in hidden.unknown_orders, step
        assert not isinstance(step, (RebuildInstrument, OpeningBalance)), step
        if isinstance(step, Fill):
            assert step.fill.key in hidden.fill_by_key
        if isinstance(step, Seed):
            assert (step.order.instrument_id, step.order.venue_order_id) in hidden.order_by_venue_id


def hide(truth: VenueSnapshot, hole: str) -> VenueSnapshot:
    window = Window(0, truth.ended_ns)
    failed = KindCoverage(asked=window, failures=(FailedQuery(query=hole, reason="503"),))
    coverage = replace(truth.coverage, **{hole: failed})
    match hole:
        case "orders_open":
            orders = tuple(order for order in truth.orders if not order.is_open)
            return replace(truth, coverage=coverage, orders=orders, unknown_orders=frozenset())
        case "orders_closed":
            orders = tuple(order for order in truth.orders if order.is_open)
            return replace(truth, coverage=coverage, orders=orders)
        case "fills":
            return replace(truth, coverage=coverage, fills=())
        case _:
            return replace(truth, coverage=coverage, positions=())


@laws
@given(seeds, lengths, losses, st.sampled_from((0.2, 0.6, 1.0)), st.sampled_from((0.0, 0.6, 1.0)), *[st.booleans()] * 2)
@example(2, 12, Losses(lose_event=1.0, corruptions=1, never_sent=2), 1.0, 0.0, True, False)
def test_lists_that_are_short_and_claim_to_be_whole_purge_no_order_of_the_venue(
    seed: int, length: int, loss: Losses, orders_kept_out: float, fills_kept_out: float, is_flat: bool, denies: bool
) -> None:
    """Whatever the lists leave out, the venue's answers about single orders stand against it, and so does any fill.

    A position that is open mostly shows that fills are missing; one that was closed since says nothing. A venue may
    deny every order as well: then those stay of which it lists a fill.
    """
    venue = VenueModel(random=Random(seed), losses=loss, is_claimed=True)
    venue.run(length)
    if is_flat:
        venue.flatten()
    venue.damage()
    truth, node = look(venue)
    random = Random(seed)
    short = replace(
        truth,
        orders=tuple(one for one in truth.orders if random.random() >= orders_kept_out),
        fills=tuple(one for one in truth.fills if random.random() >= fills_kept_out),
        unknown_orders=frozenset(node.order_by_client_id) if denies else truth.unknown_orders,
    )
    made = plan(diff(short, node), short, node, settings_for(venue, at_startup=True))
    proven = {fill.venue_order_id for fill in short.fills} if denies else set(venue.orders)
    real = {venue.node_name(order) for number, order in venue.orders.items() if number in proven}
    new = {step.order.client_order_id for step in made.steps if isinstance(step, Seed) and step.is_new}
    for step in made.steps:
        if isinstance(step, RebuildInstrument):
            gone = set(step.purge_order_ids) - {name for name, _ in step.restore_order_ids} - new
            assert not gone & real, step


@laws
@given(seeds, lengths, losses)
def test_nothing_read_is_nothing_known(seed: int, length: int, loss: Losses) -> None:
    venue = history(seed, length, loss)
    node = venue.node.snapshot(NODE_READ_NS)
    blind = VenueSnapshot(account_id=node.account_id, started_ns=NOW, ended_ns=NOW)
    claims_of_absence = [one for one in diff(blind, node) if "OWNER" not in one.kind and "DUPLICATED" not in one.kind]
    assert not claims_of_absence, lines(tuple(claims_of_absence))


@laws
@given(seeds, lengths, losses)
def test_discrepancies_have_stable_fingerprints_and_one_line_each(seed: int, length: int, loss: Losses) -> None:
    venue = history(seed, length, loss)
    truth, node = look(venue)
    first, second = compare(truth, node), compare(truth, node)
    assert [one.fingerprint for one in first.discrepancies] == [one.fingerprint for one in second.discrepancies]
    assert all("\n" not in one.explain() for one in first.discrepancies)


@laws
@given(seeds, lengths, st.floats(0.1, 0.9), st.booleans())
def test_a_cold_start_on_a_history_that_begins_in_the_middle_keeps_every_position(
    seed: int, length: int, share: float, claimed: bool
) -> None:
    """Positions older than the window get an opening balance, priced so that the average is the venue's."""
    venue = history(seed, length, Losses(down_from=0.0), is_claimed=claimed)
    venue.node = EngineModel(claims=dict(venue.node.claims))
    start_ns = int(1_000 * SECOND + share * (venue.time_ns - 1_000 * SECOND)) + 1
    truth = since(venue.snapshot(), start_ns)
    node = venue.node.snapshot(NODE_READ_NS, None)
    made = plan(diff(truth, node), truth, node, settings_for(venue, at_startup=True))
    for step in made.steps:
        venue.node.apply(step)
    refused = {refusal.instrument_id for refusal in made.refused}
    assert {refusal.code for refusal in made.refused} <= {
        RefusalCode.FILLS_INCOMPLETE,
        RefusalCode.POSITION_UNEXPLAINED,
        RefusalCode.PRICE_UNKNOWN,
        RefusalCode.HISTORY_INCOMPLETE,
    }
    for (instrument_id, leg), (quantity, average) in venue.held.items():
        if instrument_id in refused:
            continue
        held = [p for p in venue.node.positions.values() if (p.instrument_id, p.leg) == (instrument_id, leg)]
        assert sum(float(p.quantity) for p in held) == float(quantity)
        if quantity:
            assert float(held[0].average) == pytest.approx(float(average), rel=1e-9)
    if not refused:
        node = venue.node.snapshot(NODE_READ_NS, None)
        left = diff(truth, node)
        assert not left, lines(left)


def since(truth: VenueSnapshot, start_ns: int, asked: frozenset[str] = frozenset()) -> VenueSnapshot:
    """Return a reading whose history begins at an instant.

    Older fills and older closed orders are not listed, unless the order was asked for by itself.
    """
    full = Coverage.full(truth.ended_ns, start_ns)
    return replace(
        truth,
        orders=tuple(o for o in truth.orders if o.is_open or o.updated_ns >= start_ns or o.venue_order_id in asked),
        fills=tuple(f for f in truth.fills if f.time_ns >= start_ns or f.venue_order_id in asked),
        coverage=replace(full, fills=replace(full.fills, orders=asked)),
    )


@laws
@given(seeds, lengths, healable_losses)
def test_a_warm_start_on_a_short_window_never_touches_what_lies_before_it(seed: int, length: int, loss: Losses) -> None:
    """A node that lost nothing is left alone whatever the window (phantom orders of the native engine: 6b, 6l)."""
    venue = history(seed, length, Losses())
    for share in (0.2, 0.6, 0.95):
        start_ns = int(1_000 * SECOND + share * (venue.time_ns - 1_000 * SECOND))
        truth = since(venue.snapshot(), start_ns)
        for known_from_ns in (0, None, start_ns):
            node = venue.node.snapshot(NODE_READ_NS, known_from_ns)
            left = diff(truth, node)
            assert not left, lines(left)


@laws
@given(seeds, lengths, healable_losses)
def test_a_warm_start_on_a_short_window_heals_what_was_lost_inside_it(seed: int, length: int, loss: Losses) -> None:
    venue = history(seed, length, Losses(down_from=0.6, never_sent=loss.never_sent))
    heard = [order.updated_ns for order in venue.node.orders.values() if order.venue_order_id is not None]
    heard_ns = max(heard, default=0)
    node = venue.node.snapshot(NODE_READ_NS, None)
    asked = frozenset(o.venue_order_id or "" for o in venue.orders.values() if not known_closed(venue, o))
    truth = since(venue.snapshot(), max(0, heard_ns - SECOND), asked)
    made = plan(diff(truth, node), truth, node, settings_for(venue, at_startup=True))
    for step in made.steps:
        venue.node.apply(step)
    assert not made.refused, made.refused
    left = diff(truth, venue.node.snapshot(NODE_READ_NS, None))
    assert not left, lines(left)
    for key, (quantity, _) in venue.held.items():
        held = [p for p in venue.node.positions.values() if (p.instrument_id, p.leg) == key]
        assert sum(float(p.quantity) for p in held) == float(quantity), key


def known_closed(venue: VenueModel, order: OrderRecord) -> bool:
    held = venue.node.orders.get(venue.node_name(order))
    return held is None or held.is_closed
