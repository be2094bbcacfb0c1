"""Claims at run time, from the command line into a live node: moved whole, refused with a reason, kept over a kill."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from tests.integration.external.desk import Desk, until
from trueup.emulator import EmulatorProcess
from trueup.store.embedded import EmbeddedValkey

pytestmark = [pytest.mark.node, pytest.mark.server]

BTC = "BTCUSDT-PERP.BINANCE"
ETH = "ETHUSDT-PERP.BINANCE"
BNB = "BNBUSDT-PERP.BINANCE"


def test_a_claim_gives_a_strategy_what_nobody_owned_whole_and_outlasts_a_kill(tmp_path: Path) -> None:
    with (
        EmulatorProcess(settings={"limits": {"enforced": False}}) as venue,
        EmbeddedValkey.start(tmp_path / "valkey") as store,
    ):
        desk = Desk(venue, store, tmp_path)
        desk.place("BTC", "buy", 0.02)
        desk.place("ETH", "buy", 1)
        desk.place("ETH", "sell", 0.3)  # realised before the claim: the account's sum must keep it
        desk.place("ETH", "sell", 0.5, 3300, name="target")
        desk.place("BNB", "buy", 2)
        with desk.start() as life:
            _first_life(desk)
            life.kill()
        assert _offline(desk)
        with desk.start() as life:
            _second_life(desk)
            assert life.stop() == 0


def _first_life(desk: Desk) -> None:
    told = desk.claims("explain", ETH)
    assert f"{ETH} on BINANCE: what appears there belongs to EXTERNAL" in told
    assert "held now: EXTERNAL: 1 open orders and a position of +0.700" in told
    assert "policy: adopt" in told
    _refusals(desk)

    text = desk.claims("add", "Heir-002", ETH, "--reason", "SPARE trades it from today")
    assert f"Heir-002 claims {ETH}" in text
    assert f"{ETH}: 1 open orders and the position +0.700 moved from EXTERNAL to Heir-002" in text
    assert "verdict after it: CLEAN" in text
    given = {"orders": [["target", "LIMIT", "ACCEPTED"]], "positions": [[ETH, "0.700"]]}
    assert given in desk.noted("spare"), "the command was answered after the hand-over"
    assert "held now: Heir-002: 1 open orders and a position of +0.700" in desk.claims("explain", ETH)
    assert "added at run time by olivia" in desk.claims("list")

    # What the hand goes on doing is the strategy's by now: an order that was there, and a new one.
    desk.venue.control.move_to("ETHUSDT", Decimal(3300))
    until(lambda: desk.held()["ETHUSDT"] == Decimal("0.200"))
    desk.place("ETH", "buy", 0.1, name="after")
    until(lambda: {one.get("filled") for one in desk.noted("spare")} >= {"target", "after"})
    until(lambda: "Heir-002: a position of +0.300" in desk.claims("explain", ETH))
    again = desk.claims("add", "Heir-002", ETH, expect=1)
    assert f"Heir-002 claims {ETH} already (run time)" in again


def _refusals(desk: Desk) -> None:
    """Try what must not be: each leaves everything as it was."""
    assert "there is no strategy NOBODY-009" in desk.claims("add", "NOBODY-009", ETH, expect=1)
    text = desk.claims("add", "Heir-002", "B*-PERP.BINANCE", expect=1)
    assert "Heir-001 claims 'BTC*-PERP.BINANCE' and Heir-002 claims 'B*-PERP.BINANCE'" in text
    text = desk.claims("add", "Heir-002", BTC, expect=1)
    assert "Heir-001 holds a position of +0.020" in text
    assert "'ETHUSDT' cannot be claimed" in desk.claims("add", "Heir-002", "ETHUSDT", expect=1)
    text = desk.claims("remove", "Heir-001", "BTC*-PERP.BINANCE", expect=1)
    assert "in the file: removed here, it would be back after the next start" in text
    assert [one["claimant"] for one in orjson.loads(desk.claims("list", "--json"))["claims"]] == ["Heir-001"]


def _offline(desk: Desk) -> bool:
    text = desk.claims("add", "Heir-002", BNB, "--timeout", "1", expect=1)
    assert "NO ANSWER" in text
    text = desk.claims("list", "--timeout", "1", expect=3)
    return "Heir-002 claims ETHUSDT-PERP.BINANCE  (added at run time by olivia" in text


def _second_life(desk: Desk) -> None:
    its_own = {"orders": [], "positions": [[ETH, "0.300"]]}  # since the claim, and after the kill
    until(lambda: desk.noted("spare")[-1] == its_own)
    (desk.directory / "spare.jsonl.close").touch()
    until(lambda: "ETHUSDT" not in desk.held())
    until(lambda: any("closed" in one for one in desk.noted("spare")))
    realised = Decimal(desk.noted("spare")[-1]["realised"].removesuffix(" USDT"))
    assert realised == desk.earned("ETH"), "the venue's own account of it, from before the claim on"
    text = desk.claims("remove", "Heir-002", ETH, "--reason", "over")
    assert f"no longer: Heir-002 claims {ETH}; removed by olivia" in text
    assert "what appears there belongs to Heir-002" in desk.claims("explain", ETH), "the only one that ever traded it"
    lines = desk.journal("CLAIMS")
    assert any("moved from EXTERNAL to Heir-002" in one for one in lines)
    assert any("added by olivia: SPARE trades it from today" in one for one in lines)
    assert desk.held() == {"BTCUSDT": Decimal("0.020"), "BNBUSDT": Decimal(2)}
