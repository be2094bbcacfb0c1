"""An engine or an adapter that was not checked is refused by name, before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType, BinanceKeyType
from nautilus_trader.adapters.binance.config import BinanceExecClientConfig

from trueup.emulator.process import EmulatorProcess
from trueup.errors import ConfigValueError, EngineVersionError
from trueup.venues.binance import adapter_names
from trueup.venues.binance.factories import HardenedBinanceExecClientFactory
from trueup.venues.binance.futures import HardenedFuturesExecutionClient
from trueup.venues.binance.probe.bench import Bench
from trueup.venues.binance.probe.rig import Rig


async def test_a_version_that_was_not_checked_is_refused(
    emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(emulator, hardened=True)
    monkeypatch.setattr(adapter_names, "installed_version", lambda: "1.232.0")
    with pytest.raises(EngineVersionError, match=r"1\.232\.0 is not a version") as caught:
        Rig(bench.ready, hardened=True)
    assert "1.222 to 1.231" in str(caught.value)
    assert bench.questions() == []


async def test_a_private_name_that_is_missing_is_named(
    emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(emulator, hardened=True)
    monkeypatch.setattr(HardenedFuturesExecutionClient, "_init_dual_side_position", None)
    with pytest.raises(EngineVersionError, match="_init_dual_side_position"):
        Rig(bench.ready, hardened=True)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (BinanceExecClientConfig(account_type=BinanceAccountType.COIN_FUTURES), "COIN_FUTURES"),
        (BinanceExecClientConfig(account_type=BinanceAccountType.SPOT, key_type=BinanceKeyType.RSA), "RSA"),
    ],
)
def test_an_account_that_is_not_hardened_is_refused_and_not_half_repaired(
    config: BinanceExecClientConfig, said: str
) -> None:
    nothing: Any = None  # the configuration is refused before anything else is looked at
    with pytest.raises(ConfigValueError, match=said):
        HardenedBinanceExecClientFactory.create(nothing, "BINANCE", config, nothing, nothing, nothing)
