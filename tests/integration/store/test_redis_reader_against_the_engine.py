"""What the reader makes of a store, beside what the engine that wrote it holds in its own cache.

The expected side is read off the engine's own objects in the engine's own process (`engine_world`); no code is shared.
"""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.store.conftest import engine
from trueup.model.coverage import RecordKind
from trueup.model.enums import Leg, OrderStatus
from trueup.model.fills import FillRecord
from trueup.model.orders import OrderRecord
from trueup.store.embedded import EmbeddedValkey
from trueup.store.fold_orders import StoredOrder
from trueup.store.fold_positions import StoredPosition
from trueup.store.reading import StoreReading
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader

pytestmark = pytest.mark.server

FUTURES = "BINANCE-USDT_FUTURES-master"
INSTANCE = "0d6a2f43-4c8e-4fd8-9d3f-6e6f3a2b1c0d"

OLDEST_PYTHON = Path(__file__).parents[3] / ".venv-oldest/bin/python"
"""The second environment that the makefile sets up, with the oldest supported engine."""

FORMS: dict[str, dict[str, Any]] = {
    "msgpack": {"encoding": "msgpack"},
    "json": {"encoding": "json"},
    "json with ISO times": {"encoding": "json", "iso8601": True},
    "msgpack with instance id": {"use_instance_id": True, "instance_id": INSTANCE},
    "json without trader prefix": {"encoding": "json", "use_trader_prefix": False},
    "msgpack, stored at the end": {"aside": True},
    "json with ISO times, stored at the end": {"encoding": "json", "iso8601": True, "aside": True},
    "oldest engine, json, stored at the end": {"python": OLDEST_PYTHON, "encoding": "json", "aside": True},
    "oldest engine, msgpack": {"python": OLDEST_PYTHON},
    "oldest engine, json": {"python": OLDEST_PYTHON, "encoding": "json"},
}


def keys_of(options: dict[str, Any]) -> StoreKeys:
    """Return the keys that a node with these options uses."""
    return StoreKeys(
        "TESTER-001",
        use_trader_prefix=options.get("use_trader_prefix", True),
        instance_id=options.get("instance_id"),
    )


@pytest.fixture(scope="module", params=FORMS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give the reading of a store and the state of the engine that wrote it, in every form that 1.x writes."""
    options = FORMS[request.param]
    with (
        EmbeddedValkey.start(tmp_path_factory.mktemp("valkey")) as server,
        engine(server, **options) as state,
        RedisReader(server.address, keys_of(options), spot_commission_added="python" in options) as reader,
    ):
        yield reader.read_settled(), state


def as_the_engine_says(order: StoredOrder) -> dict[str, Any]:
    """Spell an order of the reading as the engine's dump spells it, except its average price and its fills."""
    record: OrderRecord = order.record
    return {
        "status": str(record.status),
        "side": str(record.side),
        "type": str(record.order_type),
        "time_in_force": str(record.time_in_force),
        "instrument_id": record.instrument_id,
        "strategy_id": record.owner,
        "venue_order_id": record.venue_order_id,
        "account_id": order.account_id,
        "quantity": str(record.quantity),
        "filled_qty": str(record.filled_quantity),
        "price": None if record.price is None else str(record.price),
        "trigger_price": None if record.trigger_price is None else str(record.trigger_price),
        "post_only": record.post_only,
        "reduce_only": record.reduce_only,
        "is_open": record.is_open,
        "ts_submitted": record.submitted_ns,
        "ts_accepted": record.accepted_ns,
        "ts_last": record.updated_ns,
        "expire_time_ns": record.expires_ns,
        "linked": list(record.contingent_ids),
        "event_count": order.event_count,
    }


def fill_as_the_engine_says(fill: FillRecord) -> dict[str, Any]:
    """Spell a fill of the reading as the engine's dump spells it, except for the flag that we interpret."""
    return {
        "trade_id": fill.trade_id,
        "quantity": str(fill.quantity),
        "price": str(fill.price),
        "side": str(fill.side),
        "commission": fill.commission.normalize(),
        "currency": fill.commission_currency,
        "ts_event": fill.time_ns,
        "maker": fill.liquidity == "MAKER",
    }


def without_flag(fill: dict[str, Any]) -> dict[str, Any]:
    """Return a dumped fill in the same spelling."""
    return {name: value for name, value in fill.items() if name != "reconciliation"} | {
        "commission": Decimal(fill["commission"]).normalize()
    }


def test_every_order_is_what_the_engine_holds(both: tuple[StoreReading, dict[str, Any]]) -> None:
    reading, state = both
    assert reading.settled
    assert [order.record.name for order in reading.orders] == sorted(state["orders"])
    for order in reading.orders:
        expected = dict(state["orders"][order.record.name])
        average, fills, _ = expected.pop("avg_px"), expected.pop("fills"), expected.pop("position_id")
        # The dump has no zero quantity in the order's precision before the first fill.
        expected["filled_qty"] = expected["filled_qty"] if fills else "0"
        assert as_the_engine_says(order) == expected
        assert [fill_as_the_engine_says(fill) for fill in order.fills] == [without_flag(fill) for fill in fills]
        if fills:
            assert float(order.record.average_price or 0) == pytest.approx(average, rel=1e-12)
        else:
            assert order.record.average_price is None


def test_the_engine_left_an_order_in_every_status_that_exists(both: tuple[StoreReading, dict[str, Any]]) -> None:
    reading, _ = both
    assert {order.record.status for order in reading.orders} == set(OrderStatus)


def test_every_position_is_what_the_engine_holds(both: tuple[StoreReading, dict[str, Any]]) -> None:
    reading, state = both
    assert [position.record.position_id for position in reading.positions] == sorted(state["positions"])
    for position in reading.positions:
        record = position.record
        expected = state["positions"][str(record.position_id)]
        assert record.instrument_id == expected["instrument_id"]
        assert record.owner == expected["strategy_id"]
        assert position.account_id == expected["account_id"]
        assert record.quantity == Decimal(expected["signed_qty"])
        assert (record.opened_ns, record.updated_ns) == (expected["ts_opened"], expected["ts_last"])
        assert record.adjusted == expected["adjusted"]
        assert [fill_as_the_engine_says(fill) for fill in record.fills] == [
            without_flag(fill) for fill in expected["fills"]
        ]
        if record.is_open:
            assert float(record.average_price or 0) == pytest.approx(expected["avg_px_open"], rel=1e-12)
        else:
            assert record.average_price is None


def test_the_engine_left_every_sort_of_position(both: tuple[StoreReading, dict[str, Any]]) -> None:
    reading, _ = both
    by_name: dict[str, StoredPosition] = {str(one.record.position_id): one for one in reading.positions}
    quantity = {name.removeprefix("BTCUSDT-PERP.BINANCE-"): one.record.quantity for name, one in by_name.items()}
    assert quantity["LONG-011"] == Decimal("2.5")
    assert quantity["SHORT-002"] == Decimal("-0.7")
    assert quantity["FLAT-003"] == 0
    assert quantity["AGAIN-004"] == Decimal("-0.25")
    assert quantity["FLIP-005"] == Decimal("-1.0")
    assert quantity["PART-006"] == Decimal("1.0")
    assert (quantity["LONG"], quantity["SHORT"]) == (Decimal(2), Decimal("-1.5"))
    legs = {name: one.record.leg for name, one in by_name.items() if one.record.leg is not Leg.BOTH}
    assert legs == {"BTCUSDT-PERP.BINANCE-LONG": Leg.LONG, "BTCUSDT-PERP.BINANCE-SHORT": Leg.SHORT}


def test_the_last_account_state_is_what_the_engine_holds(both: tuple[StoreReading, dict[str, Any]]) -> None:
    reading, state = both
    found = {
        account.account_id: {
            balance.currency: [balance.total, balance.locked, balance.free] for balance in account.balances
        }
        for account in reading.accounts
    }
    expected = {
        account: {currency: [Decimal(text) for text in amounts] for currency, amounts in balances.items()}
        for account, balances in state["accounts"].items()
    }
    assert found == expected


def test_the_node_itself_wrote_nothing_that_is_a_problem(both: tuple[StoreReading, dict[str, Any]]) -> None:
    reading, _ = both
    assert [str(problem) for problem in reading.problems] == []


def test_only_fills_that_the_node_invented_are_marked(both: tuple[StoreReading, dict[str, Any]]) -> None:
    reading, state = both
    marked = {(order.record.name, fill.trade_id) for order in reading.orders for fill in order.fills if fill.synthetic}
    flagged = {
        (name, fill["trade_id"])
        for name, order in state["orders"].items()
        for fill in order["fills"]
        if fill["reconciliation"]
    }
    assert marked < flagged, "a venue's own fill that a reconciliation learnt carries the flag and is no invention"
    (learnt,) = flagged - marked
    assert learnt[1].isdigit()
    assert "MADE-UP" in {name for name, _ in marked}, "an order that the engine made up makes its fills invented"


def test_a_flip_through_an_invented_fill_is_marked_in_the_position(both: tuple[StoreReading, dict[str, Any]]) -> None:
    reading, _ = both
    snapshot = reading.snapshot(FUTURES)
    (flipped,) = (one for one in snapshot.positions if str(one.position_id).endswith("FLIP-005"))
    assert [fill.synthetic for fill in flipped.fills] == [True, False]
    assert [fill.quantity for fill in flipped.fills] == [Decimal("0.750"), Decimal("0.250")]


def test_a_snapshot_holds_one_account(both: tuple[StoreReading, dict[str, Any]]) -> None:
    reading, state = both
    futures, other = reading.snapshot(FUTURES), reading.snapshot("OTHER-001")
    assert futures.coverage.incomplete(RecordKind) == ()
    assert {position.owner for position in other.positions} == {"SPOT-008"}
    assert len(futures.positions) + len(other.positions) == len(state["positions"])
    submitted = {name for name, order in state["orders"].items() if order["account_id"] == FUTURES}
    assert submitted <= set(futures.order_by_client_id)
    assert len(futures.fills) + len(other.fills) == sum(len(order["fills"]) for order in state["orders"].values())
    assert ("ETHUSDT-PERP.BINANCE", "RENAMED-1") in futures.order_by_venue_id
    ((_, former, name),) = futures.venue_ids
    assert futures.order_by_client_id[name].venue_order_id == "RENAMED-1"
    assert former.startswith("V-")


def plain(value: Any) -> Any:
    """Return records in the spelling of the other process."""
    return json.loads(json.dumps(value, default=lambda one: dataclasses.asdict(one) if is_record(one) else str(one)))


def is_record(value: Any) -> bool:
    """Return whether a value is a record of the model."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def comparable(value: Any) -> Any:
    """Return a part of a snapshot with every number in one spelling."""
    if isinstance(value, list):
        return [comparable(one) for one in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for name, field in value.items():
        if name.endswith(("quantity", "price", "commission", "total", "locked", "free")) and field is not None:
            # The engine's average of a position is a binary fraction, ours is exact.
            number = Decimal(field)
            result[name] = (round(number, 9) if name == "average_price" else number).normalize()
        else:
            result[name] = comparable(field)
    return result


@pytest.mark.parametrize("part", ["orders", "fills", "positions", "balances", "venue_ids"])
@pytest.mark.parametrize("account_id", [FUTURES, "OTHER-001"])
def test_the_readers_inside_and_outside_the_node_say_the_same(
    both: tuple[StoreReading, dict[str, Any]], account_id: str, part: str
) -> None:
    """Compare with `CacheReader` in the engine's process: every record, in every field."""
    reading, state = both
    inside, outside = (
        sorted(comparable(records), key=str)
        for records in (state["snapshots"][account_id][part], plain(getattr(reading.snapshot(account_id), part)))
    )
    assert inside == outside
    assert outside or (account_id, part) == ("OTHER-001", "venue_ids")
