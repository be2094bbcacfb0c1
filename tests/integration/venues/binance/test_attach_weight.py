"""Looks that a Binance account could not afford are refused before the node runs, whichever client it has."""

from __future__ import annotations

import logging

import pytest

from trueup.emulator.process import EmulatorProcess
from trueup.errors import ConfigValueError
from trueup.node.settings import NodeSettings
from trueup.node.venue_weight import check_venue_weight
from trueup.venues.binance.probe.bench import Bench
from trueup.venues.binance.probe.rig import Rig

SYMBOLS = tuple(f"C{number:03d}USDT-PERP.BINANCE" for number in range(40))


@pytest.mark.parametrize("hardened", [True, False])
async def test_intervals_beyond_the_venue_s_weight_are_refused_and_the_shipped_ones_are_not(
    emulator: EmulatorProcess, hardened: bool, caplog: pytest.LogCaptureFixture
) -> None:
    client = Rig(Bench(emulator, hardened=hardened).ready, hardened=hardened).client
    check_venue_weight([client], NodeSettings())
    assert not caplog.records
    with pytest.raises(ConfigValueError, match=r"a look every 0\.5 s.* costs weight \d+ a minute"):
        check_venue_weight([client], NodeSettings(open_check_interval_secs=0.5))
    with caplog.at_level(logging.WARNING):
        check_venue_weight([client], NodeSettings(open_check_interval_secs=3.0))
    assert "little is left" in caplog.text
    with pytest.raises(ConfigValueError, match="at least 42 instruments"):
        check_venue_weight([client], NodeSettings(open_check_interval_secs=2.0), SYMBOLS)
    check_venue_weight([client], NodeSettings(open_check_interval_secs=None), SYMBOLS)  # no looks, no weight
