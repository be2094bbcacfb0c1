"""Recorded tapes play in the emulator's time."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from trueup.emulator.engine.clock import ManualClock
from trueup.emulator.engine.settings import VenueSettings
from trueup.emulator.engine.venue import Venue
from trueup.emulator.wire import tapes
from trueup.emulator.wire.tapes import TapePlayer
from trueup.errors import EmulatorError

START = 1_750_000_000_000
HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"


def _venue() -> tuple[Venue, ManualClock]:
    clock = ManualClock(START)
    return Venue(VenueSettings(symbols=("BTCUSDT", "ETHUSDT")), clock=clock), clock


def _file(folder: Path, name: str, *lines: tuple[str, str, int]) -> Path:
    path = folder / name
    rows = [f"{n},{price},{quantity},{n},{n},{time},true" for n, (price, quantity, time) in enumerate(lines, start=1)]
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return path


def test_lines_play_at_their_distance_from_the_first(tmp_path: Path) -> None:
    venue, clock = _venue()
    path = _file(tmp_path, "btc.csv", ("60000.0", "0.010", 500), ("60001.0", "0.020", 700), ("60002.0", "0.030", 900))
    player = TapePlayer(venue, {"BTCUSDT": path}, START)

    assert player.play(START) == 1
    clock.advance(199)
    assert player.play(clock.now_ms()) == 0
    clock.advance(1)
    assert player.play(clock.now_ms()) == 1
    assert [(trade.price, trade.quantity) for trade in venue.agg_trades("BTCUSDT")][-2:] == [
        (Decimal("60000.0"), Decimal("0.010")),
        (Decimal("60001.0"), Decimal("0.020")),
    ]
    clock.advance(10_000)
    assert player.play(clock.now_ms()) == 1
    assert player.play(clock.now_ms()) == 0


def test_tapes_of_several_symbols_play_in_the_order_of_their_times(tmp_path: Path) -> None:
    venue, clock = _venue()
    first = _file(tmp_path, "btc.csv", ("60000.0", "0.010", 0), ("60001.0", "0.010", 20))
    second = _file(tmp_path, "eth.csv", ("3000.00", "0.010", 7), ("3001.00", "0.010", 17))
    player = TapePlayer(venue, {"BTCUSDT": first, "ETHUSDT": second}, START)
    clock.advance(10)

    assert player.play(clock.now_ms()) == 3
    assert player.play(START + 20) == 1


def test_a_long_pause_is_caught_up_in_bounded_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tapes, "PRINTS_PER_CALL_MAX", 4)
    venue, clock = _venue()
    path = _file(tmp_path, "btc.csv", *(("60000.0", "0.010", time) for time in range(10)))
    player = TapePlayer(venue, {"BTCUSDT": path}, START)
    clock.advance(1_000)

    assert [player.play(clock.now_ms()) for _ in range(4)] == [4, 4, 2, 0]


def test_a_tape_that_cannot_be_played_is_named(tmp_path: Path) -> None:
    venue, _ = _venue()
    good = _file(tmp_path, "good.csv", ("60000.0", "0.010", 0))
    empty = tmp_path / "empty.csv"
    empty.write_text(HEADER)

    with pytest.raises(EmulatorError, match="tape of NOPE"):
        TapePlayer(venue, {"NOPE": good}, START)
    with pytest.raises(EmulatorError, match="is empty"):
        TapePlayer(venue, {"BTCUSDT": empty}, START)
    with pytest.raises(EmulatorError, match="cannot be read"):
        TapePlayer(venue, {"BTCUSDT": tmp_path / "missing.csv"}, START)
