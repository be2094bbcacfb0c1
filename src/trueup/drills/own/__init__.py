"""Drills of an operator's own strategy and configuration, on the Binance emulator.

The node is what ``trueup run`` makes of the operator's file (`config` puts the emulator in the venue's place); a
scenario says what happens to it and to the venue (`scenario`); the strategy trades by itself (`run`). Node and ledger
are compared by the drills' own comparer, which shares no code with the core (`books`).
"""
