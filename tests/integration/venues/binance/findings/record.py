"""Measure the table and keep it: ``python -m tests.integration.venues.binance.findings.record [F1 ...]``.

``make generate`` then writes the documents.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.integration.venues.binance.findings import report
from tests.integration.venues.binance.findings.cases import CASES
from tests.integration.venues.binance.findings.runner import live
from trueup.emulator.process import EmulatorProcess


def main(wanted: list[str]) -> None:
    """Run the cases asked for, or all, and record each as it ends."""
    with EmulatorProcess() as emulator:
        emulator.control.pause_market()
        for case in CASES:
            if wanted and case.id not in wanted:
                continue
            with tempfile.TemporaryDirectory() as directory:
                lived = live(case, emulator, Path(directory))
            report.record({case.id: lived})
            for kind, one in lived.items():
                print(f"{case.id} {kind}: {one}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
