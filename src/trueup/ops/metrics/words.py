"""The words and bounds that metrics use: label values, how many of what there can be, and the buckets."""

from __future__ import annotations

from typing import Final

ACCOUNTS_MAX: Final = 16
CLIENTS_MAX: Final = 16
TARGETS_MAX: Final = 64
"""Accounts and clients of one node, and nodes under one auditor. Real ones have a few; more would be a leak."""

CHECKS: Final = ("startup", "cheap", "deep", "gap", "demand", "store")
"""What trueup itself does: the start-up, the two kinds of look, and what a gap, an operator or the store asks for."""
ENGINE_CHECKS: Final = ("engine_inflight", "engine_orders", "engine_positions")
"""The engine's own checks, seen from outside. They give no verdict: they end (``done``) or raise (``failed``)."""
RESULTS: Final = ("clean", "discrepant", "unknown", "failed", "done")
QUERIES: Final = ("open_orders", "orders", "fills", "positions", "order", "order_fills", "mass_status")
"""Kinds of question. A mass status is asked by the engine at a start, and may be made of others of these."""
OUTCOMES: Final = ("success", "failure", "timeout", "rate_limited")
STARTUP_STATES: Final = ("pending", "running", "succeeded", "failed")
STORE_STATES: Final = ("PRESENT", "LOST", "BEHIND", "NONE")
JOURNAL_STATES: Final = ("OK", "FAILING", "OFF")
DISPOSITIONS: Final = ("claimed", "unclaimed", "filtered")
QUEUES: Final = ("commands", "events")
DROP_REASONS: Final = ("handler_failed", "listener_failed", "queue_full", "too_many", "log_failed")
DETECTION_OBJECTIVE_SECS: Final = 15.0
"""A difference that came about while the node ran is seen within so many seconds: the plan's polling interval of 5 s,
two looks, and the venue's answers."""

CYCLE_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
QUERY_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
DETECTION_BUCKETS: Final = (0.5, 1.0, 2.5, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0, 300.0)
