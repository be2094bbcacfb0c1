"""The section ``[guard]``: what is refused, what needs a reason, what comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from trueup.config.sight.guard import GuardConfig
from trueup.guard.defaults import DEFAULT_BY_ID, DEFAULT_POLICY, DEFAULT_ROWS
from trueup.guard.groups import GROUPS
from trueup.guard.wording import explain_policy, policy_as_data
from trueup.model.discrepancies import DiscrepancyKind, Severity
from trueup.model.guard import GuardState

REASON = "the venue is slow at night"


def config(*rows: dict[str, Any], **more: Any) -> GuardConfig:
    return GuardConfig.model_validate({"rows": rows, **more})


def fault(*rows: dict[str, Any], **more: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        config(*rows, **more)
    return str(caught.value)


def test_without_a_section_the_default_policy_holds() -> None:
    assert GuardConfig().policy() == DEFAULT_POLICY


def test_a_row_of_a_default_name_takes_what_it_leaves_out_from_the_default() -> None:
    (row,) = [one for one in config({"id": "exposure", "min_age_secs": 5}).policy().rows if one.id == "exposure"]
    default = DEFAULT_BY_ID["exposure"]
    assert (row.kinds, row.state, row.why, row.age_secs) == (default.kinds, default.state, default.why, 5)


def test_a_row_of_its_own_stands_beside_the_default_ones() -> None:
    mine = {"id": "records", "state": "HALTED", "discrepancies": ["records", "ORDER_OWNER"], "severity": "WARNING"}
    rows = config(mine).policy().rows
    assert rows[:-1] == DEFAULT_ROWS
    assert rows[-1].kinds == GROUPS["records"] | {DiscrepancyKind.ORDER_OWNER}
    assert (rows[-1].state, rows[-1].severity) == (GuardState.HALTED, Severity.WARNING)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "exposure", "state": "ACTIVE"}, "ACTIVE instead of REDUCING"),
        ({"id": "unknown", "min_age_secs": 600}, "after 600 s instead of 60 s"),
        ({"id": "fills", "discrepancies": ["FILL_MISSING"]}, "without FILL_DUPLICATED"),
        ({"id": "two-writers", "state": "REDUCING", "accept_risk": "ok"}, "REDUCING instead of HALTED"),
    ],
)
def test_a_weaker_row_needs_a_reason_and_is_said_to_be_weaker(row: dict[str, Any], said: str) -> None:
    assert said in fault(row)
    policy = config({**row, "accept_risk": REASON}).policy()
    (shown,) = [one for one in policy_as_data(policy)["rows"] if one["id"] == row["id"]]
    assert shown["note"].startswith(("WEAKER", "OFF"))
    assert any(row["id"] in line and shown["note"] in line for line in explain_policy(policy))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "mine", "state": "HALTED"}, "names no condition"),
        ({"id": "mine", "discrepancies": ["exposure"]}, "no state that restricts"),
        ({"id": "mine", "state": "ACTIVE", "discrepancies": ["exposure"]}, "no state that restricts"),
        ({"id": "mine", "state": "HALTED", "discrepancies": ["POSITION_COLOUR"]}, "POSITION_COLOUR"),
        ({"id": "mine", "state": "HALTED", "discrepancies": []}, "empty"),
        ({"id": "mine", "state": "HALTED", "discrepancies": ["records"], "severity": "CRITICAL"}, "never CRITICAL"),
        ({"id": "mine", "state": "HALTED", "discrepancies": ["fills"], "node_is_flat": True}, "POSITION_QUANTITY"),
        ({"id": "mine", "state": "HALTED", "verdicts": ["CLEAN"]}, "verdicts"),
        ({"id": "mine", "state": "REDUCING", "store": "LOST", "min_age_secs": 90}, "store-lost holds whenever"),
        ({"id": "Mine!", "state": "HALTED", "store": "LOST"}, "id"),
        ({"id": "mine", "state": "HALTED", "store": "LOST", "colour": 1}, "colour"),
    ],
)
def test_a_row_that_cannot_matter_is_refused(row: dict[str, Any], said: str) -> None:
    assert said in fault(row)


def test_two_rows_of_one_name_are_refused() -> None:
    row = {"id": "unknown", "min_age_secs": 5}
    assert "two rows" in fault(row, row)


def test_switching_the_guard_off_needs_a_reason() -> None:
    assert "switched off" in fault(enabled=False)
    assert config(enabled=False, accept_risk=REASON).policy().rows == ()


def test_a_short_control_key_is_refused_and_never_shown() -> None:
    said = fault(control_key="hunter2")
    assert "7 characters" in said
    assert "hunter2" not in said
    assert "s3cret" not in repr(config(control_key="s3cret" * 6))
