"""What nobody owned goes to its owner at a start that is killed in the middle, at every step: whole, the right one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.external.desk import MARKETS, Desk, until
from trueup.emulator import EmulatorProcess
from trueup.store.embedded import EmbeddedValkey

pytestmark = [pytest.mark.node, pytest.mark.server, pytest.mark.timeout(600)]

BNB, BTC, ETH, SOL = (f"{one}USDT-PERP.BINANCE" for one in ("BNB", "BTC", "ETH", "SOL"))
OWN = "O-20261122-171041-001-003-{}"
"""As a strategy with the tag 003 names its orders; there is none in the node's first life."""
CLAIMED = 'claims = { patterns = ["BTC*-PERP.BINANCE"] }'
LATER = """
claims = {{ patterns = ["ETH*.BINANCE", "SOL*.BINANCE", "BNB*.BINANCE"] }}

[[strategies]]
strategy_path = "tests.integration.external.heirs:Heir"
config_path = "tests.integration.external.heirs:HeirConfig"
config = {{ path = "{directory}/third.jsonl", order_id_tag = "003" }}
"""
DEATHS = (
    ("the position is purged, its orders are not", BNB),
    ("a working order is purged", BTC),
    ("the orders are made anew, the position is not", ETH),
    ("all is made anew", SOL),
)
"""One life each, in the order in which instruments are moved."""
OWNERS = {"BNB": "Heir-003", "BTC": "Heir-001", "ETH": "Heir-002", "SOL": "Heir-002"}
"""BNB is claimed by Heir-002, and its orders name Heir-003."""
FILES = {"Heir-001": "desk", "Heir-002": "spare", "Heir-003": "third"}


def test_a_start_that_dies_at_any_step_of_giving_things_to_their_owners_loses_nothing_and_no_claim_takes_own_orders(
    tmp_path: Path,
) -> None:
    with (
        EmulatorProcess(settings={"limits": {"enforced": False}}) as venue,
        EmbeddedValkey.start(tmp_path / "valkey") as store,
    ):
        desk = Desk(venue, store, tmp_path)
        text = desk.path.read_text()
        desk.path.write_text(text.replace(CLAIMED, ""))
        for number, symbol in enumerate(OWNERS):
            names = (OWN.format(number * 10 + one) if symbol == "BNB" else f"{symbol}-{one}" for one in range(3))
            desk.place(symbol, "buy", 2, name=next(names))
            desk.place(symbol, "sell", 1, name=next(names))
            desk.place(symbol, "buy", 1, float(MARKETS[f"{symbol}USDT"]) / 2, name=next(names))
        with desk.start() as life:
            assert [_holders(desk, symbol) for symbol in OWNERS] == ["EXTERNAL: 1 open orders and a position of +1"] * 4
            life.kill()

        desk.path.write_text(text + LATER.format(directory=tmp_path))
        for point, instrument in DEATHS:
            desk.die(point, instrument)
        with desk.start() as life:
            assert life.events[-1]["verdict"] == "CLEAN"
            assert {symbol: _holders(desk, symbol) for symbol in OWNERS} == {
                symbol: f"{owner}: 1 open orders and a position of +1" for symbol, owner in OWNERS.items()
            }
            for owner, name in FILES.items():
                (desk.directory / f"{name}.jsonl.close").touch()
                owned = [symbol for symbol in OWNERS if OWNERS[symbol] == owner]
                for symbol in owned:
                    until(lambda: symbol in _earned(desk, name))  # noqa: B023 - it is over before the next one
                assert _earned(desk, name) == {symbol: desk.earned(symbol) for symbol in owned}
            until(lambda: not desk.held() and not desk.working())
            assert life.stop() == 0


def _holders(desk: Desk, symbol: str) -> str:
    (line,) = [one for one in desk.claims("explain", f"{symbol}USDT-PERP.BINANCE").splitlines() if "held now" in one]
    return line.partition("held now: ")[2].rstrip("0").rstrip(".")


def _earned(desk: Desk, name: str) -> dict[str, Decimal]:
    """Return what a strategy says that its positions earned, by symbol."""
    closed = [one for one in desk.noted(name) if "closed" in one]
    return {one["closed"][:3]: Decimal(one["realised"].removesuffix(" USDT")) for one in closed}
