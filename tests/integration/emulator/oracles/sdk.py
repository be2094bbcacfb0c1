"""Binance's official SDK as a judge: call it, and say where its own models and the answer differ."""

from __future__ import annotations

from typing import Any

from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    ConfigurationRestAPI,
    DerivativesTradingUsdsFutures,
)
from pydantic import BaseModel

from tests.integration.emulator.oracles.keys import Credentials
from trueup.emulator import EmulatorProcess

TIMEOUT_MS = 20_000  # the SDK's own second is short for a machine that runs tests


class Rest:
    """The SDK's REST client of one account; it counts what it asked."""

    def __init__(self, emulator: EmulatorProcess, credentials: Credentials) -> None:
        configuration = ConfigurationRestAPI(
            base_path=emulator.ready.rest, timeout=TIMEOUT_MS, retries=0, **credentials.for_sdk
        )
        self._api = DerivativesTradingUsdsFutures(config_rest_api=configuration).rest_api
        self.account_id = credentials.account_id
        self.called: list[str] = []

    def __call__(self, name: str, **parameters: Any) -> Any:
        """Call a method and return its model."""
        return plain(self.answer(name, **parameters).data())

    def answer(self, name: str, **parameters: Any) -> Any:
        """Call a method and return the SDK's whole answer: status, headers, rate limits, data."""
        self.called.append(name)
        return getattr(self._api, name)(**parameters)


def plain(value: Any) -> Any:
    """Return what a one-of model holds, or the value itself."""
    return getattr(value, "actual_instance", None) or value


def gaps(value: Any, path: str = "") -> set[str]:
    """Return where answer and model differ: ``+a.b`` was sent but is unknown, ``-a.b`` is known but was not sent.

    Raises
    ------
    AssertionError
        Nothing of a model is in `value`: the SDK gives up on what it cannot parse and returns the raw JSON.
    """
    if not path:
        assert _holds_model(value), f"the SDK could not parse {str(value)[:300]}"
    value = plain(value)
    if isinstance(value, list):
        return {gap for item in value for gap in gaps(item, f"{path}[]" if path else "[]")}
    if not isinstance(value, BaseModel):
        return set()
    prefix = f"{path}." if path else ""
    found = {f"+{prefix}{name}" for name in getattr(value, "additional_properties", None) or {}}
    for name, field in type(value).model_fields.items():
        if name == "additional_properties":
            continue
        inner = getattr(value, name)
        shown = f"{prefix}{field.alias or name}"
        found |= {f"-{shown}"} if inner is None else gaps(inner, shown)
    return found


def _holds_model(value: Any) -> bool:
    value = plain(value)
    return isinstance(value, BaseModel) or (
        isinstance(value, list) and all(isinstance(each, BaseModel) for each in value)
    )
