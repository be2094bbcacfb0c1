"""Strategies, actors and execution algorithms, by import path."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from trueup.config.base import Section
from trueup.config.reconciliation.claims import ExternalOrderClaimConfig
from trueup.config.reconciliation.instrument_ids import InstrumentIdText
from trueup.config.trading_node.venues import AnyCase, ImportPath, PositionMode


class StrategyComponent(Section):
    """One strategy: where its classes are, what it is told, what it trades, what it claims."""

    strategy_path: ImportPath
    """Class of the strategy, as ``package.module:Name``."""

    config_path: ImportPath
    """Class of its configuration."""

    config: dict[str, Any] = Field(default_factory=dict)
    """Fields of its configuration."""

    instrument_ids: tuple[InstrumentIdText, ...] = ()
    """What it trades, where the fields ``instrument_id`` and ``instrument_ids`` of `config` do not say it."""

    oms_type: Annotated[PositionMode, AnyCase] = PositionMode.NETTING
    """How its positions net. Only ``NETTING`` is built."""

    claims: ExternalOrderClaimConfig = ExternalOrderClaimConfig()
    """External orders and positions that it takes as its own."""

    @property
    def traded_instrument_ids(self) -> tuple[str, ...]:
        """Every instrument that is known to be traded: told in `instrument_ids` or found in `config`."""
        found = list(self.instrument_ids)
        one = self.config.get("instrument_id")
        many = self.config.get("instrument_ids")
        found += [one] if isinstance(one, str) else []
        found += [each for each in many if isinstance(each, str)] if isinstance(many, list | tuple) else []
        return tuple(dict.fromkeys(found))


class ActorComponent(Section):
    """One actor."""

    actor_path: ImportPath
    """Class of the actor."""

    config_path: ImportPath
    """Class of its configuration."""

    config: dict[str, Any] = Field(default_factory=dict)
    """Fields of its configuration."""


class AlgorithmComponent(Section):
    """One execution algorithm."""

    exec_algorithm_path: ImportPath
    """Class of the algorithm."""

    config_path: ImportPath
    """Class of its configuration."""

    config: dict[str, Any] = Field(default_factory=dict)
    """Fields of its configuration."""
