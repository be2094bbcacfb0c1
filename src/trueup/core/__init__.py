"""The pure core: diff, plan, the two-look rule, the life of a discrepancy.

Values in, values out: no I/O, no clock, no NautilusTrader. It depends on `trueup.model` alone. A comparison of 50,000
orders takes a good part of a second of one core; call it from a worker thread where an event loop must stay responsive.
"""

from trueup.core.diff import Comparison, compare, diff
from trueup.core.lifecycle import Cycle, Ledger, Life, LifeState, ResolvedBy, Transition, advance, unobserved
from trueup.core.netting import FLAT, Netted, net
from trueup.core.order_names import OrderNames
from trueup.core.owners import EXTERNAL_OWNER, Owner, OwnerBook, OwnerSource, OwnEvidence
from trueup.core.pending import PendingOrder
from trueup.core.plan import plan
from trueup.core.settings import PlanSettings
from trueup.core.tolerance import Tolerance
from trueup.core.two_look import LookResult, Looks, Sighting, take_look

__all__ = [
    "EXTERNAL_OWNER",
    "FLAT",
    "Comparison",
    "Cycle",
    "Ledger",
    "Life",
    "LifeState",
    "LookResult",
    "Looks",
    "Netted",
    "OrderNames",
    "OwnEvidence",
    "Owner",
    "OwnerBook",
    "OwnerSource",
    "PendingOrder",
    "PlanSettings",
    "ResolvedBy",
    "Sighting",
    "Tolerance",
    "Transition",
    "advance",
    "compare",
    "diff",
    "net",
    "plan",
    "take_look",
    "unobserved",
]
