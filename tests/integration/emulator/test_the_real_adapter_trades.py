"""NautilusTrader's own Binance adapter, in a real node of its own process, trades against the emulator."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.integration.node.lines import NodeProcess
from trueup.emulator import EmulatorProcess

KEY = Ed25519PrivateKey.generate()


def _account(kind: str) -> dict[str, Any]:
    if kind == "HMAC":
        return {}
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {"accounts": [{"account_id": "main", "public_key": public}]}


def _private_key() -> str:
    return b64encode(KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


@pytest.mark.node
@pytest.mark.parametrize("kind", ["HMAC", "ED25519"])
def test_a_real_node_walks_through_the_life_of_orders(kind: str) -> None:
    with EmulatorProcess(settings={"symbols": ["BTCUSDT", "ETHUSDT"], **_account(kind)}) as emulator:
        emulator.control.set_market("BTCUSDT", Decimal("50000.0"), Decimal("50000.1"))
        where = {**asdict(emulator.ready), "key_type": kind}
        if kind == "ED25519":
            where["secret"] = _private_key()
        node = NodeProcess("tests.integration.emulator.node_main", json.dumps(where))
        done = node.await_line("done", within_secs=60)
        assert node.end(within_secs=30) == 0

        assert not [line for line in node.said if line["event"] == "refused"]
        assert done["open"] == ["44500.0"]
        assert done["statuses"] == ["ACCEPTED", *["CANCELED"] * 5, "FILLED"]
        control = emulator.control
        (position,) = control.positions("main")
        assert Decimal(done["position"]) == position.quantity == Decimal("0.010")
        assert Decimal(done["commissions"]) == sum(trade.commission for trade in control.trades("main"))
        assert [order.status for order in control.orders("main")] == ["FILLED", "CANCELED", "NEW", *["CANCELED"] * 3]
        assert {request.code for request in control.requests()} == {0}
        health = control.health()
        assert (health.sockets, health.internal_errors) == (0, 0)
        control.check_invariants()
        assert emulator.errors == ""
