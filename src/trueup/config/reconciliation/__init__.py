"""What an operator says about reconciliation."""

from trueup.config.reconciliation.claims import ExternalOrderClaimConfig
from trueup.config.reconciliation.config import History, ReconciliationConfig, ReconciliationMode
from trueup.config.reconciliation.presets import ReconciliationPreset

__all__ = [
    "ExternalOrderClaimConfig",
    "History",
    "ReconciliationConfig",
    "ReconciliationMode",
    "ReconciliationPreset",
]
