"""What the monitor sees of a 1.x node's clients."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from trueup.monitor.eyes import ClientSight
from trueup.node.v1.eyes import V1Eyes
from trueup.venues.binance.gate import HttpGate
from trueup.venues.binance.profiles import USDM_FUTURES
from trueup.venues.binance.settings import HardeningSettings
from trueup.venues.binance.skew import SkewSample


def eyes(client: Any) -> V1Eyes:
    engine = SimpleNamespace(_clients={"BINANCE": client})
    node = SimpleNamespace(kernel=SimpleNamespace(cache=None, exec_engine=engine))
    return V1Eyes(node, "verified")


def client(**more: Any) -> Any:
    return SimpleNamespace(id=SimpleNamespace(value="BINANCE"), account_id=None, is_connected=True, **more)


def test_of_any_client_is_seen_whether_it_is_connected() -> None:
    assert eyes(client()).clients() == (ClientSight(client_id="BINANCE", connected=True),)


def test_of_the_hardened_client_stream_weight_and_clock_are_seen_as_its_own_parts_count_them() -> None:
    log = SimpleNamespace(info=print, warning=print)
    http = SimpleNamespace(base_url="http://127.0.0.1:1", headers={})
    gate = HttpGate(profile=USDM_FUTURES, settings=HardeningSettings(), client=http, clock_ms=lambda: 90_000, log=log)
    stream = SimpleNamespace(is_open=True)
    (seen,) = eyes(client(gate=gate, stream=stream)).clients()
    assert seen.connected
    assert (seen.weight_used, seen.weight_limit, seen.skew_secs) == (0, USDM_FUTURES.weight_limit, None)
    gate.pacer.learn({"x-mbx-used-weight-1m": "1800"}, 90_000)
    gate.skew = gate.skew.add(SkewSample(sent_ms=90_000, venue_ms=91_510, received_ms=90_020))
    stream.is_open = False
    (seen,) = eyes(client(gate=gate, stream=stream)).clients()
    assert (seen.weight_used, seen.skew_secs) == (1800, 1.5)
    assert not seen.connected, "the engine still calls it so, and no event comes in"
