"""The dashboards as data: rendered for Grafana by the project's own script, and read by the tests."""

from __future__ import annotations

from typing import Final

from trueup.ops.dashboards.fleet import FLEET
from trueup.ops.dashboards.incident import INCIDENT
from trueup.ops.dashboards.node import NODE
from trueup.ops.panel import DashboardSpec

DASHBOARDS: Final[tuple[DashboardSpec, ...]] = (FLEET, NODE, INCIDENT)
"""In the order in which an operator opens them."""
