"""What was loaded once stays in scope, whatever a strategy does to the cache; the engine's version is read once."""

from __future__ import annotations

from importlib import metadata

import pytest
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.component import TestComponentStubs

from trueup.node.v1 import versions
from trueup.node.v1.scope import InstrumentScope

BTC, ETH = TestInstrumentProvider.btcusdt_perp_binance(), TestInstrumentProvider.ethusdt_perp_binance()


def test_an_instrument_that_was_loaded_stays_in_scope_when_a_strategy_resets_the_cache() -> None:
    cache = TestComponentStubs.cache()
    cache.add_instrument(BTC)
    scope = InstrumentScope(cache, None)
    scope.remember()
    cache.reset()
    assert cache.instrument(BTC.id) is None
    assert BTC.id.value in scope
    assert ETH.id.value not in scope
    cache.add_instrument(ETH)  # loaded later, and asked about before it is dropped
    assert ETH.id.value in scope
    cache.reset()
    assert ETH.id.value in scope


def test_what_the_operator_excludes_is_out_of_scope_though_it_is_loaded() -> None:
    cache = TestComponentStubs.cache()
    for instrument in (BTC, ETH):
        cache.add_instrument(instrument)
    scope = InstrumentScope(cache, frozenset({BTC.id.value}))
    scope.remember()
    assert BTC.id.value in scope
    assert ETH.id.value not in scope


def test_the_engines_version_is_read_from_its_metadata_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(name: str) -> str:
        read.append(name)
        return metadata.version(name)

    monkeypatch.setattr(versions, "version", counted)
    versions.engine_version.cache_clear()
    assert {versions.engine_version() for _ in range(3)} == {metadata.version("nautilus_trader")}
    assert read == ["nautilus_trader"]
