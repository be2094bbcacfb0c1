"""The taps on a node: whatever is tapped behaves as before, and what is heard is classified."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from trueup.monitor.eyes import Taps
from trueup.node.v1.taps import NodeTaps, outcome_of


class VenueError(Exception):
    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class NotSentError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TimeoutError(), "timeout"),
        (asyncio.CancelledError(), "timeout"),
        (VenueError("refused", status=429), "rate_limited"),
        (VenueError("{'code': -1003, 'msg': 'Too many requests'}"), "rate_limited"),
        (NotSentError("the minute's weight is used up"), "rate_limited"),
        (ConnectionError("read timed out"), "timeout"),
        (ConnectionError("503"), "failure"),
        (ValueError("a record is broken"), "failure"),
    ],
)
def test_a_question_that_failed_is_counted_by_what_it_failed_of(error: BaseException, outcome: str) -> None:
    assert outcome_of(error) == outcome


class Client:
    """Ask like an execution client."""

    id = SimpleNamespace(value="BINANCE")

    def __init__(self) -> None:
        self.answer: Any = ["report"]

    async def generate_order_status_reports(self, command: Any) -> Any:
        return await self._answer()

    async def generate_fill_reports(self, command: Any) -> Any:
        return await self._answer()

    async def generate_mass_status(self, lookback_mins: int | None = None) -> Any:
        return await self._answer()

    async def _answer(self) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        if self.answer == "hang":
            await asyncio.Event().wait()
        return self.answer


class Heard:
    """Write down what the taps say."""

    def __init__(self, *, raises: bool = False) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.raises = raises
        self.taps = Taps(
            venue_query=self._hear("query"),
            engine_check=self._hear("check"),
            external_order=self._hear("external"),
            synthetic_order=self._hear("synthetic"),
            inferred_fill=self._hear("inferred"),
        )

    def _hear(self, what: str) -> Any:
        def hear(*values: Any) -> None:
            self.said.append((what, *values))
            if self.raises:
                raise RuntimeError("the monitor is broken")

        return hear


def tapped(engine: Any = None, *, raises: bool = False) -> tuple[Client, Any, Heard, list[str]]:
    client, heard = Client(), Heard(raises=raises)
    claimed: list[str] = []
    engine = engine or SimpleNamespace()
    NodeTaps(engine, (client,), heard.taps, claimed.append).install()
    return client, engine, heard, claimed


def test_an_answer_is_passed_on_and_named_by_what_was_asked() -> None:
    client, _, heard, _ = tapped()

    async def ask() -> list[Any]:
        return [
            await client.generate_order_status_reports(SimpleNamespace(open_only=True)),
            await client.generate_order_status_reports(SimpleNamespace(open_only=False)),
            await client.generate_fill_reports(SimpleNamespace(venue_order_id=None)),
            await client.generate_fill_reports(SimpleNamespace(venue_order_id="V-1")),
            await client.generate_mass_status(60),
        ]

    assert asyncio.run(ask()) == [["report"]] * 5
    assert [(one[1], one[2], one[4]) for one in heard.said] == [
        ("BINANCE", "open_orders", "success"),
        ("BINANCE", "orders", "success"),
        ("BINANCE", "fills", "success"),
        ("BINANCE", "order_fills", "success"),
        ("BINANCE", "mass_status", "success"),
    ]


def test_an_exception_and_a_cancellation_are_passed_on_unchanged() -> None:
    client, _, heard, _ = tapped()
    client.answer = ConnectionError("503")
    with pytest.raises(ConnectionError, match="503"):
        asyncio.run(client.generate_fill_reports(SimpleNamespace()))
    client.answer = "hang"

    async def give_up() -> None:
        task = asyncio.ensure_future(client.generate_fill_reports(SimpleNamespace()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    assert [(one[4], one[5]) for one in heard.said] == [
        ("failure", "ConnectionError: 503"),
        ("timeout", "no answer within 0.0 s"),
    ]


def test_a_client_that_swallowed_its_failure_of_a_mass_status_did_not_answer() -> None:
    client, _, heard, _ = tapped()
    client.answer = None
    assert asyncio.run(client.generate_mass_status()) is None
    assert heard.said[0][4] == "failure"


def test_taps_that_raise_change_nothing_for_the_engine() -> None:
    order = SimpleNamespace(strategy_id=SimpleNamespace(value="S-1"), client_order_id=SimpleNamespace(value="O-1"))
    engine = SimpleNamespace(_generate_order=lambda report, is_external: order)
    client, engine, heard, _ = tapped(engine, raises=True)
    assert engine._generate_order("report", True) is order
    assert asyncio.run(client.generate_fill_reports(SimpleNamespace())) == ["report"]
    assert len(heard.said) == 2


@pytest.mark.parametrize(
    ("owner", "is_external", "said", "remembered"),
    [
        ("S-1", True, ("external", "claimed"), ["O-1"]),
        ("EXTERNAL", True, ("external", "unclaimed"), []),
        (None, True, ("external", "filtered"), []),
        ("EXTERNAL", False, ("synthetic",), []),
    ],
)
def test_an_order_that_the_engine_makes_is_told_by_who_owns_it(
    owner: str | None, is_external: bool, said: tuple[str, ...], remembered: list[str]
) -> None:
    order = None
    if owner is not None:
        order = SimpleNamespace(strategy_id=SimpleNamespace(value=owner), client_order_id=SimpleNamespace(value="O-1"))
    _, engine, heard, claimed = tapped(SimpleNamespace(_generate_order=lambda report, is_external: order))
    engine._generate_order("report", is_external=is_external)
    assert heard.said == [said]
    assert claimed == remembered


def test_a_fill_that_the_engine_was_not_allowed_to_invent_is_not_counted() -> None:
    def refuse(*_: Any) -> None:
        raise ValueError("trueup applies only fills that the venue reported")

    _, engine, heard, _ = tapped(SimpleNamespace(_generate_inferred_fill=refuse))
    with pytest.raises(ValueError, match="only fills"):
        engine._generate_inferred_fill("order", "report", "instrument")
    assert heard.said == []
    _, engine, heard, _ = tapped(SimpleNamespace(_generate_inferred_fill=lambda *_: "fill"))
    assert engine._generate_inferred_fill("order", "report", "instrument") == "fill"
    assert heard.said == [("inferred",)]


def test_the_engines_own_checks_are_timed_and_their_exceptions_passed_on() -> None:
    async def check() -> str:
        return "done"

    async def broken() -> None:
        raise KeyError("x")

    engine = SimpleNamespace(_check_inflight_orders=check, _check_orders_consistency=broken)
    _, engine, heard, _ = tapped(engine)
    assert asyncio.run(engine._check_inflight_orders()) == "done"
    with pytest.raises(KeyError):
        asyncio.run(engine._check_orders_consistency())
    assert [(one[1], one[3]) for one in heard.said] == [("engine_inflight", ""), ("engine_orders", "KeyError: 'x'")]
