"""A real node held back, commanded, attacked and killed, through a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from typer.testing import CliRunner

from tests.integration.guard.guard_main import KEY
from tests.integration.node.lines import NodeProcess
from trueup.cli.app import app
from trueup.guard.book import Source
from trueup.guard.control import AckOutcome, GuardControl
from trueup.guard.keys import GuardKeys
from trueup.guard.message import Act, Command, Purpose, new_nonce, seal
from trueup.model.guard import GuardState
from trueup.model.verdicts import VerdictState
from trueup.store.connection import StoreAddress
from trueup.store.embedded import EmbeddedValkey

pytestmark = [pytest.mark.node, pytest.mark.server]
MAIN = "tests.integration.guard.guard_main"
TRADER = "TESTER-001"
KEYS = GuardKeys(TRADER)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey.start(tmp_path / "valkey") as server:
        yield server


def only(said: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (line,) = [one for one in said if one["event"] == kind]
    return line


def until(what: Callable[[], bool], secs: float = 60.0) -> None:
    deadline = time.monotonic() + secs
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_trouble_that_cannot_heal_lets_the_node_reduce_only_and_a_hand_that_fails_is_loud(
    tmp_path: Path, valkey: EmbeddedValkey
) -> None:
    node = NodeProcess(MAIN, "discrepancies", str(valkey.port), str(tmp_path / "state"))
    assert node.end(within_secs=90) == 0, node.tell()
    said = node.said
    assert not [line for line in said if line["event"] == "script_failed"], node.tell()

    reducing = only(said, "reducing")
    assert (reducing["opening"], reducing["reducing"]) == ("DENIED", "ACCEPTED")
    assert reducing["status"]["source"] == "policy"
    assert reducing["status"]["rules"] == ["refused"]
    assert "order O-1 filled_quantity: 0 -> 0.5" in reducing["status"]["reason"]
    assert only(said, "loophole")["text"].startswith("1 emulated")

    healed = only(said, "healed")
    assert (healed["opening"], healed["filled"]) == ("ACCEPTED", "0.500")
    assert [change["state"] for change in healed["status"]["history"]] == ["REDUCING", "ACTIVE"]

    assert only(said, "elsewhere")["state"] == "HALTED"  # what somebody else forbade stays forbidden
    put_back = only(said, "put_back")["status"]
    assert (put_back["state"], put_back["effective"], put_back["rules"]) == ("REDUCING", "REDUCING", ["unknown"])

    failed = only(said, "cannot_act")
    assert (failed["status"]["can_act"], failed["status"]["state"], failed["state"]) == (False, "REDUCING", "ACTIVE")
    alarms = [line for line in said if line["event"] == "guard_alarm"]
    assert [alarm["can_act"] for alarm in alarms] == [False, True]
    assert "the risk engine is gone" in alarms[0]["text"]
    assert any("THE GUARD CANNOT ACT" in line for line in node.other)


def test_a_node_whose_risk_checks_are_bypassed_says_that_no_guard_can_hold_it(
    tmp_path: Path, valkey: EmbeddedValkey
) -> None:
    node = NodeProcess(MAIN, "bypassed", str(valkey.port), str(tmp_path / "state"))
    assert node.end(within_secs=60) == 0, node.tell()
    assert "bypass" in only(node.said, "guard_alarm")["text"]
    assert only(node.said, "cannot_act")["status"]["can_act"] is False


def test_a_native_node_obeys_an_operator_and_lets_go_only_when_told_twice(
    tmp_path: Path, valkey: EmbeddedValkey
) -> None:
    node = NodeProcess(MAIN, "native", str(valkey.port), str(tmp_path / "state"))
    try:
        assert node.await_line("ready")["state"] == "ACTIVE"
        desk = GuardControl(
            StoreAddress(port=valkey.port), KEY, TRADER, source=Source.OPERATOR, sender_dir=tmp_path / "desk"
        )
        until(lambda: desk.status() is not None)
        assert desk.demand(GuardState.REDUCING, "the desk is closed").is_applied
        refused = desk.demand(GuardState.ACTIVE, "the desk is open")
        assert (refused.outcome, refused.state) == (AckOutcome.REFUSED, GuardState.REDUCING)
        assert "verifies nothing itself" in refused.why
        assert desk.demand(GuardState.ACTIVE, "the desk is open", force=True).state is GuardState.ACTIVE
    finally:
        node.signal(signal.SIGKILL)
        node.end()


class Operator:
    """The command line, as an operator uses it."""

    def __init__(self, tmp_path: Path, port: int) -> None:
        self._file = tmp_path / "trueup.toml"
        self._file.write_text(
            f'trader_id = "{TRADER}"\n[reconciliation]\nstate_dir = "{tmp_path / "state"}"\n[redis]\nport = {port}\n'
        )
        self._variables = {
            **os.environ,
            "TRUEUP_GUARD__CONTROL_KEY": KEY,
            "XDG_STATE_HOME": str(tmp_path / "home"),
            "LOGNAME": "olivia",
        }

    def ask(self, *words: str) -> tuple[int, str]:
        """Run the command line in this process: its imports take longer than the command."""
        result = CliRunner().invoke(app, ["guard", words[0], str(self._file), *words[1:]], env=self._variables)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert KEY not in result.output
        return result.exit_code, result.output

    def run(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "trueup", "guard", words[0], str(self._file), *words[1:]],
            env=self._variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert KEY not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr


class Attacker:
    """Somebody who can write to the store; with a key of their own, and with what they overheard."""

    def __init__(self, client: redis.Redis, instance_id: str) -> None:
        self._client = client
        self._instance_id = instance_id

    def command(self, **more: Any) -> Command:
        fields: dict[str, Any] = {
            "trader_id": TRADER,
            "instance_id": self._instance_id,
            "sender": "attacker",
            "sequence": time.time_ns(),
            "nonce": new_nonce(),
            "issued_ns": time.time_ns(),
            "source": Source.OPERATOR,
            "who": "mallory",
            "act": Act.RELEASE,
            "reason": "let me trade",
            "force": True,
        }
        return Command(**{**fields, **more})

    def send(self, blob: bytes) -> None:
        self._client.set(KEYS.command, blob)
        until(lambda: not self._client.exists(KEYS.command))


def sealed(command: Command, key: str = KEY) -> bytes:
    return seal(key.encode(), Purpose.COMMAND, command)


def test_a_halt_outlasts_a_kill_and_no_forged_message_releases_it(tmp_path: Path, valkey: EmbeddedValkey) -> None:
    arguments = (str(valkey.port), str(tmp_path / "state"))
    operator = Operator(tmp_path, valkey.port)
    address = StoreAddress(port=valkey.port)
    auditor = GuardControl(address, KEY, TRADER, who="watch", sender_dir=tmp_path / "auditor")
    node = NodeProcess(MAIN, "serves", *arguments)
    try:
        assert node.await_line("ready")["state"] == "ACTIVE"
        until(lambda: auditor.status() is not None)
        code, text = operator.run("halt", "--reason", "the desk is closed")
        assert code == 0, text
        assert node.await_line("guard", state="HALTED")["who"] == "olivia"

        # An auditor adds its own hold, and lifts no other's.
        assert auditor.demand(GuardState.REDUCING, "the venue holds more").is_applied
        assert auditor.demand(GuardState.ACTIVE, "all is well").outcome is AckOutcome.REFUSED
        ack = auditor.demand(GuardState.ACTIVE, "all is well", verdict=VerdictState.CLEAN)
        assert (ack.outcome, ack.state, ack.effective) == (AckOutcome.APPLIED, GuardState.HALTED, "HALTED")

        heard = auditor.status()
        assert heard is not None
        assert heard.is_authentic
        with redis.Redis(port=valkey.port) as client:
            _attack(Attacker(client, heard.word.instance_id))
        until(lambda: _refused(auditor).get("malformed") == 3)  # the last of them
        assert _refused(auditor) == {
            "not_allowed": 1,
            "forged": 4,
            "oversized": 1,
            "other_trader": 1,
            "other_instance": 1,
            "stale": 2,
            "replayed": 2,
            "malformed": 3,
        }
        stranger = GuardControl(address, "x" * 40, TRADER, who="mallory", sender_dir=tmp_path / "mallory")
        ack = stranger.demand(GuardState.ACTIVE, "let me trade", force=True)
        assert (ack.outcome, ack.code) == (AckOutcome.NO_ANSWER, "forged")
        code, text = operator.ask("status")
        assert code == 0
        assert "HALTED (the engine says HALTED)" in text
        assert "operator olivia: the desk is closed" in text
        assert {line["code"] for line in _lines(node, "guard_refused")} >= {"forged", "replayed", "stale"}

        node.signal(signal.SIGKILL)
        node.end()
        code, text = operator.ask("reduce", "--reason", "nobody is there", "--timeout", "1")
        assert code in (0, 3), text  # by its last word it lived until 15 s ago; after that it is known to be stopped
        assert ("NO ANSWER" in text) is (code == 3)
        assert "noted for the next start" in text
        code, text = operator.ask("halt", "--reason", "the desk is still closed", "--timeout", "1")
        assert code in (0, 3), text
    finally:
        node.signal(signal.SIGKILL)
        node.end()

    node = NodeProcess(MAIN, "serves", *arguments)
    try:
        assert node.await_line("ready")["state"] == "HALTED"
        until(lambda: (heard := auditor.status()) is not None and heard.word.phase == "MONITORING")
        code, text = operator.ask("release", "--reason", "the desk is open")
        assert code == 0, text
        assert "ACTIVE" in text
        assert node.await_line("guard", state="ACTIVE")["reason"] == "released: the desk is open"

        _second_writer(tmp_path, valkey, node, auditor)
        _lost_store(valkey, node)
    finally:
        node.signal(signal.SIGKILL)
        node.end()


def _attack(attacker: Attacker) -> None:
    good = attacker.command(act=Act.HALT, sequence=5, source=Source.AUDITOR, sender="overheard")
    attacker.send(sealed(good))  # an auditor's own, and obeyed: then it is overheard
    attacker.send(sealed(good))
    attacker.send(sealed(attacker.command(sender="overheard", sequence=4)))  # an older sequence with a new nonce
    forged = sealed(attacker.command(), key="not the key, and long enough to be one")
    attacker.send(forged)
    attacker.send(b"0" * 64 + forged[64:])
    attacker.send(sealed(attacker.command())[:-1])  # cut off
    attacker.send(b"\x00\xff not a message at all")
    attacker.send(sealed(attacker.command()) + b" " * 5_000)
    attacker.send(sealed(attacker.command(trader_id="OTHER-001")))
    attacker.send(sealed(attacker.command(instance_id="11111111-2222-4333-8444-555555555555")))
    minute_ns = 60_000_000_000
    attacker.send(sealed(attacker.command(issued_ns=time.time_ns() - minute_ns)))
    attacker.send(sealed(attacker.command(issued_ns=time.time_ns() + minute_ns)))
    attacker.send(sealed(attacker.command(reason=" ")))
    attacker.send(sealed(attacker.command(nonce="Z" * 32)))
    attacker.send(seal(KEY.encode(), Purpose.COMMAND, _Spaced(act="release")))


class _Spaced(msgspec.Struct):
    """Signed with the key, and yet no command."""

    act: str


def _refused(control: GuardControl) -> dict[str, int]:
    heard = control.status()
    return {} if heard is None else heard.word.guard.commands_refused


def _lines(node: NodeProcess, kind: str) -> list[dict[str, Any]]:
    """Return what was said so far; ends with reading all of it."""
    while not node._queue.empty():
        if (line := node._queue.get()) is not None:
            node.said.append(line)
    return [line for line in node.said if line["event"] == kind]


def _second_writer(tmp_path: Path, valkey: EmbeddedValkey, node: NodeProcess, auditor: GuardControl) -> None:
    """Let a second node of the same identity sign in: both are halted."""
    second = NodeProcess(MAIN, "serves", str(valkey.port), str(tmp_path / "elsewhere"))
    try:
        assert node.await_line("guard", state="HALTED")["rules"][0] == "two-writers"
        assert second.await_line("guard", state="HALTED")["rules"][0] == "two-writers"
    finally:
        second.signal(signal.SIGKILL)
        second.end()
    node.await_line("guard", state="ACTIVE")  # alone again, and CLEAN


def _lost_store(valkey: EmbeddedValkey, node: NodeProcess) -> None:
    """Let the server die: the node goes on reducing, and says that nobody can command it."""
    os.kill(valkey.pid, signal.SIGKILL)
    said = {node.await_line("guard_control", state="LOST")["event"]}
    said |= {line["event"] for line in node.said if line["event"] == "guard" and "store-lost" in line["rules"]}
    if "guard" not in said:
        assert "store-lost" in node.await_line("guard", state="REDUCING")["rules"]
