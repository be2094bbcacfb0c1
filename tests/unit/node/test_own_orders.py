"""Know the own orders without a cache: what the journal must say, and whose an order of the stream is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from trueup.core import EXTERNAL_OWNER, OwnerSource
from trueup.journal.events import EntryMaker
from trueup.journal.journal import Journal
from trueup.journal.place import Place
from trueup.journal.values import Source
from trueup.node.announcer import LifeCycleEvent
from trueup.node.own_journal import OWN_ORDERS, OWN_ORDERS_MAX, WrittenOrders, read_orders
from trueup.node.v1.own_orders import OwnOrders
from trueup.node.v1.shared_names import rename_on_stream, renamed

DESK, MAKER = "Desk-001", "Maker-002"
OWN, UUID = "O-20261122-171041-007-001-12", "58dfc5e7-1294-4b20-958a-74c0c72cf41b"
INSTRUMENT = "AAA.VENUE"


def node_with(*strategies: str) -> Any:
    return SimpleNamespace(trader=SimpleNamespace(strategy_ids=lambda: list(strategies)), trader_id="TRADER-007")


class Engine:
    """Make orders of reports as an engine does: for whom it was decided, else for whom it finds itself."""

    def __init__(self) -> None:
        self.decided: list[str | None] = []
        self.owner: str | None = None

    def seed_for(self, owner: str | None, seed: Callable[[], object]) -> None:
        self.owner = owner
        seed()

    def _generate_order(self, report: Any, is_external: bool = True) -> str:
        self.decided.append(self.owner)
        return str(report.client_order_id.value)


def report(name: str) -> Any:
    return SimpleNamespace(instrument_id=SimpleNamespace(value=INSTRUMENT), client_order_id=SimpleNamespace(value=name))


def test_the_journal_has_to_say_only_what_the_name_does_not() -> None:
    own = OwnOrders(node_with(DESK, MAKER))
    assert not own.note(OWN, DESK, sent=True), "its name says it"
    assert own.note(OWN, MAKER, sent=False), "its name says another one"
    assert own.note(UUID, DESK, sent=True)
    assert not own.note(UUID, DESK, sent=True), "once"
    assert not own.note("web_1", EXTERNAL_OWNER, sent=False), "nobody is not written down"
    assert own.note("web_2", DESK, sent=False)
    assert [own.has_sent(name) for name in (OWN, UUID, "web_2")] == [True, True, False]
    assert own.evidence.owner_of(UUID) is not None


def test_what_is_remembered_is_bounded() -> None:
    own = OwnOrders(node_with(DESK))
    for number in range(OWN_ORDERS_MAX + 10):
        own.note(f"x{number}", DESK, sent=True)
    assert len(own.evidence.journalled) == OWN_ORDERS_MAX
    assert not own.has_sent("x0")
    assert own.has_sent(f"x{OWN_ORDERS_MAX}")


def test_a_strategy_that_comes_later_is_read_in_names_from_then_on() -> None:
    strategies: list[str] = []
    node = SimpleNamespace(trader=SimpleNamespace(strategy_ids=lambda: strategies), trader_id="TRADER-007")
    own = OwnOrders(node)
    assert own.evidence.owner_of(OWN) is None
    strategies.append(DESK)
    found = own.evidence.owner_of(OWN)
    assert found is not None
    assert (found.name, found.source) == (DESK, OwnerSource.NAME)


def test_the_stream_gives_a_lost_order_to_its_sender_a_hands_to_the_only_trader_and_another_nodes_to_nobody() -> None:
    engine, own = Engine(), OwnOrders(node_with(DESK, MAKER))
    own.remember(WrittenOrders({UUID: MAKER}, frozenset({UUID})))
    traders: dict[str, frozenset[str]] = {}
    claim: list[Any] = [None]
    is_planned = [False]
    own.decide_for_stream(engine, engine.seed_for, lambda: is_planned[0], lambda _: claim[0], lambda: traders)
    generate = engine._generate_order
    for name in (OWN, UUID, "web_1", "O-20261122-171041-008-001-1"):
        assert generate(report(name)) == name
    traders[INSTRUMENT] = frozenset({MAKER})
    generate(report("web_1"))
    generate(report("O-20261122-171041-008-001-1"))
    claim[0] = SimpleNamespace(value=DESK)
    generate(report("web_1"))
    generate(report("web_1"), False)
    is_planned[0], engine.owner = True, "by the plan"
    generate(report(OWN))
    assert engine.decided == [DESK, MAKER, None, EXTERNAL_OWNER, MAKER, EXTERNAL_OWNER, None, None, "by the plan"]


def test_whatever_goes_wrong_the_engine_decides_by_itself() -> None:
    engine, own = Engine(), OwnOrders(node_with(DESK))

    def broken(_: Any) -> Any:
        raise RuntimeError("no claims")

    own.decide_for_stream(engine, engine.seed_for, lambda: False, broken, dict)
    assert engine._generate_order(report(OWN)) == OWN
    assert engine.decided == [None]


def test_what_was_written_down_is_read_back_and_of_this_node_alone(tmp_path: Path) -> None:
    place, mine, other = Place.parse(tmp_path / "journal.sqlite3"), Source(trader_id="A-1"), Source(trader_id="B-2")
    assert read_orders(place, mine) == WrittenOrders(), "there is no journal yet"
    said = (
        (mine, {"orders": {UUID: DESK, "web_1": DESK}, "sent": [UUID]}),
        (mine, {"orders": {"web_1": MAKER}, "sent": []}),
        (other, {"orders": {"y": DESK}, "sent": ["y"]}),
    )
    maker = EntryMaker(60.0)
    for number, (source, data) in enumerate(said):
        journal = Journal.open(place, source=source)
        for entry in maker.entries(LifeCycleEvent(OWN_ORDERS, 1_000 + number, data)):
            journal.append(entry)
        journal.close(10.0)
    assert read_orders(place, mine) == WrittenOrders({UUID: DESK, "web_1": MAKER}, frozenset({UUID}))
    (tmp_path / "broken.sqlite3").write_bytes(b"no database at all" * 100)
    assert read_orders(Place.parse(tmp_path / "broken.sqlite3"), mine) == WrittenOrders(), "it goes on without"


def test_a_name_that_the_venue_uses_again_is_made_the_orders_own_by_its_number() -> None:
    frame = b'{"e":"ORDER_TRADE_UPDATE","o":{"s":"BTCUSDT","c":"adl_autoclose","S":"SELL","i":77,"t":0}}'
    assert renamed(frame) == frame.replace(b"adl_autoclose", b"adl_autoclose-77")
    assert renamed(renamed(frame)) == renamed(frame)
    other = frame.replace(b"adl_autoclose", b"autoclose-1")
    assert renamed(other) is other
    heard: list[bytes] = []
    client = SimpleNamespace(
        _futures_user_ws_handlers={"ORDER_TRADE_UPDATE": heard.append, "MARGIN_CALL": heard.append}
    )
    rename_on_stream([client, SimpleNamespace()])
    client._futures_user_ws_handlers["ORDER_TRADE_UPDATE"](frame)
    assert heard == [renamed(frame)]
