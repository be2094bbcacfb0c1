"""The monitor of a node: nothing that it hears, sees or is told can hurt the node or freeze its word."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.monitor.nodes import Eyes, change, look, monitor
from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.model.coverage import Coverage
from trueup.model.verdicts import Verdict, VerdictState
from trueup.monitor.exporter import NodeExporter
from trueup.monitor.eyes import NodeCounts
from trueup.monitor.loop_sampler import LoopSampler
from trueup.monitor.status import GuardStatus, JournalStatus, decode, encode
from trueup.node.look import TrueUpOutcome
from trueup.node.phase import Phase

SECRET = "planted-secret-0123456789"


def verdict(state: VerdictState) -> Verdict:
    return Verdict(
        state=state, account_id="BINANCE-001", time_ns=1, window=None, coverage=Coverage(), claims=frozenset()
    )


def test_events_that_make_no_sense_are_counted_and_go_no_further(caplog: pytest.LogCaptureFixture) -> None:
    made = monitor()
    for _ in range(3):
        made.handle.announcer.say("discrepancy", nonsense=True)
        made.handle.announcer.say("phase", phase="NO_SUCH_PHASE")
    made.handle.announcer.say("something new", text="x")
    assert made.dropped()["handler_failed"] == 6
    assert made.handle.announcer.listener_failures.total() == 0
    assert len(caplog.records) == 1  # said once, counted after that
    assert made.status().events_dropped == 6


def test_a_node_that_cannot_be_counted_keeps_its_last_counts() -> None:
    eyes = Eyes()
    made = monitor(eyes)
    made._on_beat()
    eyes.raises = RuntimeError("the cache is in pieces")
    made._next_count = 0.0
    made._on_beat()
    assert made.status().orders.open == 2
    assert made.dropped()["handler_failed"] == 1


def test_counting_that_is_slow_makes_itself_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    eyes = Eyes()
    monkeypatch.setattr("trueup.monitor.node_monitor.time.perf_counter", lambda: clock[0])
    made = monitor(eyes)
    counted = Eyes.counts

    def slow(self: Eyes) -> object:
        clock[0] += 0.05
        return counted(self)

    monkeypatch.setattr(Eyes, "counts", slow)
    made._on_beat()
    assert made._next_count == pytest.approx(100.0 + 0.05 / 0.001)


def test_a_guard_or_a_journal_that_raises_is_counted_and_the_status_still_comes() -> None:
    made = monitor()

    def broken_guard() -> GuardStatus:
        raise OSError("no")

    made.show_guard(broken_guard)
    made.show_journal(lambda: JournalStatus(state="FAILING", error="disk full"))
    status = made.status()
    assert status.guard.state == "ACTIVE"
    assert status.journal == JournalStatus(state="FAILING", error="disk full")
    assert made.dropped()["handler_failed"] == 1

    def broken_journal() -> JournalStatus:
        raise OSError("no")

    made.show_journal(broken_journal)
    assert made.status().journal.state == "FAILING"


def test_a_log_that_cannot_be_opened_leaves_the_node_watched_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    made = monitor(config=MonitorConfig(log_format=LogFormat.JSON, log_file=Path("/no/such/directory/log")))
    look(made)
    made.close()
    assert made.status().cycles
    assert made.dropped()["log_failed"] == 1
    assert "the log /no/such/directory/log cannot be written: No such file or directory" in caplog.text


def test_a_clean_verdict_that_nothing_confirms_is_told_as_unknown() -> None:
    made = monitor()
    for phase in (Phase.RECONCILING, Phase.RECONCILED):
        made.handle.enter(phase)
    look(made)
    made.handle.keep(TrueUpOutcome(verdicts=(verdict(VerdictState.CLEAN),)))
    made.handle._true_up = lambda: None  # type: ignore[assignment]  # only that there is one matters here
    before = made.status()
    assert (before.verdict, before.is_reconciled, before.accounts[0].verdict) == ("CLEAN", True, "CLEAN")
    made.handle.limit_age(0.0)
    after = made.status()
    assert (after.verdict, after.is_reconciled, after.accounts[0].verdict) == ("UNKNOWN", False, "UNKNOWN")
    assert "no look has confirmed the last verdict" in after.lines[0]


def test_the_handle_has_the_names_of_the_plans_data_model() -> None:
    eyes = Eyes()
    eyes.now = NodeCounts(open=3, inflight=2, external_claimed=1, external_unclaimed=1)
    made = monitor(eyes)
    handle = made.handle
    assert (handle.last_check_time, handle.external_orders_count, handle.inflight_orders_count) == (None, 0, 0)
    handle.bind_sight(None, made)  # type: ignore[arg-type]  # only the monitor matters here
    before = datetime.now(UTC)
    look(made)
    made._on_beat()
    assert (handle.external_orders_count, handle.inflight_orders_count, handle.pending_discrepancies) == (2, 2, 0)
    assert handle.last_check_time is not None
    assert before <= handle.last_check_time <= datetime.now(UTC)
    assert not handle.is_reconciled
    assert handle.status().inflight_orders_count == 2


def test_in_native_mode_nothing_is_said_to_be_proven() -> None:
    made = monitor(Eyes(mode="native"))
    made._on_beat()
    for phase in (Phase.RECONCILING, Phase.RECONCILED):
        made.handle.enter(phase)
    status = made.status()
    assert (status.verdict, status.is_reconciled, status.accounts) == ("UNKNOWN", True, ())
    assert "run trueup audit" in status.lines[0]
    assert b"trueup_verdict{" not in NodeExporter(made).render()


def test_a_flood_is_shown_within_bounds_and_what_is_hidden_is_counted() -> None:
    made = monitor()
    for number in range(500):
        change(made, fingerprint=f"f{number}", before="NEW", state="RESOLVED", resolved_by="ITSELF")
    for _ in range(500):
        look(made)
    status = made.status()
    assert len(status.resolved_lately) == 50
    assert len(status.cycles) == made.config.cycles_kept
    assert len(encode(status)) < 200_000
    assert decode(encode(status)) == status


def test_no_secret_comes_out_of_status_or_metrics() -> None:
    made = monitor(secret_texts=(SECRET,))
    text = f"GET https://x/?apiKey={SECRET}&signature=aaaaaaaabbbbbbbbccccccccdddddddd"
    look(made, failure=text)
    look(made, verdict="UNKNOWN", unknowns=[text])
    made.handle.announcer.say("verdict", lines=[text], verdict="UNKNOWN")
    made.handle.announcer.say("guard", state="HALTED", reason=text)
    made._on_venue_query("BINANCE", "fills", 0.1, "failure", text)
    made.handle.fail(text)
    said = encode(made.status()) + NodeExporter(made).render()
    assert SECRET.encode() not in said
    assert b"bbbbbbbb" not in said
    assert made.status().failure.startswith("GET https://x/?apiKey=***")


def test_a_week_of_looks_and_of_ever_new_trouble_takes_no_more_memory_than_its_first_day() -> None:
    made = monitor()
    exporter = NodeExporter(made)
    taps = made.eyes.taps  # type: ignore[attr-defined]  # the eyes are the test's own
    names = itertools.count()

    def live_a_day() -> int:
        for number in range(24 * 60):
            look(made, check="cheap" if number % 10 else "deep", verdict="DISCREPANT", discrepancies=1)
            name = f"f{next(names)}"  # every minute something that never was before
            told = {"fingerprint": name, "line": f"fill {name} missing in node", "subject": f"fill {name}"}
            change(made, **told)
            if number % 60:  # and once an hour it never ends
                change(made, **told, before="NEW", state="RESOLVED", resolved_by="TRUE_UP")
            taps.venue_query(f"CLIENT-{name}", "fills", 0.1, "timeout", f"no answer to {name}")
            taps.engine_check("engine_orders", 0.01, "")
            made.handle.announcer.say("guard", state="REDUCING", reason=f"{name} stands", source="policy")
        made._on_beat()
        encode(made.status())
        exporter.render()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first, *others = (live_a_day() for _ in range(7))
    finally:
        tracemalloc.stop()
    assert next(names) == 7 * 24 * 60
    # What still stands is kept until it is gone: 24 a day, a few hundred bytes each.
    assert others[-1] - first < 200_000, others


def test_a_loop_that_hangs_shows_in_its_heartbeat_and_then_in_its_lag() -> None:
    loop = asyncio.new_event_loop()
    sampler = LoopSampler(0.01)

    async def hang() -> int:
        sampler.begin(loop)
        await asyncio.sleep(0.05)
        beat_ns = sampler.beat_ns
        time.sleep(0.2)  # noqa: ASYNC251 - the hang
        assert sampler.beat_ns == beat_ns, "nothing beats while the loop hangs"
        await asyncio.sleep(0.05)
        return beat_ns

    before_ns = loop.run_until_complete(hang())
    sampler.end()
    loop.close()
    assert sampler.beat_ns > before_ns
    assert sampler.lag_max_secs >= 0.15


def test_a_beat_after_its_loop_was_closed_asks_for_no_other() -> None:
    loop = asyncio.new_event_loop()
    sampler = LoopSampler(0.01)
    sampler.begin(loop)
    loop.close()
    sampler._beat()
    sampler.end()
