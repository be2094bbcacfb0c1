"""The listen key of the user stream."""

from __future__ import annotations

from typing import Any, Final

from trueup.emulator.wire.routes import Call, Route, Security


def start(call: Call) -> Any:
    """Return the account's listen key, extended by sixty minutes."""
    return {"listenKey": call.services.listen_keys.start(call.account_id, call.now_ms)}


def keep_alive(call: Call) -> Any:
    """Extend the account's listen key by sixty minutes."""
    return {"listenKey": call.services.listen_keys.keep_alive(call.account_id, call.now_ms)}


def stop(call: Call) -> Any:
    """End the account's listen key."""
    call.services.listen_keys.stop(call.account_id)
    return {}


ROUTES: Final = (
    Route("POST", "/fapi/v1/listenKey", start, security=Security.KEY),
    Route("PUT", "/fapi/v1/listenKey", keep_alive, security=Security.KEY),
    Route("DELETE", "/fapi/v1/listenKey", stop, security=Security.KEY),
)
