"""The table of the scenarios on the Binance adapter, from what is on record: for two documents."""

from __future__ import annotations

from trueup.drills.binance.scenario import binance_scenarios
from trueup.drills.measured import read_measured
from trueup.drills.report import table

_HEAD = """
## On the Binance adapter

The rows above are drills on a simulated venue, behind an ordinary execution client. These have NautilusTrader's own
Binance adapter with the engine's defaults in *native*, and [the hardened client](binance.md) in *verified*, on the
[venue emulator](emulator.md). They are compared with the emulator's ledger by the same comparer; in F9 the order of
the fills and the realised result, too.
"""

_WORDS = """
A file of these scenarios is in `src/trueup/drills/binance/scenarios` and says `venue = "binance"`. Its steps are:

```text
{grammar}
```
"""


def render() -> str:
    """Return the table."""
    return "\n" + "\n".join(table(binance_scenarios(), read_measured("native"), read_measured("verified"))) + "\n"


def render_for_scenarios() -> str:
    """Return the table as a section of ``docs/scenarios.md``."""
    from trueup.drills.binance.steps import GRAMMAR

    return _HEAD + render().rstrip() + "\n" + _WORDS.format(grammar=GRAMMAR)
