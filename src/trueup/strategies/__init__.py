"""What a strategy that claims external orders needs: a configuration that says so, and a hand-over at its start."""

from __future__ import annotations

from trueup.strategies.claiming import ClaimingStrategyConfig
from trueup.strategies.recovered import RecoveredStateMixin

__all__ = ["ClaimingStrategyConfig", "RecoveredStateMixin"]
