"""What the venue said of an order that has ended is asked for until both sides agree, and not again."""

from __future__ import annotations

from nautilus_trader.model.enums import OrderStatus

from tests.unit.venues.test_reader import ACCOUNT, BTC, order_report
from trueup.venues.draft import ReadingDraft
from trueup.venues.questions import About, Question
from trueup.venues.told import TOLD_MAX, ToldOrders

NOBODY: frozenset[str] = frozenset()


def ask(number: str, about: About = About.ORDER) -> Question:
    return Question(about, BTC.value, number, f"O-{number}")


def look(
    told: ToldOrders,
    *numbers: str,
    put: int = 100,
    disputed: frozenset[str] = NOBODY,
    status: OrderStatus = OrderStatus.CANCELED,
) -> tuple[list[str], ReadingDraft]:
    """Make a look that may put so many questions; return those that it would put, in their order."""
    draft = ReadingDraft(account_id=ACCOUNT.value, started_ns=1, in_scope=lambda _: True)
    told.begin()
    left = told.answer(draft, [ask(number) for number in numbers])
    for question in left[:put]:
        draft.add_order(order_report(question.venue_order_id, status))
        draft.answered(question)
    if told.is_waiting:  # as a look does: without, there is nothing to learn
        told.learn(draft, disputed)
    return [question.venue_order_id for question in left], draft


def test_an_order_that_has_ended_and_is_agreed_on_is_asked_for_once_and_is_in_every_reading() -> None:
    told = ToldOrders()
    assert look(told, "1", "2")[0] == ["1", "2"]
    left, draft = look(told, "1", "2", "3")
    assert left == ["3"]
    assert {number for _, number in draft.orders} == {"1", "2", "3"}


def test_what_a_look_could_not_put_comes_first_in_the_next_so_that_every_question_is_put() -> None:
    told = ToldOrders()
    open_ = OrderStatus.ACCEPTED  # never remembered: it may change
    assert look(told, "1", "2", "3", put=2, status=open_)[0] == ["1", "2", "3"]
    assert look(told, "1", "2", "3", put=2, status=open_)[0] == ["3", "1", "2"]
    assert look(told, "1", "2", "3", put=2, status=open_)[0] == ["2", "1", "3"]
    assert len(told) == 0


def test_an_order_on_which_the_sides_differ_is_asked_for_anew_in_every_look() -> None:
    told = ToldOrders()
    look(told, "1", "2", disputed=frozenset({"O-1"}))
    assert look(told, "1", "2")[0] == ["1"]
    look(told, disputed=frozenset({"2"}))  # it had been agreed on
    assert look(told, "1", "2")[0] == ["2"]


def test_an_answer_about_fills_is_nobodys_state_and_an_order_that_is_not_known_is_not_remembered() -> None:
    told = ToldOrders()
    draft = ReadingDraft(account_id=ACCOUNT.value, started_ns=1, in_scope=lambda _: True)
    told.begin()
    for question in told.answer(draft, [ask("1", About.FILLS), ask("2")]):
        draft.answered(question, unknown=question.about is About.ORDER)
    told.learn(draft, NOBODY)
    assert len(told) == 0


def test_of_more_orders_than_any_window_holds_the_newest_are_remembered() -> None:
    told = ToldOrders()
    look(told, *(str(number) for number in range(TOLD_MAX + 5)), put=TOLD_MAX + 5)
    assert len(told) == TOLD_MAX
    assert look(told, "3", str(TOLD_MAX))[0] == ["3"]


def test_a_look_that_asked_nothing_and_remembers_nothing_has_nothing_to_learn() -> None:
    told = ToldOrders()
    assert not told.is_waiting
    look(told, "1")
    assert told.is_waiting
    look(told, disputed=frozenset({"1"}))
    assert not told.is_waiting
