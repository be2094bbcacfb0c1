"""Ready-made settings of reconciliation, each value with its reason.

What the presets change is how soon trueup or the engine asks. What they never change is how sure it must be: no preset
looks back less than the plan, gives a verdict sooner than the plan, or trusts a shorter silence than the plan.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from trueup.config.reconciliation.config import ReconciliationConfig

# Ten seconds of threshold and thirty questions outlive 310 s of a failing venue before the engine rejects a live order;
# the plan's 5 s and five questions give 30 s (measured on 1.231.0: live orders rejected, their fills never booked).
# A day of lookback, because an order older than the lookback leaves the check silently (issue #4847); the purge buffer
# follows it, so that no order is purged while the check can still return it. Looks five times rarer than the
# aggressive ones leave over 90 % of Binance's 2,400 weight a minute to trading.
_CONSERVATIVE: dict[str, Any] = {
    "startup_delay_secs": 30.0,
    "inflight_check_interval_ms": 5_000,
    "inflight_check_threshold_ms": 10_000,
    "inflight_check_retries": 30,
    "open_check_interval_secs": 15.0,
    "open_check_lookback_mins": 1_440,
    "open_check_threshold_ms": 10_000,
    "purge_closed_orders_buffer_mins": 1_440,
    "position_check_interval_secs": 60.0,
    "position_check_lookback_mins": 1_440,
}

# Ask after 2 s instead of 5 s, but judge as late as the conservative preset: 151 questions at 2 s are 302 s. The
# open-order threshold stays at the plan's 5 s: it is the only quiet that a stream event has to arrive in, and nothing
# measured says that less is safe. A look every 3 s costs 900 of Binance's 2,400 weight a minute.
_AGGRESSIVE: dict[str, Any] = {
    "inflight_check_interval_ms": 1_000,
    "inflight_check_threshold_ms": 2_000,
    "inflight_check_retries": 150,
    "open_check_interval_secs": 3.0,
    "position_check_interval_secs": 10.0,
}

# The in-flight check cannot be switched off within the plan's limits, and need not be: it only asks.
_DISABLED: dict[str, Any] = {"enabled": False, "open_check_interval_secs": None}


class ReconciliationPreset(StrEnum):
    """A named set of settings."""

    CONSERVATIVE = "conservative"
    """Ask rarely, look back far, outlive a five-minute outage of the venue."""
    STANDARD = "standard"
    """The plan's defaults."""
    AGGRESSIVE = "aggressive"
    """Ask often, and still judge no sooner."""
    DISABLED = "disabled"
    """No reconciliation at start-up, no polls. For a node whose state does not matter."""

    @property
    def values(self) -> dict[str, Any]:
        """The settings that this preset changes, as a new dictionary."""
        return dict(_VALUES[self])

    def config(self, **overrides: Any) -> ReconciliationConfig:
        """Build the settings of this preset.

        Parameters
        ----------
        **overrides : Any
            Fields of `ReconciliationConfig` that win over the preset.

        Raises
        ------
        pydantic.ValidationError
            If the result is not valid.
        """
        return ReconciliationConfig(**{**self.values, **overrides})


_VALUES: dict[ReconciliationPreset, dict[str, Any]] = {
    ReconciliationPreset.CONSERVATIVE: _CONSERVATIVE,
    ReconciliationPreset.STANDARD: {},
    ReconciliationPreset.AGGRESSIVE: _AGGRESSIVE,
    ReconciliationPreset.DISABLED: _DISABLED,
}
