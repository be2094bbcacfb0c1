"""A history is recalled only when it reaches far enough and its symbol has not moved."""

from __future__ import annotations

from trueup.venues.binance.memo import History, HistoryMemo, Remembered


def held(memo: HistoryMemo, symbol: str, *, start_ms: int | None = 100, asked_ms: int = 500, mark: str = "m") -> None:
    for history in History:
        memo.remember(history, symbol, Remembered(start_ms, asked_ms, mark, [1, 2, 3]))


def test_a_symbol_of_which_both_histories_are_held_is_a_candidate() -> None:
    memo = HistoryMemo()
    held(memo, "BTCUSDT")
    memo.remember(History.FILLS, "ETHUSDT", Remembered(100, 500, "m", []))
    assert memo.candidates({"BTCUSDT", "ETHUSDT"}, {"BTCUSDT": "m", "ETHUSDT": "m"}, 200) == {"BTCUSDT": 500}
    assert memo.recall(History.ORDERS, "BTCUSDT") == [1, 2, 3]


def test_a_symbol_whose_position_or_working_orders_changed_is_asked_again() -> None:
    memo = HistoryMemo()
    held(memo, "BTCUSDT")
    assert memo.candidates({"BTCUSDT"}, {"BTCUSDT": "another"}, 200) == {}
    assert memo.candidates({"BTCUSDT"}, {}, 200) == {}


def test_a_question_that_reaches_further_back_is_asked() -> None:
    memo = HistoryMemo()
    held(memo, "BTCUSDT", start_ms=100)
    assert memo.candidates({"BTCUSDT"}, {"BTCUSDT": "m"}, 99) == {}
    assert memo.candidates({"BTCUSDT"}, {"BTCUSDT": "m"}, None) == {}
    held(memo, "BTCUSDT", start_ms=None)
    assert memo.candidates({"BTCUSDT"}, {"BTCUSDT": "m"}, None) == {"BTCUSDT": 500}


def test_no_more_than_the_bound_is_held_and_nothing_is_held_in_part() -> None:
    memo = HistoryMemo(records_max=7)
    held(memo, "BTCUSDT")
    held(memo, "ETHUSDT")
    assert memo.records == 6
    assert set(memo.candidates({"BTCUSDT", "ETHUSDT"}, {"BTCUSDT": "m", "ETHUSDT": "m"}, 200)) == {"BTCUSDT"}


def test_a_history_read_again_replaces_the_one_held() -> None:
    memo = HistoryMemo()
    held(memo, "BTCUSDT", asked_ms=500)
    held(memo, "BTCUSDT", asked_ms=900)
    assert memo.records == 6
    assert memo.candidates({"BTCUSDT"}, {"BTCUSDT": "m"}, 200) == {"BTCUSDT": 900}
