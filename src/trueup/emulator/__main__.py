"""``python -m trueup.emulator serve``: the emulator's commands without the rest of trueup."""

from __future__ import annotations

import sys

from trueup.cli.emulator import app
from trueup.errors import TrueupError


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        app()
    except TrueupError as error:
        from rich.console import Console  # a tenth of the start, and most starts succeed

        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"trueup: {error}")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
