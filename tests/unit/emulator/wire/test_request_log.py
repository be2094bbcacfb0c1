"""The request log is bounded; its totals are not shortened with it."""

from __future__ import annotations

from trueup.emulator.wire.request_log import RequestLog


def _fill(log: RequestLog, count: int, path: str = "/a", code: int = 0) -> None:
    for number in range(count):
        log.add(number, "GET", path, "", "main", 5, 5, 200, code, 10)


def test_old_entries_fall_out_and_totals_stay() -> None:
    log = RequestLog(entries_max=3)
    _fill(log, 5)
    _fill(log, 1, "/b", code=-1121)

    assert [entry.sequence for entry in log.entries()] == [4, 5, 6]
    assert [(t.path, t.count, t.weight, t.errors) for t in log.totals()] == [("/a", 5, 25, 0), ("/b", 1, 5, 1)]


def test_entries_are_read_on_from_a_sequence_by_path_and_limit() -> None:
    log = RequestLog()
    _fill(log, 4)
    _fill(log, 2, "/b")

    assert [entry.sequence for entry in log.entries(after=2, limit=2)] == [3, 4]
    assert [entry.sequence for entry in log.entries(path="/b")] == [5, 6]


def test_clearing_forgets_entries_and_totals_but_not_the_sequence() -> None:
    log = RequestLog()
    _fill(log, 2)
    log.clear()
    _fill(log, 1)

    assert [entry.sequence for entry in log.entries()] == [3]
    assert log.totals()[0].count == 1
