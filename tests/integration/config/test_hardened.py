"""One setting chooses between the hardened Binance client and the adapter's own."""

from __future__ import annotations

import pytest
from nautilus_trader.adapters.binance.factories import BinanceLiveDataClientFactory, BinanceLiveExecClientFactory

from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.venues.binance.factories import HardenedBinanceDataClientFactory, HardenedBinanceExecClientFactory


def config(**client: object) -> LiveTradingNodeConfig:
    return LiveTradingNodeConfig.model_validate(
        {"clients": {"BINANCE": {"type": "binance_usdm", "environment": "testnet", **client}}}
    )


def test_the_hardened_client_is_the_default() -> None:
    factories = config().client_factories()
    assert factories.execution["BINANCE"] is HardenedBinanceExecClientFactory
    assert factories.data["BINANCE"] is HardenedBinanceDataClientFactory


def test_one_setting_takes_the_adapter_s_own_client() -> None:
    factories = config(hardened=False).client_factories()
    assert factories.execution["BINANCE"] is BinanceLiveExecClientFactory
    assert factories.data["BINANCE"] is BinanceLiveDataClientFactory


@pytest.mark.parametrize("part", ["data", "execution"])
def test_a_client_that_is_off_gets_no_factory(part: str) -> None:
    factories = config(**{part: False}).client_factories()
    assert getattr(factories, part) == {}
