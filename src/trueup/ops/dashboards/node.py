"""The dashboard of one node: an operator's questions, in the order in which they are asked."""

from __future__ import annotations

from typing import Final

from trueup.ops.dashboards.node_health import NODE_WELL, VENUE_WELL
from trueup.ops.dashboards.node_truth import SINCE_WHEN, TRUE_NOW, WHAT_IS_WRONG, WHAT_WAS_DONE
from trueup.ops.dashboards.shared import INSTANCE, ONE, TRADER, VENUE, marks
from trueup.ops.panel import DashboardSpec

NODE: Final = DashboardSpec(
    uid="trueup-node",
    title="trueup / Node",
    description="Is this node true to its venue, what is wrong, since when, what was done, and are both sides well?",
    variables=(TRADER, INSTANCE, VENUE),
    annotations=marks(ONE),
    rows=(TRUE_NOW, WHAT_IS_WRONG, SINCE_WHEN, WHAT_WAS_DONE, VENUE_WELL, NODE_WELL),
)
