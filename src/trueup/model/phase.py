"""The phases of a node's true-up, as operators see them."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Say how far a node is with being true to its venue.

    A node moves from ``INITIALIZING`` to ``RECONCILING`` to ``RECONCILED`` to ``MONITORING``. ``ERROR`` is final: the
    start-up could not be verified (or, in native mode, the engine gave up), and the node does not trade.
    """

    INITIALIZING = "INITIALIZING"
    RECONCILING = "RECONCILING"
    RECONCILED = "RECONCILED"
    MONITORING = "MONITORING"
    ERROR = "ERROR"
