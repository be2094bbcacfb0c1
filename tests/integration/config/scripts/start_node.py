"""Build a node from a file, start it, stop it, and say what became of it in a JSON file."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from trueup.config.engine_versions import installed_version
from trueup.config.trading_node import LiveTradingNodeConfig
from trueup.errors import TrueupError
from trueup.node.build import build_node

RUNNING_SECS_MAX = 60.0


async def run(node: Any, facts: dict[str, object]) -> None:
    """Run the node until its trader runs, then stop it."""
    running = asyncio.get_running_loop().create_task(node.run_async())
    deadline = time.monotonic() + RUNNING_SECS_MAX
    while not node.trader.is_running and time.monotonic() < deadline:  # noqa: ASYNC110 - see below
        await asyncio.sleep(0.05)  # the engine has no event for it
    facts["trader_was_running"] = node.trader.is_running
    facts["strategies"] = {str(name): state for name, state in node.trader.strategy_states().items()}
    facts["polls"] = [
        node.kernel.exec_engine.open_check_interval_secs,
        node.kernel.exec_engine.position_check_interval_secs,
    ]
    facts["cache_is_backed"] = node.kernel.cache.has_backing
    await node.stop_async()
    await asyncio.gather(running, return_exceptions=True)
    facts["trader_is_stopped"] = node.trader.is_stopped


def main() -> int:
    """Do it."""
    facts: dict[str, object] = {"version": installed_version()}
    try:
        node = build_node(LiveTradingNodeConfig.from_file(sys.argv[1]))
    except TrueupError as error:
        facts |= {"error": type(error).__name__, "text": str(error)}
        Path(sys.argv[2]).write_text(json.dumps(facts), encoding="utf-8")
        return error.exit_code
    node.kernel.loop.run_until_complete(run(node, facts))
    node.dispose()
    Path(sys.argv[2]).write_text(json.dumps(facts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
