"""What an operator writes: settings, presets, rules. Importing this never loads the engine."""

from trueup.config.reconciliation import (
    ExternalOrderClaimConfig,
    History,
    ReconciliationConfig,
    ReconciliationMode,
    ReconciliationPreset,
)

__all__ = [
    "ExternalOrderClaimConfig",
    "History",
    "ReconciliationConfig",
    "ReconciliationMode",
    "ReconciliationPreset",
]
