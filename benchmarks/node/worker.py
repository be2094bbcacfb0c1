"""One node process of a benchmark: ``python -m benchmarks.node.worker '{"life": ..., ...}'``; prints one JSON line."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any


def main() -> None:
    """Live the life that was asked for, print what it took, and leave without tearing a large node down."""
    asked: dict[str, Any] = json.loads(sys.argv[1])
    life = importlib.import_module(f"benchmarks.node.{asked.pop('life')}_life")
    found = life.run(life.Task(**asked))
    sys.stdout.write("FOUND " + json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
