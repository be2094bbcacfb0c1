"""A real node on the emulated venue, audited from outside: busy, hung, dead, and not alone on its account.

The tests follow one node's life, in the order in which they stand.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jsonschema
import pytest
import redis

from tests.integration.audit.stage import GUARD_KEY, Stage, fresh_address, set_up, wait_until_trading
from trueup.audit.result import decode, json_schema
from trueup.audit.statement import read_statement
from trueup.demo.node_life import NodeLife
from trueup.demo.truth import read_truth
from trueup.guard.control import GuardControl
from trueup.store.connection import StoreAddress
from trueup.store.redis_keys import StoreKeys
from trueup.store.redis_reader import RedisReader

pytestmark = [pytest.mark.node, pytest.mark.server]

_logger = logging.getLogger(__name__)
AUDITORS, CYCLES = 5, 5
"""Auditors side by side, and the audits of each in turn: most of one is waiting until the store has caught up."""
LONG_CYCLES = 1_000
EXPORT = "Uid,Time,Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit,Buyer,Maker,Trade ID,Order ID"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Venue and store."""
    with set_up(tmp_path_factory.mktemp("audit")) as made:
        yield made


@pytest.fixture(scope="module")
def path(stage: Stage) -> Path:
    """The node's file."""
    return stage.write("node", pace_secs=0.2)


@pytest.fixture(scope="module")
def node(stage: Stage, path: Path) -> Iterator[NodeLife]:
    """A node that trades five times a second until a test ends it."""
    with stage.node(path) as made:
        wait_until_trading(made)
        yield made


async def audit_again_and_again(stage: Stage, path: Path, cycles: int) -> list[Any]:
    """Audit so many times and return every result that is not CLEAN."""
    auditor = stage.auditor(path)
    alarms = []
    try:
        for number in range(cycles):
            audited = await auditor.audit(anew=number == 0)
            (result,) = audited.report.accounts
            _logger.info("audit %d of %d: %s after %d looks", number + 1, cycles, result.state, result.looks)
            if result.state != "CLEAN":
                alarms.append((number, result.state, result.unknowns, [one.line for one in result.discrepancies]))
    finally:
        await auditor.close()
    return alarms


@pytest.mark.timeout(600)
async def test_a_busy_healthy_node_gives_no_alarm(stage: Stage, path: Path, node: NodeLife) -> None:
    alarms = await asyncio.gather(*(audit_again_and_again(stage, path, CYCLES) for _ in range(AUDITORS)))
    assert alarms == [[]] * AUDITORS
    assert len(stage.control.trades(stage.ready.account)) > CYCLES


@pytest.mark.long
@pytest.mark.timeout(7_200)
async def test_a_busy_healthy_node_gives_no_alarm_in_a_thousand_cycles(tmp_path: Path) -> None:
    with set_up(tmp_path) as stage:
        # A short window: orders and fills leave it by the hundred while they are compared, and a cycle stays cheap.
        path = stage.write("long", pace_secs=0.5, lookback_hours=0.1)
        with stage.node(path) as node:
            wait_until_trading(node)
            assert await audit_again_and_again(stage, path, LONG_CYCLES) == []
            assert len(stage.control.trades(stage.ready.account)) > LONG_CYCLES


def test_the_command_says_clean_of_a_busy_node_and_its_json_keeps_to_the_schema(
    stage: Stage, path: Path, node: NodeLife
) -> None:
    code, report = stage.audit(path)
    assert (code, report["state"], report["exit_code"]) == (0, "CLEAN", 0), report
    jsonschema.validate(report, json_schema())
    (account,) = decode(json.dumps(report)).accounts
    assert {(one.side, one.kind, one.state) for one in account.coverage} == {
        (side, kind, "complete")
        for side in ("venue", "node")
        for kind in ("ORDERS_OPEN", "ORDERS_CLOSED", "FILLS", "POSITIONS", "BALANCES")
    }
    assert any("own key" in note for note in account.notes)


QUESTIONS = {
    "/fapi/v1/openOrders": "ORDERS_OPEN",
    "/fapi/v1/openAlgoOrders": "ORDERS_OPEN",
    "/fapi/v1/allOrders": "ORDERS_CLOSED",
    "/fapi/v1/userTrades": "FILLS",
    "/fapi/v1/income": "FILLS",  # it names the symbols whose history is asked for
    "/fapi/v3/positionRisk": "POSITIONS",
    "/fapi/v1/time": "FILLS",  # without the venue's time nothing can be asked for
}
NO_ANSWERS = (
    {"kind": "respond", "status": 502, "body": "<html>Bad Gateway</html>"},
    {"kind": "respond", "status": 200, "body": "<html>a proxy's own page</html>"},
)


@pytest.mark.timeout(900)
async def test_a_question_that_the_venue_does_not_answer_makes_unknown_and_never_a_difference(
    stage: Stage, path: Path, node: NodeLife
) -> None:
    auditors = {(url, number): stage.auditor(path) for url in QUESTIONS for number in range(len(NO_ANSWERS))}
    knowing = [auditor for (url, _), auditor in auditors.items() if url != "/fapi/v1/time"]
    # What was read once is kept. Side by side: most of an audit waits until the store has caught up.
    for audited in await asyncio.gather(*(auditor.audit() for auditor in knowing)):
        (before,) = audited.report.accounts
        assert before.state == "CLEAN", (before.unknowns, [one.line for one in before.discrepancies])
    seen = {}
    for (url, number), auditor in auditors.items():
        fault = stage.control.add_fault({"match": {"path": url}, "action": NO_ANSWERS[number]})
        (result,) = (await auditor.audit(anew=False)).report.accounts
        stage.control.remove_fault(fault)
        await auditor.close()
        read = [one.state for one in result.coverage if (one.side, one.kind) == ("venue", QUESTIONS[url])]
        seen[url, number] = (result.state, [one.line for one in result.discrepancies], read)
    assert seen == dict.fromkeys(auditors, ("UNKNOWN", [], ["failed"]))


class Watch:
    """``trueup watch`` as a process, and what it said."""

    def __init__(self, stage: Stage, path: Path, **variables: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trueup", "watch", str(path), "--json"],
            env={**os.environ, **stage.environment, **fresh_address(), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[dict[str, Any]] = []

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        """End it as a crash would, unless it was told to stop."""
        self._process.kill()
        self._process.communicate()

    def await_event(self, event: str, holding: str = "") -> dict[str, Any]:
        """Return the next event of a kind whose text holds something."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        while line := self._process.stdout.readline():
            self.said.append(json.loads(line))
            if self.said[-1]["event"] == event and holding in self.said[-1].get("text", ""):
                return self.said[-1]
        raise AssertionError(f"the watch ended: {self.said} {self._process.stderr.read()}")

    def stop(self) -> tuple[int, str, str]:
        """Tell it to stop; return how it ended, and what it said since."""
        self._process.send_signal(signal.SIGTERM)
        out, err = self._process.communicate(timeout=60)
        return self._process.returncode, out, err


def lost_record(stage: Stage) -> tuple[redis.Redis, str, bytes]:
    """Take the last fill of a closed order out of the node's store; return how to put it back."""
    client = redis.Redis.from_url(stage.store_url)
    deadline = time.monotonic() + 60
    with RedisReader(StoreAddress.from_url(stage.store_url), StoreKeys("DEMO-001")) as reader:
        while not (closed := [one for one in reader.read().orders if one.record.is_closed and one.fills]):
            assert time.monotonic() < deadline
            time.sleep(0.2)
    order = closed[0]
    key = f"trader-DEMO-001:orders:{order.record.client_order_id}"
    last = client.rpop(key)
    assert isinstance(last, bytes)
    return client, key, last


@pytest.mark.timeout(600)
def test_a_watch_holds_a_live_node_and_its_next_life_lets_go_of_what_an_earlier_one_demanded(
    stage: Stage, path: Path, node: NodeLife
) -> None:
    guard = GuardControl(StoreAddress.from_url(stage.store_url), GUARD_KEY, "DEMO-001", who="the test")

    def said_by_the_node() -> tuple[str, str, list[tuple[str, str]]]:
        heard = guard.status()
        assert heard is not None
        assert heard.is_authentic
        now = heard.word.guard
        return now.state, now.effective, [(hold.who, hold.state) for hold in now.holds]

    def await_state(state: str) -> None:
        deadline = time.monotonic() + 60
        while said_by_the_node()[:2] != (state, state):
            assert time.monotonic() < deadline, said_by_the_node()
            time.sleep(0.1)

    await_state("ACTIVE")
    client, key, record = lost_record(stage)
    try:
        with Watch(stage, path, TRUEUP_AUDIT__DEMAND_GUARD="REDUCING") as watch:
            told = watch.await_event("guard", "demanded REDUCING")["text"]
            assert "done: the node is REDUCING (the engine says REDUCING)): fill " in told
            await_state("REDUCING")
        with Watch(stage, path, TRUEUP_AUDIT__DEMAND_GUARD="HALTED") as watch:
            watch.await_event("guard", "done: the node is HALTED")
            await_state("HALTED")
            assert said_by_the_node()[2] == [("trueup watch binance", "HALTED")]
    finally:
        client.rpush(key, record)
        client.close()
    with Watch(stage, path, TRUEUP_AUDIT__DEMAND_GUARD="HALTED") as watch:
        watch.await_event("guard", "took the demand back (done")
        await_state("ACTIVE")
        assert said_by_the_node()[2] == []
        before = len(stage.control.trades(stage.ready.account))
        deadline = time.monotonic() + 60
        while len(stage.control.trades(stage.ready.account)) <= before:  # it trades again
            assert time.monotonic() < deadline
            time.sleep(0.1)
        code, out, err = watch.stop()
    assert code == 0, err
    assert GUARD_KEY not in out + err + str(watch.said)


@pytest.mark.timeout(600)
async def test_a_balance_that_the_node_was_not_told_of_is_found_within_two_audits_where_balances_are_compared(
    stage: Stage, path: Path, node: NodeLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUEUP_AUDIT__BALANCE_TOLERANCE", "1000")  # more than fees and profits move meanwhile
    auditor = stage.auditor(path)
    untold = stage.control.add_fault({"match": {"event": "ACCOUNT_UPDATE"}, "action": {"kind": "drop_event"}})
    stage.control.deposit(stage.ready.account, Decimal(5_000))
    found: list[Any] = []
    for _ in range(2):
        (result,) = (await auditor.audit()).report.accounts
        found += [one for one in result.discrepancies if one.kind == "BALANCE"]
    stage.control.remove_fault(untold)
    assert found
    assert found[0].line.startswith("balance USDT total: "), found[0].line
    assert result.state == "DISCREPANT"
    deadline = time.monotonic() + 120
    while result.state != "CLEAN":  # the next fill tells the node
        assert time.monotonic() < deadline, [one.line for one in result.discrepancies] + list(result.unknowns)
        (result,) = (await auditor.audit()).report.accounts
    await auditor.close()


def test_a_hung_node_is_audited_and_what_it_missed_is_found(stage: Stage, path: Path, node: NodeLife) -> None:
    time.sleep(0.5)
    os.kill(node.pid, signal.SIGSTOP)
    order = stage.trade("ETHUSDT", "BUY", "0.500")
    (trade,) = [one for one in stage.control.trades(stage.ready.account) if one.order_id == order.order_id]
    time.sleep(2.5)  # beyond the lag that the store is allowed
    html = stage.directory / "report.html"
    code, report = stage.audit(path, "--html", str(html))
    assert code == 1, report
    found = {(one["kind"], one["subject"]) for one in report["accounts"][0]["discrepancies"]}
    assert ("FILL_MISSING", f"fill {trade.trade_id} of order {order.client_order_id}") in found
    # Its side, too, if the node was short of less than was bought.
    assert {kind for kind, subject in found if subject == "position ETHUSDT-PERP.BINANCE"} & {
        "POSITION_QUANTITY",
        "POSITION_SIDE",
    }
    page = html.read_text()
    assert str(trade.trade_id) in page
    assert not re.search(r"<script|https?://|src=|@import", page)
    for secret in stage.environment.values():
        assert secret not in page + json.dumps(report)


def test_a_dead_node_is_audited_and_the_venue_s_side_is_the_ledger_to_the_last_digit(
    stage: Stage, path: Path, node: NodeLife
) -> None:
    node.kill()  # stopped as it is: of what it missed, it never wrote half
    stage.control.pause_market()
    code, _ = stage.audit(path)
    assert code in (0, 1)


async def test_an_audit_asks_and_never_changes_anything(stage: Stage, path: Path) -> None:
    stage.control.clear_requests()
    auditor = stage.auditor(path)
    audited = await auditor.audit()
    await auditor.close()
    asked = stage.control.requests(limit=10_000)
    assert {one.method for one in asked} == {"GET"}
    assert not [one for one in asked if "listenKey" in one.path]
    outcome = audited.outcomes["binance"]
    assert outcome.venue is not None
    assert outcome.node is not None
    truth = read_truth(stage.control, stage.ready.account, outcome.venue.account_id)
    fills = {(one.trade_id, one.side, one.quantity, one.price, one.commission, one.time_ns) for one in truth.fills}
    assert fills == {
        (one.trade_id, one.side, one.quantity, one.price, one.commission, one.time_ns) for one in outcome.venue.fills
    }
    orders = {(one.venue_order_id, one.client_order_id, one.status, one.filled_quantity) for one in truth.orders}
    assert orders == {
        (one.venue_order_id, one.client_order_id, one.status, one.filled_quantity) for one in outcome.venue.orders
    }
    held = {one.key: one.quantity for one in truth.positions}
    assert held == {one.key: one.quantity for one in outcome.venue.positions if one.quantity}
    with RedisReader(StoreAddress.from_url(stage.store_url), StoreKeys("DEMO-001")) as reader:
        # The venue numbers the trades of each symbol by themselves: one number may stand for two trades.
        stored = {(fill.instrument_id, fill.trade_id) for order in reader.read().orders for fill in order.fills}
    missing = {
        (one.subject.instrument_id, one.subject.trade_id) for one in outcome.confirmed if one.kind == "FILL_MISSING"
    }
    assert missing == {(one.instrument_id, one.trade_id) for one in truth.fills} - stored


async def test_what_fails_for_one_account_is_unknown_there_and_hides_nothing_of_another(
    stage: Stage, path: Path
) -> None:
    more = """
[audit.accounts.nowhere]
environment = "live"
base_url_http = "http://127.0.0.1:9"
api_key = "${NOWHERE_KEY}"
api_secret = "${NOWHERE_KEY}"

[audit.accounts.nothing]
client = "BINANCE"

[audit.accounts.storeless]
environment = "live"
base_url_http = "BASE"
api_key = "${NOWHERE_KEY}"
api_secret = "${NOWHERE_KEY}"
redis = { host = "127.0.0.1", port = 9 }
"""
    file = stage.write("several", more=more.replace("BASE", stage.ready.urls.rest))
    with patch.dict(os.environ, {"NOWHERE_KEY": "planted-secret-of-nowhere"}):
        auditor = stage.auditor(file)
    unhurt = (await stage_state(auditor))["nothing"]
    body = {"code": -1001, "msg": "Internal error"}
    fault = stage.control.add_fault(
        {"match": {"path": "/fapi/v1/userTrades"}, "action": {"kind": "respond", "status": 503, "body": body}}
    )
    hurt = await auditor.audit()
    stage.control.remove_fault(fault)
    await auditor.close()
    by_name = {one.name: one for one in hurt.report.accounts}
    assert set(by_name) == {"nothing", "nowhere", "storeless"}
    assert unhurt in ("CLEAN", "DISCREPANT")
    assert by_name["nowhere"].state == by_name["storeless"].state == "UNKNOWN"
    assert "store" in by_name["storeless"].unknowns[0]
    fills = [one for one in by_name["nothing"].coverage if (one.side, one.kind) == ("venue", "FILLS")]
    assert fills[0].state == "failed"
    assert "503" in fills[0].failures[0] or "-1001" in fills[0].failures[0]
    orders = [one for one in by_name["nothing"].coverage if (one.side, one.kind) == ("venue", "ORDERS_CLOSED")]
    assert orders[0].state == "complete"
    assert not [one for one in by_name["nothing"].discrepancies if one.kind == "FILL_INVENTED"]
    assert by_name["nothing"].state in ("UNKNOWN", "DISCREPANT")
    assert hurt.report.exit_code in (1, 3)
    assert "planted-secret" not in str(hurt.report)
    assert "signature" not in str(hurt.report)


async def stage_state(auditor: Any) -> dict[str, str]:
    """Return every account's verdict."""
    audited = await auditor.audit()
    return {one.name: one.state for one in audited.report.accounts}


async def test_a_statement_of_the_venue_is_reconciled_with_both_and_a_wrong_row_is_pointed_at(
    stage: Stage, path: Path
) -> None:
    trades = stage.control.trades(stage.ready.account)
    rows = [
        f"1,{datetime.fromtimestamp(one.time_ms / 1000, UTC):%y-%m-%d %H:%M:%S},{one.symbol},{one.side.value},"
        f"{one.price},{one.quantity},{one.quote_quantity},{one.commission} {one.commission_asset},{one.realised_pnl},"
        f"true,{str(one.maker).lower()},{one.trade_id},{one.order_id}"
        for one in trades
    ]
    file = stage.directory / "Binance-Futures-Trade-History(UTC+0).csv"
    file.write_text("\n".join([EXPORT, *rows]) + "\n")
    auditor = stage.auditor(path)
    whole = (await auditor.audit(statement=read_statement(file))).report.accounts[0].statement
    assert whole is not None
    at_venue = [one for one in whole.findings if one.finding != "missing_in_node" and "node" not in one.line]
    assert at_venue == [], whole
    profit = sum((one.realised_pnl for one in trades if one.symbol == "BTCUSDT"), Decimal(0))
    (told,) = [one for one in whole.sums if (one.symbol, one.what) == ("BTCUSDT", "realised profit")]
    assert Decimal(told.statement) == Decimal(told.venue or "nan") == profit
    wrong = rows[3].replace(f",{trades[3].quantity},", ",77,", 1)
    file.write_text("\n".join([EXPORT, *rows[:3], wrong, *rows[4:-1], "1,broken"]) + "\n")
    cut = (await auditor.audit(statement=read_statement(file))).report.accounts[0].statement
    await auditor.close()
    assert cut is not None
    lines = [one.line for one in cut.findings]
    assert any(line.startswith(f"line {len(rows) + 1}: ") for line in lines)  # the broken one
    assert any(line.startswith(f"line 5: trade {trades[3].trade_id} quantity: ") for line in lines)
    assert cut.state == "DISCREPANT"


@pytest.mark.timeout(600)
def test_a_watch_tells_what_changes_serves_it_and_ends_on_sigterm(stage: Stage, path: Path) -> None:
    with Watch(stage, path) as watch:
        url = watch.await_event("serving")["url"]
        watch.await_event("verdict")
        order = stage.trade("SOLUSDT", "BUY", "3")
        names: set[str] = set()
        while not any(name.startswith("FILL_MISSING") for name in names):
            event = watch.await_event("differs")
            if order.client_order_id in event["line"]:
                names.add(event["kind"])
        status = json.loads(urllib.request.urlopen(f"{url}status.json", timeout=30).read())
        metrics = urllib.request.urlopen(f"{url}metrics", timeout=30).read().decode()
        code, out, err = watch.stop()
    assert code == 0, err
    assert '"stopped"' in out
    (node,) = status.get("nodes", (status,))
    assert (node["source"], node["verdict"]) == ("watch", "DISCREPANT")
    assert any(order.client_order_id in one["line"] for one in node["discrepancies"])
    assert re.search(r'trueup_audit_verdict\{[^}]*verdict="DISCREPANT"\} 1\.0', metrics)
    assert re.search(r'trueup_audit_discrepancies_open\{[^}]*kind="FILL_MISSING"[^}]*\} [1-9]', metrics)
    for secret in stage.environment.values():
        assert secret not in out + err + metrics + json.dumps(status)
    journal = stage.run("journal", "list", str(path), "--json")
    assert order.client_order_id in journal.stdout + stage.run("journal", "list", str(path)).stdout


async def test_a_second_node_on_the_account_is_found_from_both_sides(stage: Stage, path: Path) -> None:
    stage.control.pause_market(paused=False)
    file = stage.write("second", trader_id="RIVAL-002", pace_secs=0.2)
    with stage.node(file) as rival:
        wait_until_trading(rival)
        await asyncio.sleep(2.0)
        rival.kill()
    for each, tag, trader in ((path, "002", "RIVAL-002"), (file, "001", "DEMO-001")):
        auditor = stage.auditor(each)
        (result,) = (await auditor.audit()).report.accounts
        await auditor.close()
        certain = {one.who for one in result.writers if one.certain}
        assert f"trader tag {tag}" in certain, result.writers
        assert result.state == "DISCREPANT"
        if trader == "DEMO-001":
            assert f"trader {trader}" in certain or f"trader tag {tag}" in certain
