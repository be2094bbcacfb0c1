"""A node in verified mode on the small venue with an ops endpoint, as a subprocess; SIGUSR1 hangs its event loop."""

from __future__ import annotations

import signal
import sys
import time

from tests.integration.node.sim import TRUTH, SimOrder, build_sim_node
from tests.integration.node.verified_main import FAST, say
from trueup.config.sight.ops import OpsConfig
from trueup.monitor.endpoint import judgement
from trueup.node.announcer import LifeCycleEvent
from trueup.node.attach import attach
from trueup.node.runner import NodeRunner
from trueup.node.sight import SightSettings

HANG_SECS = 4.0
HEARTBEAT_SECS_MAX = 1.0  # instead of 5, so that the test need not wait for them


def _say_event(event: LifeCycleEvent) -> None:
    say(event.kind, **{name: value for name, value in event.as_dict().items() if name != "event"})


def main(token: str) -> int:
    judgement.HEARTBEAT_SECS_MAX = HEARTBEAT_SECS_MAX
    TRUTH.orders["V-1"] = SimOrder("V-1", "BTCUSDT-PERP.BINANCE", "BUY", "0.500", "100.0", time_ns=time.time_ns())
    node = build_sim_node()
    ops = OpsConfig.model_validate({"port": 0, "auth_token": token})
    handle = attach(node, FAST, sight=SightSettings(ops=ops, secret_texts=(token,)))
    handle.listen(_say_event)
    handle.announcer.say("phase", phase=handle.phase.value)
    node.get_event_loop().add_signal_handler(signal.SIGUSR1, time.sleep, HANG_SECS)
    return NodeRunner(node, handle).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
