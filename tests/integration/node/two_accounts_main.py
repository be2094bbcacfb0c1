"""One node with accounts at two venues, of which one goes wrong; a program of its own."""

from __future__ import annotations

import sys
import time
from typing import Any

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoPerpetual

from tests.integration.node.sim import BTC, INSTRUMENTS, TRUTHS, SimOrder, Truth
from tests.integration.node.verified_main import Life, _past, say

OTHER = CryptoPerpetual.from_dict(CryptoPerpetual.to_dict(BTC) | {"id": "BTCUSDT-PERP.OTHER"})


def _prepare() -> None:
    INSTRUMENTS[str(OTHER.id)] = OTHER
    for name, instrument in (("BINANCE", BTC), ("OTHER", OTHER)):
        truth = TRUTHS[name] = Truth()
        # The same numbers at both: a number is a name at its own venue alone.
        truth.orders["V-1"] = SimOrder("V-1", str(instrument.id), "BUY", "2.000", "100.0", time_ns=_past(60))
        truth.fill("T-1", "V-1", "1.000", "100.0", _past(50))


def _state(life: Life) -> dict[str, Any]:
    verdicts = {one.account_id: one.state.value for one in life.handle.verdicts}
    held = {str(one.instrument_id): str(one.signed_decimal_qty()) for one in life.node.cache.positions_open()}
    return {"verdicts": verdicts, "all": str(life.handle.last_verdict), "held": held}


def _quantity(life: Life, instrument_id: InstrumentId) -> str:
    held = life.node.cache.positions_open(instrument_id=instrument_id)
    return str(held[0].signed_decimal_qty()) if held else "0"


async def _one_goes_wrong(life: Life) -> None:
    say("started", **_state(life))
    TRUTHS["OTHER"].hides_positions = True
    await life.wait_until(lambda: str(life.handle.last_verdict) == "DISCREPANT")
    say("hidden", **_state(life))
    TRUTHS["OTHER"].hides_positions = False
    await life.wait_until(lambda: str(life.handle.last_verdict) == "CLEAN")
    TRUTHS["OTHER"].fill("T-2", "V-1", "0.500", "101.0", time.time_ns())  # and the stream says nothing
    await life.wait_until(lambda: _quantity(life, OTHER.id) == "1.500")
    await life.wait_until(lambda: str(life.handle.last_verdict) == "CLEAN")
    say("healed", **_state(life))
    TRUTHS["BINANCE"].hangs.update({"orders", "positions"})
    outcome = await life.handle.true_up()
    say("hung", outcome=str(outcome.verdict), **_state(life))
    TRUTHS["BINANCE"].hangs.clear()


if __name__ == "__main__":
    _prepare()
    sys.exit(Life(None, None).run(_one_goes_wrong))
