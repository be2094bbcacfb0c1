"""Which accounts a file has, what is expected of a node, how a watch waits, and what it demands of a guard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from trueup.audit.account import AccountOutcome
from trueup.audit.accounts import build_auditor, plan_accounts
from trueup.audit.guard_demand import GuardDemand
from trueup.audit.result import AccountResult, WriterLine, exit_code_of, worst
from trueup.audit.rules import AuditRules
from trueup.audit.run import FileAuditor
from trueup.audit.watched import WatchedAccount
from trueup.config.sight.audit import AuditConfig, ExpectedHistory
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.errors import ConfigValueError
from trueup.model.coverage import Coverage
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Severity, Subject
from trueup.model.guard import GuardState
from trueup.model.verdicts import VerdictState, verdict_of

SEC = 1_000_000_000
NOW = 1_700_000_000 * SEC
USDM = {"type": "binance_usdm", "environment": "live", "api_key": "node-key", "api_secret": "node-secret"}
IMPORTED = {
    "type": "importable",
    "venue": "OTHER",
    "data": False,
    "exec_config_path": "a.b:C",
    "exec_factory_path": "a.b:D",
}


def config(**settings: Any) -> LiveTradingNodeConfig:
    return LiveTradingNodeConfig(**{"redis": {}, "clients": {"BINANCE": USDM}, **settings})


def settings_of(auditor: Any) -> Any:
    return auditor.venue._client.settings


def test_every_execution_client_is_an_account_and_one_that_cannot_be_read_is_not_left_out() -> None:
    made = config(clients={"BINANCE": USDM, "OTHER": IMPORTED, "DATA": {**USDM, "venue": "X", "execution": False}})
    plans = {plan.name: plan.refusal for plan in plan_accounts(made)}
    assert plans == {
        "binance": "",
        "other": "clients.OTHER is of type importable, and the auditor reads binance_usdm only",
    }


def test_a_table_changes_its_client_s_account_or_adds_one_of_another_node() -> None:
    made = config(
        audit={
            "accounts": {
                "main": {"client": "BINANCE", "api_key": "reader-key", "api_secret": "reader-secret"},
                "desk2": {
                    "environment": "testnet",
                    "trader_id": "DESK-002",
                    "api_key": "k2",
                    "api_secret": "s2",
                    "redis": {"port": 7_000},
                },
                "off": {"environment": "live", "enabled": False},
            }
        }
    )
    first, second = (build_auditor(plan, made) for plan in plan_accounts(made))
    assert (first.name, settings_of(first).api_key, settings_of(first).address) == (
        "main",
        "reader-key",
        "https://fapi.binance.com",
    )
    assert settings_of(first).is_public_venue
    assert not [note for note in first.rules.notes if "own key" in note]
    assert (second.node.trader_id, settings_of(second).address) == ("DESK-002", "https://demo-fapi.binance.com")
    assert not settings_of(second).is_public_venue


def test_without_a_key_of_its_own_the_auditor_says_that_it_uses_the_node_s() -> None:
    (plan,) = plan_accounts(config())
    auditor = build_auditor(plan, config())
    assert settings_of(auditor).api_key == "node-key"
    assert "TRUEUP_AUDIT__ACCOUNTS__BINANCE__API_KEY" in auditor.rules.notes[0]
    assert "node-secret" not in repr(settings_of(auditor))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"redis": None}, "has no store"),
        ({"redis": {"use_instance_id": True}}, "use_instance_id"),
        ({"clients": {"BINANCE": {**USDM, "api_key": None}}}, "no key to read with"),
        ({"clients": {}}, "no account to audit"),
        ({"audit": {"accounts": {"x": {"client": "NOBODY"}}}}, "there is no such client"),
        ({"audit": {"accounts": {"x": {"api_key": "a", "api_secret": "b"}}}}, "names no environment"),
    ],
)
def test_what_cannot_be_audited_for_want_of_a_setting_is_said_before_anything_is_asked(
    settings: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigValueError, match=text):
        FileAuditor(config(**settings), "x.toml")
    with pytest.raises(ConfigValueError, match="there is no account nobody"):
        FileAuditor(config(), "x.toml", ("nobody",))


def test_a_node_answers_for_what_came_after_its_birth_and_what_it_has_not_purged() -> None:
    rules = AuditRules(lookback_ns=100 * SEC)
    assert rules.known_from_ns(None, NOW) is None
    assert rules.known_from_ns(NOW - 500 * SEC, NOW) == NOW - 100 * SEC
    assert rules.known_from_ns(NOW - 30 * SEC, NOW) == NOW - 30 * SEC
    assert replace(rules, purge_buffer_ns=10 * SEC).known_from_ns(NOW - 30 * SEC, NOW) == NOW - 10 * SEC
    assert replace(rules, expect=ExpectedHistory.WINDOW).known_from_ns(NOW - 30 * SEC, NOW) == NOW - 100 * SEC
    assert replace(rules, expect=ExpectedHistory.ALIVE).known_from_ns(NOW - 30 * SEC, NOW) is None


def outcome(state: VerdictState, severity: Severity = Severity.CRITICAL, *, shared: bool = False) -> AccountOutcome:
    one = Discrepancy(
        kind=DiscrepancyKind.FILL_MISSING, subject=Subject(instrument_id="I", trade_id="1"), severity=severity
    )
    found = (one,) if state is VerdictState.DISCREPANT and not shared else ()
    verdict = verdict_of(
        account_id="A",
        time_ns=NOW,
        coverage=Coverage.full(NOW),
        discrepancies=found,
        node_unknowns=("why",) if state is VerdictState.UNKNOWN else (),
    )
    writers = (WriterLine(who="W", certain=True, line="a second node"),) if shared else ()
    result = AccountResult(name="a", exchange="x", state=str(state), account_id="A", time_ns=NOW, writers=writers)
    return AccountOutcome(result=result, verdict=replace(verdict, state=state), confirmed=found)


@dataclass(frozen=True)
class Ack:
    is_applied: bool


@dataclass(frozen=True)
class Held:
    state: GuardState
    instance_id: str


class Line:
    """A node's guard as a hand outside meets it: it keeps what is demanded, and a new process of it knows it still."""

    def __init__(self) -> None:
        self.instance: str | None = "first"
        self.obeys = True
        self.state = GuardState.ACTIVE
        self.heard: list[tuple[GuardState, VerdictState | None]] = []

    def held(self) -> Held | None:
        return None if self.instance is None else Held(self.state, self.instance)

    def demand(
        self, state: GuardState, reason: str, *, verdict: VerdictState | None = None, force: bool = False
    ) -> Ack:
        assert reason
        assert not force
        self.heard.append((state, verdict))
        if self.instance is None or not self.obeys:
            return Ack(False)
        self.state = state
        return Ack(True)


DEMANDED = (GuardState.HALTED, VerdictState.DISCREPANT)
RELEASED = (GuardState.ACTIVE, VerdictState.CLEAN)


def test_a_guard_is_demanded_once_kept_through_unknown_and_released_by_clean_alone() -> None:
    line = Line()
    demand = GuardDemand(line, GuardState.HALTED)
    states = [VerdictState.CLEAN, VerdictState.DISCREPANT, VerdictState.DISCREPANT, VerdictState.UNKNOWN]
    for state in [*states, VerdictState.CLEAN, VerdictState.CLEAN]:
        demand.after(outcome(state))
    assert line.heard == [DEMANDED, RELEASED]


def test_what_another_life_of_the_watch_demanded_is_released_and_tightened_like_its_own() -> None:
    line = Line()
    GuardDemand(line, GuardState.REDUCING).after(outcome(VerdictState.DISCREPANT))
    second = GuardDemand(line, GuardState.HALTED)
    second.after(outcome(VerdictState.UNKNOWN))
    second.after(outcome(VerdictState.DISCREPANT))
    assert line.heard[-1] == DEMANDED
    milder = GuardDemand(line, GuardState.REDUCING)
    assert milder.after(outcome(VerdictState.DISCREPANT)) == ""  # what holds is stricter than what is wished
    line.instance = None
    assert milder.after(outcome(VerdictState.CLEAN)) == ""  # nobody is there to ask
    line.instance, line.obeys = "second", False
    assert "took the demand back" in milder.after(outcome(VerdictState.CLEAN))  # its own verdict is not CLEAN yet
    line.obeys = True
    milder.after(outcome(VerdictState.CLEAN))
    assert line.state is GuardState.ACTIVE
    assert line.heard[-2:] == [RELEASED, RELEASED]


def test_what_an_operator_released_is_not_demanded_of_the_same_process_again_before_a_clean_verdict() -> None:
    line = Line()
    demand = GuardDemand(line, GuardState.HALTED)
    demand.after(outcome(VerdictState.DISCREPANT))
    line.state = GuardState.ACTIVE  # an operator insisted
    assert demand.after(outcome(VerdictState.DISCREPANT)) == ""
    line.instance = "second"  # and its next process has lost what the first one kept
    demand.after(outcome(VerdictState.DISCREPANT))
    line.state = GuardState.ACTIVE
    demand.after(outcome(VerdictState.CLEAN))
    demand.after(outcome(VerdictState.DISCREPANT))
    assert line.heard == [DEMANDED, DEMANDED, DEMANDED]


def test_a_demand_that_was_not_answered_is_made_again_and_a_wrong_record_is_no_reason_for_one() -> None:
    line = Line()
    line.instance = None
    demand = GuardDemand(line, GuardState.REDUCING)
    for _ in range(2):
        assert "demanded" in demand.after(outcome(VerdictState.DISCREPANT, shared=True))
    assert demand.after(outcome(VerdictState.DISCREPANT, Severity.WARNING)) == ""
    assert len(line.heard) == 2


def test_a_watch_waits_longer_after_each_audit_that_could_not_be_made_and_never_in_step() -> None:
    settings = AuditConfig(interval_secs=10.0, backoff_secs_max=60.0, jitter_share=0.1)
    account = WatchedAccount("a", "T-1", "x")
    pauses = []
    for _ in range(6):
        pauses.append(account.pause_secs(settings))
        account.take(outcome(VerdictState.UNKNOWN), full=True)
    for wanted, pause in zip((10, 20, 40, 60, 60, 60), pauses, strict=True):
        assert 0.9 * wanted <= pause <= 1.1 * wanted
    assert len({account.pause_secs(settings) for _ in range(20)}) > 1
    account.take(outcome(VerdictState.CLEAN), full=True)
    assert account.pause_secs(settings) <= 11
    assert account.is_full_read_due(None) is False
    assert account.is_full_read_due(0.0) is True


def test_a_difference_that_could_not_be_looked_for_again_is_not_gone() -> None:
    account = WatchedAccount("a", "T-1", "x")
    (born,) = account.take(outcome(VerdictState.DISCREPANT), full=True)
    assert str(born.after) == "CONFIRMED"
    assert account.take(outcome(VerdictState.UNKNOWN), full=False) == ()
    assert len(account.open_lives()) == 1


def test_the_worst_verdict_decides_and_none_at_all_is_unknown() -> None:
    assert worst(["CLEAN", "UNKNOWN", "DISCREPANT"]) == "DISCREPANT"
    assert worst(["CLEAN", "UNKNOWN"]) == "UNKNOWN"
    assert (worst([]), exit_code_of(worst([]))) == ("UNKNOWN", 3)
    assert [exit_code_of(state) for state in ("CLEAN", "DISCREPANT")] == [0, 1]
