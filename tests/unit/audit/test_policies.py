"""What the node leaves unchecked its auditor leaves unchecked, and nothing more; where it is not known, it is said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trueup.audit.accounts import build_auditor, plan_accounts
from trueup.audit.policies import AuditPolicies
from trueup.claims.record import RECORD_FILE, ClaimRecord, ClaimsFile
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.core.claims import Claim
from trueup.model.discrepancies import Discrepancy, DiscrepancyKind, Subject
from trueup.model.enums import OrderSide, OrderStatus
from trueup.model.orders import OrderRecord
from trueup.model.snapshots import NodeSnapshot, VenueSnapshot
from trueup.node.state import NodeState

ETH, SOL = "ETHUSDT-PERP.BINANCE", "SOLUSDT-PERP.BINANCE"
FOUND = tuple(
    Discrepancy(
        kind=DiscrepancyKind.ORDER_MISSING_IN_NODE,
        subject=Subject(instrument_id=one, client_order_id="grid-1", venue_order_id="1"),
        venue="ACCEPTED",
        node="nothing",
    )
    for one in (ETH, SOL)
)
NODE = NodeSnapshot(account_id="BINANCE-001", started_ns=9, ended_ns=9)


def working(instrument_id: str, owner: str | None = None) -> OrderRecord:
    return OrderRecord(
        instrument_id=instrument_id,
        client_order_id="grid-1" if owner is None else "O-1",
        venue_order_id="1",
        side=OrderSide.BUY,
        quantity=Decimal(1),
        status=OrderStatus.ACCEPTED,
        owner=owner,
    )


VENUE = VenueSnapshot(account_id="BINANCE-001", started_ns=8, ended_ns=8, orders=(working(ETH), working(SOL)))


def config(state_dir: Path, *, mode: str = "verified", **strategy: Any) -> LiveTradingNodeConfig:
    client = {"type": "binance_usdm", "environment": "live", "api_key": "key", "api_secret": "secret"}
    policy = {"name": "grid", "action": "ignore", "client_order_ids": ["grid-*"]}
    return LiveTradingNodeConfig(
        redis={},
        clients={"BINANCE": client, "BINANCE_2": {**client, "venue": "BINANCE_2"}},
        reconciliation={"state_dir": state_dir, "mode": mode},
        external={"policies": [policy]},
        strategies=[{"strategy_path": "a.b:C", "config_path": "a.b:D", **strategy}],
        audit={
            "accounts": {"other": {"environment": "live", "trader_id": "OTHER-001", "api_key": "k", "api_secret": "s"}}
        },
    )


def counted(made: LiveTradingNodeConfig, node: NodeSnapshot = NODE, account: str = "binance") -> list[str]:
    """Return the instruments whose differences count."""
    plan = next(one for one in plan_accounts(made) if one.name == account)
    divided = build_auditor(plan, made).policies.divide(FOUND, VENUE, node)
    return [one.subject.instrument_id for one in divided.kept]


def test_an_auditor_leaves_out_what_the_node_of_its_file_leaves_out(tmp_path: Path) -> None:
    assert counted(config(tmp_path)) == []
    assert counted(config(tmp_path, mode="native")) == [ETH, SOL], "there the node follows no policy"
    assert counted(config(tmp_path), account="other") == [ETH, SOL], "another node's account has its own file"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"instrument_ids": [SOL]}, [SOL]),
        ({"patterns": ["SOL*.BINANCE"], "products": ["spot"]}, [SOL]),  # its product is the node's knowledge
        ({"claim_all": True}, [ETH, SOL]),
        ({"instrument_ids": [SOL], "client": "BINANCE_2"}, []),
    ],
)
def test_what_the_file_claims_is_checked(tmp_path: Path, claims: dict[str, Any], expected: list[str]) -> None:
    assert counted(config(tmp_path, claims=claims)) == expected


def test_what_was_claimed_at_run_time_traded_before_or_is_held_is_checked(tmp_path: Path) -> None:
    claim = Claim(claimant="Heir-002", text=SOL)
    ClaimsFile(tmp_path / "claimed").write((ClaimRecord.of(claim, who="o", reason="r", time_ns=1),))
    assert counted(config(tmp_path / "claimed")) == [SOL]
    (tmp_path / "traded").mkdir()
    NodeState(tmp_path / "traded").remember_trader(ETH, "Desk-001")
    assert counted(config(tmp_path / "traded")) == [ETH]
    holding = NodeSnapshot(account_id="BINANCE-001", started_ns=9, ended_ns=9, orders=(working(ETH, owner="Desk-001"),))
    assert counted(config(tmp_path), holding) == [ETH]


def test_claims_that_cannot_be_read_make_unknown(tmp_path: Path) -> None:
    (tmp_path / RECORD_FILE).write_text("{")
    (why,) = AuditPolicies.of(config(tmp_path), "BINANCE").trouble()
    assert "the claims that were added at run time cannot be read" in why
    assert AuditPolicies.of(config(tmp_path / "elsewhere"), "BINANCE").trouble() == ()
