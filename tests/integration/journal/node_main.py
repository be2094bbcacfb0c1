"""A node that keeps a journal, as a subprocess: ``python -m`` this module ``CASE TRUTH_FILE STATE_DIR URL``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from tests.integration.node import verified_main
from tests.integration.node.sim import TRUTH
from tests.integration.node.verified_main import Life, say
from trueup.config.sight.journal import JournalConfig
from trueup.config.sight.monitor import LogFormat, MonitorConfig
from trueup.node.attach import attach
from trueup.node.sight import SightSettings

SECRET = "hush-hush-0123456789"  # planted: what the venue says holds it
KEY = "k3y-" * 8


async def _lose_a_fill(life: Life) -> None:
    await verified_main.SCRIPTS["lost-fill"](life)
    status = life.handle.status()
    say("journal", state=status.journal.state, records=status.journal.records, error=status.journal.error)
    life.keep_truth()
    TRUTH.hides_positions = True
    await life.wait_until(lambda: str(life.handle.last_verdict) == "DISCREPANT")
    life.handle.announcer.say("problem", text=f"the venue said: bad key {SECRET}")
    await asyncio.sleep(1.0)
    os.kill(os.getpid(), signal.SIGKILL)


async def _look_twice(life: Life) -> None:
    await life.handle.true_up()
    say("journal", state=life.handle.status().journal.state)


def main(case: str, truth_file: str, state_dir: str, url: str) -> int:
    journal = JournalConfig(url=url, heartbeat_secs=10.0, secret_key=SecretStr(KEY))
    sight = SightSettings(
        monitor=MonitorConfig(log_format=LogFormat.OFF),
        journal=journal,
        secret_texts=(SECRET,),
        state_dir=Path(state_dir),
        config_fingerprint="0123456789abcdef",
    )
    vars(verified_main)["attach"] = partial(attach, sight=sight)  # the same life, watched
    life = Life(Path(truth_file), None, state_dir=state_dir)
    return life.run({"dies": _lose_a_fill, "lives": _look_twice}[case])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
