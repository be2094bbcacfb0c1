"""A small venue whose truth is known exactly: orders, fills, positions and a balance, with faults as data.

It shares no code with the core of trueup nor with the Binance emulator, so that a test that compares a node with it is
a judgement from outside.
"""

from __future__ import annotations

from trueup.drills.venue.faults import Fault, FaultBook
from trueup.drills.venue.server import VenueServer
from trueup.drills.venue.truth import Truth, TruthError
from trueup.drills.venue.values import Leg, OrderStatus, Side, VenueFill, VenueOrder, VenuePosition

__all__ = [
    "Fault",
    "FaultBook",
    "Leg",
    "OrderStatus",
    "Side",
    "Truth",
    "TruthError",
    "VenueFill",
    "VenueOrder",
    "VenuePosition",
    "VenueServer",
]
