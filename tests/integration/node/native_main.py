"""A node in native mode on the small venue, as a subprocess: ``python -m tests.integration.node.native_main CASE``."""

from __future__ import annotations

import sys

import orjson

from tests.integration.node.sim import TRUTH, build_sim_node
from trueup.node.announcer import LifeCycleEvent
from trueup.node.attach import attach
from trueup.node.runner import NodeRunner


def _say(event: LifeCycleEvent) -> None:
    sys.stderr.write("LINE " + orjson.dumps(event.as_dict()).decode() + "\n")
    sys.stderr.flush()


def main(case: str) -> int:
    TRUTH.order("V-9", "BUY", "1.000", "100.0", time_ns=1)
    if case == "fails":
        TRUTH.fails.add("orders")
    if case == "hangs":
        TRUTH.hangs.add("fills")
    node = build_sim_node(reconciliation_startup_delay_secs=0.1, inflight_check_interval_ms=100)
    handle = attach(node, {"mode": "native"})
    handle.listen(_say)
    return NodeRunner(node, handle).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
